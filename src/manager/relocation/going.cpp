// A machine that goes: it is made there, its disks are sent, and it may be started there.
#include "relocation/copying.h"
#include "relocation/mapping.h"
#include "relocation/trip.h"

namespace truce::manager {

using model::RelocationPhase, model::Wanted;

Result<model::Vm> Relocations::what_goes(const Move& move) const {
  if (move.from.empty()) {
    if (auto vm = ledger_.inventory().vm_by_uuid(move.vm)) return vm->object;
    return fail(Code::precondition, "the machine here was deleted");
  }
  const auto* all = platforms_.inventory_of(move.from);
  if (all == nullptr)
    return fail(Code::unavailable, "{} has not told what is on it yet", move.from);
  auto found = all->machines().find(move.origin);
  if (found == all->machines().end())
    return fail(Code::precondition, "the machine is not on {} any more", move.from);
  TRY(auto between, as_ours(*all, found->second));
  return std::move(between.vm);
}

// What an earlier try has made there, and could not note, is known by the guest's id.
Async<Result<void>> Relocations::remove_made(Move move, model::Vm vm) {
  const auto* all = platforms_.inventory_of(move.platform);
  if (all == nullptr)
    co_return fail(Code::unavailable, "{} has not told what is on it yet", move.platform);
  std::vector<std::string> made;
  for (const auto& [id, machine] : all->machines())
    if (is_made_by(vm, move.options, move.name, machine)) made.push_back(id);
  for (const auto& id : made) {
    CO_TRY_VOID(co_await remove_from(move.platform, id));
  }
  co_return Result<void>();
}

Async<Result<void>> Relocations::begin_there(Trip& trip, Move move) {
  CO_TRY(auto vm, what_goes(move));
  CO_TRY_VOID(co_await remove_made(move, vm));
  const auto* all = platforms_.inventory_of(move.platform);
  if (all == nullptr) co_return fail(Code::unavailable, "{} is not there any more", move.platform);
  CO_TRY(auto platform, platforms_.connection(move.platform));
  CO_TRY(auto* transfers, transfers_of(*platform));
  CO_TRY(auto to, to_there(vm, move.options, *all, move.name, transfers->devices()));
  co_await note(move, "making the machine there", 0);
  CO_TRY(auto arrival, co_await within(longest_verb, transfers->arrive(to.machine), move.platform));
  trip.arrival = std::move(arrival);
  trip.platform = platform;
  trip.told = SteadyClock::now();
  trip.got_on();
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.machine = trip.arrival->machine();
    now.phase = RelocationPhase::copy;
    change.put(now);
    return {};
  });
}

// From a disk of ours, or one of another platform.
Async<Result<Relocations::Copying>> Relocations::copying(Trip& trip, Move move, std::size_t at) {
  const auto& disk = move.disks[at];
  if (move.from.empty()) {
    CO_TRY(auto ours, co_await open_disk(move, disk.id, false));
    co_return [&trip, at, end = std::make_shared<Fd>(std::move(ours))](DiskCopy& shared) {
      return shared.send(std::move(*end), *trip.arrival, at);
    };
  }
  CO_TRY(auto platform, platforms_.connection(move.from));
  CO_TRY(auto* transfers, transfers_of(*platform));
  CO_TRY(std::shared_ptr<platform::Departure> from, co_await transfers->depart(move.origin));
  co_return [&trip, at, disk, from = std::move(from)](DiskCopy& shared) {
    return shared.pass(*from, disk.theirs, disk.size, *trip.arrival, at);
  };
}

// What was half sent when it broke off is of no use: the next try begins anew.
Async<Result<void>> Relocations::send(Trip& trip, Move move) {
  std::vector<std::string> ends{end_at_platform(move.platform)};
  if (!move.from.empty()) {
    ends.push_back(end_at_platform(move.from));
  } else {
    CO_TRY(auto vm, what_goes(move));
    ends.push_back(end_at_host(vm.host));
  }
  auto all_sent = [&]() -> Async<Result<void>> {
    if (!trip.arrival) co_return fail(Code::unavailable, "the manager has ended meanwhile");
    for (std::size_t at = 0; at < move.disks.size(); ++at) {
      CO_TRY(auto work, co_await copying(trip, move, at));
      auto copy = std::make_shared<DiskCopy>("", 0);
      CO_TRY_VOID(co_await carry(trip, move, at, copy, std::move(work)));
      trip.got_on();
    }
    co_return co_await trip.arrival->finish();
  };
  auto turn = take_turn(ends);
  while (!turn) {
    co_await note(move, "waits for others that are being moved", 0);
    trip.got_on();
    if (trip.arrival) (void)co_await trip.arrival->tell(0);
    co_await sleep_for(1s);
    auto kept = ledger_.inventory().find<Move>(move.name);
    if (!kept || kept->object.cancelled) co_return Result<void>();
    turn = take_turn(ends);
  }
  auto sent = co_await all_sent();
  if (sent) {
    trip.arrival.reset();
    co_return co_await set_phase(move, RelocationPhase::finish);
  }
  auto kept = ledger_.inventory().find<Move>(move.name);
  if ((kept && kept->object.cancelled) || !may_pass(sent.error().code)) co_return sent;
  auto gone = trip.arrival ? co_await trip.arrival->abandon()
                           : co_await remove_from(move.platform, move.machine);
  if (!gone) co_return gone;
  trip.arrival.reset();
  CO_TRY_VOID(co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.machine.clear();
    now.phase = RelocationPhase::prepare;
    for (auto& disk : now.disks) disk.done = {};
    change.put(now);
    return {};
  }));
  co_return sent;
}

Async<Result<void>> Relocations::settle_there(Trip& trip, Move move) {
  End how;
  if (move.options.start) {
    auto platform = platforms_.connection(move.platform);
    auto started =
        platform ? co_await within(longest_verb, (*platform)->start(move.machine), move.platform)
                 : Result<void>(std::unexpected(std::move(platform).error()));
    if (!started && !tried_enough(trip, started.error())) co_return started;
    if (!started) how.left = "it could not be started there: " + started.error().message;
  }
  if (!move.from.empty() && !move.options.keep_source) {
    auto removed = co_await remove_from(move.from, move.origin);
    if (!removed && !tried_enough(trip, removed.error())) co_return removed;
    if (!removed) how.left = "what it was moved from is left there: " + removed.error().message;
  }
  how.machine = [&](Change& change, model::Vm& vm, std::string&) {
    if (!move.options.keep_source) {
      ++vm.generation;
      vm.wanted = Wanted::absent;
    }
    change.put(vm);
    change.event("vm.moved", "vms/" + vm.name, vm.project,
                 fmt::format("went to {} ({})", move.platform, move.machine));
  };
  if (!move.from.empty()) {
    how.also = [&](Change& change) {
      change.event("vm.moved", fmt::format("platforms/{}/vms/{}", move.platform, move.machine), "",
                   fmt::format("came from {} ({})", move.from, move.origin));
    };
  }
  co_return co_await end(move, std::move(how));
}

}  // namespace truce::manager
