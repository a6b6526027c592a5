#include "scheduler/scheduler.h"

#include <algorithm>

#include "model/hardware.h"

namespace truce::scheduler {
namespace {

// Empty when the host can take the machine.
std::string refusal(const model::Vm& vm, const Candidate& candidate) {
  const auto& host = candidate.host;
  if (host.state != model::HostState::online) return host.name + " is offline";
  if (vm.cpus > host.cpus * 4) {
    return fmt::format(
        "{} has {} processors; a machine may have at most four times as many, not {}", host.name,
        host.cpus, vm.cpus);
  }
  auto type = model::to_string(vm.machine);
  if (std::ranges::find(host.machine_types, type) == host.machine_types.end()) {
    return fmt::format("{} cannot run machines of type {}", host.name, type);
  }
  auto outfit = model::outfit(vm);
  if (!outfit) return outfit.error().message;
  if (auto given = model::check_host(*outfit, host); !given) return given.error().message;
  if (candidate.promised + vm.memory > host.memory) {
    return fmt::format("{} has {} memory, {} of it promised; {} more do not fit", host.name,
                       to_string(host.memory), to_string(candidate.promised), to_string(vm.memory));
  }
  return {};
}

}  // namespace

Placement place(const model::Vm& vm, const std::vector<Candidate>& candidates) {
  Placement placement;
  std::uint64_t most_left = 0;
  for (const auto& candidate : candidates) {
    if (auto why = refusal(vm, candidate); !why.empty()) {
      placement.refusals.push_back(std::move(why));
      continue;
    }
    auto left = candidate.host.memory.count - candidate.promised.count - vm.memory.count;
    bool better = placement.host.empty() || left > most_left ||
                  (left == most_left && candidate.host.name < placement.host);
    if (!better) continue;
    most_left = left;
    placement.host = candidate.host.name;
  }
  if (!placement.host.empty()) {
    placement.reason =
        fmt::format("{} has the most memory left: {}", placement.host, to_string(Bytes{most_left}));
  } else if (candidates.empty()) {
    placement.refusals.emplace_back("there is no host");
  }
  return placement;
}

}  // namespace truce::scheduler
