// Before a machine counts as here it is started as a throw-away (Vm::trial), and what comes of that
// is judged. After a crash it is looked at again, or started again.
#include <fmt/ranges.h>

#include <algorithm>

#include "base/base64.h"
#include "base/log.h"
#include "placement.h"
#include "relocation/pictures.h"
#include "relocation/trip.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::BootOutcome, model::Observed, model::RelocationPhase, model::Wanted;

constexpr Duration answer_limit = 30s;
constexpr std::size_t most_services = 5;

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

// Each line begins with a unit's name.
std::vector<std::string> units_in(std::string_view text) {
  std::vector<std::string> units;
  while (!text.empty() && units.size() < most_services) {
    auto line = first_line(text);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.resize(std::min(line.size(), line.find(' ')));
    if (!line.empty()) units.push_back(std::move(line));
  }
  return units;
}

Async<std::string> asked_of_systemd(Nodes& nodes, model::Vm vm, std::vector<std::string> words) {
  model::Call call{.verb = model::CallVerb::exec, .vm = vm.uuid};
  call.argv = std::move(words);
  call.argv.insert(call.argv.begin(), "systemctl");
  call.timeout_seconds = 10;
  auto reply = co_await nodes.ask(vm.host, std::move(call), answer_limit);
  co_return reply && reply->exec ? reply->exec->out : std::string();
}

// Guests without systemd, or whose agent runs no programs, do not tell.
Async<void> look_at_services(Nodes& nodes, model::Vm vm, Glimpse& seen) {
  constexpr std::string_view known[] = {"initializing", "starting", "running", "degraded"};
  auto state = first_line(co_await asked_of_systemd(nodes, vm, {"is-system-running"}));
  if (std::ranges::find(known, state) == std::end(known)) co_return;
  seen.services = state;
  if (state != "degraded") co_return;
  seen.failed_services = units_in(
      co_await asked_of_systemd(nodes, vm, {"--failed", "--plain", "--no-legend", "--no-pager"}));
}

bool is_up(const model::Vm& vm) {
  return vm.observed == Observed::running || vm.observed == Observed::paused;
}

std::string told(const model::BootProof& proof) {
  auto text = fmt::format("boot proof: {}", proof.words);
  return proof.seen.empty() ? text : fmt::format("{} ({})", text, fmt::join(proof.seen, ", "));
}

// What the end of the move says, where it is undone for this.
std::string why_undone(const std::string& task, const Verdict& verdict) {
  auto text = fmt::format("it was started here as a throw-away and did not boot: {}; {}",
                          verdict.proof.words, verdict.advice);
  if (verdict.proof.picture.count > 0)
    text += fmt::format(" What it showed: truce task screenshot {} FILE.png.", task);
  return text + " See 'Boot proof' in the guide, Moving machines";
}

}  // namespace

Async<Result<void>> Relocations::prove(Trip& trip, Move move) {
  auto kept = ledger_.inventory().vm_by_uuid(move.vm);
  if (!kept || kept->object.wanted == Wanted::absent)
    co_return fail(Code::precondition, "the machine here was deleted");
  auto vm = kept->object;
  if (move.proof) co_return co_await close_trial(trip, std::move(move), std::move(vm));
  if (!vm.trial) co_return co_await begin_trial(trip, std::move(move));
  co_return co_await look_at_trial(trip, std::move(move), std::move(vm));
}

// It takes memory of its host as any machine that is started.
Async<Result<void>> Relocations::begin_trial(Trip& trip, Move move) {
  CO_TRY_VOID(co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    const auto& inventory = ledger_.inventory();
    auto kept = inventory.vm_by_uuid(now.vm);
    if (!kept) return {};
    auto vm = kept->object;
    vm.trial = true;
    vm.wanted = Wanted::running;
    vm.problem.clear();
    ++vm.generation;
    TRY_VOID(check_room(inventory, vm));
    change.put(vm);
    return {};
  }));
  trip.judge.reset();
  trip.up.reset();
  trip.got_on();
  co_await note(move, "it is started as a throw-away, to see whether it boots", 0);
  co_return Result<void>();
}

