// What plans say to people.
#include <algorithm>
#include <cmath>

#include "layout.h"

namespace truce::scheduler {
namespace {

constexpr std::string_view load_names[load_count]{
    "of its processors in use", "of its memory in use",   "of its disks' rate in use",
    "of its network in use",    "of its memory promised", "of its processors given"};

int percent(double part) {
  return static_cast<int>(std::lround(100 * part));
}

std::size_t at(std::int32_t index) {
  return static_cast<std::size_t>(index);
}

std::string name_of(const Layout& layout, std::int32_t unit) {
  auto members = layout.members(unit);
  const auto& first = layout.estate().machine_names[at(members[0])];
  return members.size() == 1 ? first : fmt::format("{} and {} more", first, members.size() - 1);
}

}  // namespace

std::string reason_of(const Layout& layout, std::int32_t unit, std::int32_t to) {
  const auto& estate = layout.estate();
  auto from = layout.unit(unit).host;
  if (auto rule = layout.mended_rule(unit, to); rule != none)
    return fmt::format("the rule '{}' is broken while it is on {}", estate.rules[at(rule)].name,
                       estate.host_names[at(from)]);
  std::size_t worst = load_count;
  double most = 0;
  for (std::size_t i = 0; i < load_count; ++i) {
    auto load = static_cast<Load>(i);
    if (!layout.scored(load)) continue;
    auto weight = layout.objective().contention[i] + layout.objective().spread[i];
    auto more = weight * (layout.used(from, load) - layout.used(to, load));
    if (worst == load_count || more > most) {
      most = more;
      worst = i;
    }
  }
  if (worst == load_count) return "there is room";
  auto load = static_cast<Load>(worst);
  double goes = 0;
  for (auto machine : layout.members(unit)) goes += of(estate.machines[at(machine)].demand, load);
  auto then = [&](std::int32_t host, double change) {
    return percent(layout.used(host, load) +
                   change / std::max(of(estate.hosts[at(host)].capacity, load), 1));
  };
  return fmt::format("{} has {}% {}, {} has {}%; then {}% and {}%", estate.host_names[at(from)],
                     percent(layout.used(from, load)), load_names[worst], estate.host_names[at(to)],
                     percent(layout.used(to, load)), then(from, -goes), then(to, goes));
}

void carry_out(Layout& layout, std::int32_t unit, std::int32_t to, std::string reason, Plan& plan) {
  auto from = layout.unit(unit).host;
  layout.move(unit, to);
  auto score = layout.score();
  for (auto machine : layout.members(unit)) {
    plan.moves.push_back({.machine = machine,
                          .from = from,
                          .to = to,
                          .reason = reason,
                          .score_after = score,
                          .seconds = layout.estate().machines[at(machine)].seconds});
  }
  plan.score_after = score;
}

std::string Layout::binding(std::int32_t unit, std::int32_t host) const {
  const auto& name = estate_.host_names[at(host)];
  if (quarrels(unit)) return "a rule wants machines together whose conflict classes forbid it";
  for (auto number : members(unit)) {
    const auto& machine = estate_.machines[at(number)];
    if (machine.reach != none) {
      auto why = estate_.reaches[at(machine.reach)][at(host)];
      if (why != none) return estate_.sentences[at(why)];
    }
    if (machine.conflict_class == none) continue;
    for (auto other : estate_.conflicts[at(machine.conflict_class)]) {
      auto found = classes_.find((std::int64_t{other} << 32) | host);
      if (found == classes_.end() || found->second <= 0) continue;
      return fmt::format(
          "{} has a machine of the conflict class {}, beside which none of {} may be", name,
          estate_.class_names[at(other)], estate_.class_names[at(machine.conflict_class)]);
    }
  }
  for (auto row : rules_of_[at(unit)]) {
    const auto& rule = estate_.rules[at(row.rule)];
    if (!rule.must || rule_allows(row, units_[at(unit)].host, host)) continue;
    return fmt::format("the rule '{}' keeps it from {}", rule.name, name);
  }
  return {};
}

std::string Layout::refusal(std::int32_t unit, std::int32_t host) const {
  const auto& row = units_[at(unit)];
  const auto& name = estate_.host_names[at(host)];
  if (!estate_.hosts[at(host)].online) return name + " is offline";
  if (estate_.hosts[at(host)].draining) return name + " is being emptied";
  if (auto why = binding(unit, host); !why.empty()) return why;
  auto memory = promised_[at(host)] + row.promised - room_[at(host)];
  if (memory > 0)
    return fmt::format("{} lacks {} memory", name,
                       truce::to_string(mib(static_cast<std::uint64_t>(memory))));
  auto cpu = reserved_[at(host)] + row.reserved_cpu - estate_.hosts[at(host)].reservable_cpu;
  if (row.reserved_cpu > 0 && cpu > 0)
    return fmt::format("{} lacks {}% of a processor that is not reserved", name, cpu);
  return {};
}

std::string stuck(const Layout& layout, std::int32_t unit) {
  constexpr std::size_t most_told = 3;
  const auto& estate = layout.estate();
  for (auto machine : layout.members(unit)) {
    auto fixed = estate.machines[at(machine)].fixed;
    if (fixed != none)
      return fmt::format("{}: {}", estate.machine_names[at(machine)], estate.sentences[at(fixed)]);
  }
  std::string told;
  std::size_t refusals = 0;
  for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
    auto host = static_cast<std::int32_t>(i);
    if (host == layout.unit(unit).host) continue;
    auto why = layout.refusal(unit, host);
    if (why.empty()) continue;
    if (refusals++ < most_told) told += (told.empty() ? "" : "; ") + why;
  }
  if (refusals == 0) return name_of(layout, unit) + ": there is no other host";
  if (refusals > most_told) told += fmt::format("; and {} more", refusals - most_told);
  return fmt::format("{}: no other host takes it: {}", name_of(layout, unit), told);
}

}  // namespace truce::scheduler
