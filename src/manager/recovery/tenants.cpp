#include "recovery/tenants.h"

#include <set>

#include "base/log.h"
#include "cluster/cluster.h"

namespace truce::manager {

using availability::Isolation;
using availability::NodeState;
using availability::Restart;
using availability::Stored;
using availability::VmState;

namespace {

constexpr VmState states[] = {VmState::stopped, VmState::starting, VmState::running,
                              VmState::migrating};

std::uint64_t counter(std::int64_t number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0));
}
std::int64_t number(std::uint64_t counter) {
  return static_cast<std::int64_t>(counter);
}

std::optional<availability::Owner> owner_of(const std::string& name, std::int64_t life) {
  if (name.empty()) return {};
  return availability::Owner{name, counter(life)};
}

availability::NodeRecord to_record(const model::NodeLife& life) {
  return {counter(life.incarnation), life.fenced ? NodeState::fenced : NodeState::alive};
}

// `node/h1` without `node/`.
std::string name_in(const std::string& key) {
  return key.substr(key.find('/') + 1);
}

std::string text_of(const std::string& key, const availability::NodeRecord& record) {
  model::NodeLife life{};
  life.name = name_in(key);
  life.incarnation = number(record.incarnation);
  life.fenced = record.state == NodeState::fenced;
  return model::to_text(life);
}

std::string text_of(const std::string&, const availability::Beat& beat) {
  model::NodeBeat kept{};
  kept.incarnation = number(beat.incarnation);
  kept.sent = beat.sent.time_since_epoch().count();
  return model::to_text(kept);
}

std::string text_of(const std::string& key, const availability::VmRecord& record) {
  model::VmTenancy kept{};
  kept.name = name_in(key);
  kept.state = static_cast<model::TenancyState>(std::ranges::find(states, record.state) - states);
  if (record.owner) {
    kept.owner = record.owner->node;
    kept.owner_life = number(record.owner->incarnation);
  }
  if (record.destination) {
    kept.destination = record.destination->node;
    kept.destination_life = number(record.destination->incarnation);
  }
  kept.epoch = number(record.epoch);
  kept.keep = record.policy.isolation == Isolation::keep;
  kept.restart = record.policy.restart == Restart::elsewhere;
  return model::to_text(kept);
}

void add_lives(const Inventory& inventory, availability::View& view) {
  for (const auto& [name, kept] : inventory.all<model::NodeLife>())
    view.nodes[name] = {to_record(kept->object), kept->revision};
}

// One machine as the store holds it now.
Async<Result<availability::View>> read_vm(store::Store& store, std::string uuid) {
  CO_TRY(auto entry, co_await store.get(availability::vm_key(uuid)));
  availability::View view;
  if (!entry) co_return view;
  CO_TRY(auto kept, model::from_text<model::VmTenancy>(entry->value, model::Unknown::ignore));
  view.revision = entry->modified;
  view.vms[uuid] = {manager::to_record(kept), entry->modified};
  co_return view;
}

availability::Standing standing_of(const std::string& host, const model::Heartbeat& beat) {
  return {host, counter(beat.incarnation), beat.claimed, {}};
}

Async<Result<availability::Transaction>> of_machine(store::Store& store, std::string host,
                                                    model::Heartbeat beat) {
  CO_TRY(auto view, co_await read_vm(store, beat.vm));
  auto found = view.vms.find(beat.vm);
  if (found == view.vms.end() || found->second.modified != beat.record)
    co_return fail(Code::conflict, "'{}' has changed since", beat.vm);
  auto self = standing_of(host, beat);
  if (beat.act == model::LifeAct::accept) co_return availability::accept(view, beat.vm, self);
  if (beat.act == model::LifeAct::adopt) co_return availability::adopt(view, beat.vm, self);
  co_return availability::release(view, beat.vm, self);
}

