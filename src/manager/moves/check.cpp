// Whether a machine can go to another host, and to which.
#include "machines/devices.h"
#include "model/hardware.h"
#include "moves/moves.h"
#include "placement.h"
#include "pools/fill.h"
#include "pools/places.h"
#include "relocation/relocations.h"
#include "sleep/phases.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::Observed;
using model::Wanted;

/// How a machine goes.
struct Trip {
  const Inventory& inventory;
  const model::Vm& vm;
  const model::MigrateOptions& options;
  bool live = false;        ///< it goes on meanwhile
  bool has_memory = false;  ///< of a guest that has begun, saved or not
};

Result<void> check_state(const Trip& trip) {
  const auto& vm = trip.vm;
  if (vm.wanted == Wanted::absent)
    return fail(Code::precondition, "'{}' is being deleted", vm.name);
  if (vm.observed == Observed::absent)
    return fail(Code::precondition, "'{}' is still being created: see truce task list", vm.name);
  TRY_VOID(check_settled(vm));
  if (vm.observed == Observed::paused) {
    return fail(Code::precondition,
                "'{}' is paused: resume it first (truce vm resume {}), or stop it", vm.name,
                vm.name);
  }
  bool steady = settled(vm.observed) == vm.wanted && vm.observed != Observed::unknown &&
                vm.observed != Observed::starting;
  if (!steady) {
    return fail(Code::precondition, "'{}' is {} and shall be {}: see truce task list", vm.name,
                model::to_string(vm.observed), model::to_string(vm.wanted));
  }
  auto host = trip.inventory.find<model::Host>(vm.host);
  if (host && host->object.state == model::HostState::online) return {};
  return fail(Code::unavailable, "its host {} is not connected", vm.host);
}

// Nothing else is being done with it, and nothing is left of it from before.
Result<void> check_parts(const Trip& trip) {
  const auto& vm = trip.vm;
  if (vm.tree && !vm.tree->snapshots.empty()) {
    return fail(Code::precondition,
                "'{}' has snapshots, which do not go along: delete them first (truce snapshot list "
                "{})",
                vm.name, vm.name);
  }
  for (const auto& disk : vm.disks) {
    if (disk.key.empty()) continue;
    return fail(Code::unsupported, "{} of '{}' is encrypted: its key is not given to other hosts",
                disk.id, vm.name);
  }
  bool passed = vm.hardware && ((vm.hardware->pci && !vm.hardware->pci->empty()) ||
                                (vm.hardware->usb_devices && !vm.hardware->usb_devices->empty()));
  if (passed) {
    return fail(Code::precondition,
                "'{}' has been given devices of its host (pci, usb_devices): take them away first",
                vm.name);
  }
  if (!trip.live) return {};
  for (const auto& nic : vm.nics) {
    auto network = trip.inventory.find<model::Network>(nic.network);
    if (!network || network->object.mode != model::NetworkMode::user) continue;
    return fail(
        Code::precondition,
        "network card {} of '{}' is in '{}', which is in user mode and cannot move while the "
        "machine runs: move it with --offline, or stop it first",
        nic.number, vm.name, nic.network);
  }
  return {};
}

bool shared(const Inventory& inventory, const std::string& pool) {
  auto kept = inventory.find<model::Pool>(pool);
  return kept && kept->object.shared;
}

// Why a disk's pool cannot have it on that host; empty: it can.
std::string lacks_pool(const Trip& trip, const model::VmDisk& disk, const std::string& host) {
  auto kept = trip.inventory.find<model::Pool>(disk.pool);
  if (!kept) return disk.pool == "default" ? "" : "there is no pool " + disk.pool;
  if (kept->object.shared) {
    if (reaches(trip.inventory, disk.pool, host)) return {};
    return fmt::format("the pool '{}' is not there on {}", disk.pool, host);
  }
  auto there = pool_at(kept->object, host);
  if (!there) return fmt::format("{} has no pool '{}', which {} is in", host, disk.pool, disk.id);
  if (!there->problem.empty()) return fmt::format("{}: {}", host, there->problem);
  return too_full(*there, {});
}

