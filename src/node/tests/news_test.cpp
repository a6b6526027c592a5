#include "news.h"

#include <gtest/gtest.h>

namespace truce::node {
namespace {

model::VmReport event(const std::string& uuid) {
  model::VmReport report;
  report.uuid = uuid;
  report.event = "vm.ended.crashed";
  return report;
}

// Both become ready in one turn of the loop: whoever is not chosen must have taken nothing.
TEST(News, what_comes_together_with_something_else_is_not_lost) {
  asio::io_context context;
  News news(context.get_executor());
  Wakeup other(context.get_executor());
  std::size_t told = 0;
  auto listen = [&]() -> Async<void> {
    co_await (other.wait() || news.wait());
    told = news.take().vms.size();
  };
  asio::co_spawn(context, listen, [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  asio::post(context, [&] {
    news.add(event("a"));
    other.wake();
  });
  context.run();
  EXPECT_EQ(told, 1U);
}

TEST(News, a_state_replaces_an_older_one_but_no_event) {
  asio::io_context context;
  News news(context.get_executor());
  model::VmReport state;
  state.uuid = "a";
  state.step = "first";
  news.add(state);
  state.step = "second";
  news.add(state);
  news.add(event("a"));
  news.add(state);
  auto report = news.take();
  ASSERT_EQ(report.vms.size(), 2U) << "the event brought the newer state";
  EXPECT_EQ(report.vms[0].event, "vm.ended.crashed");
  EXPECT_EQ(report.vms[1].step, "second");
  EXPECT_TRUE(news.empty());
}

}  // namespace
}  // namespace truce::node
