#include "availability/tenancy.h"

namespace truce::availability {
namespace {

using Next = std::optional<Action>;

Next at_source(const View& view, const Stored<VmRecord>& stored, const Local& local) {
  const auto& vm = stored.value;
  auto gone = !vm.destination || is_over(view, *vm.destination);
  switch (local.process) {
    case Process::none:
      return Action{Act::release, 0, "it ended during its move"};
    case Process::incoming:
      return Action{Act::kill, 0, "it was handed over without its state"};
    case Process::running:
    case Process::paused:
      break;
  }
  if (gone || local.copy == Copy::failed) return Action{Act::give_up, vm.epoch, "its move failed"};
  if (local.copy == Copy::none && local.process == Process::paused)  // of an earlier daemon
    return Action{Act::give_up, vm.epoch, "its move was interrupted"};
  if (local.copy == Copy::none) return Action{Act::move, 0, "it is to move"};
  if (local.copy == Copy::whole && local.process == Process::paused)
    return Action{Act::hand_over, 0, "its destination has all of it"};
  return {};
}

Next while_running(const VmRecord& vm, const Local& local) {
  switch (local.process) {
    case Process::none:
      return Action{Act::release, 0, "it does not run any more"};
    case Process::incoming:
      if (local.copy != Copy::whole) return Action{Act::kill, 0, "its state did not arrive"};
      return Action{Act::resume, vm.epoch, "it was handed over"};
    case Process::paused:
      return Action{Act::resume, vm.epoch, "its move was given up"};
    case Process::running:
      break;
  }
  if (local.epoch != vm.epoch) return Action{Act::kill, 0, "it is an older copy"};
  if (!vm.wanted) return Action{Act::kill, 0, "it is to be off"};
  return {};
}

Next as_owner(const View& view, const Stored<VmRecord>& stored, const Local& local) {
  const auto& vm = stored.value;
  switch (vm.state) {
    case VmState::running:
      return while_running(vm, local);
    case VmState::migrating:
      return at_source(view, stored, local);
    case VmState::starting:
      if (local.process != Process::none)
        return Action{Act::kill, 0, "it is from before its start"};
      if (!vm.wanted) return Action{Act::release, 0, "it is to be off"};
      return Action{Act::accept, vm.epoch, "it was assigned"};
    case VmState::stopped:
      break;
  }
  return {};
}

Next as_destination(const Stored<VmRecord>& stored, const Local& local) {
  if (local.process == Process::none) return Action{Act::prepare, 0, "it moves here"};
  if (local.basis != stored.modified) return Action{Act::kill, 0, "it is from an earlier move"};
  return {};
}

bool kept_from_earlier(const VmRecord& vm, const Standing& self) {
  return vm.policy.isolation == Isolation::keep && vm.owner && vm.owner->node == self.node &&
         vm.owner->incarnation < self.incarnation;
}

}  // namespace

std::optional<Action> next_action(const View& view, const std::string& vm, const Local& local,
                                  const Standing& self) {
  if (view.revision < local.basis) return {};
  if (const auto* found = find(view.vms, vm)) {
    const auto& record = found->value;
    if (record.owner == self.owner()) return as_owner(view, *found, local);
    if (record.state == VmState::migrating && record.destination == self.owner())
      return as_destination(*found, local);
    if (kept_from_earlier(record, self)) {
      if (local.process == Process::none)
        return Action{Act::release, 0, "it ended while it was kept"};
      return Action{Act::adopt, record.epoch, "it was kept while its node was cut off"};
    }
  }
  if (local.process == Process::none) return {};
  return Action{Act::kill, 0, "it is not this node's"};
}

}  // namespace truce::availability
