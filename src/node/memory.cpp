#include "memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "base/file.h"
#include "base/log.h"

namespace truce::node {

namespace {

constexpr std::uint64_t grain = 16U << 20;
constexpr std::int64_t give_back_percent = 10;

std::uint64_t percent_of(Bytes size, std::int64_t percent) {
  return size.count / 100 * static_cast<std::uint64_t>(std::clamp<std::int64_t>(percent, 0, 100));
}

std::uint64_t can_give(const Ballooned& machine) {
  if (machine.now <= machine.least) return 0;
  auto most = machine.now.count - machine.least.count;
  if (machine.available.count == 0) return std::max(most / 4, std::min(most, grain));
  return std::min(most, machine.available.count / 4 * 3);
}

std::uint64_t can_take(const Ballooned& machine) {
  return machine.now < machine.memory ? machine.memory.count - machine.now.count : 0;
}

// Each part of `wanted`, in whole MiB, as `amount` gives the most of each.
template <class Amount>
std::map<std::string, std::uint64_t> share(const std::vector<Ballooned>& machines,
                                           std::uint64_t wanted, Amount amount) {
  std::uint64_t most = 0;
  for (const auto& machine : machines) most += amount(machine);
  std::map<std::string, std::uint64_t> parts;
  if (most == 0) return parts;
  auto part = std::min(1.0, static_cast<double>(wanted) / static_cast<double>(most));
  for (const auto& machine : machines) {
    auto size = static_cast<std::uint64_t>(static_cast<double>(amount(machine)) * part);
    size = size >> 20 << 20;
    if (size >= grain || (part == 1.0 && size > 0)) parts[machine.uuid] = size;
  }
  return parts;
}

}  // namespace

Result<HostMemory> read_meminfo(const std::filesystem::path& file) {
  TRY(auto text, read_file(file));
  HostMemory memory;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t size = 0;
    words >> name >> size;
    if (name == "MemTotal:") memory.total = kib(size);
    if (name == "MemAvailable:") memory.available = kib(size);
  }
  if (memory.total.count == 0) return fail(Code::corrupt, "{}: no MemTotal", file.string());
  return memory;
}

std::map<std::string, Bytes> balloon_targets(HostMemory host, std::int64_t low_percent,
                                             const std::vector<Ballooned>& machines) {
  auto low = percent_of(host.total, low_percent);
  auto high = percent_of(host.total, low_percent + give_back_percent);
  auto middle = low + (high - low) / 2;
  std::map<std::string, Bytes> targets;
  if (host.available.count < low) {
    for (const auto& [uuid, size] : share(machines, middle - host.available.count, can_give)) {
      auto machine = std::ranges::find(machines, uuid, &Ballooned::uuid);
      targets[uuid] = Bytes{machine->now.count - size};
    }
  } else if (host.available.count > high) {
    for (const auto& [uuid, size] : share(machines, host.available.count - middle, can_take)) {
      auto machine = std::ranges::find(machines, uuid, &Ballooned::uuid);
      targets[uuid] = Bytes{machine->now.count + size};
    }
  }
  return targets;
}

std::optional<bool> ksm_wanted(Ksm policy, HostMemory host, std::int64_t low_percent) {
  if (policy == Ksm::leave) return std::nullopt;
  if (policy != Ksm::automatic) return policy == Ksm::on;
  // Before balloons begin to take.
  if (host.available.count < percent_of(host.total, low_percent + give_back_percent)) return true;
  if (host.available.count > percent_of(host.total, low_percent + 2 * give_back_percent))
    return false;
  return std::nullopt;
}

Result<void> set_ksm(const std::filesystem::path& folder, bool on) {
  auto file = folder / "run";
  TRY(auto now, read_file(file));
  std::string_view wanted = on ? "1" : "0";
  if (now.starts_with(wanted)) return {};
  TRY(auto fd, open_file(file, O_WRONLY));
  if (::write(fd.get(), wanted.data(), wanted.size()) < 0)
    return fail_errno(errno, "write " + file.string());
  spdlog::info("merging of like pages (KSM) is {}", on ? "on" : "off");
  return {};
}

Async<void> balance_memory(const Settings& settings, hypervisor::LiveChanges* live,
                           std::function<std::vector<Ballooned>()> machines) {
  bool told = false;
  while (true) {
    co_await sleep_for(settings.memory_round);
    auto host = read_meminfo(settings.meminfo);
    if (!host) continue;
    if (auto on = ksm_wanted(settings.ksm, *host, settings.memory_low_percent)) {
      auto set = set_ksm("/sys/kernel/mm/ksm", *on);
      if (!set && !std::exchange(told, true)) spdlog::warn("KSM: {}", set.error().message);
    }
    if (live == nullptr) continue;
    std::vector<Ballooned> known;
    for (auto& machine : machines()) {
      auto usage = co_await live->usage(machine.uuid);
      if (!usage || usage->balloon.count == 0) continue;  // ended meanwhile, or has no balloon
      machine.now = usage->balloon;
      machine.available = usage->guest_available;
      known.push_back(std::move(machine));
    }
    for (const auto& [uuid, target] : balloon_targets(*host, settings.memory_low_percent, known)) {
      auto set = co_await live->set_balloon(uuid, target);
      if (set) spdlog::info("machine {}: its balloon leaves it {}", uuid, to_string(target));
      if (!set) spdlog::warn("machine {}: {}", uuid, set.error().message);
    }
  }
}

}  // namespace truce::node
