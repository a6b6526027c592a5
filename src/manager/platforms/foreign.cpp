#include "platforms/foreign.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <span>

#include "model/model.h"

namespace truce::manager {
namespace {

/// What of a Vm is known of a machine that somebody else manages.
constexpr std::array<std::string_view, 10> shown{"name",     "uuid",   "cpus",     "memory",
                                                 "disks",    "nics",   "observed", "addresses",
                                                 "platform", "foreign"};

using Fields = std::span<const std::string_view>;
constexpr std::array<std::string_view, 3> shown_of_disk{"id", "size", "pool"};
constexpr std::array<std::string_view, 3> shown_of_nic{"number", "network", "mac"};

/// The object with these fields only: the others would say what is so of Truce's own.
boost::json::object only(boost::json::value value, Fields fields) {
  boost::json::object out;
  for (auto field : fields)
    if (auto* found = value.as_object().if_contains(field)) out[field] = std::move(*found);
  return out;
}

void narrow(boost::json::object& object, std::string_view list, Fields fields) {
  for (auto& item : object[list].as_array()) item = only(std::move(item), fields);
}

template <class T>
std::string name_of(const platform::Things<T>& things, const std::string& id) {
  auto found = things.find(id);
  return found == things.end() ? id : found->second.name;
}

model::ForeignVm foreign_part(const platform::Inventory& all, const platform::Machine& machine) {
  model::ForeignVm part{.id = machine.id, .path = all.path_of(machine.folder)};
  part.template_ = machine.template_;
  part.guest_os = machine.guest_os;
  part.guest_name = machine.guest_name;
  part.tools = machine.tools == platform::Tools::running;
  part.firmware = machine.firmware;
  part.secure_boot = machine.secure_boot;
  part.cpu_mhz = machine.use.cpu_mhz;
  part.memory_used = machine.use.memory;
  part.storage_used = machine.use.storage;
  part.snapshot = machine.snapshot;
  for (const auto& one : machine.snapshots) {
    model::ForeignSnapshot snapshot{.id = one.id, .name = one.name};
    snapshot.description = one.description;
    snapshot.parent = one.parent;
    snapshot.memory = one.state != model::Observed::off;
    snapshot.created = one.created;
    part.snapshots.push_back(std::move(snapshot));
  }
  part.told = all.told();
  return part;
}

}  // namespace

boost::json::value foreign_vm(std::string_view name, const platform::Inventory& all,
                              const platform::Machine& machine) {
  model::Vm vm;
  vm.name = fmt::format("{}/{}", name, machine.name);
  vm.uuid = machine.uuid;
  vm.cpus = machine.cpus;
  vm.memory = machine.memory;
  vm.observed = machine.state;
  vm.addresses = machine.addresses;
  for (const auto& one : machine.disks) {
    model::VmDisk disk{.id = one.id, .size = one.size};
    disk.pool = one.pool.empty() ? std::string() : name_of(all.pools(), one.pool);
    vm.disks.push_back(std::move(disk));
  }
  std::int64_t number = 0;
  for (const auto& one : machine.nics) {
    model::VmNic nic;
    nic.network = name_of(all.networks(), one.network);
    nic.mac = one.mac;
    nic.number = number++;
    vm.nics.push_back(std::move(nic));
  }
  vm.platform = std::string(name);
  vm.foreign = foreign_part(all, machine);
  auto out = only(model::to_json(vm), shown);
  narrow(out, "disks", shown_of_disk);
  narrow(out, "nics", shown_of_nic);
  // Empty, where the platform does not tell it, is no host of ours either.
  out["host"] = machine.host.empty() ? std::string() : name_of(all.hosts(), machine.host);
  return out;
}

boost::json::value foreign_host(std::string_view name, const platform::Inventory& /*all*/,
                                const platform::Host& host) {
  constexpr std::array<std::string_view, 8> fields{
      "name", "state", "cpus", "memory", "hypervisor", "draining", "platform", "foreign_id"};
  model::Host shown_host;
  shown_host.name = fmt::format("{}/{}", name, host.name);
  shown_host.state = host.state == platform::HostState::disconnected ? model::HostState::offline
                                                                     : model::HostState::online;
  shown_host.draining = host.state == platform::HostState::maintenance;
  shown_host.cpus = host.cpus;
  shown_host.memory = host.memory;
  shown_host.hypervisor = host.hypervisor;
  shown_host.platform = std::string(name);
  shown_host.foreign_id = host.id;
  return only(model::to_json(shown_host), fields);
}

boost::json::value foreign_pool(std::string_view name, const platform::Inventory& /*all*/,
                                const platform::Pool& pool) {
  constexpr std::array<std::string_view, 8> fields{"name", "path",    "total",    "free",
                                                   "used", "problem", "platform", "foreign_id"};
  model::Pool shown_pool;
  shown_pool.name = fmt::format("{}/{}", name, pool.name);
  shown_pool.path = pool.url;
  shown_pool.total = pool.size;
  shown_pool.free = pool.free;
  shown_pool.used.count = pool.size.count - std::min(pool.size.count, pool.free.count);
  if (!pool.reachable) shown_pool.problem = "its platform does not reach it";
  shown_pool.platform = std::string(name);
  shown_pool.foreign_id = pool.id;
  return only(model::to_json(shown_pool), fields);
}

boost::json::value foreign_network(std::string_view name, const platform::Inventory& /*all*/,
                                   const platform::Network& network) {
  constexpr std::array<std::string_view, 3> fields{"name", "platform", "foreign_id"};
  model::Network shown_network;
  shown_network.name = fmt::format("{}/{}", name, network.name);
  shown_network.platform = std::string(name);
  shown_network.foreign_id = network.id;
  return only(model::to_json(shown_network), fields);
}

Result<const platform::Machine*> find_machine(std::string_view name, const platform::Inventory& all,
                                              std::string_view id_or_name) {
  if (auto found = all.machines().find(id_or_name); found != all.machines().end())
    return &found->second;
  std::vector<const platform::Machine*> found;
  for (const auto& [id, machine] : all.machines())
    if (machine.name == id_or_name) found.push_back(&machine);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return fail(Code::not_found, "there is no machine '{}' on {}", id_or_name, name);
  constexpr std::size_t most = 10;
  std::string candidates;
  for (std::size_t i = 0; i < std::min(found.size(), most); ++i)
    candidates += fmt::format("{}{}/{} (in {})", i == 0 ? "" : ", ", name, found[i]->id,
                              all.path_of(found[i]->folder));
  return fail(Code::conflict, "there are {} machines '{}' on {}; say which one by its id: {}{}",
              found.size(), id_or_name, name, candidates, found.size() > most ? ", …" : "");
}

}  // namespace truce::manager
