#include "recovery/recovery.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "moves/moves.h"
#include "plans/gather.h"
#include "recovery/tenants.h"
#include "sleep/phases.h"
#include "tasks.h"

namespace truce::manager {

using model::Observed;
using model::Wanted;

namespace {

constexpr std::size_t assigned_at_once = 25;
constexpr std::size_t looked_at_once = 16;  // of machines that are lost
constexpr Duration pause = 20ms;            // many changes are looked at together

bool is_over(const Inventory& inventory, const model::VmTenancy& tenancy) {
  auto life = inventory.find<model::NodeLife>(tenancy.owner);
  if (!life || tenancy.owner.empty()) return false;
  return life->object.incarnation > tenancy.owner_life ||
         (life->object.incarnation == tenancy.owner_life && life->object.fenced);
}

bool shall_run(const model::Vm& vm) {
  return vm.wanted == Wanted::running || vm.wanted == Wanted::paused;
}

// Its host has ended it, and let go of it or lost its claim to it, so that another one starts it.
bool has_left(const Inventory& inventory, const model::Vm& vm, const model::VmTenancy& tenancy) {
  return leaves_storage(vm) && (tenancy.owner.empty() || is_over(inventory, tenancy));
}

// Whether the machine waits for being given to the host that it is placed on. Where nothing is
// known of who ran it last, what was seen of it counts: what runs without protection goes on so.
bool is_to_start(const Inventory& inventory, const model::Vm& vm) {
  if (!shall_run(vm) || !is_protected(inventory, vm) || !lives(inventory, vm.host)) return false;
  auto tenancy = inventory.find<model::VmTenancy>(vm.uuid);
  if (tenancy && !tenancy->object.owner.empty()) return is_over(inventory, tenancy->object);
  return vm.observed == Observed::off || vm.observed == Observed::suspended;
}

// As it is kept from its start on. Its epoch goes on.
availability::Stored<availability::VmRecord> ready_to_start(const availability::View& view,
                                                            const std::string& uuid) {
  const auto* found = availability::find(view.vms, uuid);
  auto record = found ? *found : availability::Stored<availability::VmRecord>();
  record.value.policy = {};
  return record;
}

Result<void> assign(const Inventory& inventory, Change& change, const model::Vm& vm,
                    const std::string& host) {
  auto view = view_of(inventory, vm.uuid);
  view.vms[vm.uuid] = ready_to_start(view, vm.uuid);
  TRY(auto transaction, availability::assign(view, vm.uuid, host));
  add(change, transaction);
  return {};
}

// Machines whose host is fenced, in the life in which it ran them.
bool is_lost(const Inventory& inventory, const model::VmTenancy& tenancy) {
  auto life = inventory.find<model::NodeLife>(tenancy.owner);
  return life && life->object.fenced && tenancy.owner_life <= life->object.incarnation;
}

// Nobody has it, and the host that it waits on is fenced: it was to start there, or start again.
bool waits_on_the_dead(const Inventory& inventory, const model::Vm& vm,
                       const model::VmTenancy& tenancy) {
  auto life = inventory.find<model::NodeLife>(vm.host);
  return tenancy.owner.empty() && shall_run(vm) && life && life->object.fenced;
}

// Another host may be given it.
bool is_free(const Inventory& inventory, const model::Vm& vm, const model::VmTenancy& tenancy) {
  // Its host may be back, and start it again; or it has moved, and runs elsewhere.
  return (is_lost(inventory, tenancy) && vm.host == tenancy.owner) ||
         has_left(inventory, vm, tenancy) || waits_on_the_dead(inventory, vm, tenancy);
}

int urgency(const model::Vm& vm) {
  return static_cast<int>(vm.availability.value_or(model::VmAvailability()).priority);
}

/// The estate as plan_recovery() sees it, by the names of machines, as people read its reasons.
struct Estate {
  availability::View view;
  std::vector<availability::Machine> machines;
  std::vector<availability::Room> rooms;
  std::map<std::string, std::string> uuids;     ///< of those that are lost
  std::map<std::string, std::string> problems;  ///< by uuid: why it can run nowhere
};

// What is not protected has no tenancy: what was seen of it says whether it runs.
std::vector<std::string> needed_by(const Inventory& inventory, const model::Vm& vm) {
  std::vector<std::string> needed;
  for (const auto& name : vm.availability.value_or(model::VmAvailability()).after) {
    auto other = inventory.find<model::Vm>(name);
    if (!other) continue;  // it was deleted: nothing is to be waited for
    bool seen = other->object.observed == Observed::running;
    if (inventory.find<model::VmTenancy>(other->object.uuid) || !seen) needed.push_back(name);
  }
  return needed;
}

// What its host has ended goes back to it only where no other takes it.
Refuge refuge_of(const Refuges& refuges, const model::Vm& vm) {
  if (!leaves_storage(vm)) return refuges.of(vm);
  auto elsewhere = refuges.of(vm, vm.host);
  return elsewhere.hosts.empty() ? refuges.of(vm) : elsewhere;
}

/// A machine that is lost.
struct Lost {
  const model::Vm* vm = nullptr;
  std::vector<std::string> needs;
  int urgency = 0;  ///< that of the most urgent that needs it, too
};
using ByName = std::map<std::string, Lost>;

void raise(ByName& lost, const std::string& name, int urgency) {
  auto found = lost.find(name);
  if (found == lost.end() || found->second.urgency >= urgency) return;
  found->second.urgency = urgency;
  for (const auto& need : found->second.needs) raise(lost, need, urgency);
}

// The most urgent first.
std::vector<const Lost*> in_order(ByName& lost) {
  std::vector<const Lost*> order;
  for (auto& [name, one] : lost) {
    order.push_back(&one);
    for (const auto& need : one.needs) raise(lost, need, one.urgency);
  }
  std::ranges::sort(order, {}, [](const Lost* one) {
    return std::pair(-one->urgency, std::string_view(one->vm->name));
  });
  return order;
}

void add_machine(const Lost& lost, std::vector<std::string> hosts, Estate& estate) {
  availability::Machine machine;
  machine.name = lost.vm->name;
  machine.priority = urgency(*lost.vm);
  machine.depends_on = lost.needs;
  machine.memory = lost.vm->memory;
  machine.nodes = std::move(hosts);
  machine.ran = true;
  estate.uuids[lost.vm->name] = lost.vm->uuid;
  estate.machines.push_back(std::move(machine));
}

// Which hosts take a machine is asked for as many as can be started now and some more, as it takes
// a look at each of thousands of hosts. One that needs another that is lost waits in any case.
void add_lost(ByName lost, const Refuges& refuges, Estate& estate) {
  std::size_t found = 0;
  for (const auto* one : in_order(lost)) {
    auto& problem = estate.problems[one->vm->uuid];
    if (std::ranges::any_of(one->needs, [&](const auto& name) { return lost.contains(name); })) {
      add_machine(*one, {}, estate);
    } else if (found == looked_at_once) {
      problem = "it waits to be started on another host: others are started first";
    } else {
      auto refuge = refuge_of(refuges, *one->vm);
      problem = std::move(refuge.lack);
      if (refuge.hosts.empty()) continue;
      add_machine(*one, std::move(refuge.hosts), estate);
      ++found;
    }
    if (problem.empty()) estate.problems.erase(one->vm->uuid);
  }
}

// Uuids of machines that may be lost, that leave their host, or that are being started: most of an
// estate is none of these.
std::set<std::string> concerned(const Inventory& inventory, const std::set<std::string>& leaving) {
  std::set<std::string> uuids;
  for (const auto& [name, life] : inventory.all<model::NodeLife>()) {
    if (!life->object.fenced) continue;
    const auto& own = inventory.tenancies_of(name);
    uuids.insert(own.begin(), own.end());
    for (const auto& vm : inventory.machines_on(name))
      uuids.insert(inventory.find<model::Vm>(vm)->object.uuid);
  }
  for (const auto& name : leaving)
    if (auto vm = inventory.find<model::Vm>(name)) uuids.insert(vm->object.uuid);
  for (const auto& [uuid, kept] : inventory.all<model::VmTenancy>())
    if (kept->object.state == model::TenancyState::starting) uuids.insert(uuid);
  return uuids;
}

// What others wait for counts as well: whether it runs.
void add_needed(const Inventory& inventory, Estate& estate) {
  for (const auto& machine : estate.machines) {
    for (const auto& name : machine.depends_on) {
      auto vm = inventory.find<model::Vm>(name);
      auto kept = vm ? inventory.find<model::VmTenancy>(vm->object.uuid) : nullptr;
      if (!kept || is_over(inventory, kept->object)) continue;
      estate.view.vms.try_emplace(name, availability::Stored<availability::VmRecord>{
                                            manager::to_record(kept->object), kept->revision});
    }
  }
}

Estate gather(const Inventory& inventory, const std::set<std::string>& leaving) {
  Estate estate;
  Refuges refuges(inventory);
  ByName found;
  for (const auto& uuid : concerned(inventory, leaving)) {
    auto vm = inventory.vm_by_uuid(uuid);
    auto kept = inventory.find<model::VmTenancy>(uuid);
    if (!vm || !kept) continue;
    const auto& tenancy = kept->object;
    bool lost = is_free(inventory, vm->object, tenancy);
    if (is_over(inventory, tenancy) && !lost) continue;
    estate.view.vms[vm->object.name] = {manager::to_record(tenancy), kept->revision};
    if (!lost) continue;
    bool wanted = shall_run(vm->object) || leaves_storage(vm->object);
    estate.view.vms[vm->object.name].value.wanted = wanted;
    if (wanted && is_protected(inventory, vm->object)) {
      found[vm->object.name] = {&vm->object, needed_by(inventory, vm->object), urgency(vm->object)};
    } else if (wanted) {
      estate.problems[uuid] = "its host is gone, and it is not to be started on another one";
    }
  }
  add_lost(std::move(found), refuges, estate);
  add_needed(inventory, estate);
  estate.view.nodes = view_of(inventory, {}).nodes;
  for (const auto& candidate : refuges.hosts()) {
    auto taken = std::min(candidate.promised.count, candidate.host->memory.count);
    estate.rooms.push_back({candidate.host->name, {candidate.host->memory.count - taken}});
  }
  return estate;
}

availability::View beats_in(const store::Listing& listing) {
  availability::View view;
  view.revision = listing.revision;
  for (const auto& entry : listing.entries) {
    auto beat = model::from_text<model::NodeBeat>(entry.value, model::Unknown::ignore);
    if (!beat) {
      spdlog::error("{}: {}", entry.key, beat.error().message);
      continue;
    }
    auto name = entry.key.substr(entry.key.find('/') + 1);
    view.beats[name] = {{static_cast<std::uint64_t>(beat->incarnation), {}}, entry.modified};
  }
  return view;
}

}  // namespace

Recovery::Recovery(Ledger& ledger, const Settings& settings)
    : ledger_(ledger), settings_(settings), observer_(settings.availability), stranded_(ledger) {}

availability::LeaderTime Recovery::now() const {
  if (settings_.leader_clock) return settings_.leader_clock();
  return availability::LeaderTime(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

// Side by side: the dead are looked for also while many machines are started.
Async<void> Recovery::run() {
  co_await (watch() && start_machines());
}

// While nobody has a life, nobody can lose it.
Async<void> Recovery::watch() {
  while (true) {
    if (!ledger_.inventory().all<model::NodeLife>().empty()) {
      co_await look();
      co_await stranded_.look(now());
    }
    co_await sleep_for(settings_.availability_poll);
  }
}

Async<void> Recovery::start_machines() {
  auto& inventory = ledger_.inventory();
  while (true) {
    auto seen = inventory.revision();
    if (!inventory.all<model::NodeLife>().empty()) {
      note_changes();
      co_await assign_starts();
      co_await restart_lost();
      co_await sleep_for(pause);
    }
    co_await inventory.changed_since(seen);
  }
}

// The heartbeats are read from the store itself, as what is seen here may be old; and their time is
// when the answer came, as they may have been written after they were asked for.
Async<void> Recovery::look() {
  auto listing = co_await ledger_.store().list(availability::beat_key(""));
  auto received = now();
  if (!listing) {
    spdlog::warn("heartbeats cannot be read: {}", listing.error().message);
    co_return;
  }
  auto view = beats_in(*listing);
  view.nodes = view_of(ledger_.inventory(), {}).nodes;
  for (auto& due : observer_.saw(view, received)) co_await fence(std::move(due));
}

// Tried once: if it is refused, there was a heartbeat.
Async<void> Recovery::fence(availability::Transaction fence) {
  auto host = fence.conditions.front().key.substr(std::string("node/").size());
  auto silence = observer_.silence(host).value_or(settings_.availability.dead);
  bool tried = false, sleeps = false;
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    if (std::exchange(tried, true)) return fail(Code::conflict, "it has sent a heartbeat");
    add(change, fence);
    auto kept = ledger_.inventory().find<model::Host>(host);
    sleeps = kept && is_put_to_sleep(kept->object);
    if (sleeps) return {};  // its life is over, and nothing was in it
    change.event(
        "host.fenced", "hosts/" + host, "",
        fmt::format("no heartbeat for {:.1f} s: its protected machines have ended, and are "
                    "started on other hosts",
                    static_cast<double>(silence.count()) / 1000));
    return {};
  });
  if (done && sleeps) {
    spdlog::info("host {} sleeps: its life is over", host);
  } else if (done) {
    spdlog::warn("host {} is fenced: no heartbeat for {} ms", host, silence.count());
  } else {
    spdlog::info("host {} is not fenced: {}", host, done.error().message);
  }
}

// Which machines are to be looked at: what has changed of them, of who may run them, or of the
// lives of these.
void Recovery::note_changes() {
  const auto& inventory = ledger_.inventory();
  const auto& recent = inventory.recent();
  bool all = noted_ < inventory.remembered_from() || noted_ == 0;
  auto first = std::ranges::upper_bound(recent, noted_, {}, &Seen::revision);
  for (; !all && first != recent.end(); ++first) {
    if (first->folder == folder_of<model::Vm>) changed_.insert(first->name);
    if (first->folder == folder_of<model::VmTenancy>) note_uuid(first->name);
    if (first->folder == folder_of<model::NodeLife>) note_host(first->name);
    all = first->folder == folder_of<model::Cluster>;
  }
  if (all) {
    for (const auto& [name, kept] : inventory.all<model::Vm>()) changed_.insert(name);
  }
  noted_ = inventory.revision();
}

void Recovery::note_uuid(const std::string& uuid) {
  if (auto kept = ledger_.inventory().vm_by_uuid(uuid)) changed_.insert(kept->object.name);
}

void Recovery::note_host(const std::string& host) {
  const auto& inventory = ledger_.inventory();
  const auto& own = inventory.machines_on(host);
  changed_.insert(own.begin(), own.end());
  for (const auto& uuid : inventory.tenancies_of(host)) note_uuid(uuid);
}

// Gives machines that are to run to the host that they are placed on.
Async<void> Recovery::assign_starts() {
  auto& inventory = ledger_.inventory();
  std::erase_if(changed_, [&](const std::string& name) {
    auto kept = inventory.find<model::Vm>(name);
    if (kept && leaves_storage(kept->object)) {
      leaving_.insert(name);
    } else {
      leaving_.erase(name);
    }
    return !kept || !is_to_start(inventory, kept->object);
  });
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    std::size_t assigned = 0;
    for (const auto& name : changed_) {
      auto kept = inventory.find<model::Vm>(name);
      if (!kept || !is_to_start(inventory, kept->object)) continue;
      auto vm = kept->object;
      TRY_VOID(assign(inventory, change, vm, vm.host));
      if (inventory.find<model::VmTenancy>(vm.uuid)) vm.problem.clear();
      if (vm.wanted == Wanted::paused) {  // what was paused is not there any more
        vm.wanted = Wanted::running;
        ++vm.generation;
      }
      vm != kept->object ? change.put(vm) : change.expect<model::Vm>(name);
      if (++assigned == assigned_at_once) break;
    }
    return {};
  });
  if (!done) spdlog::warn("machines to start: {}", done.error().message);
}

