#include "relocation/relocations.h"

#include <algorithm>

#include "base/log.h"
#include "relocation/copying.h"
#include "relocation/preparing.h"
#include "relocation/trip.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::Observed, model::RelocationPhase, model::TaskState, model::Wanted;

constexpr unsigned most_at_once = 4;
constexpr std::size_t most_of_one = 2;  // of a platform, or of a host
constexpr auto tell_again = std::chrono::seconds(10);

double part_of(const model::Relocation& move, std::size_t disk, double fraction) {
  double before = 0, all = 0;
  // What is brought later of a machine that runs takes time, too.
  const double share = move.options.warm ? 0.9 : 1;
  for (std::size_t at = 0; at < move.disks.size(); ++at) {
    auto size = static_cast<double>(move.disks[at].size.count);
    if (at < disk) before += size;
    if (at == disk) before += size * fraction;
    all += size;
  }
  return all > 0 ? share * before / all : share;
}

std::string where_of(const model::Relocation& move) {
  return move.arrives ? "here" : move.platform;
}

}  // namespace

Relocations::Relocations(asio::any_io_executor loop, Ledger& ledger, Platforms& platforms,
                         Nodes& nodes, const Settings& settings)
    : loop_(loop),
      ledger_(ledger),
      platforms_(platforms),
      nodes_(nodes),
      settings_(settings),
      scope_(loop),
      threads_(most_at_once) {}

Relocations::~Relocations() = default;

Async<void> Relocations::run() {
  auto& inventory = ledger_.inventory();
  LentDisks::sweep(owner_of_lent(settings_.platforms_folder));
  while (true) {
    auto seen = inventory.revision();
    for (const auto& [name, kept] : inventory.all<Move>()) {
      if (driven_.insert(name).second) scope_.spawn(drive(name));
    }
    co_await inventory.changed_since(seen);
  }
}

Async<void> Relocations::close() {
  scope_.cancel();
  co_await scope_.join();
}

std::unique_ptr<Relocations::Turn> Relocations::take_turn(std::vector<std::string> ends) {
  auto full = [&](const std::string& end) { return busy_.count(end) >= most_of_one; };
  if (turns_ >= most_at_once || std::ranges::any_of(ends, full)) return nullptr;
  return std::make_unique<Turn>(*this, std::move(ends));
}

Async<void> Relocations::drive(std::string name) {
  Trip trip;
  while (true) {
    auto kept = ledger_.inventory().find<Move>(name);
    if (!kept) break;
    auto move = kept->object;
    auto done = is_open(move.phase) && move.cancelled
                    ? co_await set_phase(move, RelocationPhase::undo)
                    : co_await step(trip, move);
    if (!done) co_await consider(trip, std::move(move), std::move(done).error());
  }
  driven_.erase(name);
}

Async<Result<void>> Relocations::step(Trip& trip, Move move) {
  switch (move.phase) {
    case RelocationPhase::prepare:
      if (move.arrives) co_return co_await await_machine(trip, std::move(move));
      co_return co_await begin_there(trip, std::move(move));
    case RelocationPhase::copy:
      if (move.arrives) co_return co_await bring(trip, std::move(move));
      co_return co_await send(trip, std::move(move));
    case RelocationPhase::finish:
      if (move.arrives) co_return co_await settle_here(trip, std::move(move));
      co_return co_await settle_there(trip, std::move(move));
    case RelocationPhase::stop:
      co_return co_await bring_last(trip, std::move(move));
    case RelocationPhase::convert:
      co_return co_await convert(trip, std::move(move));
    case RelocationPhase::prove:
      co_return co_await prove(trip, std::move(move));
    case RelocationPhase::undo:
      break;
  }
  co_return co_await undo(trip, std::move(move));
}

// What may pass is tried again for a while; then, as at once for all else, the move is undone.
Async<void> Relocations::consider(Trip& trip, Move move, Error error) {
  const auto& pace = settings_.relocation_pace;
  bool open = is_open(move.phase);
  auto kept = ledger_.inventory().find<Move>(move.name);
  if (!kept || (open && kept->object.cancelled)) co_return;  // that is why
  if (std::exchange(trip.said, error.message) != error.message)
    spdlog::warn("move {}: {}", move.name, error.message);
  bool over = SteadyClock::now() - trip.moved > pace.give_up;
  if (open && (over || !may_pass(error.code))) {
    auto undone = co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
      now.phase = RelocationPhase::undo;
      now.error = error.message;
      change.put(now);
      return {};
    });
    if (undone) co_return trip.got_on();
  }
  co_await note(move, "waits: " + error.message, 0);
  trip.pause = std::clamp(2 * trip.pause, pace.first_pause, pace.longest_pause);
  co_await sleep_for(trip.pause);
}

