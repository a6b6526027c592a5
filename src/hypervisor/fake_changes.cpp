// Live changes of fake machines: every one takes effect at once.
#include <cmath>
#include <numbers>

#include "hypervisor/fake.h"

namespace truce::hypervisor {

namespace {
Error holds_on(const Machine& machine, const std::string& device) {
  return {Code::timeout, machine.name + ": the guest does not let go of " + device, {}};
}
}  // namespace

Async<Result<void>> FakeHypervisor::add_disk(std::string uuid, DiskFile disk) {
  CO_TRY(auto* guest, enter("add_disk", uuid));
  auto& disks = guest->machine.disks;
  std::erase_if(disks, [&](const DiskFile& other) { return other.id == disk.id; });
  disks.push_back(std::move(disk));
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::remove_disk(std::string uuid, std::string id,
                                                Duration /*patience*/) {
  CO_TRY(auto* guest, enter("remove_disk", uuid));
  if (world_->holding_.contains(uuid)) co_return std::unexpected(holds_on(guest->machine, id));
  std::erase_if(guest->machine.disks, [&](const DiskFile& disk) { return disk.id == id; });
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::grow_disk(std::string uuid, std::string id, Bytes size) {
  CO_TRY(auto* guest, enter("grow_disk", uuid));
  guest->grown[id] = size;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::add_port(std::string uuid, Port port) {
  CO_TRY(auto* guest, enter("add_port", uuid));
  port.tap = -1;  // the caller closes it after this call
  auto& ports = guest->machine.ports;
  std::erase_if(ports, [&](const Port& other) { return other.number == port.number; });
  ports.push_back(std::move(port));
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::remove_port(std::string uuid, int number,
                                                Duration /*patience*/) {
  CO_TRY(auto* guest, enter("remove_port", uuid));
  if (world_->holding_.contains(uuid))
    co_return std::unexpected(holds_on(guest->machine, "a network card"));
  std::erase_if(guest->machine.ports, [&](const Port& port) { return port.number == number; });
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::set_medium(std::string uuid, std::string drive,
                                               std::filesystem::path medium) {
  CO_TRY(auto* guest, enter("set_medium", uuid));
  bool there = std::ranges::any_of(
      guest->machine.disks, [&](const DiskFile& disk) { return disk.cdrom && disk.id == drive; });
  if (!there) co_return fail(Code::unsupported, "{} has no drive {}", guest->machine.name, drive);
  guest->media[drive] = std::move(medium);
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::set_cpus(std::string uuid, int cpus) {
  CO_TRY(auto* guest, enter("set_cpus", uuid));
  if (cpus < guest->machine.cpus || cpus > guest->machine.outfit.max_cpus)
    co_return fail(Code::unsupported, "{}: {} processors need a restart", guest->machine.name,
                   cpus);
  guest->machine.cpus = cpus;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::set_memory(std::string uuid, Bytes memory) {
  CO_TRY(auto* guest, enter("set_memory", uuid));
  const auto& machine = guest->machine;
  if (memory != machine.memory &&
      (memory < machine.first_memory || memory > machine.outfit.max_memory))
    co_return fail(Code::unsupported, "{}: {} need a restart", guest->machine.name,
                   to_string(memory));
  guest->machine.memory = memory;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::set_balloon(std::string uuid, Bytes memory) {
  CO_TRY(auto* guest, enter("set_balloon", uuid));
  guest->balloon = memory;
  co_return Result<void>{};
}

// A load that swells and falls over ten minutes, of a size that is the machine's own.
Async<Result<model::VmUsage>> FakeHypervisor::usage(std::string uuid) {
  CO_TRY(auto* guest, enter("usage", uuid));
  constexpr double period = 600 / (2 * std::numbers::pi);
  auto until = guest->hung.value_or(std::chrono::steady_clock::now());
  auto age = std::chrono::duration<double>(until - guest->began).count();
  auto size = static_cast<double>(std::hash<std::string>()(uuid) % 1000) / 1000;
  auto work = size * (age + period * (1 - std::cos(age / period))) / 2;
  model::VmUsage usage;
  usage.cpu_seconds = work * guest->machine.cpus;
  usage.memory = guest->machine.memory;
  usage.balloon = guest->balloon.count > 0 ? guest->balloon : guest->machine.memory;
  usage.guest_total = usage.balloon;
  usage.guest_available = {
      static_cast<std::uint64_t>(static_cast<double>(usage.balloon.count) * (1 - size / 2))};
  usage.disk_reads = static_cast<std::int64_t>(work * 20);
  usage.disk_writes = static_cast<std::int64_t>(work * 50);
  usage.disk_read = kib(16 * static_cast<std::uint64_t>(usage.disk_reads));
  usage.disk_written = kib(8 * static_cast<std::uint64_t>(usage.disk_writes));
  co_return usage;
}

}  // namespace truce::hypervisor