// Empty when the machine's disks and networks can be on the host.
std::string lacks(const Trip& trip, const model::Host& host) {
  for (const auto& disk : trip.vm.disks) {
    bool common = shared(trip.inventory, disk.pool);
    if (!common && !trip.options.with_storage) {
      return fmt::format("{} is in pool '{}', which {} has for itself: copy it with --with-storage",
                         disk.id, disk.pool, trip.vm.host);
    }
    if (auto why = lacks_pool(trip, disk, host.name); !why.empty()) return why;
  }
  for (const auto& nic : trip.vm.nics) {
    auto network = trip.inventory.find<model::Network>(nic.network);
    if (!network) return fmt::format("its network '{}' is gone", nic.network);
    auto mode = network->object.mode;
    if (std::ranges::find(host.network_modes, mode) == host.network_modes.end())
      return fmt::format("{} has no networks of mode {}, as '{}' is", host.name,
                         model::to_string(mode), nic.network);
  }
  return {};
}

// What its guest has seen of the processor must be there as well.
std::string other_processor(const Trip& trip, const model::Host& from, const model::Host& to) {
  if (!trip.has_memory) return {};
  if (from.accelerator != to.accelerator)
    return fmt::format("{} runs machines by {}, and {} by {}", from.name, from.accelerator, to.name,
                       to.accelerator);
  auto outfit = model::outfit(trip.vm);
  if (!outfit || !outfit->cpu_model.empty() || from.accelerator != "kvm") return {};
  return fmt::format(
      "it has the very processor of {}, which {} may not have: give it a model "
      "(--cpu-model) at its next start, or move it while it is off",
      from.name, to.name);
}

// Empty when that host will do, as far as it can be told without placing the machine.
std::string refusal(const Trip& trip, const model::Host& host) {
  if (host.name == trip.vm.host) return fmt::format("it is on {} already", host.name);
  if (is_put_to_sleep(host)) return host.name + " sleeps";
  if (host.state != model::HostState::online) return host.name + " is offline";
  if (host.draining) return host.name + " is being emptied";
  for (const auto& [task, kept] : trip.inventory.all<model::Job>()) {
    const auto& job = kept->object;
    if (job.kind == model::JobKind::migrate_vm && job.vm == trip.vm.uuid && job.from == host.name)
      return fmt::format("{} has not removed yet what it had of it: see {}", host.name, task);
  }
  auto from = trip.inventory.find<model::Host>(trip.vm.host);
  if (auto why = other_processor(trip, from->object, host); !why.empty()) return why;
  return lacks(trip, host);
}

}  // namespace

Result<void> check_idle(const Inventory& inventory, const model::Vm& vm) {
  Result<void> idle;
  each_job(inventory, vm, [&](const model::Job& job) {
    bool moved = job.kind == model::JobKind::migrate_vm;
    if (moved && job.phase == model::MigrationPhase::settle) return;
    idle = fail(Code::conflict, "'{}' is being changed by {}: wait for it", vm.name, job.task);
  });
  return idle;
}

Result<void> check_settled(const model::Vm& vm) {
  TRY_VOID(check_not_relocating(vm));
  if (vm.moving_to.empty()) return {};
  return fail(Code::precondition,
              "'{}' is moving to {}: wait for that, or cancel it (see truce task list)", vm.name,
              vm.moving_to);
}

Result<std::string> choose_target(const Inventory& inventory, const model::Vm& vm,
                                  const model::MigrateOptions& options) {
  Trip trip{inventory, vm, options};
  trip.live = vm.observed == Observed::running && !options.offline;
  trip.has_memory = vm.observed == Observed::running || vm.observed == Observed::suspended;
  TRY_VOID(check_state(trip));
  TRY_VOID(check_idle(inventory, vm));
  TRY_VOID(check_parts(trip));
  if (!options.to.empty()) {
    auto host = inventory.find<model::Host>(options.to);
    if (!host) return fail_field("/to", fmt::format("there is no host '{}'", options.to));
    if (auto why = refusal(trip, host->object); !why.empty())
      return fail(Code::precondition, "'{}' cannot go to {}: {}", vm.name, options.to, why);
  }
  std::vector<std::string> hosts, refusals;
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    if (name == vm.host || (!options.to.empty() && name != options.to)) continue;
    auto why = refusal(trip, kept->object);
    why.empty() ? hosts.push_back(name) : refusals.push_back(std::move(why));
  }
  auto placement = place_among(inventory, vm, hosts);
  if (!placement.host.empty()) return placement.host;
  std::ranges::move(placement.refusals, std::back_inserter(refusals));
  if (refusals.empty()) refusals.emplace_back("there is no other host");
  return fail(Code::precondition, "'{}' cannot go anywhere else: {}", vm.name,
              scheduler::told(refusals));
}

}  // namespace truce::manager
