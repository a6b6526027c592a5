// A machine that comes: it is made here, its disks are filled, and it is let go.
#include "placement.h"
#include "relocation/copying.h"
#include "relocation/trip.h"

namespace truce::manager {

using model::Observed, model::RelocationPhase, model::Wanted;

// The machine here is made, with empty disks, as any other one is.
Async<Result<void>> Relocations::await_machine(Trip& trip, Move move) {
  auto& inventory = ledger_.inventory();
  auto seen = inventory.revision();
  auto vm = inventory.vm_by_uuid(move.vm);
  if (!vm || vm->object.wanted == Wanted::absent) {
    auto why = vm ? vm->object.problem : std::string();
    co_return fail(Code::precondition, "the machine could not be made here: {}",
                   why.empty() ? "it was deleted" : why);
  }
  trip.got_on();
  if (vm->object.observed == Observed::off)
    co_return co_await set_phase(move, RelocationPhase::copy);
  if (!vm->object.problem.empty()) co_await note(move, vm->object.problem, 0);
  co_await (inventory.changed_since(seen) || sleep_for(1s));
  co_return Result<void>();
}

Async<Result<void>> Relocations::bring(Trip& trip, Move move) {
  auto vm = ledger_.inventory().vm_by_uuid(move.vm);
  if (!vm) co_return fail(Code::precondition, "the machine here was deleted");
  auto turn = take_turn({end_at_platform(move.platform), end_at_host(vm->object.host)});
  if (!turn) {
    co_await note(move, "waits for others that are being moved", 0);
    trip.got_on();
    co_await sleep_for(1s);
    co_return Result<void>();
  }
  if (move.options.warm) co_return co_await bring_moment(trip, std::move(move));
  CO_TRY(auto platform, platforms_.connection(move.platform));
  CO_TRY(auto* transfers, transfers_of(*platform));
  CO_TRY(std::shared_ptr<platform::Departure> from, co_await transfers->depart(move.machine));
  CO_TRY_VOID(
      co_await bring_disks(trip, move, [from](DiskCopy& copy, const std::string& theirs, Fd ours) {
        return copy.bring(*from, theirs, std::move(ours));
      }));
  auto next = move.options.prepare ? RelocationPhase::convert
              : move.options.prove ? RelocationPhase::prove
                                   : RelocationPhase::finish;
  co_return co_await set_phase(move, next);
}

Async<Result<void>> Relocations::bring_disks(Trip& trip, Move move, Bringing bring) {
  for (std::size_t at = 0; at < move.disks.size(); ++at) {
    const auto& disk = move.disks[at];
    if (disk.done == disk.size) continue;
    CO_TRY(auto ours, co_await open_disk(move, disk.id, true));
    auto copy = std::make_shared<DiskCopy>(disk.version, disk.done.count);
    auto work = [bring, theirs = disk.theirs, end = std::make_shared<Fd>(std::move(ours))](
                    DiskCopy& shared) { return bring(shared, theirs, std::move(*end)); };
    CO_TRY_VOID(co_await carry(trip, move, at, copy, std::move(work)));
    trip.got_on();
  }
  co_return Result<void>();
}

// It is let go first, as people wait for it; then comes what is left to do there.
Async<Result<void>> Relocations::settle_here(Trip& trip, Move move) {
  auto vm = ledger_.inventory().vm_by_uuid(move.vm);
  if (vm && vm->object.relocation == move.name) co_return co_await hand_over(std::move(move));
  End how;
  if (move.options.warm) {
    auto freed = co_await let_go(move);
    if (!freed && !tried_enough(trip, freed.error())) co_return freed;
    if (!freed) how.left = what_is_kept_apart(move, freed.error());
  }
  if (!move.options.keep_source) {
    // Somebody may have deleted what has come, meanwhile.
    auto removed = vm ? co_await remove_from(move.platform, move.machine)
                      : Result<void>(fail(Code::precondition, "the machine here was deleted"));
    if (!removed && !tried_enough(trip, removed.error())) co_return removed;
    if (!removed) how.left = "what it was moved from is left there: " + removed.error().message;
  }
  co_return co_await end(move, std::move(how));
}

Async<Result<void>> Relocations::hand_over(Move move) {
  std::string said;
  CO_TRY_VOID(co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    auto kept = ledger_.inventory().vm_by_uuid(now.vm);
    if (!kept) return {};
    auto vm = kept->object;
    vm.relocation.clear();
    if (now.options.start) {
      vm.wanted = Wanted::running;
      auto room = check_room(ledger_.inventory(), vm);
      if (!room) said = "it is not started: " + room.error().message;
      if (!room) vm.wanted = Wanted::off;
      if (room) ++vm.generation;
    }
    change.put(vm);
    change.event("vm.moved", "vms/" + vm.name, vm.project,
                 fmt::format("came from {} ({})", now.platform, now.machine));
    return {};
  }));
  if (!said.empty()) co_await note(move, said, 1);
  if (move.stopped) co_await note(move, told_pause(*move.stopped), 1);
  co_return Result<void>();
}

}  // namespace truce::manager
