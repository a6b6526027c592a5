#include "sleep/demand.h"

#include <algorithm>
#include <tuple>

#include "cluster/cluster.h"
#include "placement.h"
#include "plans/gather.h"
#include "pools/places.h"
#include "resources/conflict_classes.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

using model::HostSleep;
using scheduler::Power;

constexpr std::size_t machines_looked_at = 50;
constexpr std::int32_t usual_wake_seconds = 300;
// It is woken while there is time to renew it: managers do so when 30 days are left.
constexpr auto certificate_left = std::chrono::days(15);

std::int32_t whole_seconds(Duration time) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(seconds, 0, 1 << 30));
}

Power power_of(const model::Host& host) {
  if (host.sleep == HostSleep::waking) return Power::waking;
  bool asleep = host.sleep == HostSleep::asleep || host.sleep == HostSleep::going;
  return asleep ? Power::asleep : Power::awake;
}

scheduler::PowerRow row_of(const Inventory& inventory, const model::Host& host, Time time,
                           const std::string& own) {
  scheduler::PowerRow row;
  row.power = power_of(host);
  row.member = is_member(inventory, host, own);
  row.tried = host.power_tried;
  row.wake_seconds =
      host.wake_seconds > 0 ? static_cast<std::int32_t>(host.wake_seconds) : usual_wake_seconds;
  // Of one that was never asleep nobody knows since when it is awake, and it does not matter.
  row.seconds_in_state = host.woken ? whole_seconds(time - *host.woken) : 1 << 30;
  if (host.power.empty())
    row.keep = "has no power control";
  else
    row.keep = duty_of(inventory, host);
  return row;
}

// As it would be if it were awake, with nothing on it.
scheduler::Candidate awake(const model::Host& host) {
  auto copy = std::make_shared<model::Host>(host);
  copy->state = model::HostState::online;
  copy->draining = false;
  copy->sleep = HostSleep::awake;
  scheduler::Candidate candidate;
  candidate.host = std::move(copy);
  return candidate;
}

/// Places machines on hosts that are not there yet, in thought.
class Thought {
 public:
  explicit Thought(const Inventory& inventory)
      : inventory_(inventory), conflicts_(conflicts_of(inventory)) {
    for (const auto& [name, kept] : inventory.all<model::Host>()) {
      if (kept->object.sleep == HostSleep::waking) waking_.push_back(awake(kept->object));
      if (kept->object.sleep == HostSleep::asleep) asleep_.push_back(awake(kept->object));
    }
  }

  [[nodiscard]] bool nobody_sleeps() const { return asleep_.empty(); }

  void place(const model::Vm& vm) {
    if (put(vm, waking_)) return;
    auto host = put(vm, asleep_);
    if (!host) return;
    needs_.push_back({host->host->name, fmt::format("'{}' finds no other place", vm.name)});
    waking_.push_back(*host);
    std::erase_if(asleep_, [&](const auto& one) { return one.host == waking_.back().host; });
  }

  std::vector<ToWake> take() { return std::move(needs_); }

 private:
  // Where it goes among these, with its room taken; nothing: none takes it.
  std::optional<scheduler::Candidate> put(const model::Vm& vm,
                                          std::vector<scheduler::Candidate>& hosts) {
    if (hosts.empty()) return std::nullopt;
    auto terms = terms_for(inventory_, vm);
    terms.reach = [&](const model::Host& host) {
      auto reached = check_reach(inventory_, vm, host.name);
      return reached ? std::string() : reached.error().message;
    };
    auto placement = scheduler::place(vm, hosts, conflicts_, terms);
    if (placement.host.empty()) return std::nullopt;
    auto found =
        std::ranges::find(hosts, placement.host, [](const auto& one) { return one.host->name; });
    found->promised.count += vm.memory.count;
    if (vm.resources) found->reserved_cpu += vm.resources->cpu_reservation.value_or(0);
    if (!vm.conflict_class.empty()) found->neighbours.emplace_back(vm.name, vm.conflict_class);
    return *found;
  }

  const Inventory& inventory_;
  scheduler::Conflicts conflicts_;
  std::vector<scheduler::Candidate> waking_, asleep_;
  std::vector<ToWake> needs_;
};

}  // namespace

Result<void> set_power_saving(model::Cluster& cluster, const model::ClusterChange& wish) {
  if (wish.power_saving) cluster.power_saving = *wish.power_saving;
  if (wish.stay_awake) cluster.stay_awake = *wish.stay_awake;
  if (wish.spare_hosts) cluster.spare_hosts = *wish.spare_hosts;
  if (wish.sleep_below) cluster.sleep_below = *wish.sleep_below;
  if (wish.wake_above) cluster.wake_above = *wish.wake_above;
  if (wish.rest_minutes) cluster.rest_minutes = *wish.rest_minutes;
  auto good = scheduler::check(sleep_wish(cluster));
  if (good) return {};
  return fail_field(wish.wake_above ? "/wake_above" : "/sleep_below", good.error().message);
}