Async<Result<availability::Transaction>> transaction_of(store::Store& store, std::string host,
                                                        model::Heartbeat beat) {
  availability::NodeTime sent{std::chrono::microseconds(beat.sent)};
  if (beat.act == model::LifeAct::beat)
    co_return availability::heartbeat(standing_of(host, beat), sent);
  if (beat.act != model::LifeAct::claim) co_return co_await of_machine(store, host, beat);
  using Last = Stored<availability::NodeRecord>;
  std::optional<Last> last;
  if (beat.claimed != 0) last = Last{{counter(beat.incarnation), NodeState::fenced}, beat.claimed};
  co_return availability::claim(host, last, sent);
}

// Nothing is known of a commit that failed otherwise; what did not happen earns nothing, either.
model::LifeOutcome outcome_of(const Error& error) {
  bool refused = error.code == Code::conflict || error.code == Code::precondition ||
                 error.code == Code::not_found;
  return refused ? model::LifeOutcome::conflict : model::LifeOutcome::unknown;
}

Async<Result<model::HeartbeatAnswer>> read_life(store::Store& store, std::string host) {
  CO_TRY(auto entry, co_await store.get(availability::node_key(host)));
  model::HeartbeatAnswer answer{};
  answer.outcome = model::LifeOutcome::done;
  if (!entry) co_return answer;
  CO_TRY(answer.life, model::from_text<model::NodeLife>(entry->value, model::Unknown::ignore));
  answer.life->revision = entry->modified;
  answer.revision = entry->modified;
  co_return answer;
}

Async<Result<model::HeartbeatAnswer>> try_out(store::Store& store, std::string host,
                                              model::Heartbeat beat) {
  if (beat.act == model::LifeAct::read) co_return co_await read_life(store, host);
  CO_TRY(auto transaction, co_await transaction_of(store, host, beat));
  model::HeartbeatAnswer answer{};
  answer.outcome = model::LifeOutcome::done;
  CO_TRY(answer.revision,
         co_await store.commit(conditions_of(transaction), writes_of(transaction)));
  co_return answer;
}

}  // namespace

bool is_available(const Inventory& inventory) {
  auto cluster = the_cluster(inventory);
  return cluster && cluster->object.availability;
}

bool lives(const Inventory& inventory, const std::string& host) {
  auto life = inventory.find<model::NodeLife>(host);
  return life && !life->object.fenced;
}

bool is_protected(const Inventory& inventory, const model::Vm& vm) {
  auto policy = vm.availability.value_or(model::VmAvailability());
  return is_available(inventory) && policy.restart && !policy.keep_running;
}

std::optional<model::Tenancies> tenancies_of(const Inventory& inventory, const Settings& settings,
                                             const std::string& host) {
  // Who has begun a life stays in it: what it was permitted to run still runs by it.
  bool available = is_available(inventory);
  if (!available && !inventory.find<model::NodeLife>(host)) return {};
  model::Tenancies told{};
  told.protect = available;
  told.revision = inventory.revision();
  const auto& timing = settings.availability;
  told.heartbeat_ms = timing.heartbeat.count();
  told.self_ms = timing.self.count();
  told.dead_ms = timing.dead.count();
  told.kill_ms = timing.kill.count();
  told.drain_ms = timing.drain.count();
  std::set<std::string> named{host};
  for (const auto& uuid : inventory.tenancies_of(host)) {
    auto kept = inventory.find<model::VmTenancy>(uuid);
    const auto& vm = kept->object;
    named.insert(vm.owner);
    named.insert(vm.destination);
    told.vms.push_back(vm);
    told.vms.back().revision = kept->revision;
  }
  for (const auto& name : named) {
    auto life = inventory.find<model::NodeLife>(name);
    if (!life) continue;
    told.lives.push_back(life->object);
    told.lives.back().revision = life->revision;
  }
  return told;
}

availability::VmRecord to_record(const model::VmTenancy& kept) {
  availability::VmRecord record;
  record.state = states[static_cast<std::size_t>(kept.state)];
  record.owner = owner_of(kept.owner, kept.owner_life);
  record.destination = owner_of(kept.destination, kept.destination_life);
  record.epoch = counter(kept.epoch);
  if (kept.keep) record.policy.isolation = Isolation::keep;
  if (!kept.restart) record.policy.restart = Restart::never;
  return record;
}

