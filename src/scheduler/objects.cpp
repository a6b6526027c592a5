// Estates made of the manager's objects.
#include <algorithm>
#include <cmath>
#include <set>

#include "model/hardware.h"
#include "scheduler/estate.h"
#include "scheduler/rules.h"

namespace truce::scheduler {
namespace {

constexpr double bandwidth = 100;   // MiB a second that a move is reckoned with: a line of 1 Gbit/s
constexpr double most_dirty = 0.9;  // of the bandwidth; with more it would never end
constexpr auto rest = std::chrono::minutes(10);

std::int32_t whole_mib(Bytes bytes) {
  constexpr std::uint64_t most = 1 << 30;
  return static_cast<std::int32_t>(std::min(bytes.count >> 20, most));
}

bool runs(const model::Vm& vm) {
  return vm.wanted == model::Wanted::running || vm.wanted == model::Wanted::paused;
}

class Builder {
 public:
  explicit Builder(const Objects& objects) : objects_(objects) {
    for (const auto* pool : objects.pools) pools_[pool->name] = pool;
    for (const auto* network : objects.networks) networks_[network->name] = network;
  }

  Estate run() {
    for (const auto* host : objects_.hosts) add(*host);
    add_classes();
    for (const auto* vm : objects_.vms) add(*vm);
    for (const auto* rule : objects_.rules) add(*rule);
    return std::move(estate_);
  }

 private:
  void add(const model::Host& host) {
    HostRow row;
    of(row.capacity, Load::cpu) = static_cast<std::int32_t>(host.cpus * 100);
    of(row.capacity, Load::memory) = whole_mib(host.memory);
    of(row.capacity, Load::promised) = whole_mib(host.memory);
    of(row.capacity, Load::processors) = static_cast<std::int32_t>(host.cpus);
    row.reservable_cpu = static_cast<std::int32_t>(host.cpus * 100);
    if (!host.fault_domain.empty())
      row.domain = domains_.emplace(host.fault_domain, static_cast<std::int32_t>(domains_.size()))
                       .first->second;
    row.online = host.state == model::HostState::online;
    row.draining = host.draining;
    hosts_[host.name] = static_cast<std::int32_t>(estate_.hosts.size());
    estate_.host_names.push_back(host.name);
    estate_.hosts.push_back(row);
  }

  void add_classes() {
    for (const auto* one : objects_.classes) {
      classes_[one->name] = static_cast<std::int32_t>(estate_.conflicts.size());
      estate_.class_names.push_back(one->name);
      estate_.conflicts.emplace_back();
    }
    std::set<std::pair<std::int32_t, std::int32_t>> pairs;
    for (const auto* one : objects_.classes) {
      for (const auto& other : one->conflicts_with) {
        auto found = classes_.find(other);
        if (found == classes_.end()) continue;
        pairs.emplace(classes_[one->name], found->second);
        pairs.emplace(found->second, classes_[one->name]);
      }
    }
    for (auto [one, other] : pairs)
      estate_.conflicts[static_cast<std::size_t>(one)].push_back(other);
  }

  std::int32_t sentence(const std::string& text) {
    auto [found, is_new] =
        sentences_.emplace(text, static_cast<std::int32_t>(estate_.sentences.size()));
    if (is_new) estate_.sentences.push_back(text);
    return found->second;
  }

  void add(const model::Vm& vm) {
    MachineRow row;
    auto host = hosts_.find(vm.host);
    if (host != hosts_.end()) row.host = host->second;
    if (runs(vm)) set_demand(vm, row);
    auto found = classes_.find(vm.conflict_class);
    if (found != classes_.end()) row.conflict_class = found->second;
    if (auto why = why_fixed(vm); !why.empty()) row.fixed = sentence(why);
    // Where it could be matters only of one that can go there: there may be a kind for each host.
    if (row.fixed == none) row.reach = reach_of(vm);
    auto shares = vm.resources ? vm.resources->cpu_shares.value_or(0) : 0;
    if (shares > 0) row.weight = static_cast<float>(shares) / static_cast<float>(100 * vm.cpus);
    row.weight = std::clamp(row.weight, 0.1F, 10.0F);
    row.rested = !vm.last_migration || vm.last_migration->time + rest < objects_.time;
    machines_[vm.name] = static_cast<std::int32_t>(estate_.machines.size());
    estate_.machine_names.push_back(vm.name);
    estate_.machines.push_back(row);
  }

  void set_demand(const model::Vm& vm, MachineRow& row) {
    auto cpus = static_cast<std::int32_t>(vm.cpus);
    Demand demand{.cpu = cpus * 100, .memory = whole_mib(vm.memory)};
    auto told = objects_.demands.find(vm.name);
    if (told != objects_.demands.end()) demand = told->second;
    row.demand = {demand.cpu, demand.memory, demand.disk, demand.net, whole_mib(vm.memory), cpus};
    if (vm.resources)
      row.reserved_cpu = static_cast<std::int32_t>(vm.resources->cpu_reservation.value_or(0));
    // Each round of pre-copy sends what was changed during the one before.
    auto dirty = vm.last_migration ? whole_mib(vm.last_migration->dirty_rate) : 0;
    auto again = std::min(dirty / bandwidth, most_dirty);
    row.seconds = static_cast<float>(demand.memory / bandwidth / (1 - again));
  }

