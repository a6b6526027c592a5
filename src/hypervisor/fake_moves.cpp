// Disks of fake machines that go to another file: nothing is copied but the name.
#include "hypervisor/fake.h"

namespace truce::hypervisor {

Async<Result<void>> FakeHypervisor::mirror(std::string uuid, std::string disk,
                                           std::filesystem::path target,
                                           std::function<void(double)> progress) {
  CO_TRY(auto* guest, enter("mirror", uuid));
  guest->mirrors[disk] = std::move(target);
  if (progress) progress(0.5);
  while (world_->mirrors_held_ && !guest->mirror_stopped) {
    co_await sleep_for(5ms);
    CO_TRY(guest, enter("mirror", uuid));
  }
  if (guest->mirror_stopped) co_return fail(Code::cancelled, "the move was called off");
  co_return Result<void>{};
}

void FakeHypervisor::stop_mirror(const std::string& uuid) {
  auto found = world_->guests_.find(uuid);
  if (found != world_->guests_.end()) found->second.mirror_stopped = true;
}

// `unsettled` makes it fail between the switch and its note.
Async<Result<void>> FakeHypervisor::switch_over(std::string uuid, std::string disk,
                                                std::filesystem::path target,
                                                std::function<Async<Result<void>>()> settled) {
  CO_TRY(auto* guest, enter("switch_over", uuid));
  if (guest->mirrors.erase(disk) == 0) co_return fail(Code::precondition, "there is no mirror");
  for (auto& each : guest->machine.disks) {
    if (each.id == disk) each.path = target;
  }
  CO_TRY_VOID(world_->take_failure("unsettled"));
  co_return co_await settled();
}

Async<Result<std::map<std::string, std::filesystem::path>>> FakeHypervisor::settle(
    std::string uuid) {
  CO_TRY(auto* guest, enter("settle", uuid));
  guest->mirrors.clear();
  guest->mirror_stopped = false;
  co_return co_await written(uuid);
}

}  // namespace truce::hypervisor
