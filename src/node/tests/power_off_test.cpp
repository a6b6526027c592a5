// A host that its manager wants to sleep: only with nothing on it.
#include "stage.h"

namespace truce::node {
namespace {

Async<model::CallReply> ask(Stage& stage, bool only_ask) {
  model::ToNode message;
  message.call = model::Call{.id = 7, .verb = model::CallVerb::power_off, .only_ask = only_ask};
  EXPECT_TRUE(co_await write_frame(stage.socket, model::to_text(message)));
  for (int i = 0; i < 100; ++i) {
    auto told = co_await stage.next();
    if (told.reply) co_return *told.reply;
  }
  ADD_FAILURE() << "no reply came";
  co_return model::CallReply{};
}

TEST(PowerOff, a_host_switches_itself_off_when_it_is_told_and_not_when_it_is_only_asked) {
  on_stage([](Stage& stage) -> Async<void> {
    EXPECT_EQ((co_await ask(stage, true)).error, "");
    EXPECT_EQ(stage.switched_off, 0);
    EXPECT_EQ((co_await ask(stage, false)).error, "");
    EXPECT_EQ(stage.switched_off, 1);
  });
}

TEST(PowerOff, one_with_a_machine_refuses_running_or_not) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await stage.want(model::Wanted::off, 1);
    co_await stage.reached(1);
    for (bool only_ask : {true, false}) {
      auto told = co_await ask(stage, only_ask);
      EXPECT_EQ(told.code, "precondition");
      EXPECT_EQ(told.error, "1 machines are on it still");
    }
    EXPECT_EQ(stage.switched_off, 0);
  });
}

}  // namespace
}  // namespace truce::node
