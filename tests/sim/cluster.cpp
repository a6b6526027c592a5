#include "cluster.h"

namespace truce::sim {

using availability::VmRecord;
using availability::VmState;

Cluster::Cluster(World& world, std::size_t host_count, std::size_t machines, std::size_t kept)
    : world_(world) {
  std::vector<Host*> all;
  for (std::size_t i = 0; i < host_count; ++i) {
    all.push_back(hosts.emplace_back(std::make_unique<Host>(world, i)).get());
    estate_.rooms.push_back({all.back()->name(), gib(64)});
  }
  for (auto* host : all) host->connect(all);
  for (std::size_t i = 0; i < machines; ++i) add_machine(i, i < kept);
  for (std::size_t i = 0; i < 2; ++i)
    leaders.push_back(std::make_unique<Leader>(world, estate_, host_count + i));
  for (auto* host : all)
    world.loop.after(world.some(Moment(0), Moment(500'000)), [host] { host->boot(); });
  leaders.front()->begin_term();
}

void Cluster::add_machine(std::size_t number, bool kept) {
  availability::Machine machine{.name = fmt::format("vm{}", number), .memory = gib(4)};
  machine.priority = static_cast<int>(world_.chance.between(0, 2));
  VmRecord record;
  if (kept) {
    world_.kept.insert(machine.name);
    record.policy = {availability::Isolation::keep, availability::Restart::never};
    machine.nodes = {hosts[number % hosts.size()]->name()};
  } else {
    for (const auto& host : hosts) machine.nodes.push_back(host->name());
  }
  names_.push_back(machine.name);
  store_record(machine.name, 0, record);
  estate_.machines.push_back(std::move(machine));
}

void Cluster::store_record(const std::string& vm, Revision modified, VmRecord record) {
  auto key = availability::vm_key(vm);
  world_.store.commit({{{key, modified}}, {{key, std::move(record)}}});
}

void Cluster::move_some() {
  const auto& vm =
      names_[static_cast<std::size_t>(world_.chance.between(0, std::ssize(names_) - 1))];
  const auto& to = hosts[static_cast<std::size_t>(world_.chance.between(0, std::ssize(hosts) - 1))];
  if (world_.kept.contains(vm)) return;
  auto move = availability::begin_move(*world_.store.read(), vm, to->name());
  if (!move) return;
  world_.trace.say("user    moves {} to {}", vm, to->name());
  if (world_.store.commit(*move).first == Outcome::committed) ++moves;
}

void Cluster::toggle_some() {
  const auto& vm =
      names_[static_cast<std::size_t>(world_.chance.between(0, std::ssize(names_) - 1))];
  auto found = world_.store.state().vms.at(vm);
  found.value.wanted = !found.value.wanted;
  world_.trace.say("user    wants {} {}", vm, found.value.wanted ? "on" : "off");
  store_record(vm, found.modified, found.value);
}

// The next leader is told soon, the last one perhaps long after.
void Cluster::fail_over() {
  auto* old = leaders[leader_].get();
  leader_ = (leader_ + 1) % leaders.size();
  auto* next = leaders[leader_].get();
  auto term = ++term_;
  world_.loop.after(world_.some(Moment(1'000), Moment(3'000'000)), [this, next, term] {
    if (term == term_) next->begin_term();
  });
  world_.loop.after(world_.some(Moment(0), Moment(12'000'000)), [this, old, term] {
    if (leaders[leader_].get() != old && term == term_) old->end_term();
  });
}

void Cluster::stall_leader(Moment how_long) {
  auto* leader = leaders[leader_].get();
  leader->stall();
  world_.loop.after(how_long, [leader] { leader->go_on(); });
}

void Cluster::heal() {
  world_.trace.say("all is mended");
  world_.wire.cut.clear();
  world_.wire.deposed.clear();
  world_.wire.quorum = true;
  world_.wire.loss = world_.wire.late = 0;
  for (auto& host : hosts) host->heal();
  for (auto& leader : leaders) leader->go_on();
  ++term_;
  for (std::size_t i = 0; i < leaders.size(); ++i)
    if (i != leader_ && leaders[i]->leads()) leaders[i]->end_term();
  if (!leaders[leader_]->leads()) leaders[leader_]->begin_term();
}

std::vector<std::string> Cluster::unsettled() const {
  std::vector<std::string> found;
  for (const auto& vm : names_) {
    const auto& record = world_.store.state().vms.at(vm).value;
    std::size_t copies = 0;
    for (const auto& host : hosts) copies += host->runs(vm) ? 1 : 0;
    if (copies != (record.wanted ? 1U : 0U))
      found.push_back(fmt::format("{} is wanted {} and runs on {} hosts in the end", vm,
                                  record.wanted ? "on" : "off", copies));
  }
  return found;
}

}  // namespace truce::sim
