#include "life/life.h"

#include <sstream>

#include "base/file.h"
#include "base/log.h"

namespace truce::node {

using availability::Act;
using availability::Action;
using availability::Membership;
using availability::NodeTime;
using availability::Outcome;
using availability::Process;

namespace {

constexpr std::size_t questions_limit = 1024;
constexpr Duration open_again = 5s;

std::int64_t micros(NodeTime time) {
  return time.time_since_epoch().count();
}

std::int64_t number(std::uint64_t counter) {
  return static_cast<std::int64_t>(counter);
}

std::uint64_t counter(std::int64_t number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
}

Outcome outcome_of(model::LifeOutcome told) {
  switch (told) {
    case model::LifeOutcome::done:
      return Outcome::committed;
    case model::LifeOutcome::conflict:
      return Outcome::conflict;
    case model::LifeOutcome::unknown:
      break;
  }
  return Outcome::unknown;
}

// Claims write the node's record, heartbeats do not (availability/transactions.h).
model::Heartbeat message_of(const Membership::Request& request,
                            const std::optional<availability::Standing>& standing) {
  model::Heartbeat message{};
  message.act = model::LifeAct::read;
  if (!request.transaction) return message;
  message.act = standing ? model::LifeAct::beat : model::LifeAct::claim;
  message.claimed = request.transaction->conditions.front().modified;
  for (const auto& write : request.transaction->writes) {
    if (const auto* beat = std::get_if<availability::Beat>(&write.value))
      message.sent = micros(beat->sent);
    if (const auto* node = std::get_if<availability::NodeRecord>(&write.value))
      message.incarnation = number(node->incarnation - 1);
  }
  if (standing) message.incarnation = number(standing->incarnation);
  return message;
}

std::optional<availability::Owner> owner_of(const std::string& name, std::int64_t life) {
  if (name.empty()) return {};
  return availability::Owner{name, counter(life)};
}

availability::NodeRecord to_record(const model::NodeLife& life) {
  using availability::NodeState;
  return {counter(life.incarnation), life.fenced ? NodeState::fenced : NodeState::alive};
}

availability::View to_view(const model::Tenancies& told) {
  availability::View view;
  view.revision = told.revision;
  for (const auto& life : told.lives) view.nodes[life.name] = {to_record(life), life.revision};
  for (const auto& vm : told.vms) view.vms[vm.name] = {node::to_record(vm), vm.revision};
  return view;
}

availability::Timing to_timing(const model::Tenancies& told) {
  availability::Timing timing;
  timing.heartbeat = Duration(told.heartbeat_ms);
  timing.self = Duration(told.self_ms);
  timing.dead = Duration(told.dead_ms);
  timing.kill = Duration(told.kill_ms);
  timing.drain = Duration(told.drain_ms);
  return timing;
}

}  // namespace

availability::VmRecord to_record(const model::VmTenancy& told) {
  using availability::VmState;
  constexpr VmState states[] = {VmState::stopped, VmState::starting, VmState::running,
                                VmState::migrating};
  availability::VmRecord record;
  record.state = states[static_cast<std::size_t>(told.state)];
  record.owner = owner_of(told.owner, told.owner_life);
  record.destination = owner_of(told.destination, told.destination_life);
  record.epoch = counter(told.epoch);
  if (told.keep) record.policy.isolation = availability::Isolation::keep;
  if (!told.restart) record.policy.restart = availability::Restart::never;
  return record;
}

Life::Life(asio::any_io_executor loop, const Settings& settings, Hooks hooks)
    : settings_(settings), hooks_(std::move(hooks)), wake_(std::move(loop)) {}

Async<void> Life::begin() {
  if (!settings_.open_guard || !settings_.was_guarded) co_return;
  load_records();
  auto opened = co_await open_guard();
  if (!opened) spdlog::error("{}", opened.error().message);
}

Async<Result<void>> Life::open_guard() {
  auto opened = co_await settings_.open_guard();
  if (!opened) {
    problem_ = "its machines cannot be protected: " + opened.error().message;
    co_return std::unexpected(std::move(opened).error());
  }
  guard_ = *std::move(opened);
  problem_.clear();
  drop_questions({});
  auto held = guard_->standing();
  opened_ = held ? held->incarnation : 0;
  if (held) {
    membership_.emplace(*held, timing_, guard_->now());
  } else {
    membership_.emplace(settings_.name, timing_);
  }
  co_return Result<void>{};
}

Async<void> Life::run(Scope& scope) {
  if (!settings_.open_guard) co_return;
  while (!told_ && (dismissed_ || !settings_.was_guarded)) co_await wake_.wait();
  while (!guard_) {
    auto opened = co_await open_guard();
    if (opened) break;
    spdlog::error("{}", opened.error().message);
    co_await sleep_for(open_again);
  }
  while (true) {
    if (dismissed_) {
      co_await retire();
      if (!guard_) co_return co_await run(scope);
    } else {
      co_await step(scope);
    }
    co_await (wake_.wait() || sleep_for(settings_.life_poll));
  }
}

// Only what an earlier cluster has left is guarded now: nothing extends its deadline any more.
Async<void> Life::retire() {
  if (guard_->standing() && running_.empty()) guard_->shut();
  if (!guard_->cleared()) co_return;
  auto ended = co_await guard_->retire();
  if (!ended) spdlog::warn("{}", ended.error().message);
  co_await guard_->close();
  guard_.reset();
  membership_.reset();
  tenancies_.clear();
  orphans_.clear();
  opened_ = 0;
}

Async<void> Life::close() {
  if (guard_) co_await guard_->close();
}

void Life::assign(model::Tenancies told) {
  auto timing = to_timing(told);
  if (auto sound = availability::check(timing); !sound) {
    spdlog::error("the manager's timing: {}", sound.error().message);
    return;
  }
  told_ = true;
  protect_ = told.protect;
  dismissed_ = false;
  timing_ = timing;
  auto view = to_view(told);
  if (!view_ || view.revision >= view_->revision) view_ = std::move(view);
  wake_.wake();
}

void Life::dismiss() {
  if (!told_ && !guard_ && !settings_.was_guarded) return;
  told_ = false;
  dismissed_ = true;
  view_.reset();
  wake_.wake();
}

void Life::answered(const model::HeartbeatAnswer& answer) {
  auto found = asked_.extract(answer.id);
  if (!found || !membership_) return;
  auto [vm, id, reads] = found.mapped();
  auto now = guard_->now();
  auto outcome = outcome_of(answer.outcome);
  if (!vm.empty()) {
    if (!membership_->may_run(now) || !guard_->admits(opened_)) return;
    auto next = tenancy(vm).answered(id, outcome, answer.revision, *membership_->standing());
    if (next && next->act == Act::start) allow(vm, *next, answer.revision);
    return;
  }
  if (reads && outcome == Outcome::committed) {
    using Found = availability::Stored<availability::NodeRecord>;
    std::optional<Found> own;
    if (answer.life) own = Found{to_record(*answer.life), answer.life->revision};
    membership_->read(id, own);
  } else {
    membership_->answered(id, outcome, answer.revision, now);
  }
  if (const auto& standing = membership_->standing()) guard_->extend(*standing);
  wake_.wake();
}

// Noted first: a daemon that dies now must not take the machine for one without an owner.
void Life::allow(const std::string& uuid, const Action& start, availability::Revision accepted) {
  auto noted = note(uuid, {start.life, start.epoch, accepted});
  if (!noted) {
    spdlog::error("machine {}: {}", uuid, noted.error().message);
    return ended(uuid);
  }
  hooks_.permit(uuid, {start.life, start.epoch, guard_->gate(start.life)});
}

// Its tenancy says for which life it comes: in no other will it be handed over.
Result<std::optional<StartGate>> Life::arrival_gate(const std::string& uuid) const {
  const auto* record = view_ ? availability::find(view_->vms, uuid) : nullptr;
  if (record == nullptr || !record->value.owner) return std::nullopt;
  bool lives =
      guard_ && membership_ && membership_->may_run(guard_->now()) && guard_->admits(opened_);
  if (lives && record->value.destination == availability::Owner{settings_.name, opened_})
    return guard_->gate(opened_);
  return fail(Code::unavailable, "{} has another life by now: move it again", settings_.name);
}

// Of another life than this one it has been killed since.
void Life::took_in(const std::string& uuid) {
  if (!view_ || running_.contains(uuid)) return;
  const auto* record = availability::find(view_->vms, uuid);
  bool own = record != nullptr && record->value.owner &&
             record->value.owner == availability::Owner{settings_.name, opened_};
  if (!own) return;
  auto noted = note(uuid, {opened_, record->value.epoch, record->modified});
  if (!noted) spdlog::error("machine {}: {}", uuid, noted.error().message);
  tenancies_.erase(uuid);  // as it was seen before it came
}

void Life::ended(const std::string& uuid) {
  forget(uuid);
  if (auto found = tenancies_.find(uuid); found != tenancies_.end())
    found->second.became(Process::none);
  wake_.wake();
}

bool Life::protects(const model::Vm& vm) const {
  if (dismissed_ || (!told_ && !guard_)) return false;
  auto policy = vm.availability.value_or(model::VmAvailability());
  bool wished = policy.restart && !policy.keep_running;
  if (wished && (protect_ || !told_)) return true;
  return has_tenant(vm.uuid);
}

bool Life::has_tenant(const std::string& uuid) const {
  const auto* record = view_ ? availability::find(view_->vms, uuid) : nullptr;
  return record != nullptr && record->value.state != availability::VmState::stopped;
}

bool Life::may_run() const {
  return guard_ && membership_ && membership_->may_run(guard_->now()) && guard_->admits(opened_);
}

std::optional<Permit> Life::permit_of(const std::string& uuid) const {
  auto found = running_.find(uuid);
  if (found == running_.end() || !guard_) return {};
  const auto& held = found->second;
  return Permit{held.life, held.epoch, guard_->gate(held.life)};
}

Async<void> Life::step(Scope& scope) {
  send_membership();
  co_await sync_guard();
  if (membership_->phase() == Membership::Phase::clearing && guard_->cleared()) clear();
  auto now = guard_->now();
  if (membership_->may_run(now) && guard_->admits(opened_) && view_) look_at_machines(scope);
}

void Life::send_membership() {
  auto request = membership_->tick(guard_->now());
  if (request)
    ask(message_of(*request, membership_->standing()), {{}, request->id, !request->transaction});
}

// Tells the reaper what is known here, and learns what it has done.
Async<void> Life::sync_guard() {
  const auto standing = membership_->standing();
  if (!standing) {
    if (guard_->standing()) guard_->shut();
    co_return;
  }
  if (guard_->admits(standing->incarnation)) {
    guard_->extend(*standing);
    co_return;
  }
  if (opened_ == standing->incarnation) {
    spdlog::warn("life {} of this host has ended: its protected machines were killed", opened_);
    begin_new_life();
    co_return;
  }
  auto opened = co_await guard_->open(*standing);
  if (opened) {
    opened_ = standing->incarnation;
    spdlog::info("life {} of this host begins", opened_);
  } else {
    spdlog::warn("life {} of this host cannot begin: {}", standing->incarnation,
                 opened.error().message);
    begin_new_life();
  }
}

void Life::begin_new_life() {
  drop_questions({});
  membership_.emplace(settings_.name, timing_);
}

// All that was protected is dead, whether its keepers have heard of it or not.
void Life::clear() {
  for (auto& [uuid, tenancy] : tenancies_) tenancy.became(Process::none);
  while (!running_.empty()) forget(std::string(running_.begin()->first));
  membership_->cleared(guard_->now());
}

void Life::look_at_machines(Scope& scope) {
  auto view = *view_;
  for (const auto& [uuid, life] : running_) tenancy(uuid);
  for (const auto& [uuid, record] : view.vms) tenancy(uuid);
  for (auto& [uuid, tenancy] : tenancies_) {
    auto keeper = hooks_.state(uuid);
    auto record = view.vms.find(uuid);
    if (keeper.in_flight || keeper.prepares) continue;
    if (waits_for_keeper(uuid, keeper.known || record == view.vms.end())) continue;
    if (record != view.vms.end()) record->second.value.wanted = keeper.wants_start || keeper.runs;
    // A start that was not accepted, of a machine that runs without protection: never accepted.
    bool runs_free = keeper.runs && !running_.contains(uuid);
    // Nor one of which only the note is left: an earlier daemon ended before it was started.
    bool begins = keeper.permitted && keeper.wants_start;
    if (tenancy.local().process == Process::running && !keeper.runs && !begins) {
      hooks_.revoke(uuid);
      forget(uuid);
      tenancy.became(Process::none);
    }
    if (runs_free && record != view.vms.end()) record->second.value.wanted = false;
    auto action = tenancy.saw(view, *membership_->standing(), guard_->now());
    if (action) act(uuid, *action, scope);
  }
  std::erase_if(tenancies_, [&](const auto& each) {
    return !view.vms.contains(each.first) && !running_.contains(each.first);
  });
  std::erase_if(orphans_, [&](const auto& each) { return !tenancies_.contains(each.first); });
}

// A machine that was placed elsewhere while its tenancy was here is given up in time; a keeper may
// also just not have come yet.
bool Life::waits_for_keeper(const std::string& uuid, bool known) {
  if (known) {
    orphans_.erase(uuid);
    return false;
  }
  auto now = guard_->now();
  auto since = orphans_.try_emplace(uuid, now).first->second;
  return running_.contains(uuid) || now < since + 2 * timing_.heartbeat;
}

void Life::act(const std::string& uuid, const Action& action, Scope& scope) {
  if (!action.transaction) {
    if (action.act == Act::kill && killing_.insert(uuid).second) {
      spdlog::warn("machine {} is killed: {}", uuid, action.reason);
      scope.spawn(kill(uuid));
    }
    return;
  }
  // The manager hands a move over, or gives it up, by the commit that decides about its job.
  if (action.act == Act::hand_over || action.act == Act::give_up) return;
  model::Heartbeat message{};
  const auto& standing = *membership_->standing();
  message.act = action.act == Act::accept  ? model::LifeAct::accept
                : action.act == Act::adopt ? model::LifeAct::adopt
                                           : model::LifeAct::release;
  message.incarnation = number(standing.incarnation);
  message.claimed = standing.claimed;
  message.vm = uuid;
  for (const auto& condition : action.transaction->conditions) {
    if (condition.key == availability::vm_key(uuid)) message.record = condition.modified;
  }
  ask(std::move(message), {uuid, action.id});
}

Async<void> Life::kill(std::string uuid) {
  co_await hooks_.kill(uuid);
  killing_.erase(uuid);
}

void Life::ask(model::Heartbeat message, Question question) {
  message.id = ++last_question_;
  asked_[message.id] = std::move(question);
  if (asked_.size() > questions_limit) asked_.erase(asked_.begin());
  hooks_.send(std::move(message));
}

// The numbers of a new membership, or tenancy, begin anew: late answers to one before must not be
// taken for answers to it.
void Life::drop_questions(const std::string& vm) {
  std::erase_if(asked_, [&](const auto& each) { return each.second.vm == vm; });
}

availability::Tenancy& Life::tenancy(const std::string& uuid) {
  auto found = tenancies_.find(uuid);
  if (found != tenancies_.end()) return found->second;
  drop_questions(uuid);
  availability::Local local;
  if (auto runs = running_.find(uuid); runs != running_.end())
    local = {.process = Process::running, .epoch = runs->second.epoch, .basis = runs->second.basis};
  return tenancies_.emplace(uuid, availability::Tenancy(uuid, local, timing_)).first->second;
}

std::filesystem::path Life::record(const std::string& uuid) const {
  return settings_.run_dir / "tenants" / uuid;
}

// `LIFE EPOCH BASIS` in a file named as the machine.
void Life::load_records() {
  std::error_code ec;
  for (std::filesystem::directory_iterator at(settings_.run_dir / "tenants", ec), end;
       !ec && at != end; at.increment(ec)) {
    auto text = read_file(at->path(), kib(1));
    std::istringstream words(text ? *text : std::string());
    Held held;
    if (words >> held.life >> held.epoch >> held.basis)
      running_[at->path().filename().string()] = held;
  }
}

Result<void> Life::note(const std::string& uuid, const Held& held) {
  running_[uuid] = held;
  TRY_VOID(make_folder(settings_.run_dir / "tenants", 0700));
  return write_file_durably(record(uuid),
                            fmt::format("{} {} {}\n", held.life, held.epoch, held.basis));
}

void Life::forget(const std::string& uuid) {
  if (running_.erase(uuid) == 0) return;
  if (auto removed = remove_tree(record(uuid)); !removed)
    spdlog::error("machine {}: {}", uuid, removed.error().message);
}

}  // namespace truce::node
