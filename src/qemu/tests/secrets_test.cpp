#include "live/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/random.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() { fs::create_directories(vm_->runtime.own()); }
  ~SecretsTest() override { fs::remove_all(folder_); }

  Result<void> feed(const std::string& text) {
    std::optional<Result<void>> done;
    auto work = [&]() -> Async<void> {
      done =
          co_await feed_key(vm_, "disk0", std::make_shared<const Secret>(std::string_view(text)));
    };
    asio::co_spawn(loop_, work(), [](const std::exception_ptr&) {});
    loop_.restart();
    loop_.run();
    return *done;
  }

  fs::path folder_ = fs::temp_directory_path() / ("truce-secrets-" + random_hex(6));
  asio::io_context loop_;
  RunningPtr vm_ = std::make_shared<Running>(loop_.get_executor(), folder_);
  fs::path pipe_ = key_pipe(vm_->runtime.own(), "disk0");
};

TEST_F(SecretsTest, whoever_reads_the_pipe_gets_the_key_and_the_pipe_is_gone) {
  ASSERT_TRUE(make_key_pipe(vm_->runtime, "disk0", std::nullopt));
  struct stat status{};
  ASSERT_EQ(::stat(pipe_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, static_cast<mode_t>(S_IFIFO | 0600));
  Result<std::string> read;
  std::thread reader([&] { read = read_file(pipe_); });
  auto fed = feed("a key of sixteen characters");
  reader.join();
  ASSERT_TRUE(fed) << fed.error().message;
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, "a key of sixteen characters");
  EXPECT_FALSE(fs::exists(pipe_));
}

TEST_F(SecretsTest, what_is_no_pipe_gets_no_key) {
  ASSERT_TRUE(write_file_durably(pipe_, ""));
  EXPECT_EQ(feed("a key of sixteen characters").error().code, Code::forbidden);
  ASSERT_TRUE(make_key_pipe(vm_->runtime, "disk0", std::nullopt));
  vm_->ended = true;
  EXPECT_EQ(feed("a key of sixteen characters").error().code, Code::io);
  EXPECT_FALSE(fs::exists(pipe_));
}

TEST_F(SecretsTest, whoever_waits_for_a_key_that_does_not_come_goes_on) {
  ASSERT_TRUE(make_key_pipe(vm_->runtime, "disk0", std::nullopt));
  Result<std::string> read = fail(Code::internal, "it was not read");
  std::thread reader([&] { read = read_file(pipe_); });
  std::this_thread::sleep_for(100ms);
  drop_key_pipes(vm_->runtime);
  reader.join();
  // It waited and read nothing, or came too late.
  EXPECT_TRUE(read ? read->empty() : read.error().code == Code::not_found);
  EXPECT_FALSE(fs::exists(pipe_));
}

}  // namespace
}  // namespace truce::qemu
