// Where a machine's home is, and that this host is the one that may touch it.
#include "base/file.h"
#include "base/log.h"
#include "keeper.h"
#include "storage/homes.h"
#include "storage/places.h"

namespace truce::node {

namespace fs = std::filesystem;
using model::Observed;

namespace {

constexpr Duration try_again = 1s;

// In the folder of a machine in a pool that hosts share: the host that has its home.
constexpr const char* home_note = "home-host";

Result<void> check_home_note(const fs::path& folder, const std::string& host) {
  auto text = read_file(folder / home_note, kib(1));
  if (!text && text.error().code == Code::not_found) return {};
  if (!text) return std::unexpected(text.error());
  if (*text == host) return {};
  return fail(Code::precondition,
              "its snapshots and settings are on host '{}' still: start it there once", *text);
}

}  // namespace

bool Pools::shared(const std::string& name) const {
  auto found = entries_.find(name);
  return found != entries_.end() && found->second->wish.shared;
}

bool Pools::home_elsewhere(const std::string& uuid) const {
  return homes_ != nullptr && homes_->is_elsewhere(uuid);
}

bool Pools::home_is_plain(const model::Vm& vm) const {
  return !home_elsewhere(vm.uuid) && (vm.disks.empty() || !shared(vm.disks.front().pool));
}

// What has begun in the first pool stays there. Otherwise the home is beside its first disk, where
// every host finds both.
Async<Result<fs::path>> Pools::settle_home(model::Vm vm) {
  auto first = entries_[std::string(storage::first_pool)]->pool;
  auto here = homes_->of(vm.uuid);
  bool plain = vm.disks.empty() || !shared(vm.disks.front().pool);
  auto is_there = [here, file = here / storage::provisioned_mark] {
    std::error_code ec;
    return std::pair(fs::exists(file, ec), fs::is_directory(here, ec));
  };
  auto [provisioned, there] = co_await run_blocking(looks_, is_there);
  if (provisioned) co_return here;
  if (plain && home_elsewhere(vm.uuid)) {  // its first disk was moved
    if (there) co_return here;
    co_return fail(Code::unavailable, "its home {} is not there", here.string());
  }
  if (plain) co_return first->vm_folder(vm.uuid);
  CO_TRY(auto pool, co_await find(vm.disks.front().pool));
  co_return co_await run_blocking(looks_, [this, pool, uuid = vm.uuid]() -> Result<fs::path> {
    TRY(auto folder, pool->vm_folder(uuid));
    TRY_VOID(check_home_note(folder, host_));
    TRY_VOID(homes_->put(uuid, folder));
    return folder;
  });
}

// A disk in a pool that hosts share, of a machine whose home only this one sees: without its record
// another host would run the disk as it was before its snapshots.
Result<void> Pools::note_home(const fs::path& home, const std::string& uuid,
                              const std::string& name, storage::Pool& pool) {
  if (!shared(name)) return {};
  TRY(auto folder, pool.vm_folder(uuid));
  if (folder == home) return remove_tree(folder / home_note);
  return write_file_durably(folder / home_note, host_, 0644);
}

void Pools::leave(const std::string& uuid) {
  if (homes_ == nullptr) return;
  if (auto left = homes_->forget(uuid); !left) spdlog::warn("{}", left.error().message);
}

void Pools::leave_others(const std::function<bool(const std::string& uuid)>& stays) {
  if (homes_ == nullptr) return;
  for (const auto& uuid : homes_->elsewhere()) {
    if (!stays(uuid)) leave(uuid);
  }
}

bool Pools::any_shared() const {
  return std::ranges::any_of(entries_, [](const auto& entry) { return entry.second->wish.shared; });
}

// A disk that moved while its machine ran stands on the template as the other pool has it.
Async<Result<void>> Pools::settle_copies(fs::path home, model::Vm vm) {
  if (!any_shared()) co_return Result<void>{};
  for (const auto& disk : vm.disks) {
    CO_TRY(auto pool, co_await of_disk(home, disk.id));
    CO_TRY_VOID(co_await pool->settle_copy(vm.uuid + "/" + disk.id));
  }
  co_return Result<void>{};
}

Async<Result<void>> Pools::tidy(fs::path home, model::Vm vm) {
  std::set<std::string> names;
  for (const auto& disk : vm.disks) {
    CO_TRY(auto name, storage::pool_of_disk(home, disk.id));
    if (shared(name)) names.insert(name);
  }
  for (const auto& name : names) {
    CO_TRY(auto pool, co_await find(name));
    CO_TRY_VOID(co_await pool->tidy(vm.uuid));
  }
  co_return Result<void>{};
}

// What is known of a machine is in its home.
void Keeper::take_home(fs::path home) {
  folder_ = std::move(home);
  serial_ = std::make_shared<SerialLine>(folder_ / "serial.log");
  home_settled_ = true;
  home_problem_.clear();
  std::error_code ec;
  if (!adopted_ && fs::exists(folder_ / hypervisor::suspend_file, ec)) {
    observed_ = Observed::suspended;
  } else if (!adopted_ && fs::exists(folder_ / storage::provisioned_mark, ec)) {
    observed_ = Observed::off;
  }
  load_ended();
}

// The disk that decides where the home is has moved to a pool that hosts share.
Async<Result<fs::path>> Pools::bring_home(fs::path home, model::Vm vm) {
  if (vm.disks.empty() || home != homes_->of(vm.uuid)) co_return home;
  if (home_elsewhere(vm.uuid)) co_return home;
  CO_TRY(auto name, storage::pool_of_disk(home, vm.disks.front().id));
  if (!shared(name)) co_return home;
  CO_TRY(auto pool, co_await find(name));
  CO_TRY(auto folder, pool->vm_folder(vm.uuid));
  CO_TRY_VOID(co_await run_blocking(
      copies_, [this, uuid = vm.uuid, folder] { return homes_->bring(uuid, folder); }));
  CO_TRY_VOID(remove_tree(folder / home_note));
  spdlog::info("machine {}: its home is in pool {} from now on", vm.name, name);
  co_return folder;
}

// A machine whose home cannot be seen is not one that is not there.
Async<void> Keeper::settle_home() {
  while (!home_settled_ && !closed_) {
    auto home = co_await hands_.pools.settle_home(vm());
    if (home) co_return take_home(*std::move(home));
    if (home_problem_ != home.error().message) {
      home_problem_ = home.error().message;
      spdlog::warn("machine {} waits: {}", vm().name, home_problem_);
      report_state();
    }
    co_await (wake_.wait() || sleep_for(try_again));
  }
}

// Before its disks are made, opened or removed: a host that was given an older copy of the machine
// is refused here, whatever it believes.
Async<Result<void>> Keeper::take_possession() {
  if (observed_ == Observed::off) {
    CO_TRY(auto home, co_await hands_.pools.bring_home(folder_, vm()));
    if (home != folder_) take_home(std::move(home));
  }
  bool opens = observed_ == Observed::off && vm().wanted != model::Wanted::absent;
  CO_TRY_VOID(co_await show_epoch());
  CO_TRY_VOID(co_await hands_.pools.tidy(folder_, vm()));
  co_return opens ? co_await hands_.pools.settle_copies(folder_, vm()) : Result<void>{};
}

// The first copy of a machine, 0, is shown where a second one may be started without this host.
Async<Result<void>> Keeper::show_epoch() {
  if (vm().epoch == 0 && !needs_permit()) co_return Result<void>{};
  auto show = [folder = folder_, epoch = vm().epoch,
               host = hands_.settings.name]() -> Result<void> {
    std::error_code ec;
    if (!fs::is_directory(folder, ec)) return {};
    return storage::present_epoch(folder, epoch, host);
  };
  co_return co_await run_blocking(hands_.files, std::move(show));
}

Async<Result<void>> Keeper::have_template(std::string name) {
  if (name.empty()) co_return Result<void>{};
  auto told = std::make_shared<Time>();
  co_return co_await hands_.templates->ensure(name,
                                              [this, told](double fraction, std::string text) {
                                                if (now() - *told < 500ms) return;
                                                *told = now();
                                                step(std::move(text), fraction);
                                              });
}

}  // namespace truce::node
