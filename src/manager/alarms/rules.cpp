#include "alarms/rules.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "metrics/quantities.h"

namespace truce::manager {
namespace {

using model::AlarmSubject;

std::span<const Quantity> quantities_of(AlarmSubject subject) {
  if (subject == AlarmSubject::vm) return vm_quantities;
  if (subject == AlarmSubject::host) return host_quantities;
  return pool_quantities;
}

std::vector<std::string_view> states_of(AlarmSubject subject) {
  std::vector<std::string_view> states;
  if (subject == AlarmSubject::vm) {
    for (auto name : model::enum_names<model::Observed>()) states.push_back(name);
  } else if (subject == AlarmSubject::host) {
    for (auto name : model::enum_names<model::HostState>()) states.push_back(name);
  }
  states.push_back(problem_state);
  return states;
}

Result<void> check_threshold(const model::Alarm& alarm) {
  auto known = quantities_of(alarm.subject);
  if (std::ranges::find(known, std::string_view(alarm.metric), &Quantity::name) == known.end()) {
    std::vector<std::string_view> names;
    for (const auto& quantity : known) names.push_back(quantity.name);
    return fail_field(
        "/metric", fmt::format("is not measured of a {}: {} are", model::to_string(alarm.subject),
                               fmt::join(names, ", ")));
  }
  if (!alarm.state.empty())
    return fail_field("/state", "give a metric or a state, not both: make two alarms");
  if (!alarm.above && !alarm.below) return fail_field("/above", "give above or below");
  if (alarm.above && alarm.below)
    return fail_field("/below", "give above or below, not both: make two alarms");
  return {};
}

Result<void> check_state(const model::Alarm& alarm) {
  if (alarm.state.empty()) return fail_field("/metric", "give a metric or a state");
  auto known = states_of(alarm.subject);
  if (std::ranges::find(known, alarm.state) == known.end()) {
    return fail_field("/state",
                      fmt::format("is no state of a {}: {}", model::to_string(alarm.subject),
                                  fmt::join(known, ", ")));
  }
  if (alarm.above) return fail_field("/above", "goes with a metric, not with a state");
  if (alarm.below) return fail_field("/below", "goes with a metric, not with a state");
  return {};
}

std::string spoken(std::int64_t seconds) {
  auto of = [](std::int64_t count, std::string_view unit) {
    return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
  };
  if (seconds % 3600 == 0) return of(seconds / 3600, "hour");
  if (seconds % 60 == 0) return of(seconds / 60, "minute");
  return of(seconds, "second");
}

}  // namespace

Result<void> check_rule(const model::Alarm& alarm) {
  TRY_VOID(alarm.metric.empty() ? check_state(alarm) : check_threshold(alarm));
  if (alarm.subject == AlarmSubject::vm) {
    if (alarm.label.starts_with('='))
      return fail_field("/label", "is KEY=VALUE, or KEY for any value");
    return {};
  }
  if (!alarm.label.empty()) return fail_field("/label", "only machines have labels");
  if (!alarm.project.empty()) return fail_field("/project", "only machines are in projects");
  return {};
}

std::string short_number(double value) {
  // Sixteen digits would say that something was measured so exactly.
  auto text = fmt::format("{:.2f}", value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string condition_of(const model::Alarm& alarm) {
  std::string text = alarm.state;
  if (!alarm.metric.empty()) {
    text = fmt::format("{} {} {}", alarm.metric, alarm.above ? "above" : "below",
                       short_number(alarm.above ? *alarm.above : alarm.below.value_or(0)));
  }
  if (alarm.for_seconds == 0) return text;
  return fmt::format("{} for {}", text, spoken(alarm.for_seconds));
}

std::vector<model::Alarm> first_alarms(Time created) {
  auto made = [&](std::string name, std::string description, AlarmSubject subject) {
    model::Alarm alarm{.name = std::move(name), .description = std::move(description)};
    alarm.subject = subject;
    alarm.created = created;
    return alarm;
  };
  auto offline = made("host-offline", "A host is not connected to its manager", AlarmSubject::host);
  offline.severity = model::AlarmSeverity::critical;
  offline.state = model::to_string(model::HostState::offline);
  auto unknown = made("vm-unknown", "Nobody knows what a machine does", AlarmSubject::vm);
  unknown.state = model::to_string(model::Observed::unknown);
  auto problem = made("vm-problem", "A machine is not as it is wanted", AlarmSubject::vm);
  problem.state = problem_state;
  auto full = made("pool-full", "A storage pool is nearly full", AlarmSubject::pool);
  full.metric = "used_percent";
  full.above = 90;
  return {offline, unknown, problem, full};
}

}  // namespace truce::manager
