#include "keeper.h"

#include <boost/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "moves/leaving.h"
#include "proof/trial.h"

namespace truce::node {

using model::Observed;
using model::Wanted;

namespace {

constexpr Duration leave_round = 200ms;

std::string_view event_of(hypervisor::EndReason reason) {
  switch (reason) {
    case hypervisor::EndReason::guest_shutdown:
      return "vm.ended.guest_shutdown";
    case hypervisor::EndReason::requested:
      return "vm.ended.requested";
    case hypervisor::EndReason::crashed:
      return "vm.ended.crashed";
    case hypervisor::EndReason::out_of_memory:
      return "vm.ended.out_of_memory";
    case hypervisor::EndReason::guest_panic:
      return "vm.ended.guest_panic";
  }
  return "vm.ended.crashed";
}

std::filesystem::path folder_of(Hands& hands, const model::Vm& vm) {
  const auto& uuid = vm.uuid;
  if (!hands.pools.home_is_plain(vm)) return hands.pool.homes()->of(uuid);
  auto folder = hands.pool.vm_folder(uuid);
  if (folder) return *folder;
  spdlog::warn("machine {}: {}", uuid, folder.error().message);
  return hands.settings.run_dir / "vms" / uuid;
}

}  // namespace

Keeper::Keeper(Hands& hands, model::VmAssignment assignment, std::optional<Observed> adopted)
    : hands_(hands),
      assignment_(std::move(assignment)),
      folder_(folder_of(hands, assignment_.vm)),
      serial_(std::make_shared<SerialLine>(folder_ / "serial.log")),
      wake_(hands.loop),
      merge_stop_(hands.loop),
      merge_ended_(hands.loop),
      adopted_(adopted.has_value()) {
  if (adopted) {
    observed_ = *adopted;
    balloon_used_ = true;
    if (hands.life != nullptr) permit_ = hands.life->permit_of(vm().uuid);
    permit_used_ = permit_.has_value();
    active_ = vm().active.value_or(settings_of(vm(), vm().memory));
  }
  // One that runs has its home where it is, as far as this host has noted where.
  bool known =
      hands_.pools.home_is_plain(vm()) || (adopted && hands_.pools.home_elsewhere(vm().uuid));
  if (known) take_home(folder_);
}

std::filesystem::path Keeper::ended_file() const {
  return folder_ / "ended.json";
}

void Keeper::load_ended() {
  auto text = read_file(ended_file());
  if (!text) return;
  auto report = model::from_text<model::VmReport>(*text, model::Unknown::ignore);
  if (!report) return;
  ended_generation_ = report->generation;
  ended_event_ = report->event;
  ended_message_ = report->event_message;
}

bool Keeper::settled() const {
  auto generation = vm().generation;
  bool nothing_left = vm().wanted == Wanted::absent && removed_generation_ > 0;
  // A deletion that failed is tried again by a newer wish only, as all else.
  return failed_generation_ == generation || ended_generation_ == generation || nothing_left;
}

void Keeper::report(model::VmReport report) {
  report.uuid = vm().uuid;
  report.observed = home_settled_ ? observed_ : Observed::unknown;
  if (!home_settled_) report.step = home_problem_;
  report.addresses = addresses_;
  report.tree = tree_;
  report.active = active_;
  report.storage_problem = troubles_.storage;
  hands_.news.add(std::move(report));
}

void Keeper::step(std::string text, double progress) {
  model::VmReport news;
  news.step = std::move(text);
  news.progress = progress;
  report(std::move(news));
}

void Keeper::observe(Observed observed) {
  observed_ = observed;
  if (is_up(observed)) return;
  addresses_.clear();
  troubles_.storage.clear();
  troubles_.stuck = false;
  troubles_.hang.reset();
  if (observed != Observed::starting) active_.reset();
}

// A machine runs, newly or adopted: follow its serial line and its addresses.
void Keeper::running() {
  ++run_;
  auto socket = hands_.hypervisor.socket(vm().uuid, "serial");
  if (!socket.empty()) hands_.scope.spawn(serial_->follow(serial_, socket.string()));
  hands_.scope.spawn(watch_addresses(shared_from_this(), run_));
  hands_.scope.spawn(watch_pulse(shared_from_this(), run_));
}

void Keeper::assign(model::VmAssignment assignment) {
  bool newer = assignment.vm.generation != vm().generation;
  assignment_ = std::move(assignment);
  if (newer) troubles_.hunger = 0;  // somebody wants something of it: that is tried
  if (newer && superseded_) superseded_->wake();
  wake_.wake();
}

void Keeper::hold_back() {
  held_back_ = true;
  home_settled_ = false;  // it may be another one then
  home_problem_ = "waiting for the end of an earlier move to or from this host";
  observed_ = Observed::absent;
}

void Keeper::close() {
  closed_ = true;
  ++run_;
  merge_stop_.wake();
  if (superseded_) superseded_->wake();
  wake_.wake();
}

TenantState Keeper::tenant() const {
  TenantState state{.known = !closed_};
  state.prepares = wish() == Step::provision && vm().wanted == Wanted::running;
  state.wants_start = wish() == Step::start;
  state.permitted = permit_.has_value();
  state.runs = is_up(observed_) || observed_ == Observed::starting ||
               observed_ == Observed::unknown || permit_used_;
  state.in_flight = in_flight();
  return state;
}

void Keeper::permit(Permit permit) {
  permit_ = std::move(permit);
  permit_used_ = false;
  wake_.wake();
}

void Keeper::revoke() {
  if (!permit_used_) permit_.reset();
}

bool Keeper::needs_permit() const {
  return hands_.life != nullptr && hands_.life->protects(vm());
}

// Whether its disks may be another host's by now: then they are left alone. It would be started,
// and may not be; or this host may start nothing, and cannot know.
bool Keeper::waits_for_leave() const {
  bool permitted = permit_ && permit_->gate.open();
  if (is_up(observed_) || permitted || !needs_permit()) return false;
  return wish() == Step::start || !hands_.life->may_run();
}

// Its process has ended, or did not come to be. Whether that was as this host had to stop running
// it: then it has done nothing wrong, and the wish stands.
bool Keeper::let_go() {
  if (!permit_) return false;
  bool cut_off = !permit_->gate.open();
  permit_.reset();
  permit_used_ = false;
  hands_.life->ended(vm().uuid);
  return cut_off;
}

void Keeper::report_state() {
  model::VmReport news;
  if (!home_settled_) return report(std::move(news));
  if (settled() || due() == Step::none) {
    news.generation = vm().generation;
    if (failed_generation_ == vm().generation) news.failed = failure_;
  }
  if (wish() == Step::start && todo() == Step::none) news.step = "waiting for leave to run it here";
  report(std::move(news));
}

void Keeper::report_again() {
  if (leaving_ && !leaving_->last.task.empty()) hands_.news.add(leaving_->last);
  if (landed_) hands_.news.add(*landed_);
  if (ended_generation_ == vm().generation) {
    model::VmReport news;
    news.generation = vm().generation;
    news.event = ended_event_;
    news.event_message = ended_message_;
    report(std::move(news));
  } else {
    report_state();
  }
}

void Keeper::notice(const hypervisor::Notice& notice) {
  using Kind = hypervisor::Notice::Kind;
  if (held_back_ || dies_away(notice)) return;
  model::VmReport news;
  if (notice.kind == Kind::ended) {
    bool cut_off = let_go();
    // suspend() says itself when it is done: off would be shown for a moment.
    bool suspends = vm().wanted == Wanted::suspended || leaving_;
    if (notice.reason == hypervisor::EndReason::requested && suspends) return;
    ++run_;
    troubles_.hunger = 0;
    observe(Observed::off);
    bool expected =
        notice.reason == hypervisor::EndReason::requested ||
        vm().wanted == Wanted::absent ||  // however it ended, it goes
        (notice.reason == hypervisor::EndReason::guest_shutdown && vm().wanted != Wanted::running);
    if (cut_off) {
      news.event = "vm.cut_off";
      news.event_message = "its host had lost its claim to run it, and has killed it";
    } else if (!expected) {
      ended_generation_ = vm().generation;
      ended_event_ = event_of(notice.reason);
      ended_message_ = notice.detail;
      news.generation = vm().generation;
      news.event = ended_event_;
      news.event_message = ended_message_;
      // Kept until a newer wish: a daemon that dies now must not start the machine again.
      auto kept = write_file_durably(ended_file(), model::to_text(news));
      if (!kept) spdlog::warn("{}: {}", vm().name, kept.error().message);
    }
  } else if (notice.kind == Kind::guest_reset) {
    news.event = "vm.guest_reset";
    news.event_message = "the guest reset itself";
    was_reset();
  } else {
    observe(notice.kind == Kind::paused ? Observed::paused : Observed::running);
    troubles_.hunger = 0;
    if (notice.kind == Kind::paused) stand_still(notice);
  }
  report(std::move(news));
  wake_.wake();
}

Async<void> Keeper::run(std::shared_ptr<Keeper> self) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  held_back_ = false;
  if (!home_settled_) co_await settle_home();
  if (landing_) co_await land();
  if (adopted_) running();
  while (!places_settled_ && !closed_) co_await settle_when_possible();
  std::error_code ec;
  if (layers() != nullptr && std::filesystem::exists(folder_ / storage::layers_record, ec)) {
    co_await hands_.pools.tried();
    if (auto settled = co_await settle_layers(); !settled)
      spdlog::warn("machine {}: {}", vm().name, settled.error().message);
  }
  while (!closed_) {
    if (!places_settled_) {
      co_await settle_when_possible();
      continue;
    }
    if (troubles_.hang) {
      co_await meet_hang();
      continue;
    }
    if (move_ && move_->mirrored) {
      co_await switch_move();
      continue;
    }
    if (!chores_.empty() && !move_ && !leaving_ && !waits_for_leave()) {
      co_await interrupt_merge();
      co_await perform_chore();
      continue;
    }
    if (leaving_ && !move_) {
      co_await tend_leaving();
      continue;
    }
    auto generation = vm().generation;
    auto todo = this->todo();
    if (todo == Step::none) {
      co_await refresh_nics();
      co_await refresh_settings();
      co_await refresh_limits();
      if (vm().generation != generation) continue;
      // The wish met another on its way: a pause that came while the machine was being suspended.
      if (!settled() && wish() == Step::none && out_of_reach(vm().wanted, observed_))
        fail_wish(fmt::format("it is {}, and cannot be {}", model::to_string(observed_),
                              model::to_string(vm().wanted)));
      report_state();
      merge_when_due();
      co_await rest();
      continue;
    }
    co_await interrupt_merge();
    if (co_await interrupt_move(todo)) continue;
    log_for(assignment_.request, spdlog::level::info,
            fmt::format("machine {}: {}", vm().name, name_of(todo)));
    auto done = co_await perform(todo);
    if (done || vm().generation != generation) continue;
    fail_wish(done.error().message);
  }
}