Async<Result<void>> Relocations::change(std::string name, Step build) {
  co_return co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger_.inventory().find<Move>(name);
    return kept ? build(change, kept->object) : Result<void>();
  });
}

Async<Result<void>> Relocations::set_phase(Move move, RelocationPhase phase) {
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.phase = phase;
    change.put(now);
    return {};
  });
}

Async<void> Relocations::note(const Move& move, std::string step, double progress) {
  auto name = move.name;
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = ledger_.inventory().find<model::Task>(name);
    if (!kept || ended(kept->object)) return {};
    auto task = kept->object;
    note_step(task, step, progress);
    if (task != kept->object) change.put(task);
    return {};
  });
  if (!done) spdlog::warn("move {}: {}", name, done.error().message);
}

Result<platform::Transfers*> Relocations::transfers_of(platform::Platform& platform) const {
  if (auto* transfers = platform.transfers()) return transfers;
  return fail(Code::unsupported, "machines cannot be moved to or from {}",
              platform.capabilities().name);
}

// A host that has just come back may not know its machines yet.
Async<Result<Fd>> Relocations::open_disk(Move move, std::string disk, bool write) {
  auto vm = ledger_.inventory().vm_by_uuid(move.vm);
  if (!vm) co_return fail(Code::precondition, "the machine here was deleted");
  model::Call call{.verb = model::CallVerb::serve_disk, .vm = move.vm};
  call.part = std::move(disk);
  call.write = write;
  auto socket = co_await nodes_.open_stream(vm->object.host, std::move(call));
  if (socket) co_return blocking_end(std::move(*socket));
  auto error = std::move(socket).error();
  bool soon = error.code == Code::not_found || error.code == Code::precondition ||
              error.code == Code::conflict;
  if (soon) error.code = Code::unavailable;
  co_return std::unexpected(std::move(error));
}

// Whatever ends this ends the work: what runs on a thread hears of no cancellation.
Async<void> Relocations::look_after(Trip& trip, Move move, std::size_t disk,
                                    std::shared_ptr<DiskCopy> copy) {
  struct End {
    DiskCopy& copy;
    ~End() { copy.cancelled = true; }
  } end{*copy};
  auto name = move.disks[disk].id;
  auto stored = copy->safe();
  auto text = move.passes == 0
                  ? fmt::format("copying {} ({})", name, to_string(move.disks[disk].size))
                  : fmt::format("copying what {} got meanwhile (pass {})", name, move.passes + 1);
  double shown = -1;
  while (true) {
    auto fraction = copy->fraction();
    if (fraction != shown) {
      co_await note(move, text, part_of(move, disk, fraction));
      trip.got_on();
      shown = fraction;
    }
    auto kept = ledger_.inventory().find<Move>(move.name);
    if (!kept || kept->object.cancelled) copy->cancelled = true;
    auto safe = copy->safe();
    if (kept && safe != stored) {
      auto done = co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
        now.disks[disk].version = safe.version;
        now.disks[disk].done = {safe.end};
        change.put(now);
        return {};
      });
      if (done) stored = safe;
    }
    if ((trip.arrival || trip.warm) && SteadyClock::now() - trip.told > tell_again) {
      trip.told = SteadyClock::now();
      auto part = part_of(move, disk, fraction);
      auto told =
          trip.arrival ? co_await trip.arrival->tell(part) : co_await trip.warm->from->tell(part);
      if (!told) spdlog::info("move {}: {}", move.name, told.error().message);
    }
    co_await sleep_for(settings_.relocation_pace.look);
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      break;
  }
}

Async<Result<void>> Relocations::carry(Trip& trip, Move move, std::size_t disk,
                                       std::shared_ptr<DiskCopy> copy, Copying work) {
  auto first = co_await (run_blocking(threads_, [copy, work] { return work(*copy); }) ||
                         look_after(trip, move, disk, copy));
  if (first.index() == 1) co_return fail(Code::cancelled, "called off");
  auto done = std::get<0>(std::move(first));
  if (!done) co_return std::unexpected(std::move(done).error().within(move.disks[disk].id));
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.disks[disk].version = copy->safe().version;
    now.disks[disk].done = now.disks[disk].size;
    change.put(now);
    return {};
  });
}

