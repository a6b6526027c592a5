// Disks that move from one pool to another. Where a disk lies is noted in its machine's home: until
// the note is written the old file is the disk, from then on the new one, and the other is removed.
#include "base/log.h"
#include "hypervisor/disk_moves.h"
#include "keeper.h"
#include "storage/copy_file.h"
#include "storage/places.h"

namespace truce::node {

namespace fs = std::filesystem;
using model::Observed;

namespace {

constexpr std::string_view copying = "copying the disk";
constexpr Duration try_again = 1s;

bool is_down(Observed observed) {
  return observed == Observed::off || observed == Observed::suspended ||
         observed == Observed::absent;
}

std::string file_of(const std::string& disk) {
  return disk + ".qcow2";
}

Async<Result<storage::DiskPath>> single_file(std::shared_ptr<storage::Pool> pool, std::string uuid,
                                             std::string disk) {
  CO_TRY(auto path, co_await pool->disk(uuid + "/" + disk));
  if (path.path.filename() == file_of(disk)) co_return path;
  co_return fail(Code::precondition, "{} has layers that are not merged yet: try again later",
                 disk);
}

}  // namespace

Async<Result<void>> Pools::move_disk(fs::path home, std::string uuid, model::VmDisk disk,
                                     storage::Progress progress) {
  CO_TRY(auto source, co_await of_disk(home, disk.id));
  CO_TRY(auto target, co_await find(disk.pool));
  CO_TRY(auto from, co_await single_file(source, uuid, disk.id));
  CO_TRY_VOID(note_home(home, uuid, disk.pool, *target));
  CO_TRY_VOID(storage::note_move(home, disk.id, disk.pool));
  CO_TRY(auto folder, target->vm_folder(uuid));
  CO_TRY_VOID(co_await storage::copy_file(copies_, from.path, folder / file_of(disk.id),
                                          std::string(copying), std::move(progress)));
  CO_TRY_VOID(co_await target->settle_copy(uuid + "/" + disk.id));
  co_return storage::note_pool(home, disk.id, disk.pool);
}

Async<Result<fs::path>> Pools::begin_move(fs::path home, std::string uuid, model::VmDisk disk) {
  CO_TRY(auto source, co_await of_disk(home, disk.id));
  CO_TRY(auto target, co_await find(disk.pool));
  CO_TRY(auto from, co_await single_file(source, uuid, disk.id));
  CO_TRY_VOID(note_home(home, uuid, disk.pool, *target));
  CO_TRY_VOID(storage::note_move(home, disk.id, disk.pool));
  CO_TRY(auto made, co_await target->make_twin(uuid + "/" + disk.id, from));
  co_return made.path;
}

Async<Result<void>> Pools::end_move(fs::path home, std::string uuid, model::VmDisk disk,
                                    fs::path in_use) {
  auto target = co_await find(disk.pool);
  bool runs = !in_use.empty();
  if (runs && !target && target.error().code != Code::not_found)
    co_return std::unexpected(target.error());
  if (runs && target) {
    CO_TRY(auto folder, (*target)->vm_folder(uuid));
    if (in_use == folder / file_of(disk.id))
      CO_TRY_VOID(storage::note_pool(home, disk.id, disk.pool));
  }
  auto removed = co_await remove_copies(home, uuid, disk.id);
  // It goes with the machine then.
  if (!removed) spdlog::warn("machine {}: {}", uuid, removed.error().message);
  co_return storage::forget_move(home, disk.id);
}

storage::Progress Keeper::copying_of(const std::string& task) {
  auto told = std::make_shared<Time>();
  return [this, task, told](double fraction, const std::string& step) {
    if (now() - *told < 500ms) return;
    *told = now();
    hands_.news.add(model::JobReport{.task = task, .step = step, .progress = fraction});
  };
}

bool Keeper::lies_in_pool(const model::VmDisk& disk) const {
  auto noted = storage::pool_of_disk(folder_, disk.id);
  return noted && *noted == disk.pool;
}

void Keeper::cancel(const std::string& task) {
  for (auto& chore : chores_) {
    if (chore.job.task == task && chore.job.kind == model::JobKind::move_disk)
      chore.cancelled = true;
  }
  if (copy_stop_ && copied_task_ == task) copy_stop_->wake();
  if (!move_ || move_->chore.job.task != task) return;
  move_->chore.cancelled = true;
  hands_.hypervisor.disk_moves()->stop_mirror(vm().uuid);
}

Async<Result<void>> Keeper::move_disk(model::VmDisk disk, std::string task) {
  if (is_up(observed_)) co_return co_await begin_move(std::move(disk), std::move(task));
  if (observed_ != Observed::off)
    co_return fail(Code::precondition, "'{}' is {}: try again later", vm().name,
                   model::to_string(observed_));
  copied_task_ = task;
  copy_stop_ = std::make_unique<Wakeup>(hands_.loop);
  auto first =
      co_await (hands_.pools.move_disk(folder_, vm().uuid, disk, copying_of(std::move(task))) ||
                copy_stop_->wait());
  copy_stop_.reset();
  places_settled_ = (co_await settle_places()).has_value();
  if (lies_in_pool(disk)) co_return Result<void>{};
  if (first.index() == 1) co_return fail(Code::cancelled, "cancelled");
  co_return std::get<0>(std::move(first));
}

// The mirror is made in the background; the keeper's next actions see when it is there.
Async<Result<void>> Keeper::begin_move(model::VmDisk disk, std::string task) {
  if (hands_.hypervisor.disk_moves() == nullptr)
    co_return fail(Code::unsupported, "'{}' runs: stop it first", vm().name);
  auto target = co_await hands_.pools.begin_move(folder_, vm().uuid, disk);
  if (!target) {
    places_settled_ = (co_await settle_places()).has_value();
    co_return std::unexpected(target.error());
  }
  move_ = std::make_unique<Move>(hands_.loop);
  move_->target = *std::move(target);
  hands_.scope.spawn(mirror(shared_from_this(), std::move(disk), std::move(task)));
  co_return Result<void>{};
}

Async<void> Keeper::mirror(std::shared_ptr<Keeper> self, model::VmDisk disk, std::string task) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  auto tell = [told = copying_of(task)](double fraction) { told(fraction, std::string(copying)); };
  move_->mirrored =
      co_await hands_.hypervisor.disk_moves()->mirror(vm().uuid, disk.id, move_->target, tell);
  move_->ended.wake();
  wake_.wake();
}

