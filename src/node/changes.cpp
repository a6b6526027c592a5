// What changes of a machine while it is there: disks and network cards, which are chores of its
// keeper, and settings, which it brings up to what is wanted as far as a running machine can be.
#include "base/log.h"
#include "keeper.h"

namespace truce::node {

using model::JobKind;
using model::Observed;

namespace {

constexpr Duration patience = 30s;

}  // namespace

// A machine that goes on from its memory is what it was then, whatever it shall be at its next
// start.
model::Vm Keeper::as_it_starts() const {
  auto wish = vm();
  if (observed_ != Observed::suspended && !arrives_) wish.active.reset();
  if (!wish.active) return wish;
  wish.cpus = wish.active->cpus;
  wish.memory = wish.active->memory;
  wish.hardware = wish.active->hardware;
  wish.iso = wish.active->iso;
  return wish;
}

model::VmSettings Keeper::settings_of(const model::Vm& vm, Bytes first_memory) const {
  model::VmSettings settings;
  settings.cpus = vm.cpus;
  settings.memory = vm.memory;
  settings.first_memory = first_memory;
  settings.hardware = vm.hardware;
  settings.iso = vm.iso;
  return settings;
}

Async<Result<void>> Keeper::carry_out_change(const model::Job& job) {
  if (observed_ == Observed::suspended) {
    co_return fail(Code::precondition, "'{}' is suspended: start it first, or stop it", vm().name);
  }
  if (is_up(observed_) && hands_.hypervisor.live_changes() == nullptr)
    co_return fail(Code::unsupported, "'{}' runs: stop it first", vm().name);
  bool disk = job.kind == JobKind::create_disk || job.kind == JobKind::resize_disk ||
              job.kind == JobKind::delete_disk || job.kind == JobKind::move_disk;
  if (disk && layers() != nullptr) {
    CO_TRY_VOID(co_await settle_layers());
    if (tree_ && !tree_->snapshots.empty()) {
      co_return fail(Code::precondition,
                     "'{}' has snapshots, which hold its disks as they are: delete them first",
                     vm().name);
    }
  }
  switch (job.kind) {
    case JobKind::create_disk:
      co_return co_await create_disk(job.disk.value_or(model::VmDisk()));
    case JobKind::resize_disk:
      co_return co_await resize_disk(job.disk.value_or(model::VmDisk()));
    case JobKind::delete_disk:
      co_return co_await delete_disk(job.disk.value_or(model::VmDisk()));
    case JobKind::move_disk:
      co_return co_await move_disk(job.disk.value_or(model::VmDisk()), job.task);
    case JobKind::add_nic:
      co_return co_await add_nic(job.nic.value_or(model::VmNic()));
    case JobKind::remove_nic:
      co_return co_await remove_nic(job.nic.value_or(model::VmNic()));
    default:
      co_return fail(Code::unsupported, "this node does not know what is asked of it");
  }
}

Async<Result<void>> Keeper::create_disk(model::VmDisk disk) {
  auto id = vm().uuid + "/" + disk.id;
  step("making " + disk.id);
  CO_TRY(auto pool, co_await hands_.pools.place(folder_, disk));
  CO_TRY_VOID(co_await pool->create_disk(id, disk.size));
  if (!is_up(observed_)) co_return Result<void>{};
  step("plugging in " + disk.id);
  auto file = co_await disk_file(disk);
  auto plugged = file ? co_await hands_.hypervisor.live_changes()->add_disk(vm().uuid, *file)
                      : Result<void>(std::unexpected(file.error()));
  if (plugged) co_return plugged;
  auto undone = co_await hands_.pools.delete_disk(folder_, vm().uuid, disk.id);
  if (!undone) spdlog::warn("machine {}: {}", vm().name, undone.error().message);
  co_return plugged;
}

Async<Result<void>> Keeper::resize_disk(model::VmDisk disk) {
  if (is_up(observed_))
    co_return co_await hands_.hypervisor.live_changes()->grow_disk(vm().uuid, disk.id, disk.size);
  CO_TRY(auto pool, co_await hands_.pools.of_disk(folder_, disk.id));
  co_return co_await pool->grow_disk(vm().uuid + "/" + disk.id, disk.size);
}

Async<Result<void>> Keeper::delete_disk(model::VmDisk disk) {
  if (is_up(observed_)) {
    step("the guest lets go of " + disk.id);
    CO_TRY_VOID(
        co_await hands_.hypervisor.live_changes()->remove_disk(vm().uuid, disk.id, patience));
  }
  co_return co_await hands_.pools.delete_disk(folder_, vm().uuid, disk.id);
}

Async<Result<void>> Keeper::add_nic(model::VmNic nic) {
  if (!is_up(observed_)) co_return Result<void>{};
  std::vector<network::Plug> plugs;  // closed once the hypervisor has its own copy
  CO_TRY(auto port, co_await make_port(nic, plugs));
  auto added = co_await hands_.hypervisor.live_changes()->add_port(vm().uuid, std::move(port));
  if (added) co_return added;
  auto released = co_await hands_.network.release(nic.network, nic.mac);
  if (!released) spdlog::warn("machine {}: {}", vm().name, released.error().message);
  co_return added;
}

Async<Result<void>> Keeper::remove_nic(model::VmNic nic) {
  if (is_up(observed_)) {
    step(fmt::format("the guest lets go of network card {}", nic.number));
    CO_TRY_VOID(co_await hands_.hypervisor.live_changes()->remove_port(
        vm().uuid, static_cast<int>(nic.number), patience));
  }
  if (hands_.mode_of(nic.network) == model::NetworkMode::user) co_return Result<void>{};
  co_return co_await hands_.network.release(nic.network, nic.mac);
}

// The answers for an installer lie in a drive of their own, and go with it: what is installed shall
// not find passwords on a CD.
Async<Result<void>> Keeper::change_medium() {
  std::filesystem::path medium;
  auto iso = vm().iso;
  if (!iso.empty()) {
    CO_TRY(medium, co_await medium_path(iso));
  }
  auto* live = hands_.hypervisor.live_changes();
  CO_TRY_VOID(co_await live->set_medium(vm().uuid, "cd0", medium));
  auto answers = co_await live->set_medium(vm().uuid, "answers", {});
  if (!answers && answers.error().code != Code::unsupported) co_return answers;
  co_return Result<void>{};
}

// What a running machine cannot be given stays as it is: the manager shows it as pending.
Async<void> Keeper::refresh_settings() {
  auto* live = hands_.hypervisor.live_changes();
  if (!is_up(observed_) || !active_ || live == nullptr) co_return;
  if (changed_generation_ == vm().generation) co_return;
  changed_generation_ = vm().generation;
  const auto wish = vm();
  auto settle = [this](const Result<void>& done, std::string_view what, auto take_over) {
    if (done && active_) take_over(*active_);
    if (done || done.error().code == Code::unsupported) return;
    spdlog::warn("machine {}: {}: {}", vm().name, what, done.error().message);
    model::VmReport news;
    news.event = "vm.change_failed";
    news.event_message = fmt::format("{}: {}", what, done.error().message);
    report(std::move(news));
  };
  if (wish.iso != active_->iso) {
    settle(co_await change_medium(), "its CD", [&](auto& active) { active.iso = wish.iso; });
  }
  if (active_ && wish.cpus != active_->cpus) {
    settle(co_await live->set_cpus(wish.uuid, static_cast<int>(wish.cpus)), "processors",
           [&](auto& active) { active.cpus = wish.cpus; });
  }
  // What the balloon took under an older wish is given back.
  bool gives = std::exchange(balloon_used_, wish.memory_min.count > 0);
  if (active_ && gives && wish.memory_min.count == 0) {
    auto done = co_await live->set_balloon(wish.uuid, active_->memory);
    if (!done) spdlog::debug("machine {}: {}", wish.name, done.error().message);
  }
  if (active_ && wish.memory != active_->memory) {
    settle(co_await live->set_memory(wish.uuid, wish.memory), "memory",
           [&](auto& active) { active.memory = wish.memory; });
  }
}

}  // namespace truce::node
