#include "store.h"

#include <array>

namespace truce::sim {
namespace {

using availability::VmRecord;

std::string_view state_name(availability::VmState state) {
  constexpr std::array names{"stopped", "starting", "running", "migrating"};
  return names.at(static_cast<std::size_t>(state));
}

}  // namespace

std::shared_ptr<const View> Store::read() {
  if (!read_ || read_->revision != state_.revision) read_ = std::make_shared<View>(state_);
  return read_;
}

Revision Store::modified(const std::string& key) const {
  auto name = key.substr(key.find('/') + 1);
  auto of = [&](const auto& all) {
    const auto* found = availability::find(all, name);
    return found ? found->modified : 0;
  };
  if (key.starts_with("node/")) return of(state_.nodes);
  if (key.starts_with("beat/")) return of(state_.beats);
  return of(state_.vms);
}

std::pair<Outcome, Revision> Store::commit(const Transaction& transaction) {
  for (const auto& condition : transaction.conditions)
    if (modified(condition.key) != condition.modified) return {Outcome::conflict, 0};
  ++state_.revision;
  for (const auto& [key, value] : transaction.writes) {
    auto name = key.substr(key.find('/') + 1);
    if (const auto* node = std::get_if<availability::NodeRecord>(&value)) {
      state_.nodes[name] = {*node, state_.revision};
      if (node->state == availability::NodeState::fenced) ++fences_;
      trace_.say("store   {} {} life {}", key,
                 node->state == availability::NodeState::alive ? "begins" : "is fenced in",
                 node->incarnation);
    } else if (const auto* beat = std::get_if<availability::Beat>(&value)) {
      state_.beats[name] = {*beat, state_.revision};
    } else {
      write(name, std::get<VmRecord>(value));
    }
  }
  return {Outcome::committed, state_.revision};
}

void Store::write(const std::string& key, const VmRecord& vm) {
  auto before = state_.vms[key].value;
  trace_.say("store   vm/{} {} epoch {} owner {}/{}", key, state_name(vm.state), vm.epoch,
             vm.owner ? vm.owner->node : "-", vm.owner ? vm.owner->incarnation : 0);
  auto same_node = vm.owner && before.owner && vm.owner->node == before.owner->node;
  if (vm.epoch < before.epoch)
    faults_.push_back(fmt::format("{}: the epoch fell from {} to {}", key, before.epoch, vm.epoch));
  if (vm.owner && !same_node && vm.epoch <= before.epoch)
    faults_.push_back(fmt::format("{}: {} owns it without a new epoch", key, vm.owner->node));
  state_.vms[key] = {vm, state_.revision};
}

Moment Wire::delay() {
  if (chance_.happens(late)) return Moment(chance_.between(5'000, longest.count()));
  return Moment(chance_.between(200, 5'000));
}

void Wire::read(Client client, std::function<void(std::shared_ptr<const View>)> answer) {
  if (chance_.happens(loss) || cut.contains(client)) return;
  loop_.after(delay(), [this, client, answer = std::move(answer)] {
    if (!reaches(client)) return;
    auto view = store_.read();
    if (chance_.happens(loss)) return;
    loop_.after(delay(), [this, client, view, answer] {
      if (!cut.contains(client)) answer(view);
    });
  });
}

void Wire::commit(Client client, Transaction transaction,
                  std::function<void(Outcome, Revision)> answer) {
  if (chance_.happens(loss) || cut.contains(client)) return;
  loop_.after(delay(),
              [this, client, transaction = std::move(transaction), answer = std::move(answer)] {
                if (!reaches(client)) return;
                auto [outcome, revision] = store_.commit(transaction);
                if (chance_.happens(loss)) return;
                loop_.after(delay(), [this, client, answer, outcome, revision] {
                  if (!cut.contains(client)) answer(outcome, revision);
                });
              });
}

void Wire::message(Client from, Client to, std::function<void()> arrived) {
  if (chance_.happens(loss)) return;
  loop_.after(delay(), [this, from, to, arrived = std::move(arrived)] {
    if (!cut.contains(from) && !cut.contains(to)) arrived();
  });
}

}  // namespace truce::sim