// Until there is something new. That this host has a life again is not told.
Async<void> Keeper::rest() {
  if (observed_ == Observed::off) sweep_trial(folder_);
  if (waits_for_leave()) co_await interrupt_merge();
  bool held = waits_for_leave() && (!chores_.empty() || merge_due_);
  if (!held) co_return co_await wake_.wait();
  for (const auto& chore : chores_) {
    hands_.news.add(
        model::JobReport{.task = chore.job.task,
                         .step = "waiting until this host may use the disks of the machine"});
  }
  while (waits_for_leave()) {
    auto first = co_await (wake_.wait() || sleep_for(leave_round));
    if (first.index() == 0) co_return;
  }
}

void Keeper::fail_wish(std::string reason) {
  failed_generation_ = vm().generation;
  failure_ = std::move(reason);
  log_for(assignment_.request, spdlog::level::warn,
          fmt::format("machine {}: {}", vm().name, failure_));
}

// What stood still as that was wanted, and ended as its host had to end it, is started first.
Step Keeper::due() const {
  bool lost = vm().wanted == Wanted::paused && observed_ == Observed::off && needs_permit() &&
              hands_.life->has_tenant(vm().uuid);
  return lost ? Step::start : next_step(vm().wanted, observed_);
}

Step Keeper::wish() const {
  auto step = settled() || leaving_ ? Step::none : due();
  return troubles_.hunger != 0 && step == Step::resume ? Step::none : step;
}