Async<Result<Glimpse>> Relocations::glimpse(Trip& trip, model::Vm vm) {
  Glimpse seen;
  seen.observed = vm.observed;
  seen.problem = vm.problem;
  if (is_up(vm)) {
    model::Call call{.verb = model::CallVerb::signs, .vm = vm.uuid};
    CO_TRY(auto reply, co_await nodes_.ask(vm.host, std::move(call), answer_limit));
    if (!reply.signs) co_return fail(Code::unavailable, "{} does not tell of its guest", vm.host);
    seen.signs = *std::move(reply.signs);
    if (!trip.up) trip.up = SteadyClock::now();
  }
  if (seen.signs.agent) co_await look_at_services(nodes_, vm, seen);
  if (trip.up) seen.since = std::chrono::duration_cast<Duration>(SteadyClock::now() - *trip.up);
  co_return seen;
}

Async<Result<void>> Relocations::look_at_trial(Trip& trip, Move move, model::Vm vm) {
  const auto& pace = settings_.relocation_pace;
  auto seen_at = ledger_.inventory().revision();
  if (!is_up(vm) && vm.wanted == Wanted::running) {  // it is being started
    if (SteadyClock::now() - trip.moved > pace.give_up)
      co_return fail(Code::timeout, "it was not started within {:g} s",
                     static_cast<double>(pace.give_up.count()) / 1000);
    co_await (ledger_.inventory().changed_since(seen_at) || sleep_for(pace.look));
    co_return Result<void>();
  }
  if (!trip.judge) trip.judge.emplace(std::chrono::seconds(move.options.prove_seconds));
  CO_TRY(auto seen, co_await glimpse(trip, vm));
  trip.got_on();
  if (auto verdict = trip.judge->see(seen)) {
    CO_TRY_VOID(co_await conclude(std::move(move), std::move(vm), *std::move(verdict)));
    trip.got_on();  // a picture takes its time
    co_return Result<void>();
  }
  co_await sleep_for(pace.look);
  co_return Result<void>();
}

// The picture is stored before it counts. One that failed is removed as it is, while it runs.
Async<Result<void>> Relocations::conclude(Move move, model::Vm vm, Verdict verdict) {
  auto& proof = verdict.proof;
  if (is_up(vm)) {
    auto reply = co_await nodes_.ask(vm.host, {.verb = model::CallVerb::screenshot, .vm = vm.uuid},
                                     answer_limit);
    auto png = reply ? base64_decode(reply->data)
                     : Result<std::string>(std::unexpected(std::move(reply).error()));
    auto stored = png ? co_await store_picture(ledger_, move.name, *png)
                      : Result<void>(std::unexpected(std::move(png).error()));
    if (stored) proof.picture = {png->size()};
    if (!stored) proof.seen.push_back("no picture: " + stored.error().message);
  }
  spdlog::info("move {}: {}", move.name, told(proof));
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    const auto& inventory = ledger_.inventory();
    auto kept = inventory.vm_by_uuid(now.vm);
    auto task = inventory.find<model::Task>(now.name);
    if (!kept || !task) return {};
    now.proof = proof;
    bool failed = proof.outcome == BootOutcome::failed;
    if (failed) {
      now.phase = RelocationPhase::undo;
      now.error = why_undone(now.name, verdict);
    } else {
      auto off = kept->object;
      off.wanted = Wanted::off;
      off.stop_now = true;
      ++off.generation;
      change.put(off);
    }
    change.put(now);
    auto shown = task->object;
    shown.proof = proof;
    note_step(shown, told(proof), 0);
    change.put(shown);
    if (proof.picture.count > 0) keep_picture(inventory, change, now.name);
    change.event("vm.proved", "vms/" + kept->object.name, kept->object.project, told(proof));
    return {};
  });
}

// The throw-away has ended, so it is a machine like others again.
Async<Result<void>> Relocations::close_trial(Trip& trip, Move move, model::Vm vm) {
  auto seen = ledger_.inventory().revision();
  const auto& pace = settings_.relocation_pace;
  if (vm.observed != Observed::off) {
    if (SteadyClock::now() - trip.moved > pace.give_up)
      co_return fail(Code::timeout, "its throw-away did not end within {:g} s",
                     static_cast<double>(pace.give_up.count()) / 1000);
    co_await (ledger_.inventory().changed_since(seen) || sleep_for(pace.look));
    co_return Result<void>();
  }
  trip.got_on();
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    auto kept = ledger_.inventory().vm_by_uuid(now.vm);
    if (!kept) return {};
    auto here = kept->object;
    here.trial = false;
    here.stop_now = false;
    here.problem.clear();
    change.put(here);
    now.phase = now.options.warm ? RelocationPhase::copy : RelocationPhase::finish;
    change.put(now);
    return {};
  });
}

}  // namespace truce::manager
