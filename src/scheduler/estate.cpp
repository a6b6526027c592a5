#include "scheduler/estate.h"

#include <algorithm>

namespace truce::scheduler {
namespace {

// What all machines of an estate may ask for together, so that no sum overflows.
constexpr std::int64_t most_in_sum = std::int64_t{1} << 50;

bool within(std::int32_t index, std::size_t size) {
  return index == none || (index >= 0 && static_cast<std::size_t>(index) < size);
}

bool all_within(const std::vector<std::int32_t>& indices, std::size_t size, std::int32_t least) {
  return std::ranges::all_of(
      indices, [&](std::int32_t index) { return index >= least && within(index, size); });
}

bool none_negative(const Loads& loads) {
  return std::ranges::all_of(loads, [](std::int32_t load) { return load >= 0; });
}

Result<void> check_machine(const Estate& estate, std::size_t number) {
  const auto& row = estate.machines[number];
  const auto& name = estate.machine_names[number];
  bool places = within(row.host, estate.hosts.size()) &&
                within(row.conflict_class, estate.conflicts.size()) &&
                within(row.reach, estate.reaches.size()) &&
                within(row.fixed, estate.sentences.size());
  if (!places) return fail(Code::invalid, "the machine '{}' names a row that is not there", name);
  bool numbers = none_negative(row.demand) && row.reserved_cpu >= 0 && row.weight >= 0 &&
                 row.weight <= 1e6F && row.seconds >= 0 && row.seconds <= 1e9F;
  if (!numbers) return fail(Code::invalid, "the machine '{}' has a number out of range", name);
  return {};
}

}  // namespace

Result<void> check(const Estate& estate) {
  if (estate.hosts.size() != estate.host_names.size() ||
      estate.machines.size() != estate.machine_names.size() ||
      estate.conflicts.size() != estate.class_names.size())
    return fail(Code::invalid, "there are not as many names as rows");
  if (estate.machines.size() * std::int64_t{1} > most_in_sum >> 31)
    return fail(Code::invalid, "there are too many machines");
  for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
    const auto& row = estate.hosts[i];
    if (!none_negative(row.capacity) || row.reservable_cpu < 0 || row.domain < none)
      return fail(Code::invalid, "the host '{}' has a number out of range", estate.host_names[i]);
  }
  for (std::size_t i = 0; i < estate.machines.size(); ++i) TRY_VOID(check_machine(estate, i));
  for (const auto& reach : estate.reaches) {
    if (reach.size() != estate.hosts.size() || !all_within(reach, estate.sentences.size(), none))
      return fail(Code::invalid, "a reach does not fit the hosts");
  }
  for (std::size_t i = 0; i < estate.conflicts.size(); ++i) {
    if (!all_within(estate.conflicts[i], estate.conflicts.size(), 0))
      return fail(Code::invalid, "the class '{}' names one that is not there",
                  estate.class_names[i]);
    for (auto other : estate.conflicts[i]) {
      const auto& back = estate.conflicts[static_cast<std::size_t>(other)];
      if (std::ranges::find(back, static_cast<std::int32_t>(i)) == back.end())
        return fail(Code::invalid, "a conflict of '{}' holds one way only", estate.class_names[i]);
    }
  }
  for (const auto& rule : estate.rules) {
    if (!all_within(rule.machines, estate.machines.size(), 0) ||
        !all_within(rule.hosts, estate.hosts.size(), 0))
      return fail(Code::invalid, "the rule '{}' names a row that is not there", rule.name);
  }
  if (estate.reserve_hosts < 0) return fail(Code::invalid, "the reserve is negative");
  return {};
}

}  // namespace truce::scheduler