availability::View view_of(const Inventory& inventory, const std::string& uuid) {
  availability::View view;
  view.revision = inventory.revision();
  add_lives(inventory, view);
  if (auto kept = inventory.find<model::VmTenancy>(uuid))
    view.vms[uuid] = {to_record(kept->object), kept->revision};
  return view;
}

std::vector<store::Condition> conditions_of(const availability::Transaction& transaction) {
  std::vector<store::Condition> conditions;
  for (const auto& condition : transaction.conditions)
    conditions.push_back({condition.key, condition.modified});
  return conditions;
}

std::vector<store::Write> writes_of(const availability::Transaction& transaction) {
  std::vector<store::Write> writes;
  for (const auto& write : transaction.writes) {
    auto text =
        std::visit([&](const auto& value) { return text_of(write.key, value); }, write.value);
    writes.push_back({write.key, std::move(text)});
  }
  return writes;
}

void add(Change& change, const availability::Transaction& transaction) {
  for (auto& condition : conditions_of(transaction)) {
    auto same = std::ranges::find(change.conditions, condition.key, &store::Condition::key);
    if (same == change.conditions.end()) change.conditions.push_back(std::move(condition));
  }
  for (auto& write : writes_of(transaction)) change.write(write.key, std::move(write.value));
}

namespace {

// The owner of a machine, as it lives now; nothing where nobody owns it, or that life is over.
std::optional<availability::Standing> owner_in(const availability::View& view,
                                               const std::string& uuid) {
  const auto* found = availability::find(view.vms, uuid);
  if (found == nullptr || !found->value.owner) return {};
  const auto& owner = *found->value.owner;
  const auto* life = availability::find(view.nodes, owner.node);
  if (life == nullptr || availability::is_over(view, owner)) return {};
  return availability::Standing{owner.node, owner.incarnation, life->modified, {}};
}

bool is_owned(const Inventory& inventory, const std::string& uuid) {
  auto tenancy = inventory.find<model::VmTenancy>(uuid);
  return tenancy && !tenancy->object.owner.empty();
}

}  // namespace

Result<void> name_next_tenant(const Inventory& inventory, Change& change, const model::Vm& vm,
                              const std::string& host) {
  if (!is_owned(inventory, vm.uuid)) return {};
  TRY(auto named, availability::begin_move(view_of(inventory, vm.uuid), vm.uuid, host));
  add(change, named);
  return {};
}

Result<void> hand_tenancy_over(const Inventory& inventory, Change& change, const model::Vm& vm,
                               const std::string& host) {
  if (!is_owned(inventory, vm.uuid)) return {};
  auto view = view_of(inventory, vm.uuid);
  auto self = owner_in(view, vm.uuid);
  if (!self)
    return fail(Code::precondition, "the life of the host in which it ran '{}' is over", vm.name);
  const auto& next = view.vms.at(vm.uuid).value.destination;
  if (!next || next->node != host)
    return fail(Code::precondition, "'{}' is not said to go to {}", vm.name, host);
  TRY(auto handed, availability::hand_over(view, vm.uuid, *self));
  add(change, handed);
  return {};
}

void keep_tenancy(const Inventory& inventory, Change& change, const model::Vm& vm) {
  auto view = view_of(inventory, vm.uuid);
  auto self = owner_in(view, vm.uuid);
  if (!self || !view.vms.at(vm.uuid).value.destination) return;
  if (auto kept = availability::give_up_move(view, vm.uuid, *self)) add(change, *kept);
}

Async<model::HeartbeatAnswer> carry_out(Ledger& ledger, std::string host, model::Heartbeat beat) {
  auto id = beat.id;
  auto done = co_await try_out(ledger.store(), host, std::move(beat));
  model::HeartbeatAnswer answer{};
  if (done) {
    answer = *std::move(done);
  } else {
    answer.outcome = outcome_of(done.error());
    spdlog::info("what host {} asked of its life: {}", host, done.error().message);
  }
  answer.id = id;
  co_return answer;
}

}  // namespace truce::manager
