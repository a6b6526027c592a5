// The project's own recipes, run for real. They need a network and minutes, so they run only where
// TRUCE_TEST_RECIPES names them (`tiny debian-12`). TRUCE names the program truce where it is not
// installed.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdlib>

#include "run.h"
#include "storage/folder_pool.h"

namespace truce::storage {
namespace {

class Recipes : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* wanted = std::getenv("TRUCE_TEST_RECIPES");
    if (wanted == nullptr || !std::string_view(wanted).contains(GetParam())) {
      GTEST_SKIP() << "skipped, because TRUCE_TEST_RECIPES does not name " << GetParam();
    }
    ASSERT_TRUE(pool_.recover());
  }
  TestFolder folder_;
  asio::thread_pool threads_{1};
  FolderPool pool_{threads_, folder_.path(), this_program()};
  std::filesystem::path recipe_ =
      std::filesystem::path(TRUCE_TEST_FILES) / "../../../recipes" / GetParam();
};

TEST_P(Recipes, makes_a_whole_template_and_leaves_nothing_else) {
  double last = 0;
  auto content =
      run_to_end(pool_.build_template("it@1", recipe_, [&](double fraction, std::string) {
        EXPECT_GE(fraction, last);
        last = fraction;
      }));
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(last, 1);
  EXPECT_TRUE(content->guest_agent);
  EXPECT_FALSE(content->files.empty());
  EXPECT_TRUE(run_to_end(pool_.verify_template("it@1")));
  if (!content->disk.empty()) {
    auto disk = run_to_end(pool_.clone_disk("vm/disk0", "it@1", gib(20), CloneKind::linked, {}));
    EXPECT_TRUE(disk) << disk.error().message;
  }
}

TEST_P(Recipes, can_be_cancelled_in_the_middle) {
  asio::io_context loop;
  asio::cancellation_signal cancel;
  std::optional<Result<TemplateContent>> built;
  auto progress = [&](double fraction, const std::string&) {
    if (fraction > 0.1) {
      asio::post(loop, [&] { cancel.emit(asio::cancellation_type::terminal); });
    }
  };
  asio::co_spawn(
      loop,
      [](FolderPool& pool, std::filesystem::path path, Progress on, auto& into) -> Async<void> {
        into = co_await pool.build_template("it@1", path, on);
      }(pool_, recipe_, progress, built),
      asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
  loop.run();
  ASSERT_TRUE(built);
  if (!*built) EXPECT_EQ(built->error().code, Code::cancelled) << built->error().message;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path() / "templates"), {}),
            *built ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(Each, Recipes, testing::Values("tiny", "debian-12"), [](const auto& test) {
  return test.param == std::string_view("tiny") ? "tiny" : "debian_12";
});

}  // namespace
}  // namespace truce::storage
