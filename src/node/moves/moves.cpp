#include "moves/moves.h"

#include <algorithm>

#include "base/log.h"
#include "hypervisor/migration.h"

namespace truce::node {

using model::MigrationPhase;
using model::Observed;

namespace {

constexpr Duration try_again = 1s;
constexpr Duration greeting_limit = 10s;
constexpr Duration look_again = 5ms;

}  // namespace

const model::Job* Moves::job_of(const std::string& task) const {
  auto found = std::ranges::find(jobs_, task, &model::Job::task);
  return found == jobs_.end() ? nullptr : &*found;
}

void Moves::tell(model::JobReport report) {
  told_[report.task] = report;
  hands_.news.add(std::move(report));
}

void Moves::hear(const model::Assignment& assignment) {
  jobs_.clear();
  for (const auto& job : assignment.jobs) {
    if (job.kind == model::JobKind::migrate_vm && (job.host == me() || job.from == me()))
      jobs_.push_back(job);
  }
  std::erase_if(told_, [&](const auto& told) { return job_of(told.first) == nullptr; });
  if (!assignment.incoming) return;
  incoming_.clear();
  for (const auto& coming : *assignment.incoming) incoming_[coming.vm.uuid] = coming;
}

std::optional<Observed> Moves::arrived(const std::string& uuid) const {
  for (const auto& [task, arrival] : arrivals_) {
    if (arrival->vm().uuid == uuid && arrival->live()) return Observed::paused;
  }
  return std::nullopt;
}

bool Moves::lands(const std::string& uuid) const {
  return std::ranges::any_of(jobs_, [&](const model::Job& job) {
    return job.vm == uuid && job.host == me() && job.phase == MigrationPhase::hand_over;
  });
}

bool Moves::expects(const std::string& uuid) const {
  return std::ranges::any_of(
      arrivals_, [&](const auto& arrival) { return arrival.second->vm().uuid == uuid; });
}

bool Moves::strays(const model::Vm& vm) const {
  if (lands(vm.uuid)) return false;
  bool comes = std::ranges::any_of(arrivals_, [&](const auto& arrival) {
    return arrival.second->vm().uuid == vm.uuid && !arrival.second->is_handed_on();
  });
  if (comes || busy_.contains(vm.uuid) || notes_.find(Way::comes, vm.uuid)) return true;
  auto left = notes_.find(Way::leaves, vm.uuid);
  return left && left->vm.epoch < vm.epoch;
}

void Moves::prepare(Keeper& keeper) {
  for (const auto& job : jobs_) {
    if (job.vm != keeper.vm().uuid) continue;
    if (job.host == me() && job.phase == MigrationPhase::hand_over) {
      auto arrival = arrivals_.find(job.task);
      if (arrival != arrivals_.end()) arrival->second->hand_on();
      auto forgotten = notes_.forget(Way::comes, job.vm);  // before it is let run
      if (!forgotten) spdlog::error("machine {}: {}", job.vm, forgotten.error().message);
      keeper.land_first(job);
    }
    // A keeper that is new knows nothing of it: an earlier daemon did. What is decided already goes
    // with the next assignment.
    auto note = notes_.find(Way::leaves, job.vm);
    bool leaves = job.phase != MigrationPhase::prepare && note && note->task == job.task &&
                  note->vm.epoch == keeper.vm().epoch;
    if (job.from != me() || (!leaves && job.phase != MigrationPhase::transfer)) continue;
    leaving_.insert(job.vm);
    keeper.hold(job);
  }
}

void Moves::run_after_strays(std::shared_ptr<Keeper> keeper) {
  const auto uuid = keeper->vm().uuid;
  keeper->hold_back();
  std::vector<std::shared_ptr<Arrival>> coming;
  for (const auto& [task, arrival] : arrivals_) {
    if (arrival->vm().uuid == uuid) coming.push_back(arrival);
  }
  for (const auto& arrival : coming) {
    arrivals_.erase(arrival->job().task);
    arrival->call_off();
  }
  spawn_alone(uuid, end_strays(std::move(keeper), std::move(coming)));
}

// The notes go last: until then a daemon that is started anew does the same again.
Async<void> Moves::end_strays(std::shared_ptr<Keeper> keeper,
                              std::vector<std::shared_ptr<Arrival>> coming) {
  const auto uuid = keeper->vm().uuid;
  for (const auto& arrival : coming) co_await arrival->ended();
  while (true) {
    auto ended = co_await hands_.hypervisor.kill(uuid);
    around_.forget(uuid);
    if (ended) around_.ended(uuid);
    if (ended) ended = remove_tree(hands_.settings.run_dir / "vms" / uuid);
    for (auto way : {Way::comes, Way::leaves}) {
      if (ended) ended = notes_.forget(way, uuid);
    }
    if (ended) break;
    spdlog::warn("machine {}: what is left of its move: {}", uuid, ended.error().message);
    co_await sleep_for(try_again);
  }
  auto present = around_.keeper_of(uuid);
  if (present == keeper) hands_.scope.spawn(keeper->run(keeper));
  if (!present) co_await remove_all(keeper->vm(), Way::comes);
}

// One removes at a time, and what has waited for the end of that is looked at again.
void Moves::spawn_alone(const std::string& uuid, Async<void> work) {
  busy_[uuid].push_back(++places_);
  hands_.scope.spawn(alone(uuid, places_, std::move(work)));
}

Async<void> Moves::alone(std::string uuid, std::uint64_t place, Async<void> work) {
  while (busy_[uuid].front() != place) co_await sleep_for(look_again);
  co_await std::move(work);
  busy_[uuid].pop_front();
  if (busy_[uuid].empty()) busy_.erase(uuid);
  act();
}

void Moves::act() {
  call_off_others();
  for (const auto& job : std::vector(jobs_)) {
    if (job.from == me()) act_as_source(job);
    if (job.host == me()) act_as_target(job);
  }
  sweep();
}

void Moves::act_as_source(const model::Job& job) {
  auto keeper = around_.keeper_of(job.vm);
  bool settles = job.phase == MigrationPhase::settle;
  bool decided = job.phase == MigrationPhase::hand_over || settles;
  // It is this host's again already, by other ways than this move.
  bool back = keeper && settles && keeper->leaving() != job.task;
  auto told = told_.find(job.task);
  bool settled = told != told_.end() && told->second.phase == MigrationPhase::settle;
  if (keeper && !decided) {
    if (job.phase != MigrationPhase::transfer || keeper->leaving() == job.task) return;
    if (!keeper->leaving().empty()) return hands_.scope.spawn(depart_after(keeper, job.task));
    auto noted = notes_.write({Way::leaves, job.task, keeper->vm()});
    if (!noted) return tell({.task = job.task, .done = true, .error = noted.error().message});
    gone_[job.task] = keeper;
    leaving_.insert(job.vm);
    keeper->depart(job);
  } else if (decided && (!keeper || back) && !settled && !busy_.contains(job.vm)) {
    spawn_alone(job.vm, leave_behind(job));
  }
}

// An earlier attempt that was called off is not over yet.
Async<void> Moves::depart_after(std::shared_ptr<Keeper> keeper, std::string task) {
  auto earlier = keeper->leaving();
  auto ours = [&] { return around_.keeper_of(keeper->vm().uuid) == keeper; };
  while (keeper->leaving() == earlier && ours()) co_await sleep_for(look_again);
  if (const auto* job = job_of(task)) act_as_source(*job);
}

// What the other host lets run ends here; what only this host has of it goes once it does run.
Async<void> Moves::leave_behind(model::Job job) {
  auto keeper = gone_.extract(job.task);
  if (keeper) keeper.mapped()->give_away();
  if (keeper) co_await keeper.mapped()->left();
  auto note = notes_.find(Way::leaves, job.vm);
  auto settles = [&] {
    const auto* present = job_of(job.task);
    return present != nullptr && present->phase == MigrationPhase::settle;
  };
  while (job_of(job.task) != nullptr && !around_.keeper_of(job.vm)) {
    auto killed = co_await hands_.hypervisor.kill(job.vm);
    around_.forget(job.vm);
    if (killed) around_.ended(job.vm);
    if (!killed) spdlog::warn("machine {}: {}", job.vm, killed.error().message);
    if (killed && settles()) {
      auto vm = note ? note->vm : model::Vm{};
      vm.uuid = job.vm;
      co_await remove_all(vm, Way::leaves);
      break;
    }
    co_await sleep_for(killed ? Duration(look_again * 10) : Duration(try_again));
  }
  if (!settles()) co_return;
  model::JobReport done{.task = job.task, .done = true};
  done.phase = MigrationPhase::settle;
  tell(std::move(done));
}

// Nothing of what has become this host's again: that is looked at in each round.
Async<void> Moves::remove_all(model::Vm vm, Way way) {
  while (!around_.keeper_of(vm.uuid)) {
    auto removed = co_await remove_rest(hands_, vm);
    if (around_.keeper_of(vm.uuid)) co_return;
    around_.forget(vm.uuid);
    if (removed) around_.ended(vm.uuid);
    if (removed) removed = notes_.forget(way, vm.uuid);
    if (removed) co_return;
    spdlog::warn("machine {}: what is left of it: {}", vm.uuid, removed.error().message);
    co_await sleep_for(try_again);
  }
}

void Moves::act_as_target(const model::Job& job) {
  auto arrival = arrivals_.find(job.task);
  if (job.phase == MigrationPhase::hand_over || job.phase == MigrationPhase::settle) {
    return;  // its streams are there until the job is gone: with post-copy it still needs them
  }
  if (arrival != arrivals_.end()) return;
  auto coming = incoming_.find(job.vm);
  auto note = notes_.find(Way::comes, job.vm);
  bool restarted = job.phase != MigrationPhase::prepare || (note && note->task == job.task);
  if (restarted && told_.contains(job.task)) return;
  if (restarted) {
    return tell({.task = job.task,
                 .done = true,
                 .error = fmt::format("{}: its daemon was started anew meanwhile", me())});
  }
  if (coming == incoming_.end() || around_.keeper_of(job.vm)) return;
  begin_arrival(job, coming->second);
}

void Moves::begin_arrival(const model::Job& job, const model::VmAssignment& assignment) {
  auto arrival = std::make_shared<Arrival>(hands_, notes_, job, assignment);
  arrivals_[job.task] = arrival;
  hands_.scope.spawn(arrive_after(arrival));
}

// What an earlier attempt has left goes first.
Async<void> Moves::arrive_after(std::shared_ptr<Arrival> arrival) {
  const auto uuid = arrival->vm().uuid;
  while (busy_.contains(uuid) && !arrival->is_called_off()) co_await sleep_for(look_again);
  bool cleared = !arrival->is_called_off() && co_await arrival->clear();
  if (cleared) around_.ended(uuid);
  around_.forget(uuid);  // what was heard of that is not about the one that comes
  co_await arrival->run(arrival);
}

void Moves::call_off_others() {
  std::erase_if(leaving_, [&](const std::string& uuid) {
    auto keeper = around_.keeper_of(uuid);
    return !keeper || keeper->leaving().empty();
  });
  for (const auto& uuid : leaving_) {
    auto keeper = around_.keeper_of(uuid);
    auto task = keeper->leaving();
    if (job_of(task) != nullptr) continue;
    keeper->stay();
    gone_.erase(task);
    auto forgotten = notes_.forget(Way::leaves, keeper->vm().uuid);
    if (!forgotten) spdlog::warn("machine {}: {}", keeper->vm().name, forgotten.error().message);
  }
  for (auto it = arrivals_.begin(); it != arrivals_.end();) {
    if (job_of(it->first) != nullptr) {
      ++it;
      continue;
    }
    auto arrival = it->second;
    it = arrivals_.erase(it);
    // What has come is this host's, or has gone on from here and may have to be fetched from here.
    if (arrival->is_handed_on() || around_.keeper_of(arrival->vm().uuid)) continue;
    arrival->call_off();
    spawn_alone(arrival->vm().uuid, clear_away(arrival));
  }
}

Async<void> Moves::clear_away(std::shared_ptr<Arrival> arrival) {
  co_await arrival->ended();
  co_await remove_all(arrival->vm(), Way::comes);
}

// What an earlier daemon was about, and nobody knows of any more. What comes is noted until it is
// this host's: without a job it never was. What leaves is removed for its job only.
void Moves::sweep() {
  for (const auto& note : notes_.all()) {
    const auto& uuid = note.vm.uuid;
    if (job_of(note.task) != nullptr || busy_.contains(uuid)) continue;
    if (around_.keeper_of(uuid)) {
      auto forgotten = notes_.forget(note.way, uuid);
      if (!forgotten) spdlog::warn("machine {}: {}", uuid, forgotten.error().message);
    } else if (note.way == Way::comes) {
      spawn_alone(uuid, remove_all(note.vm, note.way));
    }
  }
}

void Moves::notice(const hypervisor::Notice& notice) {
  if (notice.kind != hypervisor::Notice::Kind::ended) return;
  for (const auto& [task, arrival] : arrivals_) {
    if (arrival->vm().uuid == notice.uuid) arrival->died(notice.detail);
  }
}

Async<void> Moves::welcome(UnixSocket socket) {
  auto greeting = co_await within(greeting_limit, read_frame(socket, kib(1)), std::string("key"));
  if (!greeting) co_return;
  auto space = greeting->find(' ');
  if (space == greeting->npos) co_return;
  auto key = greeting->substr(0, space);
  for (const auto& [task, arrival] : arrivals_) {
    if (arrival->key() != key) continue;
    arrival->welcome(greeting->substr(space + 1), std::move(socket));
    co_return;
  }
}

void Moves::report_again() {
  for (const auto& [task, arrival] : arrivals_) {
    // Once it is this host's its keeper reports, of the same task.
    if (!around_.keeper_of(arrival->vm().uuid)) arrival->report_again();
  }
  for (const auto& [task, told] : told_) hands_.news.add(told);
}

void Moves::close() {
  for (const auto& [task, arrival] : arrivals_) arrival->call_off();
}

}  // namespace truce::node