scheduler::SleepWish sleep_wish(const model::Cluster& cluster) {
  scheduler::SleepWish wish;
  wish.sleep_below_percent = static_cast<int>(cluster.sleep_below);
  wish.wake_above_percent = static_cast<int>(cluster.wake_above);
  wish.reserve_hosts = static_cast<std::int32_t>(cluster.spare_hosts);
  wish.least_awake = static_cast<std::int32_t>(cluster.stay_awake);
  wish.rest_seconds = static_cast<std::int32_t>(cluster.rest_minutes * 60);
  return wish;
}

std::vector<scheduler::PowerRow> power_rows(const Inventory& inventory,
                                            const std::map<std::string, std::string>& resting,
                                            Time time, const std::string& own) {
  std::vector<scheduler::PowerRow> rows;
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    rows.push_back(row_of(inventory, kept->object, time, own));
    auto rests = resting.find(name);
    if (rows.back().keep.empty() && rests != resting.end()) rows.back().keep = rests->second;
  }
  return rows;
}

std::vector<ToWake> needed_for_machines(const Inventory& inventory) {
  if (inventory.unplaced().empty()) return {};
  Thought thought(inventory);
  if (thought.nobody_sleeps()) return {};
  std::size_t looked_at = 0;
  for (const auto& name : inventory.unplaced()) {
    if (looked_at++ == machines_looked_at) break;
    auto vm = inventory.find<model::Vm>(name);
    // One that was not looked at yet may find its place without it.
    if (!vm->object.problem.empty()) thought.place(vm->object);
  }
  return thought.take();
}

std::vector<ToWake> needed_for_upkeep(const Inventory& inventory) {
  std::vector<ToWake> needs;
  auto cluster = the_cluster(inventory);
  bool rotates = cluster && cluster->object.rotation;
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    const auto& host = kept->object;
    if (host.sleep != HostSleep::asleep) continue;
    if (rotates) needs.push_back({name, "the authority is replaced"});
    bool ends = host.certificate_expires && *host.certificate_expires < now() + certificate_left;
    if (!rotates && ends) needs.push_back({name, "its certificate has to be renewed"});
  }
  return needs;
}

bool is_moving(const Inventory& inventory) {
  bool hosts = std::ranges::any_of(inventory.all<model::Host>(), [](const auto& entry) {
    return is_under_way(entry.second->object);
  });
  bool jobs = std::ranges::any_of(inventory.all<model::Job>(), [](const auto& entry) {
    auto kind = entry.second->object.kind;
    return kind == model::JobKind::drain_host || kind == model::JobKind::migrate_vm;
  });
  bool plans = std::ranges::any_of(inventory.all<model::Plan>(), [](const auto& entry) {
    return entry.second->object.state == model::PlanState::running;
  });
  return hosts || jobs || plans || !inventory.unplaced().empty();
}

std::vector<std::int32_t> to_empty(const scheduler::Estate& estate,
                                   const std::vector<scheduler::PowerRow>& power,
                                   const scheduler::SleepWish& wish, std::size_t most) {
  struct Cost {
    std::int64_t machines = 0, memory = 0;
  };
  std::vector<Cost> costs(estate.hosts.size());
  for (const auto& machine : estate.machines) {
    if (machine.host == scheduler::none) continue;
    auto& cost = costs[static_cast<std::size_t>(machine.host)];
    ++cost.machines;
    cost.memory += scheduler::of(machine.demand, scheduler::Load::memory);
  }
  std::vector<std::int32_t> hosts;
  for (std::size_t i = 0; i < power.size(); ++i) {
    const auto& row = power[i];
    const auto& host = estate.hosts[i];
    bool may = row.power == Power::awake && !row.member && row.tried && row.keep.empty() &&
               row.seconds_in_state >= wish.rest_seconds;
    if (may && host.online && !host.draining && costs[i].machines > 0)
      hosts.push_back(static_cast<std::int32_t>(i));
  }
  std::ranges::sort(hosts, {}, [&](auto host) {
    const auto& cost = costs[static_cast<std::size_t>(host)];
    return std::tuple(cost.memory, cost.machines, host);
  });
  if (hosts.size() > most) hosts.resize(most);
  return hosts;
}

}  // namespace truce::manager
