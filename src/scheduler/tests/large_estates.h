// Estates of any size by dice, for tests and for tests/bench/plans.
#pragma once

#include <cmath>
#include <random>

#include "scheduler/plans.h"

namespace truce::estates {

using scheduler::Estate;
using scheduler::Load;
using scheduler::MachineRow;
using scheduler::of;

inline constexpr std::int32_t host_cpus = 64, host_memory = 384 * 1024;
inline constexpr std::int32_t host_rate = 1 << 20;  // KiB a second, of disks and of network

/// Equal hosts that nothing is on.
inline Estate empty_hosts(std::int32_t count) {
  Estate estate;
  for (std::int32_t i = 0; i < count; ++i) {
    estate.host_names.push_back(fmt::format("node{:05}", i));
    estate.hosts.push_back(
        {.capacity = {host_cpus * 100, host_memory, host_rate, host_rate, host_memory, host_cpus},
         .reservable_cpu = host_cpus * 100});
  }
  return estate;
}

inline void add(Estate& estate, const MachineRow& row) {
  estate.machine_names.push_back(fmt::format("vm{:06}", estate.machines.size()));
  estate.machines.push_back(row);
}

inline MachineRow machine_by_dice(std::mt19937& dice) {
  auto one_of = [&](auto... values) {
    std::array all{values...};
    return all[dice() % all.size()];
  };
  std::int32_t cpus = one_of(1, 2, 2, 4, 4, 8), memory = cpus * one_of(2, 4, 4, 8) * 1024;
  auto part = [&](std::uint32_t least, std::uint32_t most) {
    return static_cast<double>(least + dice() % (most - least)) / 100;
  };
  auto busy = dice() % 5 == 0 ? part(60, 100) : part(2, 40);  // a fifth of all does the most
  MachineRow row;
  row.demand = {static_cast<std::int32_t>(cpus * 100 * busy),
                static_cast<std::int32_t>(memory * part(30, 95)),
                static_cast<std::int32_t>(host_rate * part(0, 10) / 10 * busy),
                static_cast<std::int32_t>(host_rate * part(0, 10) / 10 * busy),
                memory,
                cpus};
  row.seconds = static_cast<float>(memory) / 100;
  return row;
}

/// Machines that have nothing to do with one another lie where there was room, as they came: so
/// many on each host that their loads nearly even out.
inline Estate even_estate(std::int32_t hosts, std::int32_t machines, std::uint32_t seed) {
  std::mt19937 dice(seed);
  auto estate = empty_hosts(hosts);
  std::vector<std::int32_t> left(static_cast<std::size_t>(hosts), host_memory);
  for (std::int32_t i = 0; i < machines; ++i) {
    auto row = machine_by_dice(dice);
    auto memory = of(row.demand, Load::promised);
    do {  // a tenth of the hosts is asked twice as often
      auto host = dice() % left.size();
      row.host = static_cast<std::int32_t>(dice() % 10 == 0 ? host / 10 : host);
    } while (left[static_cast<std::size_t>(row.host)] < memory);
    left[static_cast<std::size_t>(row.host)] -= memory;
    add(estate, row);
  }
  return estate;
}

/// Numbers by a seed.
class Draw {
 public:
  explicit Draw(std::uint32_t seed) : dice_(seed) {}
  std::uint32_t below(std::uint32_t count) { return dice_() % count; }
  double part() { return (dice_() + 0.5) / 4294967296.0; }  // above 0, below 1
  double normal() {
    auto away = std::sqrt(-2 * std::log(part()));
    return away * std::cos(2 * 3.14159265358979 * part());
  }
  /// Half of all are below `median`; `width` is the deviation of their logarithm.
  double log_normal(double median, double width) { return median * std::exp(width * normal()); }

 private:
  std::mt19937 dice_;
};

/// Machines of one owner that do the same: one size, and nearly as busy.
struct Deployment {
  std::int32_t cpus = 1, memory = 1024, count = 1;
  double busy = 0.1, disk = 0, net = 0;
};

inline Deployment deployment_by_dice(Draw& draw) {
  Deployment made;
  auto sort = draw.part();
  made.cpus = sort < 0.25   ? 1
              : sort < 0.7  ? 2
              : sort < 0.88 ? 4
              : sort < 0.96 ? 8
              : sort < 0.99 ? 16
                            : 32;
  auto rich = draw.part();
  made.memory = made.cpus * (rich < 0.5 ? 2 : rich < 0.85 ? 4 : 8) * 1024;
  made.count = static_cast<std::int32_t>(std::min(1 / std::pow(draw.part(), 0.9), 40.0));
  made.busy = draw.log_normal(0.2, 1.0);
  made.disk = draw.log_normal(0.003, 1.0);
  made.net = draw.log_normal(0.002, 1.0);
  return made;
}

inline MachineRow machine_of(const Deployment& deployment, Draw& draw) {
  auto like = [&](double value, double most) {
    return std::min(value * draw.log_normal(1, 0.25), most);
  };
  auto memory = deployment.memory;
  MachineRow row;
  row.demand = {
      static_cast<std::int32_t>(deployment.cpus * 100 * like(deployment.busy, 1)),
      static_cast<std::int32_t>(memory * (0.3 + 0.65 * draw.part())),
      static_cast<std::int32_t>(host_rate * like(deployment.disk * deployment.cpus, 0.08)),
      static_cast<std::int32_t>(host_rate * like(deployment.net * deployment.cpus, 0.08)),
      memory,
      deployment.cpus};
  row.seconds = static_cast<float>(memory) / 100;
  return row;
}

/// An estate out of balance, shaped like what is published of Azure's machines (Cortez and others,
/// "Resource Central", SOSP 2017, and the traces AzurePublicDataset V1 and V2): sizes and loads
/// with long tails, most machines with one or two processors, 2.9 processors on the average, more
/// than half of them less than a fifth busy and some all the time; owners who start many machines
/// alike, which are busy together. Such machines came one after the other and lie close together,
/// so that most hosts are idle and some are hot. Drawn from formulas, not from the traces' records.
inline Estate cloud_estate(std::int32_t hosts, std::int32_t machines, std::uint32_t seed) {
  Draw draw(seed);
  auto estate = empty_hosts(hosts);
  std::vector<std::int32_t> left(static_cast<std::size_t>(hosts), host_memory);
  while (estate.machines.size() < static_cast<std::size_t>(machines)) {
    auto deployment = deployment_by_dice(draw);
    auto host = draw.below(static_cast<std::uint32_t>(hosts));
    for (std::int32_t i = 0; i < deployment.count; ++i) {
      if (estate.machines.size() == static_cast<std::size_t>(machines)) break;
      if (i % 10 == 9) host = (host + 1) % static_cast<std::uint32_t>(hosts);
      auto row = machine_of(deployment, draw);
      for (std::int32_t asked = 0; asked < hosts && left[host] < deployment.memory; ++asked)
        host = (host + 1) % static_cast<std::uint32_t>(hosts);
      if (left[host] < deployment.memory) return estate;  // it is full
      left[host] -= deployment.memory;
      row.host = static_cast<std::int32_t>(host);
      add(estate, row);
    }
  }
  return estate;
}

}  // namespace truce::estates
