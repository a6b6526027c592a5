#include "metrics/history.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace truce::metrics {
namespace {

const Time noon(std::chrono::seconds(1'700'000'000));

TEST(history, is_there_after_a_restart_and_knows_kinds_apart) {
  auto folder = std::filesystem::temp_directory_path() / ("truce-history-" + random_hex(8));
  std::vector<Kind> kinds{{.name = "vms", .quantities = {"a", "b", "c", "d"}},
                          {.name = "hosts", .quantities = {"a", "b", "c", "d", "e"}}};
  asio::io_context loop;
  auto run = [&](auto work) {
    asio::co_spawn(loop, work, [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    loop.run();
    loop.restart();
  };
  run([&]() -> Async<void> {
    auto history = History::open(folder, kinds).value();
    history->add(0, noon, {{"one", {1, 2, 3, 4}}});
    history->add(1, noon, {{"one", {5, 6, 7, 8, 9}}});
    auto series = co_await history->series(0, "one", Level::hour, noon);
    EXPECT_EQ(series.lines.at(3).average.back(), 4);
  });
  run([&]() -> Async<void> {
    auto history = History::open(folder, kinds).value();
    auto series = co_await history->series(1, "one", Level::day, noon);
    EXPECT_EQ(series.lines.at(4).average.back(), 9);
    history->keep_only(1, {});
    series = co_await history->series(1, "one", Level::day, noon);
    EXPECT_EQ(series.lines.at(4).average.back(), -1);
    EXPECT_EQ(history->lost(), 0U);
  });
  std::filesystem::remove_all(folder);
}

TEST(history, cannot_begin_where_there_can_be_no_folder) {
  auto opened = History::open("/proc/metrics", {});
  ASSERT_FALSE(opened);
}

}  // namespace
}  // namespace truce::metrics
