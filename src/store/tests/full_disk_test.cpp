#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstring>
#include <fstream>

#include "in_loop.h"
#include "store/sqlite.h"
#include "temporary_folder.h"

namespace truce::store {

namespace {

/// A file system of 8 MiB, mounted while the object lives.
class SmallDisk {
 public:
  SmallDisk() {
    mounted_ = ::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, "size=8m") == 0;
    if (!mounted_) reason_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

  /// Fills what is left, but for `leave` bytes.
  void fill(std::uintmax_t leave) {
    auto room = std::filesystem::space(path()).available;
    std::ofstream(path() / "filler", std::ios::app)
        << std::string(room > leave ? room - leave : 0, 'x');
  }
  void make_room() { std::filesystem::remove(path() / "filler"); }

 private:
  TemporaryFolder folder_;
  bool mounted_ = false;
  std::string reason_;
};

class FullDisk : public testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.mounted())
      GTEST_SKIP() << "skipped, because no file system can be mounted: " << disk_.reason();
    open();
  }
  void open() {
    store_.reset();
    auto opened = SqliteStore::open(loop_.get_executor(), disk_.path() / "store.db");
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  Result<Revision> commit(std::vector<Write> writes) {
    return in_loop(loop_, store_->commit({}, std::move(writes)));
  }
  std::set<std::string> keys() {
    std::set<std::string> all;
    for (const auto& entry : in_loop(loop_, store_->list("")).value().entries)
      all.insert(entry.key);
    return all;
  }

  SmallDisk disk_;
  asio::io_context loop_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace

TEST_F(FullDisk, a_commit_fails_whole_and_later_ones_work_once_there_is_room) {
  std::set<std::string> answered;
  disk_.fill(mib(3).count);
  std::optional<Error> error;
  for (int i = 0; i < 1'000 && !error; ++i) {
    std::vector<Write> writes;
    for (char part : {'a', 'b', 'c'}) {
      writes.push_back({fmt::format("/{}/{}", i, part), std::string(20'000, part)});
    }
    auto revision = commit(writes);
    if (revision) {
      for (const auto& write : writes) answered.insert(write.key);
    } else {
      error = revision.error();
    }
  }
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::io);
  EXPECT_NE(error->message.find("full"), std::string::npos) << error->message;
  EXPECT_NE(error->message.find("store.db"), std::string::npos) << error->message;
  EXPECT_GT(answered.size(), 3U);
  EXPECT_EQ(keys(), answered);

  open();  // what was refused does not come back, and a full disk does not keep a store from
           // opening
  EXPECT_EQ(keys(), answered);

  disk_.make_room();
  auto revision = commit({{"/later", "1"}});
  ASSERT_TRUE(revision) << revision.error().message;
  EXPECT_EQ(static_cast<std::size_t>(*revision), answered.size() / 3 + 1);
  answered.insert("/later");
  open();
  EXPECT_EQ(keys(), answered);
}

TEST_F(FullDisk, a_large_commit_fails_unseen_and_small_ones_in_its_company_do_not) {
  disk_.fill(mib(1).count);
  auto watch = store_->watch("/large/", 1);
  std::vector<std::string> outcomes(21);
  auto one = [](Store& store, std::vector<Write> writes, std::string& outcome) -> Async<void> {
    auto revision = co_await store.commit({}, std::move(writes));
    outcome = revision ? "done" : std::string(to_string(revision.error().code));
  };
  auto look = [](Store& store, const std::string& outcome) -> Async<void> {
    while (outcome.empty()) {
      EXPECT_TRUE((co_await store.list("/large/"))->entries.empty());
      co_await sleep_for(1ms);
    }
  };
  Scope scope(loop_.get_executor());
  for (std::size_t i = 0; i < 20; ++i) {
    scope.spawn(one(*store_, {{fmt::format("/small/{}", i), "1"}}, outcomes[i]));
    if (i != 10) continue;
    std::vector<Write> large;
    for (int part = 0; part < 4; ++part) {
      large.push_back({fmt::format("/large/{}", part), std::string(max_value_size, 'l')});
    }
    scope.spawn(one(*store_, std::move(large), outcomes[20]));
    scope.spawn(look(*store_, outcomes[20]));
  }
  in_loop(loop_, scope.join());
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(outcomes[i], "done") << i;
  EXPECT_EQ(outcomes[20], "io");
  EXPECT_EQ(keys().size(), 20U);
  auto revision = commit({{"/large/later", "1"}});
  EXPECT_EQ(revision, 21);
  EXPECT_EQ(in_loop(loop_, watch->next())->revision, 21);
}

}  // namespace truce::store