Async<void> Recovery::restart_lost() {
  auto& inventory = ledger_.inventory();
  const auto& hosts = inventory.all<model::NodeLife>();
  // Of one that sleeps nobody has anything left: it costs nothing here.
  bool fenced = std::ranges::any_of(hosts, [&](const auto& life) {
    return life.second->object.fenced && (!inventory.tenancies_of(life.first).empty() ||
                                          !inventory.machines_on(life.first).empty());
  });
  if (!fenced && leaving_.empty()) co_return;
  auto estate = gather(inventory, leaving_);
  auto plan = availability::plan_recovery(estate.view, estate.machines, estate.rooms);
  for (auto& start : plan.starts)
    co_await restart(estate.uuids[start.vm], start.to, std::move(start.reason));
  for (auto& waiting : plan.waiting) {
    if (estate.uuids.contains(waiting.vm))
      estate.problems[estate.uuids[waiting.vm]] =
          "it waits to be started on another host: " + waiting.reason;
  }
  if (!estate.problems.empty()) co_await show_waiting(std::move(estate.problems));
}

// One commit: who may run it, where it is placed, and the task that people see.
Async<void> Recovery::restart(std::string uuid, std::string to, std::string why) {
  auto& inventory = ledger_.inventory();
  std::string from;
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    auto kept = inventory.vm_by_uuid(uuid);
    auto tenancy = inventory.find<model::VmTenancy>(uuid);
    if (!kept || !tenancy || !is_protected(inventory, kept->object)) return {};
    auto vm = kept->object;
    bool left = has_left(inventory, vm, tenancy->object);
    if (!is_free(inventory, vm, tenancy->object) || !(shall_run(vm) || leaves_storage(vm)))
      return {};
    // Others of this plan, or anything else, may have come there first: the next round sees it.
    if (!is_refuge_now(inventory, vm, to)) return {};
    TRY_VOID(assign(inventory, change, vm, to));
    end_moves_of(inventory, change, vm, to);
    from = vm.host;
    vm.host = to;
    vm.wanted = Wanted::running;
    vm.observed = Observed::off;
    vm.addresses.clear();
    vm.active.reset();
    vm.problem.clear();
    vm.storage_problem.clear();
    ++vm.epoch;
    ++vm.generation;
    auto target = "vms/" + vm.name;
    auto task = begin_task(ledger_, change, "vm.restart", target, vm.project, vm.generation);
    supersede_tasks(inventory, change, target, task.name);
    change.event("vm.restarting", target, vm.project,
                 fmt::format("host {} {}; it is started on {}: {}", from,
                             left ? "does not reach its disks" : "is gone", to, why));
    change.put(vm);
    return {};
  });
  auto kept = inventory.vm_by_uuid(uuid);
  auto name = kept ? kept->object.name : uuid;
  if (!done) {
    spdlog::warn("machine {} cannot be started on {}: {}", name, to, done.error().message);
  } else if (!from.empty()) {
    spdlog::warn("machine {} is started on {}, as {} cannot run it", name, to, from);
  }
}

Async<void> Recovery::show_waiting(std::map<std::string, std::string> problems) {
  auto& inventory = ledger_.inventory();
  auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    std::size_t shown = 0;
    for (const auto& [uuid, problem] : problems) {
      auto kept = inventory.vm_by_uuid(uuid);
      if (!kept || kept->object.problem == problem) continue;
      auto vm = kept->object;
      vm.problem = problem;
      change.put(vm);
      change.event("vm.waiting", "vms/" + vm.name, vm.project, problem);
      if (++shown == assigned_at_once) break;
    }
    return {};
  });
  if (!done) spdlog::warn("machines that wait: {}", done.error().message);
}

}  // namespace truce::manager
