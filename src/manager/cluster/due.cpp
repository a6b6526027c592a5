#include "cluster/due.h"

#include "networks/neighbours.h"

namespace truce::manager {
namespace {

using Mark = std::function<void(Due&)>;

void mark(const Audience& audience, const std::set<std::string>& hosts, const Mark& marked) {
  for (const auto& host : hosts) {
    if (auto* due = audience.find(host)) marked(*due);
  }
}

bool is(const Seen& seen, std::string_view folder) {
  return seen.folder == folder;
}

// What is on its way to a host, or leaves it, is told with its job.
std::set<std::string> hosts_that_move(const Inventory& inventory, const std::string& uuid) {
  std::set<std::string> hosts;
  for (const auto& [name, kept] : inventory.all<model::Job>()) {
    if (kept->object.vm == uuid) hosts.insert({kept->object.host, kept->object.from});
  }
  return hosts;
}

void note_for_others(const Inventory& inventory, const Seen& seen, const Audience& audience) {
  if (!seen.for_others || !hosts_meet(inventory)) return;
  audience.each([](Due& due) { due.others = true; });
}

void note_machine(const Inventory& inventory, const Seen& seen, const Audience& audience) {
  bool moved = seen.hosts.size() > 1;
  mark(audience, seen.hosts, [&](Due& due) {
    due.machines.insert(seen.name);
    due.jobs = due.jobs || moved;
  });
  note_for_others(inventory, seen, audience);
  if (inventory.all<model::Job>().empty()) return;
  auto kept = inventory.find<model::Vm>(seen.name);
  if (!kept) return;
  mark(audience, hosts_that_move(inventory, kept->object.uuid), [](Due& due) { due.jobs = true; });
}

// A job that names no host is that of its machine's, or anybody's.
void note_job(const Inventory& inventory, const Seen& seen, const Audience& audience) {
  auto marked = [](Due& due) { due.jobs = true; };
  auto kept = inventory.find<model::Job>(seen.name);
  auto vm = kept ? inventory.vm_by_uuid(kept->object.vm) : nullptr;
  if (!vm) return audience.each(marked);
  auto hosts = seen.hosts;
  hosts.insert(vm->object.host);
  mark(audience, hosts, marked);
}

// Also to those who are told of it as that of another's machine.
void note_life(const Inventory& inventory, const Seen& seen, const Audience& audience) {
  std::set<std::string> hosts{seen.name};
  for (const auto& uuid : inventory.tenancies_of(seen.name)) {
    auto kept = inventory.find<model::VmTenancy>(uuid);
    if (kept) hosts.insert({kept->object.owner, kept->object.destination});
  }
  mark(audience, hosts, [](Due& due) { due.lives = true; });
}

}  // namespace

void note(const Inventory& inventory, const Seen& seen, const Audience& audience) {
  if (is(seen, folder_of<model::Vm>)) {
    note_machine(inventory, seen, audience);
  } else if (is(seen, folder_of<model::VmTenancy>)) {
    mark(audience, seen.hosts, [](Due& due) { due.lives = true; });
  } else if (is(seen, folder_of<model::NodeLife>)) {
    note_life(inventory, seen, audience);
  } else if (is(seen, folder_of<model::Job>)) {
    note_job(inventory, seen, audience);
  } else if (is(seen, folder_of<model::Upload>)) {
    mark(audience, seen.hosts, [](Due& due) { due.uploads = true; });
  } else if (is(seen, folder_of<model::Host>)) {
    note_for_others(inventory, seen, audience);
  } else if (is(seen, folder_of<model::Network>)) {
    audience.each([](Due& due) { due.networks = due.others = true; });
  } else if (is(seen, folder_of<model::Template>)) {
    audience.each([](Due& due) { due.networks = true; });
  } else if (is(seen, folder_of<model::SecurityGroup>)) {
    audience.each([](Due& due) { due.groups = true; });
  } else if (is(seen, folder_of<model::ResourcePool>)) {
    audience.each([](Due& due) { due.resource_pools = true; });
  } else if (is(seen, folder_of<model::Pool>)) {
    if (seen.for_others) audience.each([](Due& due) { due.pools = true; });
  } else if (is(seen, folder_of<model::Cluster>)) {
    audience.each([](Due& due) { due.lives = true; });
  }
}

}  // namespace truce::manager
