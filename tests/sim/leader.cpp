#include "leader.h"

namespace truce::sim {

Leader::Leader(World& world, const Estate& estate, std::size_t client)
    : world_(world), estate_(estate), client_(client), clock_(world.some_clock()) {}

void Leader::begin_term() {
  world_.trace.say("leader  {} begins a term", client_);
  lane_.end();
  observer_.emplace(world_.timing);
  poll();
}

void Leader::end_term() {
  world_.trace.say("leader  {} learns that its term is over", client_);
  lane_.end();
  observer_.reset();
}

void Leader::stall() {
  world_.trace.say("leader  {} stalls", client_);
  lane_.stop();
}

void Leader::go_on() {
  if (!lane_.stopped()) return;
  world_.trace.say("leader  {} goes on", client_);
  lane_.go_on();
}

void Leader::poll() {
  world_.wire.read(client_,
                   [this, life = lane_.life(), asked = now()](std::shared_ptr<const View> view) {
                     lane_.run(life, [this, view, asked] { saw(*view, asked); });
                   });
  world_.loop.after(world_.some(world_.poll / 2, world_.poll),
                    [this, life = lane_.life()] { lane_.run(life, [this] { poll(); }); });
}

// The fences that are due; by the counts of whoever led before if that rule is broken.
std::vector<Transaction> Leader::due(const View& view, availability::LeaderTime received) {
  if (world_.variant != Variant::old_counts) return observer_->saw(view, received);
  std::vector<Transaction> fences;
  for (const auto& [node, beat] : view.beats) {
    auto& count = world_.handed_on[node];
    if (count.beat != beat.modified) count = {beat.modified, received};
    if (received - count.first_seen < world_.timing.dead) continue;
    if (auto fence = availability::fence(view, node)) fences.push_back(*std::move(fence));
  }
  return fences;
}

void Leader::saw(const View& view, availability::LeaderTime asked) {
  auto from_asking = world_.variant == Variant::count_from_asking;
  std::vector<std::string> believed_dead;
  for (auto& fence : due(view, from_asking ? asked : now())) {
    auto node = fence.conditions.front().key.substr(5);
    world_.trace.say("leader  {} fences {}", client_, node);
    if (world_.variant == Variant::no_fence) {
      believed_dead.push_back(node);
      continue;
    }
    if (world_.variant == Variant::blind_fence) fence.conditions.pop_back();
    send(std::move(fence));
  }
  recover(view, believed_dead);
}

void Leader::recover(const View& view, const std::vector<std::string>& believed_dead) {
  auto seen = view;
  for (const auto& node : believed_dead)
    seen.nodes.at(node).value.state = availability::NodeState::fenced;
  auto plan = availability::plan_recovery(seen, estate_.machines, estate_.rooms);
  for (auto& start : plan.starts) {
    world_.trace.say("leader  {} starts {} on {}: {}", client_, start.vm, start.to, start.reason);
    for (const auto& node : believed_dead)
      std::erase_if(start.transaction.conditions, [&](const availability::Condition& condition) {
        return condition.key == availability::node_key(node);
      });
    send(std::move(start.transaction));
  }
}

void Leader::send(Transaction transaction) {
  world_.wire.commit(client_, std::move(transaction), [](Outcome, Revision) {});
}

}  // namespace truce::sim
