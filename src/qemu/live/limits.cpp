// What a machine may have of its host while it runs, and what it uses: control groups, and QEMU's
// own throttle of disks, as only it knows them all (docs/throttle.txt of QEMU).
#include <unistd.h>

#include "base/file.h"
#include "command_line.h"
#include "qemu/qemu.h"
#include "running.h"

namespace truce::qemu {
namespace {

using hypervisor::Limits;

constexpr std::int64_t burst_factor = 10;

bool holds_disks_back(const Limits& limits) {
  return limits.read_iops > 0 || limits.write_iops > 0 || limits.read_rate.count > 0 ||
         limits.write_rate.count > 0;
}

// qapi/block-core.json, block_set_io_throttle. All disks of a machine are one group, so that a
// limit is the machine's and not each disk's.
json::object throttle_of(const Limits& limits, const std::string& device) {
  json::object words{{"id", device}, {"bps", 0}, {"iops", 0}};
  auto add = [&](const std::string& name, std::int64_t most) {
    words[name] = most;
    if (most == 0 || limits.burst_seconds == 0) return;
    words[name + "_max"] = most * burst_factor;
    words[name + "_max_length"] = limits.burst_seconds;
  };
  add("iops_rd", limits.read_iops);
  add("iops_wr", limits.write_iops);
  add("bps_rd", static_cast<std::int64_t>(limits.read_rate.count));
  add("bps_wr", static_cast<std::int64_t>(limits.write_rate.count));
  if (holds_disks_back(limits)) words["group"] = "machine";
  return words;
}

// The disks that it writes, as query-block knows them.
std::vector<std::string> written_disks(const json::value& answer) {
  std::vector<std::string> devices;
  const auto* all = answer.if_array();
  for (const auto& item : all != nullptr ? *all : json::array()) {
    const auto* medium = field_of(item, "inserted");
    if (medium == nullptr || bool_in(item, "removable") || bool_in(*medium, "ro")) continue;
    auto device = text_in(item, "qdev");
    if (!device.empty() && !device.contains("pflash")) devices.push_back(std::move(device));
  }
  return devices;
}

Duration processor_time(pid_t pid) {
  auto text = read_file(fmt::format("/proc/{}/stat", pid), kib(4));
  auto at = text ? text->rfind(')') : std::string::npos;  // the name may hold spaces
  if (at == std::string::npos) return {};
  std::istringstream words(text->substr(at + 1));
  std::string word;
  long ticks = 0;
  constexpr int user_time = 12, system_time = 13;  // words after the name (proc_pid_stat(5))
  for (int i = 0; i <= system_time && words >> word; ++i) {
    if (i + 1 == user_time || i + 1 == system_time) ticks += std::strtol(word.c_str(), nullptr, 10);
  }
  return std::chrono::milliseconds(ticks * 1000 / ::sysconf(_SC_CLK_TCK));
}

Bytes resident(pid_t pid) {
  auto text = read_file(fmt::format("/proc/{}/statm", pid), kib(4));
  auto space = text ? text->find(' ') : std::string::npos;
  if (space == std::string::npos) return {};
  return {std::strtoull(text->c_str() + space, nullptr, 10) *
          static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

void add_disks(const json::value& answer, model::VmUsage& usage) {
  const auto* all = answer.if_array();
  for (const auto& item : all != nullptr ? *all : json::array()) {
    const auto* stats = field_of(item, "stats");
    if (stats == nullptr) continue;
    usage.disk_read.count += static_cast<std::uint64_t>(integer_in(*stats, "rd_bytes"));
    usage.disk_written.count += static_cast<std::uint64_t>(integer_in(*stats, "wr_bytes"));
    usage.disk_reads += integer_in(*stats, "rd_operations");
    usage.disk_writes += integer_in(*stats, "wr_operations");
  }
}

}  // namespace

Async<Result<void>> throttle_disks(RunningPtr vm, Limits limits) {
  bool holds = holds_disks_back(limits);
  if (!holds && !vm->throttled) co_return Result<void>{};
  CO_TRY(auto answer, co_await vm->ask("query-block"));
  for (const auto& device : written_disks(answer))
    CO_TRY_VOID(co_await vm->ask("block_set_io_throttle", throttle_of(limits, device)));
  vm->throttled = holds;
  co_return Result<void>{};
}

Async<Result<model::VmUsage>> measure(RunningPtr vm) {
  model::VmUsage usage;
  CO_TRY(auto blocks, co_await vm->ask("query-blockstats"));
  add_disks(blocks, usage);
  auto group = vm->groups.use();
  usage.cpu_seconds = std::chrono::duration<double>(processor_time(vm->record.pid)).count();
  usage.memory = resident(vm->record.pid);
  usage.cpu_throttled_seconds = group.throttled_seconds;
  usage.cpu_pressure = group.cpu_pressure;
  usage.memory_pressure = group.memory_pressure;
  usage.io_pressure = group.io_pressure;
  co_return usage;
}

Async<Result<void>> Qemu::set_limits(std::string uuid, Limits limits) {
  CO_TRY(auto vm, find(uuid));
  ControlGroupLimits wanted{.wanted = limits};
  if (limits.cpu_shares == 0) {
    CO_TRY(auto processors, co_await vm->ask("query-cpus-fast"));
    const auto* all = processors.if_array();
    wanted.cpus = all != nullptr ? std::max(static_cast<int>(all->size()), 1) : 1;
  }
  CO_TRY_VOID(vm->groups.change(wanted));
  vm->limits = limits;
  co_return co_await throttle_disks(vm, std::move(limits));
}

}  // namespace truce::qemu
