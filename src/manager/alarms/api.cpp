// What is asked of alarms: each with its rule and its receivers.
#include "api.h"

#include "alarms/alarms.h"
#include "alarms/receivers.h"
#include "alarms/rules.h"

namespace truce::manager {
namespace {

std::string target_of(const std::string& name) {
  return key_of<model::Alarm>(name);
}

Result<void> check_mail_possible(const Settings& settings, const std::vector<std::string>& mail) {
  if (mail.empty() || !settings.mail.server.empty()) return {};
  return fail_field("/mail/0", "truced has no smtp-server to give mails in at: see truced.conf");
}

/// Puts what has become of an alarm; its webhooks in whole apart from it, where nobody looks.
void put(const Inventory& inventory, Change& change, model::Alarm alarm,
         std::vector<std::string> webhooks) {
  alarm.webhook = shown_webhooks(webhooks);
  change.put(alarm);
  if (!webhooks.empty()) {
    change.put(model::AlarmReceivers{alarm.name, std::move(webhooks)});
  } else if (inventory.find<model::AlarmReceivers>(alarm.name)) {
    change.erase<model::AlarmReceivers>(alarm.name);
  }
}

std::vector<std::string> webhooks_of(const Inventory& inventory, const std::string& name) {
  auto kept = inventory.find<model::AlarmReceivers>(name);
  return kept ? kept->object.webhook : std::vector<std::string>();
}

model::Alarm asked_for(const model::AlarmCreate& wish) {
  model::Alarm alarm{.name = wish.name, .description = wish.description};
  alarm.subject = wish.subject;
  alarm.severity = wish.severity;
  alarm.metric = wish.metric;
  alarm.above = wish.above;
  alarm.below = wish.below;
  alarm.state = wish.state;
  alarm.for_seconds = wish.for_seconds;
  alarm.label = wish.label;
  alarm.project = wish.project;
  alarm.created = now();
  return alarm;
}

Async<Result<http::Response>> create_alarm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::AlarmCreate>());
  auto alarm = asked_for(wish);
  CO_TRY_VOID(check_rule(alarm));
  CO_TRY(auto webhooks, wanted_webhooks(wish.webhook, {}));
  CO_TRY(alarm.mail, wanted_mail(wish.mail));
  CO_TRY_VOID(check_mail_possible(rooms.settings, alarm.mail));
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::Alarm>(alarm.name)) {
      return std::unexpected(Error{
          Code::conflict, fmt::format("there is an alarm '{}' already", alarm.name), "/name"});
    }
    if (inventory.all<model::Alarm>().size() >= Alarms::most_alarms)
      return fail(Code::limit, "there are {} alarms already, and no more can be",
                  Alarms::most_alarms);
    put(inventory, change, alarm, webhooks);
    change.event("api.create_alarm", target_of(alarm.name), "", condition_of(alarm));
    return {};
  }));
  CO_TRY(auto kept, find<model::Alarm>(inventory, context.caller, alarm.name));
  co_return object_response(201, kept->object, kept->revision);
}

/// What an alarm becomes; the webhooks are in `webhooks`.
Result<model::Alarm> changed(const model::Alarm& before, const model::AlarmChange& wish,
                             std::vector<std::string>& webhooks) {
  if (wish.above && wish.below)
    return fail_field("/below", "give above or below, not both: make two alarms");
  auto alarm = before;
  if (wish.description) alarm.description = *wish.description;
  if (wish.severity) alarm.severity = *wish.severity;
  if (wish.above || wish.below) {
    alarm.above = wish.above;
    alarm.below = wish.below;
  }
  if (wish.for_seconds) alarm.for_seconds = *wish.for_seconds;
  if (wish.disabled) alarm.disabled = *wish.disabled;
  if (wish.webhook) {
    TRY(webhooks, wanted_webhooks(*wish.webhook, webhooks));
  }
  if (wish.mail) {
    TRY(alarm.mail, wanted_mail(*wish.mail));
  }
  TRY_VOID(check_rule(alarm));
  return alarm;
}

Async<Result<http::Response>> set_alarm(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::AlarmChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Alarm>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    auto webhooks = webhooks_of(inventory, context.name());
    TRY(auto alarm, changed(kept->object, wish, webhooks));
    if (wish.mail) TRY_VOID(check_mail_possible(rooms.settings, alarm.mail));
    put(inventory, change, alarm, std::move(webhooks));
    change.event("api.set_alarm", target_of(alarm.name), "", condition_of(alarm));
    return {};
  }));
  CO_TRY(auto kept, find<model::Alarm>(inventory, context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

Async<Result<http::Response>> delete_alarm(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  auto& outbox = rooms.alarms.outbox();
  Outbox::Adding adding(outbox);
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Alarm>(inventory, context.caller, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    if (auto raised = inventory.find<model::AlarmTargets>(context.name())) {
      end_all(outbox, adding, change, kept->object, raised->object.items);
      change.erase<model::AlarmTargets>(context.name());
    }
    if (inventory.find<model::AlarmReceivers>(context.name()))
      change.erase<model::AlarmReceivers>(context.name());
    change.erase<model::Alarm>(context.name());
    change.event("api.delete_alarm", target_of(context.name()), "", "delete");
    return {};
  }));
  co_return http::no_content();
}

Async<Result<http::Response>> test_alarm(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto kept, find<model::Alarm>(inventory, context.caller, context.name()));
  if (kept->object.webhook.empty() && kept->object.mail.empty())
    co_return fail(Code::precondition, "'{}' tells nobody: give it a webhook or a mail address",
                   context.name());
  auto told = co_await rooms.alarms.test(kept->object);
  auto failed = std::ranges::count_if(
      told.items, [](const model::AlarmTestResult& one) { return !one.error.empty(); });
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    change.event(
        "api.test_alarm", target_of(context.name()), "",
        fmt::format("{} of {} got it", told.items.size() - static_cast<std::size_t>(failed),
                    told.items.size()));
    return {};
  }));
  co_return http::json_response(200, model::to_json(told));
}

}  // namespace

void add_alarm_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_alarm, create_alarm);
  handlers.on(Operation::set_alarm, set_alarm);
  handlers.on(Operation::delete_alarm, delete_alarm);
  handlers.on(Operation::test_alarm, test_alarm);
}

}  // namespace truce::manager