// Whatever ends the machine's process, or starts another, calls a move off first. It goes on while
// the machine is paused and resumed.
Async<bool> Keeper::interrupt_move(Step step) {
  if (!move_ || step == Step::pause || step == Step::resume) co_return false;
  if (!move_->mirrored) {
    move_->called_off = fmt::format("called off, as '{}' was to {}", vm().name, name_of(step));
    hands_.hypervisor.disk_moves()->stop_mirror(vm().uuid);
    while (!move_->mirrored) co_await move_->ended.wait();
  }
  co_return true;
}

// Serial with all else that is done with the machine: nothing lets it go on between the switch and
// its note.
Async<void> Keeper::switch_move() {
  auto& move = *move_;
  move.done = *move.mirrored;
  bool stopped = move.done || move.done.error().code == Code::cancelled;
  if (stopped && !move.called_off.empty()) move.done = fail(Code::cancelled, "{}", move.called_off);
  places_settled_ = false;
  if (!move.done || move.chore.cancelled || !is_up(observed_)) co_return;
  auto disk = *move.chore.job.disk;
  // When the daemon ends here, the next one sees in which file the disk is.
  auto settled = [this, disk]() -> Async<Result<void>> {
    while (true) {
      auto noted = storage::note_pool(folder_, disk.id, disk.pool);
      if (noted || closed_) co_return noted;
      spdlog::warn("machine {} waits: {}", vm().name, noted.error().message);
      co_await sleep_for(try_again);
    }
  };
  step("the machine goes over to " + disk.pool);
  move.done = co_await hands_.hypervisor.disk_moves()->switch_over(vm().uuid, disk.id, move.target,
                                                                   settled);
  move.stands_still = !move.done && observed_ == Observed::running;
}

// Before a machine goes on or is started, and before anything else is done with its disks.
Async<void> Keeper::settle_when_possible() {
  auto settled = co_await settle_places();
  if (settled) {
    places_settled_ = true;
    if (move_) co_await end_move();
    co_return;
  }
  spdlog::warn("machine {}: {}", vm().name, settled.error().message);
  auto next = todo();
  bool ends = !is_down(observed_) && (next == Step::stop || next == Step::remove);
  if (ends && co_await hands_.hypervisor.kill(vm().uuid)) {  // the note decides then
    ++run_;
    observe(Observed::off);
    co_return;
  }
  co_await (wake_.wait() || sleep_for(try_again));
}

Async<Result<void>> Keeper::settle_places() {
  CO_TRY(auto moves, storage::moves_under_way(folder_));
  if (moves.empty()) co_return Result<void>{};
  co_await hands_.pools.tried();
  std::map<std::string, fs::path> written;
  auto* live = hands_.hypervisor.disk_moves();
  if (!is_down(observed_) && live != nullptr) {
    CO_TRY(written, co_await live->settle(vm().uuid));
  }
  for (const auto& [id, pool] : moves) {
    model::VmDisk disk;
    disk.id = id;
    disk.pool = pool;
    CO_TRY_VOID(co_await hands_.pools.end_move(folder_, vm().uuid, disk, written[id]));
  }
  co_return Result<void>{};
}

Async<void> Keeper::end_move() {
  auto move = std::exchange(move_, nullptr);
  if (move->stands_still && is_up(observed_)) {
    auto runs = co_await hands_.hypervisor.resume(vm().uuid);
    if (!runs) spdlog::warn("machine {}: {}", vm().name, runs.error().message);
  }
  model::JobReport report{.task = move->chore.job.task, .done = true};
  if (!lies_in_pool(*move->chore.job.disk)) {
    report.cancelled = move->chore.cancelled;
    auto why = move->done ? vm().name + " ended meanwhile" : move->done.error().message;
    if (!report.cancelled) report.error = why;
    spdlog::warn("machine {}: the disk stays where it is: {}", vm().name, why);
  }
  move->chore.end(std::move(report));
}

}  // namespace truce::node