// What is protected waits until this host may run it: nobody else does then.
Step Keeper::todo() const {
  auto next = wish();
  bool waits = next == Step::start && needs_permit() && (!permit_ || permit_used_);
  return waits ? Step::none : next;
}

Async<Result<void>> Keeper::perform(Step todo) {
  Busy busy(troubles_);
  const auto uuid = vm().uuid;
  switch (todo) {
    case Step::none:
      co_return Result<void>{};
    case Step::provision:
      co_return co_await provision_until_superseded();
    case Step::start:
      co_return co_await start();
    case Step::stop:
      co_return co_await stop();
    case Step::discard_state:
      co_return co_await discard_state();
    case Step::suspend:
      co_return co_await suspend();
    case Step::remove:
      co_return co_await remove();
    case Step::pause: {
      CO_TRY_VOID(co_await hands_.hypervisor.pause(uuid));
      observe(Observed::paused);
      co_return Result<void>{};
    }
    case Step::resume:
      co_return co_await resume();
  }
  co_return Result<void>{};
}

Async<Result<void>> Keeper::stop() {
  const auto uuid = vm().uuid;
  const auto generation = vm().generation;
  if (!vm().stop_now) {
    if (observed_ == Observed::paused) {
      CO_TRY_VOID(co_await hands_.hypervisor.resume(uuid));
    }
    step("asking the guest to power off");
    auto asked = co_await hands_.hypervisor.request_stop(uuid);
    if (!asked && asked.error().code != Code::precondition) co_return asked;
    auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(vm().stop_timeout_seconds);
    while (observed_ != Observed::off && vm().generation == generation && !closed_ &&
           !troubles_.hang) {
      auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      co_await (wake_.wait() || sleep_for(left));
    }
    if (observed_ == Observed::off || vm().generation != generation) co_return Result<void>{};
    step(fmt::format("the guest did not power off within {} s: forcing it",
                     vm().stop_timeout_seconds));
  }
  CO_TRY_VOID(co_await hands_.hypervisor.kill(uuid));
  observe(Observed::off);
  co_return Result<void>{};
}