// The mark is taken off the machine here, and the task ends.
Async<Result<void>> Relocations::end(Move move, End how) {
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    const auto& inventory = ledger_.inventory();
    change.erase<Move>(now.name);
    auto left = how.left;
    auto kept = inventory.vm_by_uuid(now.vm);
    if (kept && kept->object.relocation == now.name) {
      auto vm = kept->object;
      vm.relocation.clear();
      how.machine(change, vm, left);
    }
    if (how.also) how.also(change);
    auto task = inventory.find<model::Task>(now.name);
    if (!task || ended(task->object)) return {};
    auto told = task->object;
    if (!left.empty()) note_step(told, left, 1);
    end_task(change, told, how.state, how.error);
    return {};
  });
}

bool Relocations::tried_enough(const Trip& trip, const Error& error) const {
  return !may_pass(error.code) ||
         SteadyClock::now() - trip.moved > settings_.relocation_pace.give_up;
}

Async<Result<void>> Relocations::remove_from(std::string name, std::string machine) {
  CO_TRY(auto platform, platforms_.connection(name));
  auto* making = platform->making();
  if (making == nullptr)
    co_return fail(Code::unsupported, "{} removes no machines", platform->capabilities().name);
  auto removed = co_await within(longest_verb, making->remove(std::move(machine)), name);
  if (removed || removed.error().code == Code::not_found) co_return Result<void>();
  co_return removed;
}

// Nothing of it stays where it was to be, and it is as it was where it is.
Async<Result<void>> Relocations::undo(Trip& trip, Move move) {
  End how;
  how.state = move.cancelled ? TaskState::cancelled : TaskState::failed;
  how.error = move.cancelled && move.error.empty() ? "called off" : move.error;
  if (move.arrives && move.options.warm) {
    auto given = co_await give_back(move);
    if (!given && !tried_enough(trip, given.error())) co_return given;
    if (!given) how.error += "; " + what_is_kept_apart(move, given.error());
  }
  if (!move.arrives) {
    auto gone = trip.arrival ? co_await trip.arrival->abandon() : Result<void>();
    if (!trip.arrival && !move.machine.empty())
      gone = co_await remove_from(move.platform, move.machine);
    if (!trip.arrival && move.machine.empty()) {
      auto vm = what_goes(move);
      if (vm) gone = co_await remove_made(move, *std::move(vm));
      if (!vm && !move.from.empty()) gone = std::unexpected(std::move(vm).error());
    }
    if (!gone && !tried_enough(trip, gone.error())) co_return gone;
    if (!gone)
      how.error += fmt::format("; what was begun there is left ({}): {}", move.machine,
                               gone.error().message);
    trip.arrival.reset();
  }
  how.machine = [&](Change& change, model::Vm& vm, std::string&) {
    if (move.arrives && vm.host.empty()) return change.erase_vm(vm);  // no host has any of it
    if (move.arrives && vm.wanted != Wanted::absent) {
      ++vm.generation;
      vm.wanted = Wanted::absent;
    }
    change.put(vm);
  };
  co_return co_await end(move, std::move(how));
}

Result<void> check_not_relocating(const model::Vm& vm) {
  if (vm.relocation.empty()) return {};
  return fail(Code::precondition,
              "'{}' is moving to or from a platform: wait for that, or cancel it (truce task "
              "cancel {})",
              vm.name, vm.relocation);
}

Result<void> check_stays(const Inventory& inventory, std::string_view platform,
                         std::string_view machine) {
  for (const auto& [name, kept] : inventory.all<model::Relocation>()) {
    const auto& move = kept->object;
    if ((move.platform == platform && move.machine == machine) ||
        (move.from == platform && move.origin == machine))
      return fail(Code::conflict, "it is being moved: see task {}", name);
  }
  return {};
}

Result<bool> cancel_relocation(const Inventory& inventory, Change& change, model::Task task) {
  auto kept = inventory.find<model::Relocation>(task.name);
  if (!kept) return false;
  auto move = kept->object;
  if (move.phase == RelocationPhase::finish)
    return fail(Code::precondition, "it has come {} already", where_of(move));
  move.cancelled = true;
  task.cancel = true;
  change.put(move);
  change.put(task);
  return true;
}

}  // namespace truce::manager
