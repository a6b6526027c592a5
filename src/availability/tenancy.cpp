#include "availability/tenancy.h"

namespace truce::availability {
namespace {

Result<Transaction> transaction_of(Act act, const View& view, const std::string& vm,
                                   const Standing& self) {
  switch (act) {
    case Act::accept:
      return accept(view, vm, self);
    case Act::hand_over:
      return hand_over(view, vm, self);
    case Act::give_up:
      return give_up_move(view, vm, self);
    case Act::release:
      return release(view, vm, self);
    case Act::adopt:
      return adopt(view, vm, self);
    default:
      return fail(Code::invalid, "that is no transaction");
  }
}

bool is_sent(Act act) {
  return act <= Act::adopt;
}

}  // namespace

Tenancy::Tenancy(std::string vm, const Local& found, const Timing& timing)
    : vm_(std::move(vm)), local_(found), timing_(timing) {}

std::optional<Action> Tenancy::saw(const View& view, const Standing& self, NodeTime now) {
  if (wait_ && now < wait_->since + timing_.heartbeat) return {};
  wait_.reset();
  auto action = next_action(view, vm_, local_, self);
  if (!action) return {};
  action->life = self.incarnation;
  if (!is_sent(action->act)) {
    const auto* record = find(view.vms, vm_);
    begin(*action, record ? record->modified : view.revision);
    return action;
  }
  auto transaction = transaction_of(action->act, view, vm_, self);
  if (!transaction) return {};
  action->transaction = *std::move(transaction);
  action->id = next_id_++;
  wait_ = Wait{action->id, now, action->act, action->epoch, self.incarnation};
  return action;
}

std::optional<Action> Tenancy::answered(std::uint64_t id, Outcome outcome, Revision revision,
                                        const Standing& self) {
  if (!wait_ || wait_->id != id) return {};
  auto [_, since, act, epoch, life] = *std::exchange(wait_, std::nullopt);
  if (outcome != Outcome::committed || life != self.incarnation) return {};
  std::optional<Action> next;
  if (act == Act::accept) next = Action{Act::start, epoch, "its start was accepted", life};
  if (act == Act::hand_over) next = Action{Act::kill, 0, "it was handed over", life};
  if (act == Act::give_up && local_.process == Process::paused)
    next = Action{Act::resume, epoch, "its move was given up", life};
  if (act == Act::give_up) local_.copy = Copy::none;
  local_.basis = std::max(local_.basis, revision);
  if (next) begin(*next, revision);
  return next;
}

void Tenancy::became(Process process) {
  local_.process = process;
  if (process == Process::none) local_ = Local{.basis = local_.basis};
}

void Tenancy::copied(Copy copy, Revision move) {
  if (local_.basis == move && local_.copy == Copy::going) local_.copy = copy;
}

// What was asked for counts as done: a start that fails ends as any other machine does.
void Tenancy::begin(const Action& action, Revision modified) {
  local_.basis = std::max(local_.basis, modified);
  if (action.act == Act::start || action.act == Act::resume) {
    local_.process = Process::running;
    local_.epoch = action.epoch;
    local_.copy = Copy::none;
  } else if (action.act == Act::prepare) {
    local_.process = Process::incoming;
    local_.copy = Copy::going;
  } else if (action.act == Act::move) {
    local_.copy = Copy::going;
  }
}

}  // namespace truce::availability
