#include "host.h"

namespace truce::sim {

void Host::after(Moment delay, std::function<void()> what) {
  world_.loop.after(delay, [this, life = machine_lane_.life(), what = std::move(what)] {
    machine_lane_.run(life, what);
  });
}

// What the kernel decides: whether a process of that life may come into being, or go on.
bool Host::gate(const std::string& vm, Incarnation life) const {
  return world_.kept.contains(vm) || world_.variant == Variant::open_gate || reaper_.admits(life);
}

void Host::failed(const std::string& vm) {
  world_.trace.say("host {}  {}: the gate is shut", number_, vm);
  tenancy(vm).became(Process::none);
}

void Host::start(const std::string& vm, const Action& action) {
  if (running_.contains(vm)) return;
  if (!gate(vm, action.life)) return failed(vm);
  auto& running = running_[vm];
  running = {
      .is_protected = !world_.kept.contains(vm), .epoch = action.epoch, .number = next_number_++};
  write(vm, running, Oracle::Presents::yes);
  if (began) began(vm);
}

void Host::prepare(const std::string& vm, const Action& action) {
  if (!gate(vm, action.life)) return failed(vm);
  running_[vm] = {.process = Process::incoming,
                  .is_protected = !world_.kept.contains(vm),
                  .move = tenancy(vm).local().basis,
                  .number = next_number_++};
}

void Host::resume(const std::string& vm, const Action& action) {
  auto found = running_.find(vm);
  if (found == running_.end()) return failed(vm);
  auto& running = found->second;
  if (running.ending || running.process == Process::running) return;
  running.process = Process::running;
  running.epoch = action.epoch;
  write(vm, running, Oracle::Presents::yes);
  if (began) began(vm);
}

void Host::write(const std::string& vm, Running& running, Oracle::Presents presents) {
  running.writes = world_.oracle.begin(vm, number_, running.epoch, world_.loop.now(), presents);
}

// What is on its way reaches the disk; until when.
Moment Host::stop_writing(Running& running) {
  if (!running.writes) return std::max(world_.loop.now(), running.quiet);
  auto drain = std::chrono::duration_cast<Moment>(world_.timing.drain);
  running.quiet =
      world_.loop.now() + (world_.chance.happens(0.2) ? drain : world_.some(Moment(0), drain));
  world_.oracle.end(*running.writes, running.quiet);
  running.writes.reset();
  return running.quiet;
}

void Host::end(const std::string& vm) {
  auto found = running_.find(vm);
  if (found == running_.end() || found->second.ending) return;
  auto& running = found->second;
  running.ending = true;
  auto until = stop_writing(running);
  after(until - world_.loop.now(), [this, vm, number = running.number] { remove(vm, number); });
}

void Host::remove(const std::string& vm, std::uint64_t number) {
  auto found = running_.find(vm);
  if (found == running_.end() || found->second.number != number) return;
  running_.erase(found);
  run(ticket(), [this, vm] {
    if (membership_) tenancy(vm).became(Process::none);
  });
}

// Sends the machine's state to where its record says. It is paused when little is left.
void Host::begin_move(const std::string& vm, const View& view) {
  const auto& record = view.vms.at(vm);
  auto to = std::stoul(record.value.destination->node.substr(1));
  daemon_after(world_.some(Moment(300'000), Moment(6'000'000)),
               [this, vm, to, move = record.modified] { pause_for_move(vm, move, to); });
}

void Host::pause_for_move(const std::string& vm, Revision move, std::size_t to) {
  auto found = running_.find(vm);
  const auto& local = tenancy(vm).local();
  if (found == running_.end() || found->second.ending || local.basis != move ||
      local.copy != availability::Copy::going || local.process != Process::running)
    return;
  auto& running = found->second;
  running.process = Process::paused;
  auto until = stop_writing(running);
  auto number = running.number;
  daemon_after(until - world_.loop.now(), [this, vm, move, to, number] {
    auto paused = running_.find(vm);
    if (paused == running_.end() || paused->second.number != number || paused->second.ending)
      return;
    tenancy(vm).became(Process::paused);
    auto epoch = paused->second.epoch;
    world_.wire.message(number_, to, [this, vm, move, to, epoch] {
      hosts_.at(to)->deliver(vm, move, number_, epoch);
    });
    daemon_after(Moment(2'000'000),
                 [this, vm, move] { tenancy(vm).copied(availability::Copy::failed, move); });
  });
}

// The state of a machine arrives.
void Host::deliver(const std::string& vm, Revision move, std::size_t from,
                   availability::Epoch epoch) {
  run(ticket(), [this, vm, move, from, epoch] {
    auto found = running_.find(vm);
    if (!daemon_up_ || found == running_.end() || found->second.process != Process::incoming ||
        found->second.move != move || found->second.ending)
      return;
    tenancy(vm).copied(availability::Copy::whole, move);
    if (world_.variant == Variant::bare_hand_over) {
      found->second.process = Process::running;
      found->second.epoch = epoch + 1;
      tenancy(vm).became(Process::running);
      write(vm, found->second, Oracle::Presents::yes);
    }
    world_.wire.message(number_, from,
                        [this, vm, move, from] { hosts_.at(from)->confirm(vm, move); });
  });
}

void Host::confirm(const std::string& vm, Revision move) {
  run(ticket(), [this, vm, move] {
    if (daemon_up_) tenancy(vm).copied(availability::Copy::whole, move);
  });
}

// The reaper sleeps until the deadline that it was told last.
void Host::watch_deadline() {
  if (const auto& standing = reaper_.standing()) {
    if (standing->deadline == watched_) return;
    watched_ = standing->deadline;
    auto wait = clock_.when(watched_) - world_.loop.now();
    if (world_.variant == Variant::no_reaper) {
      daemon_after(wait, [this] { wake_reaper(); });
    } else {
      after(wait, [this] { wake_reaper(); });
    }
  } else {
    wake_reaper();
  }
}

void Host::wake_reaper() {
  if (reaping_ || !reaper_.must_kill(now())) return;
  reaping_ = true;
  auto kill = std::chrono::duration_cast<Moment>(world_.timing.kill);
  auto delay = world_.chance.happens(0.2) ? kill : world_.some(Moment(0), kill);
  after(delay, [this] {
    reaping_ = false;
    if (!reaper_.must_kill(now())) return;
    for (auto& [vm, running] : running_) {
      if (!running.is_protected || running.ending) continue;
      world_.trace.say("host {}  its reaper kills {}", number_, vm);
      end(vm);
    }
  });
}

}  // namespace truce::sim
