// Small estates by dice, and what can be found by trying everything.
#pragma once

#include <random>

#include "scheduler/plans.h"

namespace truce::scheduler {

/// Numbers by a seed, the same on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(static_cast<std::uint32_t>(seed * 2654435761U + 1)) {}
  /// From 0 to below `count`.
  std::int32_t below(std::int32_t count) {
    return static_cast<std::int32_t>(engine_() % static_cast<std::uint32_t>(count));
  }
  bool once_in(std::int32_t count) { return below(count) == 0; }

 private:
  std::mt19937 engine_;
};

struct Shape {
  std::int32_t hosts = 4, machines = 10;
  bool rules = true;      ///< rules, classes, reaches, fault domains
  bool failures = false;  ///< hosts that are offline or being drained, machines that cannot move
  std::int32_t memory = 64 * 1024, cpus = 32;  ///< of a host
};

inline void place_by_dice(Estate& estate, MachineRow& row, Dice& dice) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    auto host = dice.below(static_cast<std::int32_t>(estate.hosts.size()));
    std::int64_t promised = of(row.demand, Load::promised), reserved = row.reserved_cpu;
    for (const auto& other : estate.machines) {
      if (other.host != host) continue;
      promised += of(other.demand, Load::promised);
      reserved += other.reserved_cpu;
    }
    const auto& there = estate.hosts[static_cast<std::size_t>(host)];
    if (promised > of(there.capacity, Load::promised) || reserved > there.reservable_cpu) continue;
    row.host = host;
    return;
  }
}

inline void add_machine(Estate& estate, const Shape& shape, Dice& dice) {
  MachineRow row;
  auto memory = (1 + dice.below(16)) * 1024, cpus = 1 + dice.below(8);
  row.demand = {dice.below(cpus * 100),
                memory * (30 + dice.below(70)) / 100,
                dice.below(5000),
                dice.below(5000),
                memory,
                cpus};
  if (dice.once_in(4)) row.reserved_cpu = dice.below(200);
  row.seconds = static_cast<float>(memory) / 100;
  if (dice.once_in(8)) row.demand = {};  // it is off
  place_by_dice(estate, row, dice);
  if (shape.rules && dice.once_in(5) && !estate.conflicts.empty())
    row.conflict_class = dice.below(static_cast<std::int32_t>(estate.conflicts.size()));
  if (shape.rules && dice.once_in(5) && !estate.reaches.empty())
    row.reach = dice.below(static_cast<std::int32_t>(estate.reaches.size()));
  if (shape.failures && dice.once_in(8)) row.fixed = 0;
  if (shape.failures && dice.once_in(8)) row.rested = false;
  estate.machine_names.push_back(fmt::format("vm{}", estate.machines.size()));
  estate.machines.push_back(row);
}

inline void add_rule(Estate& estate, Dice& dice) {
  PlacementRule rule;
  rule.name = fmt::format("rule{}", estate.rules.size());
  rule.kind = static_cast<model::RuleKind>(dice.below(4));
  rule.must = dice.once_in(2);
  rule.by_fault_domain = dice.once_in(3);
  for (auto count = 2 + dice.below(2); count > 0; --count)
    rule.machines.push_back(dice.below(static_cast<std::int32_t>(estate.machines.size())));
  for (auto count = 1 + dice.below(2); count > 0; --count)
    rule.hosts.push_back(dice.below(static_cast<std::int32_t>(estate.hosts.size())));
  estate.rules.push_back(std::move(rule));
}

/// An estate by dice. Rules may be broken in it; memory and reservations are within what there is.
inline Estate estate_by_dice(std::uint64_t seed, const Shape& shape = {}) {
  Dice dice(seed);
  Estate estate;
  estate.sentences = {"cannot move", "is out of reach"};
  for (std::int32_t i = 0; i < shape.hosts; ++i) {
    HostRow row;
    auto half = dice.once_in(4) ? 2 : 1;
    auto memory = shape.memory / half, cpus = shape.cpus / half;
    row.capacity = {cpus * 100, memory, 100'000, 100'000, memory, cpus};
    row.reservable_cpu = cpus * 100;
    if (shape.rules && !dice.once_in(4)) row.domain = dice.below(2);
    if (shape.failures && dice.once_in(8)) row.online = false;
    if (shape.failures && dice.once_in(8)) row.draining = true;
    estate.host_names.push_back(fmt::format("h{}", i));
    estate.hosts.push_back(row);
  }
  if (shape.rules) {
    estate.class_names = {"a", "b", "c"};
    estate.conflicts = {{1}, {0}, {}};
    for (int i = 0; i < 2; ++i) {
      std::vector<std::int32_t> reach;
      for (std::int32_t host = 0; host < shape.hosts; ++host)
        reach.push_back(dice.once_in(3) ? 1 : none);
      estate.reaches.push_back(std::move(reach));
    }
  }
  for (std::int32_t i = 0; i < shape.machines; ++i) add_machine(estate, shape, dice);
  if (shape.rules)
    for (auto count = dice.below(4); count > 0; --count) add_rule(estate, dice);
  return estate;
}

}  // namespace truce::scheduler
