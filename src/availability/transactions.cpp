#include "availability/transactions.h"

namespace truce::availability {
namespace {

Result<Stored<VmRecord>> machine(const View& view, const std::string& vm) {
  const auto* found = find(view.vms, vm);
  if (!found) return fail(Code::not_found, "there is no machine '{}'", vm);
  return *found;
}

Result<Stored<NodeRecord>> living(const View& view, const std::string& node) {
  const auto* found = find(view.nodes, node);
  if (!found) return fail(Code::not_found, "there is no node '{}'", node);
  if (found->value.state != NodeState::alive)
    return fail(Code::precondition, "the node '{}' is fenced", node);
  return *found;
}

Result<Stored<VmRecord>> owned(const View& view, const std::string& vm, const Standing& self) {
  TRY(auto found, machine(view, vm));
  if (found.value.owner != self.owner())
    return fail(Code::precondition, "'{}' is not owned by {} in its life {}", vm, self.node,
                self.incarnation);
  return found;
}

Transaction change(const std::string& vm, const Stored<VmRecord>& from, VmRecord to,
                   std::vector<Condition> also) {
  also.push_back({vm_key(vm), from.modified});
  return {std::move(also), {{vm_key(vm), std::move(to)}}};
}

Condition still(const Standing& self) {
  return {node_key(self.node), self.claimed};
}

}  // namespace

std::string node_key(const std::string& node) {
  return "node/" + node;
}
std::string beat_key(const std::string& node) {
  return "beat/" + node;
}
std::string vm_key(const std::string& vm) {
  return "vm/" + vm;
}

Transaction claim(const std::string& node, const std::optional<Stored<NodeRecord>>& last,
                  NodeTime sent) {
  auto next = last ? last->value.incarnation + 1 : 1;
  return {
      {{node_key(node), last ? last->modified : 0}},
      {{node_key(node), NodeRecord{next, NodeState::alive}}, {beat_key(node), Beat{next, sent}}}};
}

Transaction heartbeat(const Standing& self, NodeTime sent) {
  return {{still(self)}, {{beat_key(self.node), Beat{self.incarnation, sent}}}};
}

Result<Transaction> accept(const View& view, const std::string& vm, const Standing& self) {
  TRY(auto found, owned(view, vm, self));
  if (found.value.state != VmState::starting)
    return fail(Code::precondition, "'{}' is not to be started", vm);
  auto next = found.value;
  next.state = VmState::running;
  return change(vm, found, std::move(next), {still(self)});
}

Result<Transaction> release(const View& view, const std::string& vm, const Standing& self) {
  TRY(auto found, machine(view, vm));
  const auto& owner = found.value.owner;
  if (!owner || owner->node != self.node || owner->incarnation > self.incarnation)
    return fail(Code::precondition, "'{}' is not owned by {}", vm, self.node);
  auto next = found.value;
  next.state = VmState::stopped;
  next.owner.reset();
  next.destination.reset();
  return change(vm, found, std::move(next), {still(self)});
}

Result<Transaction> hand_over(const View& view, const std::string& vm, const Standing& self) {
  TRY(auto found, owned(view, vm, self));
  const auto& destination = found.value.destination;
  if (found.value.state != VmState::migrating || !destination)
    return fail(Code::precondition, "'{}' is not on its way to another node", vm);
  TRY(auto node, living(view, destination->node));
  if (node.value.incarnation != destination->incarnation)
    return fail(Code::precondition, "the node '{}' has begun a new life since the move began",
                destination->node);
  auto next = found.value;
  next.state = VmState::running;
  next.owner = destination;
  next.destination.reset();
  ++next.epoch;
  return change(vm, found, std::move(next),
                {still(self), {node_key(destination->node), node.modified}});
}

Result<Transaction> give_up_move(const View& view, const std::string& vm, const Standing& self) {
  TRY(auto found, owned(view, vm, self));
  if (found.value.state != VmState::migrating)
    return fail(Code::precondition, "'{}' is not on its way to another node", vm);
  auto next = found.value;
  next.state = VmState::running;
  next.destination.reset();
  return change(vm, found, std::move(next), {still(self)});
}

Result<Transaction> adopt(const View& view, const std::string& vm, const Standing& self) {
  TRY(auto found, machine(view, vm));
  const auto& owner = found.value.owner;
  if (!owner || owner->node != self.node || owner->incarnation >= self.incarnation)
    return fail(Code::precondition, "'{}' is not of an earlier life of {}", vm, self.node);
  if (found.value.policy.isolation != Isolation::keep)
    return fail(Code::precondition, "'{}' is protected: it ended with the life that owned it", vm);
  auto next = found.value;
  next.state = VmState::running;
  next.owner = self.owner();
  next.destination.reset();
  return change(vm, found, std::move(next), {still(self)});
}

Result<Transaction> fence(const View& view, const std::string& node) {
  TRY(auto found, living(view, node));
  const auto* beat = find(view.beats, node);
  if (!beat) return fail(Code::not_found, "the node '{}' has no heartbeat", node);
  return Transaction{{{node_key(node), found.modified}, {beat_key(node), beat->modified}},
                     {{node_key(node), NodeRecord{found.value.incarnation, NodeState::fenced}}}};
}

bool is_over(const View& view, const Owner& owner) {
  const auto* node = find(view.nodes, owner.node);
  if (!node) return false;  // nothing is known: nothing is certain
  return node->value.incarnation > owner.incarnation ||
         (node->value.incarnation == owner.incarnation && node->value.state == NodeState::fenced);
}

Result<Transaction> assign(const View& view, const std::string& vm, const std::string& to) {
  TRY(auto found, machine(view, vm));
  TRY(auto node, living(view, to));
  std::vector<Condition> conditions{{node_key(to), node.modified}};
  const auto& owner = found.value.owner;
  if (owner) {
    if (!is_over(view, *owner))
      return fail(Code::precondition, "'{}' may still run on {}", vm, owner->node);
    if (found.value.policy.isolation == Isolation::keep)
      return fail(Code::precondition, "'{}' runs on when {} is cut off: only {} can release it", vm,
                  owner->node, owner->node);
    if (owner->node != to)
      conditions.push_back({node_key(owner->node), view.nodes.at(owner->node).modified});
  }
  auto next = found.value;
  next.state = VmState::starting;
  next.owner = Owner{to, node.value.incarnation};
  next.destination.reset();
  ++next.epoch;
  return change(vm, found, std::move(next), std::move(conditions));
}

Result<Transaction> begin_move(const View& view, const std::string& vm, const std::string& to) {
  TRY(auto found, machine(view, vm));
  if (found.value.state != VmState::running || !found.value.owner)
    return fail(Code::precondition, "'{}' is not running", vm);
  if (found.value.owner->node == to)
    return fail(Code::precondition, "'{}' is on {} already", vm, to);
  TRY(auto node, living(view, to));
  auto next = found.value;
  next.state = VmState::migrating;
  next.destination = Owner{to, node.value.incarnation};
  return change(vm, found, std::move(next), {{node_key(to), node.modified}});
}

}  // namespace truce::availability
