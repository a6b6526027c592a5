#include "picture.h"

#include <algorithm>

namespace truce::xapi {

using namespace platform;

namespace {

constexpr std::size_t most_objects = 2'000'000;

template <class Table>
auto find(const Table& in, const std::string& ref) {
  auto found = in.find(ref);
  return found == in.end() ? nullptr : &found->second;
}

std::string file_of(const std::string& repository, const std::string& volume) {
  return volume.empty() ? std::string() : repository + "/" + volume;
}

}  // namespace

const std::vector<std::string>& watched_classes() {
  static const std::vector<std::string> classes = {
      "pool", "host", "host_metrics", "VM",  "VM_metrics", "VM_guest_metrics",
      "VBD",  "VDI",  "SR",           "PBD", "VIF",        "network"};
  return classes;
}

std::size_t Picture::size() const {
  return vms_.size() + drives_.size() + volumes_.size() + cards_.size() + metrics_.size() +
         guests_.size() + hosts_.size() + host_metrics_.size() + repositories_.size() +
         paths_.size() + networks_.size() + pools_.size();
}

std::map<std::string, std::int64_t> Picture::counts() const {
  auto count = [](const auto& table) { return static_cast<std::int64_t>(table.size()); };
  return {{"vm", count(vms_)},
          {"vbd", count(drives_)},
          {"vdi", count(volumes_)},
          {"vif", count(cards_)},
          {"vm_metrics", count(metrics_)},
          {"vm_guest_metrics", count(guests_)},
          {"host", count(hosts_)},
          {"host_metrics", count(host_metrics_)},
          {"sr", count(repositories_)},
          {"pbd", count(paths_)},
          {"network", count(networks_)},
          {"pool", count(pools_)}};
}

Result<void> Picture::take(std::string_view text) {
  TRY(auto event, read_object(text));
  auto kind = text_at(event, "class"), ref = text_at(event, "ref");
  auto operation = text_at(event, "operation");
  std::ranges::transform(kind, kind.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (kind.empty() || ref.empty()) return fail(Code::corrupt, "the server has told no event");
  if (operation == "del") {
    touch(kind, ref);
    drop(kind, ref);
    return {};
  }
  const auto* snapshot = field(event, "snapshot");
  const auto* record = snapshot ? snapshot->if_object() : nullptr;
  if (record == nullptr) return {};  // it went while the server was telling of it
  if (size() >= most_objects)
    return fail(Code::limit, "the pool has more than {} objects", most_objects);
  touch(kind, ref);  // also whose it was
  put(kind, ref, *record);
  touch(kind, ref);
  return {};
}

void Picture::put(const std::string& kind, const std::string& ref, const json::object& record) {
  if (kind == "vm") {
    auto vm = read_vm(record);
    for (const auto& metrics : {vm.metrics, vm.guest_metrics})
      if (!metrics.empty()) owners_[metrics] = ref;
    vms_.insert_or_assign(ref, std::move(vm));
  }
  if (kind == "vbd") drives_.insert_or_assign(ref, read_drive(record));
  if (kind == "vdi") volumes_.insert_or_assign(ref, read_volume(record));
  if (kind == "vif") cards_.insert_or_assign(ref, read_card(record));
  if (kind == "vm_metrics") metrics_.insert_or_assign(ref, read_metrics(record));
  if (kind == "vm_guest_metrics") guests_.insert_or_assign(ref, read_guest(record));
  if (kind == "host_metrics") host_metrics_.insert_or_assign(ref, read_host_metrics(record));
  if (kind == "pbd") paths_.insert_or_assign(ref, read_path(record));
  // What machines name: when it comes, they name it.
  bool came = false;
  if (kind == "host") came = hosts_.insert_or_assign(ref, read_host(record)).second;
  if (kind == "sr") came = repositories_.insert_or_assign(ref, read_repository(record)).second;
  if (kind == "network") came = networks_.insert_or_assign(ref, read_network(record)).second;
  if (kind == "pool") came = pools_.insert_or_assign(ref, read_pool(record)).second;
  all_ = all_ || came;
}

void Picture::drop(const std::string& kind, const std::string& ref) {
  if (kind == "vm") {
    if (const auto* vm = find(vms_, ref)) {
      gone_.push_back(vm->uuid);
      owners_.erase(vm->metrics);
      owners_.erase(vm->guest_metrics);
    }
    vms_.erase(ref);
    touched_.erase(ref);
  }
  if (kind == "host") {
    if (const auto* host = find(hosts_, ref)) gone_hosts_.push_back(host->host.id);
    all_ = hosts_.erase(ref) != 0 || all_;
  }
  if (kind == "sr") {
    if (const auto* repository = find(repositories_, ref))
      gone_pools_.push_back(repository->pool.id);
    all_ = repositories_.erase(ref) != 0 || all_;
  }
  if (kind == "network") {
    if (const auto* network = find(networks_, ref)) gone_networks_.push_back(network->id);
    all_ = networks_.erase(ref) != 0 || all_;
  }
  if (kind == "vbd") drives_.erase(ref);
  if (kind == "vdi") volumes_.erase(ref);
  if (kind == "vif") cards_.erase(ref);
  if (kind == "vm_metrics") metrics_.erase(ref);
  if (kind == "vm_guest_metrics") guests_.erase(ref);
  if (kind == "host_metrics") host_metrics_.erase(ref);
  if (kind == "pbd") paths_.erase(ref);
  if (kind == "pool") pools_.erase(ref);
}

void Picture::touch_machine(const std::string& ref) {
  if (ref.empty()) return;
  touched_.insert(ref);
  if (const auto* vm = find(vms_, ref); vm && !vm->snapshot_of.empty())
    touched_.insert(vm->snapshot_of);
}

void Picture::touch(const std::string& kind, const std::string& ref) {
  if (kind == "vm") touch_machine(ref);
  if (kind == "vbd")
    if (const auto* drive = find(drives_, ref)) touch_machine(drive->vm);
  if (kind == "vif")
    if (const auto* card = find(cards_, ref)) touch_machine(card->vm);
  if (kind == "vdi")
    if (const auto* volume = find(volumes_, ref))
      for (const auto& each : volume->drives)
        if (const auto* drive = find(drives_, each)) touch_machine(drive->vm);
  if (kind == "vm_metrics" || kind == "vm_guest_metrics")
    if (const auto* owner = find(owners_, ref)) touch_machine(*owner);
  places_ = places_ || kind == "host" || kind == "host_metrics" || kind == "sr" || kind == "pbd" ||
            kind == "network" || kind == "pool";
}

std::string Picture::host_id(const VmRecord& vm) const {
  // One that does not run is where it would start.
  const auto* host = find(hosts_, vm.resident_on.empty() ? vm.affinity : vm.resident_on);
  return host ? host->host.id : std::string();
}

std::string Picture::folder_id() const {
  return pools_.empty() ? std::string() : pools_.begin()->second.uuid;
}

void Picture::add_disks(Machine& to, const VmRecord& vm) const {
  for (const auto& ref : vm.disks) {
    const auto* drive = find(drives_, ref);
    const auto* volume = drive && drive->disk ? find(volumes_, drive->vdi) : nullptr;
    if (volume == nullptr) continue;
    const auto* repository = find(repositories_, volume->sr);
    auto place = repository ? repository->pool.id : std::string();
    Disk disk;
    disk.id = volume->uuid;
    disk.label = volume->name.empty() ? drive->device : volume->name;
    disk.size = volume->size;
    disk.file = file_of(place, volume->uuid);
    disk.format = volume->format;
    disk.thin = repository && repository->thin && disk.format != "raw";
    disk.pool = place;
    disk.controller = drive->device;
    disk.parent = file_of(place, volume->parent);
    to.use.storage.count += volume->used.count;
    to.disks.push_back(std::move(disk));
  }
  std::ranges::sort(to.disks, {}, &Disk::controller);
  // Whichever place a disk has, it is Xen's own.
  for (auto& disk : to.disks) disk.controller = "xen";
}

void Picture::add_cards(Machine& to, const VmRecord& vm) const {
  for (const auto& ref : vm.cards) {
    const auto* card = find(cards_, ref);
    if (card == nullptr) continue;
    const auto* network = find(networks_, card->network);
    Nic nic;
    nic.id = card->uuid;
    nic.label = card->device;
    nic.mac = card->mac;
    nic.network = network ? network->id : std::string();
    nic.model = "netfront";
    nic.connected = card->attached;
    to.nics.push_back(std::move(nic));
  }
  std::ranges::sort(to.nics, {}, &Nic::label);
}

void Picture::add_guest(Machine& to, const VmRecord& vm) const {
  bool runs = to.state == model::Observed::running || to.state == model::Observed::paused;
  if (const auto* metrics = find(metrics_, vm.metrics); metrics && runs)
    to.use.memory = metrics->memory;
  const auto* guest = find(guests_, vm.guest_metrics);
  if (guest == nullptr) return;
  to.guest_os = guest->os;
  if (guest->tools) to.tools = runs && guest->live ? Tools::running : Tools::stopped;
  if (runs) to.addresses = guest->addresses;
}

// A tree as XAPI keeps it: snapshots are machines whose parents are snapshots. Where a parent is
// gone, or they go round in a ring, one is the first.
void Picture::add_snapshots(Machine& to, const std::string& ref, const VmRecord& vm) const {
  Table<const VmRecord*> left;
  for (const auto& one : vm.snapshots)
    if (const auto* taken = find(vms_, one); taken && taken->snapshot && taken->snapshot_of == ref)
      left.emplace(one, taken);
  if (const auto* last = find(left, vm.parent)) to.snapshot = (*last)->uuid;
  std::unordered_map<std::string, std::vector<std::string>> children;
  std::vector<std::string> order;
  for (const auto& one : vm.snapshots) {
    const auto* taken = find(left, one);
    if (taken == nullptr) continue;
    bool is_first = !left.contains((*taken)->parent);
    (is_first ? order : children[(*taken)->parent]).push_back(one);
  }
  Table<std::string> parents;
  auto pass = [&](std::size_t from) {
    for (auto i = from; i < order.size(); ++i)
      for (const auto& child : children[order[i]])
        if (parents.emplace(child, order[i]).second) order.push_back(child);
  };
  pass(0);
  for (const auto& one : vm.snapshots) {
    if (!left.contains(one) || parents.contains(one)) continue;
    if (std::ranges::find(order, one) != order.end()) continue;
    order.push_back(one);
    parents.emplace(one, "");
    pass(order.size() - 1);
  }
  std::set<std::string> seen;
  for (const auto& one : order) {
    if (!seen.insert(one).second) continue;
    const auto& taken = *left.at(one);
    const auto* parent = find(parents, one);
    Snapshot snapshot;
    snapshot.id = taken.uuid;
    snapshot.name = taken.name;
    snapshot.description = taken.description;
    if (parent && left.contains(*parent)) snapshot.parent = left.at(*parent)->uuid;
    snapshot.created = taken.snapshot_time;
    if (taken.state == "Suspended") snapshot.state = model::Observed::running;
    to.snapshots.push_back(std::move(snapshot));
  }
}

Machine Picture::machine(const std::string& ref, const VmRecord& vm) const {
  Machine to;
  to.id = vm.uuid;
  to.uuid = vm.uuid;
  to.name = vm.name;
  to.folder = folder_id();
  to.host = host_id(vm);
  to.state = read_state(vm.state);
  to.cpus = vm.cpus;
  to.memory = vm.memory;
  to.firmware = vm.uefi ? model::Firmware::uefi : model::Firmware::bios;
  to.secure_boot = vm.secure_boot;
  to.tpm = vm.tpm;
  to.guest_kind = vm.kind;
  add_disks(to, vm);
  add_cards(to, vm);
  add_guest(to, vm);
  add_snapshots(to, ref, vm);
  return to;
}

void Picture::add_places(Update& update) const {
  for (const auto& [ref, pool] : pools_)
    update.folders.seen.push_back({pool.uuid, pool.name.empty() ? "pool" : pool.name, "pool", {}});
  for (const auto& [ref, record] : hosts_) {
    auto host = record.host;
    host.folder = folder_id();
    const auto* metrics = find(host_metrics_, record.metrics);
    if (metrics) {
      host.memory = metrics->total;
      host.memory_used = {metrics->total.count -
                          std::min(metrics->total.count, metrics->free.count)};
    }
    if (metrics == nullptr || !metrics->live) host.state = HostState::disconnected;
    update.hosts.seen.push_back(std::move(host));
  }
  std::set<std::string> attached;
  for (const auto& [ref, path] : paths_)
    if (path.attached) attached.insert(path.sr);
  for (const auto& [ref, record] : repositories_) {
    if (!record.shown) continue;
    auto pool = record.pool;
    pool.reachable = attached.contains(ref);
    update.pools.seen.push_back(std::move(pool));
  }
  for (const auto& [ref, network] : networks_) update.networks.seen.push_back(network);
}

Update Picture::collect(Update::Extent extent) {
  Update update;
  update.extent = extent;
  bool whole = extent == Update::Extent::whole;
  auto tell = [&](const std::string& ref, const VmRecord& vm) {
    if (vm.is_machine())
      update.machines.seen.push_back(machine(ref, vm));
    else if (!whole)
      update.machines.gone.push_back(vm.uuid);  // a template now
  };
  if (whole || all_) {
    for (const auto& [ref, vm] : vms_) tell(ref, vm);
  } else {
    for (const auto& ref : touched_)
      if (const auto* vm = find(vms_, ref)) tell(ref, *vm);
  }
  if (whole || places_ || all_) add_places(update);
  if (!whole) {
    update.machines.gone.insert(update.machines.gone.end(), gone_.begin(), gone_.end());
    update.hosts.gone = gone_hosts_;
    update.pools.gone = gone_pools_;
    update.networks.gone = gone_networks_;
  }
  touched_.clear();
  for (auto* gone : {&gone_, &gone_hosts_, &gone_pools_, &gone_networks_}) gone->clear();
  places_ = all_ = false;
  return update;
}

}  // namespace truce::xapi
