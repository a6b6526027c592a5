#include "host.h"

namespace truce::sim {

using availability::Act;
using availability::Membership;

namespace {

std::string_view act_name(Act act) {
  constexpr std::array names{"accept", "hand over", "give up", "release", "adopt",
                             "start",  "prepare",   "move",    "resume",  "kill"};
  return names.at(static_cast<std::size_t>(act));
}

}  // namespace

Host::Host(World& world, std::size_t number)
    : world_(world),
      number_(number),
      name_(fmt::format("h{}", number)),
      clock_(world.some_clock()) {}

void Host::boot() {
  if (up_) return;
  world_.trace.say("host {}  boots", number_);
  up_ = true;
  reaper_ = {};
  reaping_ = false;
  watched_ = {};
  start_daemon();
}

void Host::crash() {
  if (!up_) return;
  world_.trace.say("host {}  crashes", number_);
  kill_daemon();
  for (auto& [vm, running] : running_) stop_writing(running);
  running_.clear();
  machine_lane_.end();
  up_ = false;
}

void Host::freeze() {
  if (!up_ || frozen()) return;
  world_.trace.say("host {}  is frozen", number_);
  machine_lane_.stop();
  for (auto& [vm, running] : running_)
    if (running.process == Process::running && !running.ending) stop_writing(running);
}

// Who is first after a thaw is anybody's guess: here the machines are, which is the worst.
void Host::thaw() {
  if (!frozen()) return;
  world_.trace.say("host {}  thaws", number_);
  for (auto& [vm, running] : running_)
    if (running.process == Process::running && !running.ending)
      write(vm, running, Oracle::Presents::no);
  machine_lane_.go_on();
}

void Host::kill_daemon() {
  if (!daemon_up_) return;
  world_.trace.say("host {}  its daemon is killed", number_);
  daemon_up_ = false;
  daemon_lane_.end();
  membership_.reset();
  tenancies_.clear();
  accepts_.clear();
  view_waits_ = false;
}

void Host::start_daemon() {
  if (!up_ || daemon_up_) return;
  daemon_up_ = true;
  auto held = reaper_.standing();
  world_.trace.say("host {}  its daemon starts{}", number_,
                   held ? " with the life that it had" : "");
  membership_ = held ? Membership(*held, world_.timing, now()) : Membership(name_, world_.timing);
  for (const auto& [vm, running] : running_)
    tenancies_.emplace(
        vm, availability::Tenancy(vm, {.process = running.process, .epoch = running.epoch},
                                  world_.timing));
  run(ticket(), [this] { poll(); });
}

void Host::pause_daemon() {
  if (!daemon_up_) return;
  world_.trace.say("host {}  its daemon is stopped", number_);
  daemon_lane_.stop();
}

void Host::resume_daemon() {
  if (!daemon_up_ || !daemon_lane_.stopped()) return;
  world_.trace.say("host {}  its daemon goes on", number_);
  daemon_lane_.go_on();
}

void Host::end_machine(const std::string& vm) {
  machine_lane_.run(machine_lane_.life(), [this, vm] {
    if (running_.contains(vm)) world_.trace.say("host {}  {} ends by itself", number_, vm);
    end(vm);
  });
}

bool Host::runs(const std::string& vm) const {
  auto found = running_.find(vm);
  return found != running_.end() && found->second.process == Process::running &&
         !found->second.ending && !frozen();
}

void Host::heal() {
  traps_.clear();
  thaw();
  resume_daemon();
  boot();
  start_daemon();
}

// Something that the daemon does, unless it has ended since the ticket; once it is not stopped.
void Host::run(Ticket ticket, std::function<void()> what) {
  machine_lane_.run(ticket.host, [this, life = ticket.daemon, what = std::move(what)]() mutable {
    daemon_lane_.run(life, std::move(what));
  });
}

void Host::daemon_after(Moment delay, std::function<void()> what) {
  world_.loop.after(delay, [this, at = ticket(), what = std::move(what)] { run(at, what); });
}

// The daemon's work, again and again.
void Host::poll() {
  send_membership();
  sync_reaper();
  if (membership_->phase() == Membership::Phase::clearing) clear();
  if (membership_->may_run(now())) look();
  daemon_after(world_.some(world_.poll / 2, world_.poll), [this] { poll(); });
}

void Host::send_membership() {
  auto request = membership_->tick(now());
  if (!request) return;
  auto id = request->id;
  if (!request->transaction) {
    world_.wire.read(number_, [this, id, at = ticket()](std::shared_ptr<const View> view) {
      run(at, [this, id, view] {
        const auto* own = availability::find(view->nodes, name_);
        membership_->read(id, own ? std::optional(*own) : std::nullopt);
      });
    });
  } else {
    renew(id, *request->transaction);
  }
}

// A claim or a heartbeat. What the broken variants do differently is done here, to the events.
void Host::renew(std::uint64_t id, const Transaction& transaction) {
  auto beat = membership_->standing().has_value();
  auto take = [this, id](Outcome outcome, Revision revision) {
    membership_->answered(id, outcome, revision, now());
    sync_reaper();
  };
  if (beat && world_.variant == Variant::keepalive && world_.wire.deposed.contains(number_)) {
    daemon_after(Moment(2'000), [take] { take(Outcome::committed, 0); });
    return;
  }
  if (beat && world_.variant == Variant::unknown_counts)
    daemon_after(Moment(1'000'000), [take] { take(Outcome::committed, 0); });
  world_.wire.commit(number_, transaction,
                     [this, beat, take, at = ticket()](Outcome outcome, Revision revision) {
                       run(at, [this, beat, take, outcome, revision] {
                         take(outcome, revision);
                         if (beat && outcome == Outcome::committed) credit_late();
                       });
                     });
}

// The variant whose deadline counts from the answer.
void Host::credit_late() {
  if (world_.variant != Variant::credit_at_answer || !membership_->standing()) return;
  auto standing = *membership_->standing();
  standing.deadline = now() + world_.timing.self;
  membership_.emplace(standing, world_.timing, now());
  sync_reaper();
}

void Host::look() {
  if (view_waits_ && world_.loop.now() < view_asked_ + Moment(1'000'000)) return;
  view_waits_ = true;
  view_asked_ = world_.loop.now();
  world_.wire.read(number_, [this, at = ticket()](std::shared_ptr<const View> view) {
    run(at, [this, view] {
      view_waits_ = false;
      take_view(*view);
    });
  });
}

void Host::take_view(const View& view) {
  for (const auto& [vm, record] : view.vms) {
    if (!membership_->may_run(now())) return;
    auto found = running_.find(vm);
    if (found != running_.end() && found->second.ending) continue;
    auto action = tenancy(vm).saw(view, *membership_->standing(), now());
    if (!action) continue;
    world_.trace.say("host {}  {}: {} ({})", number_, vm, act_name(action->act), action->reason);
    if (action->transaction) {
      send(vm, *action);
    } else if (action->act == Act::move) {
      begin_move(vm, view);
    } else {
      act(vm, *action);
    }
    spring(action->act);
    if (!membership_) return;
  }
}

void Host::spring(Act act) {
  auto trap = traps_.extract(act);
  if (trap.empty()) return;
  world_.trace.say("host {}  something happens just as it does: {}", number_, act_name(act));
  trap.mapped()();
}

void Host::send(const std::string& vm, const Action& action) {
  if (action.act == Act::accept) accepts_[vm][action.id] = action;
  world_.wire.commit(
      number_, *action.transaction,
      [this, vm, id = action.id, at = ticket()](Outcome outcome, Revision revision) {
        run(at, [this, vm, id, outcome, revision] { answered(vm, id, outcome, revision); });
      });
}

void Host::answered(const std::string& vm, std::uint64_t id, Outcome outcome, Revision revision) {
  std::optional<Action> next;
  if (membership_->may_run(now()))
    next = tenancy(vm).answered(id, outcome, revision, *membership_->standing());
  if (!next && world_.variant == Variant::late_answers && outcome == Outcome::committed) {
    auto accepted = accepts_[vm].find(id);
    if (accepted == accepts_[vm].end() || running_.contains(vm)) return;
    next = accepted->second;
    next->act = Act::start;
  }
  if (!next) return;
  act(vm, *next);
  spring(next->act);
}

void Host::act(const std::string& vm, const Action& action) {
  switch (action.act) {
    case Act::start:
      daemon_after(world_.some(Moment(5'000), Moment(300'000)),
                   [this, vm, action] { start(vm, action); });
      break;
    case Act::prepare:
      prepare(vm, action);
      break;
    case Act::resume:
      daemon_after(world_.some(Moment(500), Moment(20'000)),
                   [this, vm, action] { resume(vm, action); });
      break;
    case Act::kill:
      end(vm);
      break;
    default:
      break;
  }
}

availability::Tenancy& Host::tenancy(const std::string& vm) {
  return tenancies_.try_emplace(vm, vm, availability::Local{}, world_.timing).first->second;
}

// Tells the reaper what the daemon knows.
void Host::sync_reaper() {
  const auto& standing = membership_->standing();
  if (!standing) {
    if (reaper_.standing()) world_.trace.say("host {}  its life is over", number_);
    reaper_.shut();
  } else if (!reaper_.admits(standing->incarnation)) {
    // A life that the reaper has ended cannot be opened again: the daemon begins a new one.
    if (!reaper_.open(*standing)) membership_.emplace(name_, world_.timing);
  } else {
    reaper_.extend(*standing);
  }
  watch_deadline();
}

// Waits until nothing protected runs.
void Host::clear() {
  auto left = false;
  for (const auto& [vm, running] : running_) left = left || running.is_protected;
  if (left && world_.variant != Variant::early_claim) return;
  reaper_.cleared();
  membership_->cleared(now());
  std::erase_if(tenancies_, [&](const auto& kept) { return !running_.contains(kept.first); });
}

}  // namespace truce::sim
