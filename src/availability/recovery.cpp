#include "availability/recovery.h"

#include <algorithm>
#include <set>

namespace truce::availability {
namespace {

using ByName = std::map<std::string, const Machine*>;
using Free = std::map<std::string, std::int64_t>;  // bytes left on living nodes

std::int64_t bytes(const Machine& machine) {
  return static_cast<std::int64_t>(machine.memory.count);
}

// Both ends of a move hold its memory.
Free free_memory(const View& view, const ByName& machines, const std::vector<Room>& rooms) {
  Free free;
  for (const auto& room : rooms) {
    const auto* node = find(view.nodes, room.node);
    if (node && node->value.state == NodeState::alive)
      free[room.node] = static_cast<std::int64_t>(room.memory.count);
  }
  for (const auto& [name, vm] : view.vms) {
    auto machine = machines.find(name);
    if (machine == machines.end()) continue;
    for (const auto& at : {vm.value.owner, vm.value.destination}) {
      if (!at || is_over(view, *at)) continue;
      if (auto found = free.find(at->node); found != free.end())
        found->second -= bytes(*machine->second);
    }
  }
  return free;
}

// The roomiest node that takes the machine; empty: none has room.
std::string roomiest(const Machine& machine, const Free& free) {
  std::string best;
  for (const auto& node : machine.nodes) {
    auto found = free.find(node);
    if (found == free.end() || found->second < bytes(machine)) continue;
    if (best.empty() || std::pair(-found->second, node) < std::pair(-free.at(best), best))
      best = node;
  }
  return best;
}

// The machines of a node that are to run elsewhere when it dies, and that some other could run.
using Protected = std::map<std::string, std::vector<const Machine*>>;

bool can_leave(const Machine& machine, const std::string& node) {
  return std::ranges::any_of(machine.nodes, [&](const auto& other) { return other != node; });
}

Protected protected_machines(const View& view, const ByName& machines) {
  Protected all;
  for (const auto& [name, machine] : machines) {
    const auto* vm = find(view.vms, name);
    if (!vm || !vm->value.wanted || !vm->value.owner || vm->value.policy != Policy{}) continue;
    const auto& node = vm->value.owner->node;
    if (can_leave(*machine, node)) all[node].push_back(machine);
  }
  return all;
}

// Which of the machines of a dead node find no room in what is left.
std::vector<std::string> lost(const std::string& node, std::vector<const Machine*> machines,
                              Free free) {
  free.erase(node);
  std::ranges::sort(machines, {}, [](const Machine* machine) {
    return std::pair(-bytes(*machine), machine->name);
  });
  std::vector<std::string> names;
  for (const auto* machine : machines) {
    auto to = roomiest(*machine, free);
    if (to.empty()) {
      names.push_back(machine->name);
    } else {
      free.at(to) -= bytes(*machine);
    }
  }
  return names;
}

// Of a machine that nobody may run: true when it was running and lost its node.
enum class Need : std::uint8_t { none, start, restart };
Need need(const View& view, const VmRecord& vm) {
  if (!vm.wanted) return Need::none;
  if (!vm.owner) return Need::start;
  return is_over(view, *vm.owner) ? Need::restart : Need::none;
}

// Orders machines, and finds circles of dependencies.
class Order {
 public:
  explicit Order(const ByName& machines) : machines_(machines) {
    for (const auto& [name, machine] : machines) raise(*machine, machine->priority);
  }
  [[nodiscard]] int urgency(const std::string& name) const { return urgency_.at(name); }
  /// `a -> b -> a`, or empty.
  [[nodiscard]] std::string circle(const std::string& name) const {
    std::vector<std::string> path{name};
    std::set<std::string> seen;
    return walk(name, path, seen) ? fmt::format("{}", fmt::join(path, " -> ")) : "";
  }

 private:
  void raise(const Machine& machine, int urgency) {
    auto [at, added] = urgency_.try_emplace(machine.name, urgency);
    if (!added && at->second >= urgency) return;
    at->second = urgency;
    for (const auto& name : machine.depends_on)
      if (auto found = machines_.find(name); found != machines_.end())
        raise(*found->second, urgency);
  }
  bool walk(const std::string& at, std::vector<std::string>& path,
            std::set<std::string>& seen) const {
    auto machine = machines_.find(at);
    if (machine == machines_.end() || !seen.insert(at).second) return false;
    for (const auto& next : machine->second->depends_on) {
      path.push_back(next);
      if (next == path.front() || walk(next, path, seen)) return true;
      path.pop_back();
    }
    return false;
  }
  const ByName& machines_;
  std::map<std::string, int> urgency_;
};

class Planner {
 public:
  Planner(const View& view, const std::vector<Machine>& machines, const std::vector<Room>& rooms,
          const StartLimits& limits)
      : view_(view), limits_(limits) {
    for (const auto& machine : machines) machines_[machine.name] = &machine;
    free_ = free_memory(view, machines_, rooms);
    protected_ = protected_machines(view, machines_);
    for (const auto& [name, vm] : view.vms) {
      if (vm.value.state != VmState::starting || is_over(view, *vm.value.owner)) continue;
      ++starting_;
      ++starting_on_[vm.value.owner->node];
    }
  }

