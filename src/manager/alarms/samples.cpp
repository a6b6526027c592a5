#include "alarms/samples.h"

#include "alarms/rules.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

using model::AlarmSubject;
using model::Observed;

/// What is off uses nothing; what runs and is not measured is not known.
bool uses_nothing(const model::Vm& vm) {
  return vm.observed == Observed::off || vm.observed == Observed::absent ||
         vm.observed == Observed::suspended;
}
template <class T>
bool uses_nothing(const T&) {
  return false;
}

Holds in_state(const std::string& state, const Kept<model::Vm>& vm, store::Revision) {
  return model::to_string(vm.object.observed) == state ? Holds::yes : Holds::no;
}
Holds in_state(const std::string& state, const Kept<model::Host>& host, store::Revision may_come) {
  bool offline = host.object.state == model::HostState::offline;
  if (offline && is_put_to_sleep(host.object)) return Holds::no;
  if (offline && host.revision <= may_come) return Holds::unknown;
  return model::to_string(host.object.state) == state ? Holds::yes : Holds::no;
}
Holds in_state(const std::string&, const Kept<model::Pool>&, store::Revision) {
  return Holds::no;  // has no states
}

bool looks_at(const model::Alarm& alarm, const model::Vm& vm) {
  if (!alarm.project.empty() && vm.project != alarm.project) return false;
  return alarm.label.empty() || has_label(vm, alarm.label);
}
template <class T>
bool looks_at(const model::Alarm&, const T&) {
  return true;
}

template <class T>
std::string_view id_of(const T& object) {
  if constexpr (std::is_same_v<T, model::Vm>) return object.uuid;
  return object.name;
}

template <class T>
void measure(const model::Alarm& alarm, const T& object, Readings& readings, AlarmSample& sample) {
  auto value = readings.value(alarm.subject, object.name, alarm.metric);
  if (!value) {
    sample.holds = uses_nothing(object) ? Holds::no : Holds::unknown;
    return;
  }
  sample.value = *value;
  bool beyond = alarm.above ? *value > *alarm.above : *value < alarm.below.value_or(0);
  sample.holds = beyond ? Holds::yes : Holds::no;
}

template <class T>
std::vector<AlarmSample> samples(const model::Alarm& alarm, const Inventory& inventory,
                                 Readings& readings, store::Revision may_come) {
  std::vector<AlarmSample> all;
  all.reserve(inventory.all<T>().size());
  for (const auto& [name, kept] : inventory.all<T>()) {
    const T& object = kept->object;
    if (!looks_at(alarm, object)) continue;
    AlarmSample sample{.id = id_of(object), .name = name, .project = project_of(object)};
    if (!alarm.metric.empty()) {
      measure(alarm, object, readings, sample);
    } else if (alarm.state == problem_state) {
      sample.holds = object.problem.empty() ? Holds::no : Holds::yes;
      sample.reason = object.problem;
    } else {
      sample.holds = in_state(alarm.state, *kept, may_come);
    }
    all.push_back(sample);
  }
  return all;
}

}  // namespace

std::optional<double> Readings::value(AlarmSubject subject, std::string_view name,
                                      const std::string& metric) {
  auto [at, fresh] = rounds_.try_emplace(subject);
  auto& round = at->second;
  if (fresh) {
    round.readings = measured_(subject);
    for (const auto& reading : round.readings) round.by_name[reading.name] = &reading;
  }
  auto reading = round.by_name.find(name);
  if (reading == round.by_name.end()) return std::nullopt;
  auto value = reading->second->values.find(metric);
  if (value == reading->second->values.end()) return std::nullopt;
  return value->second;
}

std::vector<AlarmSample> samples_of(const model::Alarm& alarm, const Inventory& inventory,
                                    Readings& readings, store::Revision may_come) {
  switch (alarm.subject) {
    case AlarmSubject::vm:
      return samples<model::Vm>(alarm, inventory, readings, may_come);
    case AlarmSubject::host:
      return samples<model::Host>(alarm, inventory, readings, may_come);
    case AlarmSubject::pool:
      return samples<model::Pool>(alarm, inventory, readings, may_come);
  }
  return {};
}

}  // namespace truce::manager
