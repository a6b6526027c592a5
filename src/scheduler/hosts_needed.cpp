#include "hosts_needed.h"

#include <algorithm>
#include <map>

#include "scheduler/packing.h"

namespace truce::scheduler {
namespace {

constexpr std::array<std::string_view, 4> size_names{"promised memory", "reserved processor time",
                                                     "processors in use", "memory in use"};

using Sums = std::array<std::int64_t, pack_sizes>;

// What a machine takes, and what a host may give, in the order of size_names.
Sizes sizes_of(const MachineRow& machine) {
  return {of(machine.demand, Load::promised), machine.reserved_cpu, of(machine.demand, Load::cpu),
          of(machine.demand, Load::memory)};
}

Sizes sizes_of(const HostRow& host, int ceiling_percent) {
  auto part = [&](Load load) {
    auto capacity = std::int64_t{of(host.capacity, load)};
    if (capacity == 0) return std::int32_t{1 << 30};  // not known: no limit
    return static_cast<std::int32_t>(capacity * ceiling_percent / 100);
  };
  return {of(host.capacity, Load::promised), host.reservable_cpu, part(Load::cpu),
          part(Load::memory)};
}

// A host that is fuller than the ceiling already may stay so: its machines' sizes are what it
// gives.
Sizes widened(Sizes most, const Sums& used) {
  for (std::size_t i = 0; i < pack_sizes; ++i)
    most[i] = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(used[i], most[i], std::numeric_limits<std::int32_t>::max()));
  return most;
}

// By host, where nothing else is said.
struct Counted {
  std::vector<Sums> used;
  std::vector<Sizes> gives;
  Sums wanted{};
  std::map<Sizes, std::int32_t> types;
  std::vector<char> stays;  // it cannot be emptied
  bool placed = false;
};

Counted count(const Estate& estate, int ceiling_percent) {
  Counted counted;
  counted.used.resize(estate.hosts.size());
  counted.stays.resize(estate.hosts.size());
  for (const auto& machine : estate.machines) {
    if (machine.host == none) continue;
    auto host = static_cast<std::size_t>(machine.host);
    auto sizes = sizes_of(machine);
    for (std::size_t i = 0; i < pack_sizes; ++i) {
      counted.used[host][i] += sizes[i];
      counted.wanted[i] += sizes[i];
    }
    counted.placed = true;
    if (sizes != Sizes{}) ++counted.types[sizes];
    if (machine.fixed != none || !estate.hosts[host].online) counted.stays[host] = 1;
  }
  for (std::size_t host = 0; host < estate.hosts.size(); ++host)
    counted.gives.push_back(
        widened(sizes_of(estate.hosts[host], ceiling_percent), counted.used[host]));
  return counted;
}

HostsNeeded by_sums(const Counted& counted) {
  HostsNeeded needed{0, "no machine is placed"};
  for (std::size_t size = 0; size < pack_sizes; ++size) {
    std::vector<std::int64_t> gives;
    for (const auto& host : counted.gives) gives.push_back(host[size]);
    std::ranges::sort(gives, std::greater());
    std::int64_t sum = 0, hosts = 0;
    while (sum < counted.wanted[size] && hosts < static_cast<std::int64_t>(gives.size()))
      sum += gives[static_cast<std::size_t>(hosts++)];
    if (hosts > needed.hosts)
      needed = {hosts, fmt::format("fewer hosts do not have enough {}", size_names[size])};
  }
  if (counted.placed && needed.hosts == 0) needed = {1, "machines need a host"};
  auto stays = std::ranges::count(counted.stays, 1);
  if (stays > needed.hosts)
    needed = {stays, fmt::format("{} hosts have machines that cannot move", stays)};
  return needed;
}

}  // namespace

HostsNeeded hosts_needed(const Estate& estate, int ceiling_percent) {
  constexpr std::size_t most_types = 64;
  auto counted = count(estate, ceiling_percent);
  auto needed = by_sums(counted);
  bool equal = std::ranges::all_of(counted.gives,
                                   [&](const auto& gives) { return gives == counted.gives[0]; });
  if (!equal || counted.types.empty() || counted.types.size() > most_types) return needed;
  std::vector<PackType> types;
  for (const auto& [size, number] : counted.types) types.push_back({size, number});
  auto packing = pack(counted.gives[0], types, {.rounds = 0});
  if (packing.bound > needed.hosts) needed = {packing.bound, packing.bound_reason};
  return needed;
}

}  // namespace truce::scheduler