  RecoveryPlan plan() {
    Order order(machines_);
    std::vector<const Machine*> needy;
    for (const auto& [name, machine] : machines_) {
      const auto* vm = find(view_.vms, name);
      if (vm && need(view_, vm->value) != Need::none) needy.push_back(machine);
    }
    std::ranges::sort(needy, {}, [&](const Machine* machine) {
      return std::pair(-order.urgency(machine->name), machine->name);
    });
    for (const auto* machine : needy) {
      if (auto circle = order.circle(machine->name); !circle.empty()) {
        wait(*machine, "it depends on itself: " + circle);
      } else {
        consider(*machine);
      }
    }
    return std::move(plan_);
  }

 private:
  void wait(const Machine& machine, std::string why) {
    plan_.waiting.push_back({machine.name, std::move(why)});
  }

  void consider(const Machine& machine) {
    const auto& vm = view_.vms.at(machine.name).value;
    auto restart = need(view_, vm) == Need::restart;
    if (auto why = forbidden(machine, vm, restart); !why.empty()) return wait(machine, why);
    for (const auto& name : machine.depends_on)
      if (!runs(name)) return wait(machine, fmt::format("it needs '{}', which does not run", name));
    if (starting_ >= limits_.at_once)
      return wait(machine, fmt::format("{} machines are starting already", starting_));
    Free usable = free_;
    std::erase_if(usable, [&](const auto& node) {
      auto busy = starting_on_.find(node.first);
      return busy != starting_on_.end() && busy->second >= limits_.of_a_node;
    });
    auto node = roomiest(machine, usable);
    if (node.empty()) return wait(machine, no_room(machine));
    if (auto why = restart || machine.ran ? "" : reserve(machine, node); !why.empty())
      return wait(machine, why);
    start(machine, vm, node);
  }

  // What the machine's policy says against it.
  static std::string forbidden(const Machine& machine, const VmRecord& vm, bool restart) {
    if (!restart) return {};
    if (vm.policy.isolation == Isolation::keep)
      return fmt::format("{} may still run it: it is kept when its node is cut off",
                         vm.owner->node);
    if (vm.policy.restart == Restart::never)
      return fmt::format("its node {} is gone, and '{}' is never to be restarted", vm.owner->node,
                         machine.name);
    return {};
  }

  [[nodiscard]] bool runs(const std::string& name) const {
    const auto* vm = find(view_.vms, name);
    return vm && vm->value.owner && vm->value.state != VmState::starting &&
           !is_over(view_, *vm->value.owner);
  }

  [[nodiscard]] std::string no_room(const Machine& machine) const {
    auto somewhere = roomiest(machine, free_);
    if (!somewhere.empty())
      return fmt::format("{} is starting as many machines as it may", somewhere);
    return fmt::format("no living node that can run it has {} left", to_string(machine.memory));
  }

  // Why a first start would use the room that is kept for the death of a node.
  std::string reserve(const Machine& machine, const std::string& to) {
    if (limits_.reserve == Reserve::none || free_.size() < 2) return {};
    auto free = free_;
    free.at(to) -= bytes(machine);
    for (const auto& [node, left] : free_) {
      auto machines = protected_[node];
      auto [before, unknown] = lost_before_.try_emplace(node);
      if (unknown) before->second = lost(node, machines, free_).size();
      if (node == to && can_leave(machine, node)) machines.push_back(&machine);
      auto after = lost(node, std::move(machines), free);
      if (after.size() > before->second)
        return fmt::format("if {} died then, there would be no room for {}", node,
                           fmt::join(after, ", "));
    }
    return {};
  }

  void start(const Machine& machine, const VmRecord& vm, const std::string& node) {
    auto transaction = assign(view_, machine.name, node);
    if (!transaction) return wait(machine, transaction.error().message);
    auto why = vm.owner      ? fmt::format("its node {} is gone", vm.owner->node)
               : machine.ran ? std::string("its node has ended it")
                             : std::string("it is wanted and nobody runs it");
    plan_.starts.push_back(
        {machine.name, node,
         fmt::format("{}; {} has the most room, {}", why, node,
                     to_string(Bytes{static_cast<std::uint64_t>(free_.at(node))})),
         *std::move(transaction)});
    free_.at(node) -= bytes(machine);
    if (vm.policy == Policy{} && can_leave(machine, node)) protected_[node].push_back(&machine);
    lost_before_.clear();
    ++starting_;
    ++starting_on_[node];
  }

  const View& view_;
  StartLimits limits_;
  ByName machines_;
  Free free_;
  Protected protected_;
  std::map<std::string, std::size_t> lost_before_;  ///< machines, by the node that would die
  std::size_t starting_ = 0;
  std::map<std::string, std::size_t> starting_on_;
  RecoveryPlan plan_;
};

}  // namespace

RecoveryPlan plan_recovery(const View& view, const std::vector<Machine>& machines,
                           const std::vector<Room>& rooms, const StartLimits& limits) {
  return Planner(view, machines, rooms, limits).plan();
}

std::vector<std::string> lost_with(const std::string& node, const View& view,
                                   const std::vector<Machine>& machines,
                                   const std::vector<Room>& rooms) {
  ByName by_name;
  for (const auto& machine : machines) by_name[machine.name] = &machine;
  return lost(node, protected_machines(view, by_name)[node], free_memory(view, by_name, rooms));
}

}  // namespace truce::availability
