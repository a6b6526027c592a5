#include "rounds.h"

#include <ctime>

#include "base/log.h"
#include "host.h"

namespace truce::node {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Runs on while the host sleeps, and over a restart of the daemon.
double seconds_of_host() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

struct Rounds::Round {
  std::vector<Measured> machines;
  std::size_t next = 0;
  SteadyTime end;
  std::vector<model::VmSample> told;
  std::map<std::string, Turn> next_turns;
};

Rounds::Rounds(hypervisor::LiveChanges* live, network::Provider& network, RoundLimits limits)
    : live_(live), network_(network), limits_(limits) {}

Rounds::Turn Rounds::turn_of(const std::string& uuid) const {
  auto found = turns_.find(uuid);
  return found == turns_.end() ? Turn::usual : found->second;
}

Async<void> Rounds::ask_in_turn(Round& round) {
  while (round.next < round.machines.size()) {
    const auto& uuid = round.machines[round.next++].uuid;
    bool was_silent = turn_of(uuid) > Turn::usual;
    if (std::chrono::steady_clock::now() >= round.end) {
      round.next_turns[uuid] = was_silent ? Turn::silent_and_not_asked : Turn::was_not_asked;
      continue;
    }
    auto usage = co_await within(limits_.of_one, live_->usage(uuid), "usage");
    if (usage) {
      round.told.push_back({uuid, seconds_of_host(), *std::move(usage)});
    } else if (usage.error().code != Code::precondition) {  // that is: it has ended meanwhile
      round.next_turns[uuid] = Turn::silent;
      if (!was_silent) spdlog::info("machine {} does not tell what it uses", uuid);
    }
  }
}

Async<void> Rounds::ask_together(Round& round, std::size_t workers) {
  if (workers <= 1) co_return co_await ask_in_turn(round);
  co_await (ask_together(round, workers / 2) && ask_together(round, workers - workers / 2));
}

Async<model::Samples> Rounds::measure(std::vector<Measured> machines) {
  model::Samples samples;
  samples.clock = seconds_of_host();
  samples.host = measure_host();
  if (live_ == nullptr) co_return samples;
  Round round{.machines = std::move(machines)};
  round.end = std::chrono::steady_clock::now() + limits_.of_all;
  std::ranges::sort(round.machines, {}, [&](const auto& one) { return turn_of(one.uuid); });
  co_await ask_together(round, std::max<std::size_t>(limits_.at_once, 1));
  turns_ = std::move(round.next_turns);

  std::map<std::string, const Measured*> by_uuid;
  std::vector<std::string> macs;
  for (const auto& machine : round.machines) {
    by_uuid[machine.uuid] = &machine;
    macs.insert(macs.end(), machine.macs.begin(), machine.macs.end());
  }
  auto traffic = co_await network_.traffic(std::move(macs));
  if (!traffic && !std::exchange(traffic_failed_, true))
    spdlog::warn("traffic of network cards: {}", traffic.error().message);
  for (auto& sample : round.told) {
    if (traffic) add_traffic(by_uuid.at(sample.uuid)->macs, *traffic, sample.usage);
    samples.vms.push_back(std::move(sample));
  }
  co_return samples;
}

void add_traffic(const std::vector<std::string>& macs,
                 const std::map<std::string, network::Traffic>& traffic, model::VmUsage& usage) {
  for (const auto& mac : macs) {
    auto found = traffic.find(mac);
    if (found == traffic.end()) continue;
    usage.net_received = usage.net_received.value_or(Bytes()) + Bytes{found->second.received};
    usage.net_sent = usage.net_sent.value_or(Bytes()) + Bytes{found->second.sent};
  }
}

Duration until_next(Time now, Duration step) {
  return step - now.time_since_epoch() % step;
}

}  // namespace truce::node