  [[nodiscard]] std::string why_fixed(const model::Vm& vm) const {
    if (!vm.moving_to.empty()) return "is moving to " + vm.moving_to + " already";
    if (!vm.relocation.empty()) return "is moving to or from a platform";
    if (vm.wanted == model::Wanted::absent) return "is being deleted";
    if (vm.hardware && vm.hardware->pci && !vm.hardware->pci->empty())
      return "has devices of its host";
    if (vm.hardware && vm.hardware->usb_devices && !vm.hardware->usb_devices->empty())
      return "has devices of its host";
    if (objects_.keep != Keep::none && vm.balance == model::BalanceMode::off)
      return "is not to be balanced";
    if (objects_.keep == Keep::all_but_automatic && vm.balance == model::BalanceMode::propose)
      return "moves only by plans that somebody applies";
    for (const auto& disk : vm.disks) {
      if (!vm.host.empty() && !is_shared(disk.pool))
        return fmt::format("has its disk {} in the pool '{}', which is not shared", disk.id,
                           disk.pool);
    }
    return {};
  }

  // Machines that need the same of a host share a row: there are few kinds, and many machines.
  std::int32_t reach_of(const model::Vm& vm) {
    auto needs = fmt::format("{} {} {} {}", model::to_string(vm.machine), vm.cpus, vm.memory.count,
                             vm.hardware ? model::to_text(*vm.hardware) : "");
    for (const auto& disk : vm.disks)
      needs += is_shared(disk.pool) ? " shared " + disk.pool : " disk on " + vm.host;
    for (const auto& nic : vm.nics) needs += " net " + nic.network;
    auto [found, is_new] =
        reaches_.emplace(needs, static_cast<std::int32_t>(estate_.reaches.size()));
    if (!is_new) return found->second;
    std::vector<std::int32_t> row;
    for (const auto* host : objects_.hosts) {
      auto why = why_out_of_reach(vm, *host);
      row.push_back(why.empty() ? none : sentence(why));
    }
    bool everywhere = std::ranges::all_of(row, [](auto why) { return why == none; });
    if (everywhere)
      found->second = none;
    else
      estate_.reaches.push_back(std::move(row));
    return found->second;
  }

  std::string why_out_of_reach(const model::Vm& vm, const model::Host& host) const {
    auto type = model::to_string(vm.machine);
    if (std::ranges::find(host.machine_types, type) == host.machine_types.end())
      return fmt::format("{} cannot run machines of type {}", host.name, type);
    if (vm.cpus > host.cpus * 4)
      return fmt::format("{} has {} processors; a machine may have at most four times as many",
                         host.name, host.cpus);
    auto outfit = model::outfit(vm);
    if (!outfit) return outfit.error().message;
    if (auto given = model::check_host(*outfit, host); !given) return given.error().message;
    for (const auto& disk : vm.disks) {
      if (is_shared(disk.pool) ? has_pool(disk.pool, host.name) : vm.host == host.name) continue;
      return is_shared(disk.pool)
                 ? fmt::format("{} does not have the pool '{}' of its disk {}", host.name,
                               disk.pool, disk.id)
                 : fmt::format("{} does not see its disk {}: the pool '{}' is not shared",
                               host.name, disk.id, disk.pool);
    }
    for (const auto& nic : vm.nics) {
      auto network = networks_.find(nic.network);
      if (network == networks_.end()) continue;
      auto mode = network->second->mode;
      if (std::ranges::find(host.network_modes, mode) == host.network_modes.end())
        return fmt::format("{} has no networks of mode {}, such as '{}'", host.name,
                           model::to_string(mode), nic.network);
    }
    return {};
  }

  [[nodiscard]] bool is_shared(const std::string& pool) const {
    auto found = pools_.find(pool);
    return found != pools_.end() && found->second->shared;
  }

  [[nodiscard]] bool has_pool(const std::string& pool, const std::string& host) const {
    const auto& places = pools_.at(pool)->places;
    return std::ranges::binary_search(places, host, {}, &model::PoolPlace::host);
  }

  void add(const model::Rule& rule) {
    PlacementRule row{.name = rule.name,
                      .kind = rule.kind,
                      .must = rule.must,
                      .by_fault_domain = rule.by_fault_domain,
                      .machines = {},
                      .hosts = {}};
    std::set<std::int32_t> machines, hosts;
    for (const auto* vm : objects_.vms)
      if (is_about(rule, *vm)) machines.insert(machines_[vm->name]);
    for (const auto* host : objects_.hosts)
      if (is_about(rule, *host)) hosts.insert(hosts_[host->name]);
    row.machines.assign(machines.begin(), machines.end());
    row.hosts.assign(hosts.begin(), hosts.end());
    estate_.rules.push_back(std::move(row));
  }

  const Objects& objects_;
  Estate estate_;
  std::map<std::string, const model::Pool*> pools_;
  std::map<std::string, const model::Network*> networks_;
  std::map<std::string, std::int32_t> hosts_, machines_, classes_, domains_, sentences_, reaches_;
};

}  // namespace

Estate estate_of(const Objects& objects) {
  return Builder(objects).run();
}

}  // namespace truce::scheduler