Async<Result<void>> Keeper::suspend() {
  step("writing its memory to disk");
  CO_TRY_VOID(co_await hands_.hypervisor.suspend(vm().uuid));
  ++run_;
  observe(Observed::suspended);
  warn_of_memory("suspended");
  co_return Result<void>{};
}

// Its disks are encrypted, and what was in its memory is not.
void Keeper::warn_of_memory(std::string_view kept_as) {
  bool encrypted =
      std::ranges::any_of(vm().disks, [](const auto& disk) { return !disk.key.empty(); });
  if (!encrypted) return;
  model::VmReport news;
  news.event = "vm.memory_not_encrypted";
  news.event_message = fmt::format(
      "its disks are encrypted, but its memory is kept ({}) in plain text in the pool: what the "
      "guest had in memory can be read there",
      kept_as);
  report(std::move(news));
}

Async<Result<void>> Keeper::discard_state() {
  CO_TRY_VOID(remove_tree(folder_ / hypervisor::suspend_file));
  observe(Observed::off);
  co_return Result<void>{};
}

Async<Result<void>> Keeper::remove() {
  step("removing disks");
  ++run_;
  CO_TRY_VOID(co_await take_possession());
  CO_TRY_VOID(co_await hands_.hypervisor.kill(vm().uuid));
  CO_TRY_VOID(co_await hands_.pools.delete_vm(vm()));
  for (const auto& nic : vm().nics) {
    CO_TRY_VOID(co_await hands_.network.release(nic.network, nic.mac));
  }
  CO_TRY_VOID(remove_tree(hands_.settings.run_dir / "vms" / vm().uuid));
  observe(Observed::absent);
  end_deletions({});
  removed_generation_ = vm().generation;
  co_return Result<void>{};
}

Async<std::vector<std::string>> Keeper::find_addresses(bool ask_agent) {
  std::vector<std::string> found;
  auto nics = vm().nics;
  for (const auto& nic : nics) {
    if (hands_.mode_of(nic.network) == model::NetworkMode::user) {
      for (const auto& forward : nic.forwards) found.push_back("forward " + forward);
      continue;
    }
    auto addresses = co_await hands_.leased(nic.network, nic.mac);
    std::ranges::move(addresses, std::back_inserter(found));
  }
  auto* agent = hands_.hypervisor.guest_agent();
  if (!ask_agent || agent == nullptr) co_return found;
  auto told = co_await agent->addresses(vm().uuid);
  if (!told) co_return found;
  for (auto& address : *told) {
    if (std::ranges::find(found, address) == found.end()) found.push_back(std::move(address));
  }
  co_return found;
}

Async<void> Keeper::watch_addresses(std::shared_ptr<Keeper> self, std::uint64_t run) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  constexpr int agent_every = 15;
  std::vector<std::string> from_agent;
  for (int round = 0; run == run_; ++round) {
    co_await sleep_for(addresses_.empty() ? 1s : 2s);
    if (run != run_ || observed_ != Observed::running) continue;
    auto found = co_await find_addresses(round % agent_every == agent_every - 1);
    if (run != run_) co_return;
    // Between two questions to the agent what it said stays true.
    bool lost_only_agent = round % agent_every != agent_every - 1;
    if (lost_only_agent) {
      for (const auto& address : from_agent) {
        if (std::ranges::find(found, address) == found.end()) found.push_back(address);
      }
    } else {
      from_agent = found;
    }
    if (found == addresses_) continue;
    addresses_ = std::move(found);
    report({});
  }
}

}  // namespace truce::node
