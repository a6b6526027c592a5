// A machine that comes while it runs: pass after pass, of which each brings what was written during
// the one before, until a pass is short; then it is shut down, and the last one is brought.
#include "relocation/copying.h"
#include "relocation/trip.h"

namespace truce::manager {

using model::Observed, model::RelocationPhase;

namespace {

// A guest that writes faster than is copied is not waited for.
constexpr std::int64_t most_passes = 8;
constexpr double shrinks = 0.8;

bool is_to_be_proved(const model::Relocation& move) {
  return move.options.prove && !move.proof;
}

}  // namespace

std::string what_is_kept_apart(const model::Relocation& move, const Error& why) {
  return fmt::format("what {} writes is still kept apart on {}, by what is called '{}-…' there: {}",
                     move.machine, move.platform, move.name, why.message);
}

std::string told_pause(Time stopped) {
  std::chrono::duration<double> off = now() - stopped;
  return fmt::format("it was asked to shut down {:.1f} s ago, for the last part", off.count());
}

Async<Result<Relocations::Warm>> Relocations::warm_departure(Move move) {
  Warm warm;
  CO_TRY(warm.platform, platforms_.connection(move.platform));
  CO_TRY(auto* transfers, transfers_of(*warm.platform));
  CO_TRY(warm.from, co_await transfers->depart_warm(move.machine, move.name));
  co_return warm;
}

bool Relocations::is_off(const Move& move) const {
  const auto* all = platforms_.inventory_of(move.platform);
  if (all == nullptr) return false;
  auto found = all->machines().find(move.machine);
  return found != all->machines().end() && found->second.state == Observed::off;
}

Async<Result<void>> Relocations::bring_moment(Trip& trip, Move move) {
  CO_TRY(auto warm, co_await warm_departure(move));
  int since = static_cast<int>(move.passes);
  bool once = warm.from->once();
  if (since > 0 && once) co_return co_await set_phase(move, RelocationPhase::stop);
  auto began = SteadyClock::now();
  auto held = co_await within(longest_verb, warm.from->hold(since + 1), move.platform);
  if (!held && held.error().code == Code::precondition) {
    // Somebody may have shut it down: then what is left is the last part.
    co_await sleep_for(settings_.relocation_pace.look);
    if (is_off(move)) co_return co_await set_phase(move, RelocationPhase::stop);
  }
  CO_TRY_VOID(held);
  CO_TRY_VOID(co_await follow(trip, move, std::move(warm)));
  auto took = std::chrono::duration_cast<Duration>(SteadyClock::now() - began);
  auto before = std::exchange(trip.last_pass, took);
  bool grows = since > 1 && before.count() > 0 && took > before * shrinks;
  bool is_short = took <= settings_.relocation_pace.last_pass;
  bool last = once || (since > 0 && (is_short || grows || since + 1 >= most_passes));
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.passes = since + 1;
    for (auto& disk : now.disks) disk.done = {};
    // The machine that it comes from runs on while it is proved, so passes follow.
    if (last) now.phase = is_to_be_proved(now) ? RelocationPhase::prove : RelocationPhase::stop;
    change.put(now);
    return {};
  });
}

Async<Result<void>> Relocations::follow(Trip& trip, Move move, Warm warm) {
  trip.warm = warm;
  auto since = static_cast<int>(move.passes);
  auto brought = co_await bring_disks(
      trip, move, [from = warm.from, since](DiskCopy& copy, const std::string& theirs, Fd ours) {
        return copy.follow(*from, theirs, since, std::move(ours));
      });
  co_await warm.from->end_pass();
  trip.warm.reset();
  co_return brought;
}

Async<Result<void>> Relocations::bring_last(Trip& trip, Move move) {
  if (!is_off(move)) co_return co_await await_off(trip, std::move(move));
  CO_TRY(auto warm, co_await warm_departure(move));
  CO_TRY_VOID(co_await follow(trip, move, std::move(warm)));
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    bool prove = is_to_be_proved(now);
    now.phase = prove ? RelocationPhase::prove : RelocationPhase::finish;
    // Somebody may start it meanwhile: then what was the last part is none.
    if (prove) {
      for (auto& disk : now.disks) disk.done = {};
    }
    change.put(now);
    return {};
  });
}

// That it was asked is stored before: what stops it has to start it again, should the move be
// undone. After a crash it is asked once more.
Async<Result<void>> Relocations::await_off(Trip& trip, Move move) {
  if (!std::exchange(trip.asked_to_stop, true)) {
    auto when = move.stopped.value_or(now());
    CO_TRY_VOID(co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
      now.stopped = when;
      change.put(now);
      return {};
    }));
    trip.got_on();
    CO_TRY(auto platform, platforms_.connection(move.platform));
    auto asked = co_await within(longest_verb, platform->request_stop(move.machine), move.platform);
    // Nobody in its guest hears it: people are waited for.
    if (!asked && asked.error().code == Code::precondition) co_return Result<void>();
    if (!asked) trip.asked_to_stop = false;
    co_return asked;
  }
  if (SteadyClock::now() - trip.moved > settings_.relocation_pace.give_up)
    co_return fail(Code::precondition, "it was asked to shut down, and did not");
  co_await note(move, "shutting it down: do that there if it does not by itself", 0);
  co_await sleep_for(std::min<Duration>(settings_.relocation_pace.look, 200ms));
  co_return Result<void>();
}

Async<Result<void>> Relocations::let_go(Move move) {
  CO_TRY(auto warm, co_await warm_departure(move));
  co_return co_await within(longest_verb, warm.from->let_go(), move.platform);
}

// It runs on as it did before.
Async<Result<void>> Relocations::give_back(Move move) {
  if (move.stopped && is_off(move)) {
    CO_TRY(auto platform, platforms_.connection(move.platform));
    CO_TRY_VOID(co_await within(longest_verb, platform->start(move.machine), move.platform));
  }
  auto freed = co_await let_go(move);
  if (!freed && freed.error().code == Code::not_found) co_return Result<void>();
  co_return freed;
}

}  // namespace truce::manager
