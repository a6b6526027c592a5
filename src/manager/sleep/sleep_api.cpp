// What is asked of hosts that sleep: how their power is, go to sleep, wake.
#include "cluster/cluster.h"
#include "machines/devices.h"
#include "sleep/controls.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

constexpr Duration longest_answer = 40s;

Async<Result<power::PowerState>> state_of(Rooms& rooms, model::Host host) {
  CO_TRY(auto control, co_await open_control(rooms.loop, rooms.ledger, rooms.settings, host));
  co_return co_await control->state();
}

// What the controller says is the answer, whatever it is.
Async<Result<http::Response>> get_host_power(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<model::Host>(rooms.ledger.inventory(), context.caller, context.name()));
  const auto& host = kept->object;
  model::HostPower told{.name = host.name, .power = host.power, .tried = host.power_tried};
  if (host.power.empty()) {
    told.problem = "it has no power control";
    co_return http::json_response(200, model::to_json(told));
  }
  auto state = co_await within(longest_answer, state_of(rooms, host), host.power);
  if (state)
    told.state = power::to_string(*state);
  else
    told.problem = state.error().message;
  co_return http::json_response(200, model::to_json(told));
}

Async<Result<http::Response>> sleep_host(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::DrainOptions>());
  const auto& inventory = rooms.ledger.inventory();
  co_return co_await answer_with_task(rooms, context, [&](Change& change) -> Result<model::Task> {
    TRY(auto kept, find<model::Host>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    TRY(auto task, begin_sleep(rooms.ledger, change, kept->object, wish, rooms.settings.host));
    change.event("api.sleep_host", "hosts/" + kept->object.name, "", "empty it and switch it off");
    return task;
  });
}

Async<Result<http::Response>> wake_host(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  co_return co_await answer_with_task(rooms, context, [&](Change& change) -> Result<model::Task> {
    TRY(auto kept, find<model::Host>(inventory, context.caller, context.name()));
    TRY_VOID(need_cluster(inventory));
    TRY(auto task, begin_wake(rooms.ledger, change, kept->object));
    change.event("api.wake_host", "hosts/" + kept->object.name, "", "switch it on");
    return task;
  });
}

}  // namespace

void add_sleep_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_host_power, get_host_power);
  handlers.on(model::Operation::sleep_host, sleep_host);
  handlers.on(model::Operation::wake_host, wake_host);
}

}  // namespace truce::manager
