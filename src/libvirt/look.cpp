// What there is on a host, read from its libvirt.
#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "connection.h"

namespace truce::libvirt {

using namespace platform;
using model::Observed;

namespace {

constexpr std::string_view host_id = "host", folder_id = "root";
constexpr std::size_t most_snapshots = 1'000;  // of a machine
constexpr std::uint64_t nano = 1'000'000'000;

Observed state_of(int state) {
  switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
    case VIR_DOMAIN_SHUTDOWN:
      return Observed::running;  // until it is off
    case VIR_DOMAIN_PAUSED:
      return Observed::paused;
    case VIR_DOMAIN_SHUTOFF:
      return Observed::off;
    case VIR_DOMAIN_PMSUSPENDED:
      return Observed::suspended;
    default:
      return Observed::unknown;  // crashed, and kept as it was then
  }
}

/// libvirt's statistics of one machine: names and numbers.
class Statistics {
 public:
  Statistics() = default;
  explicit Statistics(const virDomainStatsRecord& record)
      : parameters_(record.params, static_cast<std::size_t>(std::max(0, record.nparams))) {}

  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const {
    const auto* found = find(name);
    if (found == nullptr) return {};
    switch (found->type) {
      case VIR_TYPED_PARAM_UINT:
        return found->value.ui;
      case VIR_TYPED_PARAM_ULLONG:
        return found->value.ul;
      case VIR_TYPED_PARAM_INT:
        return found->value.i < 0 ? 0 : static_cast<std::uint64_t>(found->value.i);
      case VIR_TYPED_PARAM_LLONG:
        return found->value.l < 0 ? 0 : static_cast<std::uint64_t>(found->value.l);
      default:
        return {};
    }
  }
  [[nodiscard]] std::string_view text(std::string_view name) const {
    const auto* found = find(name);
    bool is =
        found != nullptr && found->type == VIR_TYPED_PARAM_STRING && found->value.s != nullptr;
    return is ? std::string_view(found->value.s) : std::string_view();
  }

 private:
  [[nodiscard]] const virTypedParameter* find(std::string_view name) const {
    auto named = [&](const virTypedParameter& one) {
      return std::string_view(one.field, ::strnlen(one.field, sizeof(one.field))) == name;
    };
    auto found = std::ranges::find_if(parameters_, named);
    return found == parameters_.end() ? nullptr : &*found;
  }
  std::span<virTypedParameter> parameters_;
};

struct Room {
  std::uint64_t size = 0, used = 0;
};

/// What a disk takes, of libvirt's three numbers: a file in a format is as long as it has been
/// written, one without has holes.
Room room_of(std::uint64_t capacity, std::uint64_t allocation, std::uint64_t physical,
             const Disk& disk) {
  bool holes = disk.format == "raw" && allocation > 0;
  return {capacity, holes ? std::min(allocation, physical) : physical};
}

bool is_far(std::string_view address) {  // not the loop's, nor one of the link alone
  return !address.starts_with("127.") && !address.starts_with("169.254.") && address != "::1" &&
         !address.starts_with("fe80:");
}

template <class T>
void put_seen(std::vector<T>& seen, T one) {
  if (std::ranges::find(seen, one.id, &T::id) == seen.end()) seen.push_back(std::move(one));
}

}  // namespace

class Looker {
 public:
  explicit Looker(Connection& on)
      : on_(on), lib_(on.lib_), raw_(on.raw_), memory_(on.memory_), lock_(memory_.one_at_a_time) {}
  Result<Update> all();
  Result<Update> some(const std::set<std::string>& machines);

 private:
  Result<void> take_host();
  std::int64_t mhz_used(std::int64_t cpus);
  Bytes memory_used(Bytes all);
  Result<void> take_pools();
  Result<void> take_networks();
  Result<void> take_machines(std::vector<Domain> domains);
  Result<void> take_machine(virDomain* domain, const Statistics& statistics);
  Result<Machine> describe(virDomain* domain, bool& agent);
  void take_use(Machine& machine, virDomain* domain, const Statistics& statistics);
  void take_time(Machine& machine, std::uint64_t time);
  void take_rooms(Machine& machine, virDomain* domain, const Statistics& statistics);
  Room room(virDomain* domain, const Disk& disk);
  Result<void> take_snapshots(Machine& machine, virDomain* domain);
  void take_addresses(Machine& machine, virDomain* domain, bool agent);

  Connection& on_;
  const Library& lib_;
  virConnect* raw_;
  Connection::Memory& memory_;
  std::scoped_lock<std::mutex> lock_;
  Update update_;
};

// --- the host
// -----------------------------------------------------------------------------------------

// Processors' time since the last look, as a part of all that there was.
std::int64_t Looker::mhz_used(std::int64_t cpus) {
  int count = 0;
  if (lib_.virNodeGetCPUStats(raw_, VIR_NODE_CPU_STATS_ALL_CPUS, nullptr, &count, 0) != 0 ||
      count <= 0)
    return 0;
  std::vector<virNodeCPUStats> told(static_cast<std::size_t>(count));
  if (lib_.virNodeGetCPUStats(raw_, VIR_NODE_CPU_STATS_ALL_CPUS, told.data(), &count, 0) != 0)
    return 0;
  std::uint64_t idle = 0, busy = 0;
  for (const auto& one : told) {
    std::string_view name(one.field);
    if (name == VIR_NODE_CPU_STATS_IDLE || name == VIR_NODE_CPU_STATS_IOWAIT) idle += one.value;
    if (name == VIR_NODE_CPU_STATS_USER || name == VIR_NODE_CPU_STATS_KERNEL) busy += one.value;
  }
  auto was_idle = std::exchange(memory_.idle, idle), was_busy = std::exchange(memory_.busy, busy);
  if (was_busy == 0 || idle < was_idle || busy <= was_busy) return 0;
  auto worked = static_cast<double>(busy - was_busy);
  auto part = worked / (worked + static_cast<double>(idle - was_idle));
  return static_cast<std::int64_t>(part * static_cast<double>(cpus * memory_.mhz));
}

// Xen's has no statistics, and says what none of its machines has.
Bytes Looker::memory_used(Bytes all) {
  int count = 0;
  if (lib_.virNodeGetMemoryStats(raw_, VIR_NODE_MEMORY_STATS_ALL_CELLS, nullptr, &count, 0) != 0 ||
      count <= 0) {
    std::uint64_t free = lib_.virNodeGetFreeMemory(raw_);
    return free == 0 ? Bytes() : Bytes{all.count - std::min(all.count, free)};
  }
  std::vector<virNodeMemoryStats> told(static_cast<std::size_t>(count));
  if (lib_.virNodeGetMemoryStats(raw_, VIR_NODE_MEMORY_STATS_ALL_CELLS, told.data(), &count, 0) !=
      0)
    return {};
  std::uint64_t total = 0, free = 0;
  for (const auto& one : told) {
    if (std::string_view(one.field) == VIR_NODE_MEMORY_STATS_TOTAL)
      total += one.value;
    else  // free, buffers, cached
      free += one.value;
  }
  return kib(total - std::min(total, free));
}

Result<void> Looker::take_host() {
  virNodeInfo info{};
  if (lib_.virNodeGetInfo(raw_, &info) != 0) return failed(lib_, "the host");
  memory_.mhz = info.mhz;
  Host host;
  host.id = host_id;
  host.folder = folder_id;
  host.name = take_text(lib_.virConnectGetHostname(raw_));
  if (host.name.empty()) return failed(lib_, "name of the host");
  host.cpus = info.cpus;
  host.cpu_mhz = std::int64_t{info.cpus} * info.mhz;
  host.memory = kib(info.memory);
  host.hypervisor = fmt::format("{} {}", on_.capabilities().name, on_.capabilities().version);
  auto maker = read_maker(take_text(lib_.virConnectGetSysinfo(raw_, 0)));
  host.vendor = maker.vendor;
  host.model = maker.model;
  host.cpu_mhz_used = mhz_used(info.cpus);
  host.memory_used = memory_used(host.memory);
  update_.folders.seen.push_back({.id = std::string(folder_id), .name = host.name, .kind = "host"});
  update_.hosts.seen.push_back(std::move(host));
  return {};
}

// --- pools and networks
// -----------------------------------------------------------------------------------

Result<void> Looker::take_pools() {
  virStoragePoolPtr* listed = nullptr;
  int count = lib_.virConnectListAllStoragePools(raw_, &listed, 0);
  if (count < 0) return last_is(lib_, VIR_ERR_NO_SUPPORT) ? Result<void>() : failed(lib_, "pools");
  std::vector<StoragePool> pools;
  for (int i = 0; i < count; ++i) pools.emplace_back(listed[i], lib_.virStoragePoolFree);
  std::free(static_cast<void*>(listed));
  for (const auto& one : pools) {
    auto text = take_text(lib_.virStoragePoolGetXMLDesc(one.get(), 0));
    if (text.empty()) {
      if (last_is(lib_, VIR_ERR_NO_STORAGE_POOL)) continue;  // gone meanwhile
      return failed(lib_, "a pool");
    }
    TRY(auto read, read_pool(text));
    read.pool.reachable = lib_.virStoragePoolIsActive(one.get()) == 1;
    if (!read.folder.empty()) memory_.places.pools_by_path[read.folder] = read.pool.id;
    memory_.places.pools[read.pool.name] = read.pool.id;
    update_.pools.seen.push_back(std::move(read.pool));
  }
  return {};
}

Result<void> Looker::take_networks() {
  virNetworkPtr* listed = nullptr;
  int count = lib_.virConnectListAllNetworks(raw_, &listed, 0);
  if (count < 0)
    return last_is(lib_, VIR_ERR_NO_SUPPORT) ? Result<void>() : failed(lib_, "networks");
  std::vector<NetworkOfHost> networks;
  for (int i = 0; i < count; ++i) networks.emplace_back(listed[i], lib_.virNetworkFree);
  std::free(static_cast<void*>(listed));
  for (const auto& one : networks) {
    auto text = take_text(lib_.virNetworkGetXMLDesc(one.get(), 0));
    if (text.empty()) {
      if (last_is(lib_, VIR_ERR_NO_NETWORK)) continue;
      return failed(lib_, "a network");
    }
    TRY(auto network, read_network(text));
    memory_.places.networks[network.name] = network.id;
    update_.networks.seen.push_back(std::move(network));
  }
  return {};
}

// --- machines
// -----------------------------------------------------------------------------------------------

Result<Machine> Looker::describe(virDomain* domain, bool& agent) {
  auto text = take_text(lib_.virDomainGetXMLDesc(domain, 0));
  if (text.empty()) return failed(lib_, "a machine");
  TRY(auto read, read_domain(text, memory_.places));
  for (auto& network : read.networks) put_seen(update_.networks.seen, std::move(network));
  agent = read.agent;
  auto machine = std::move(read.machine);
  machine.host = host_id;
  machine.folder = folder_id;
  int state = VIR_DOMAIN_NOSTATE;
  if (lib_.virDomainGetState(domain, &state, nullptr, 0) != 0) return failed(lib_, machine.name);
  machine.state = state_of(state);
  if (machine.state == Observed::off && on_.driver().suspend &&
      lib_.virDomainHasManagedSaveImage(domain, 0) == 1)
    machine.state = Observed::suspended;
  return machine;
}

void Looker::take_use(Machine& machine, virDomain* domain, const Statistics& statistics) {
  if (machine.state == Observed::off || machine.state == Observed::suspended) {
    memory_.processors.erase(machine.id);
    return;
  }
  auto rss = statistics.number("balloon.rss").value_or(0);
  auto balloon = statistics.number("balloon.current").value_or(0);
  machine.use.memory = kib(rss != 0 ? rss : balloon);
  auto has = statistics.number("balloon.available").value_or(0);
  machine.use.memory_guest =
      kib(has - std::min(has, statistics.number("balloon.unused").value_or(0)));
  if (auto time = statistics.number("cpu.time")) return take_time(machine, *time);
  virDomainInfo info{};  // all that drivers without statistics tell: Xen's
  if (lib_.virDomainGetInfo(domain, &info) != 0) return;
  if (machine.use.memory.count == 0) machine.use.memory = kib(info.memory);
  take_time(machine, info.cpuTime);
}

// Processors' time since the last look.
void Looker::take_time(Machine& machine, std::uint64_t time) {
  auto& before = memory_.processors[machine.id];
  Connection::Processor seen{time, std::chrono::steady_clock::now()};
  auto passed = std::chrono::duration<double>(seen.at - before.at).count();
  if (before.time != 0 && seen.time >= before.time && passed > 0) {
    auto worked = static_cast<double>(seen.time - before.time) / static_cast<double>(nano);
    machine.use.cpu_mhz =
        static_cast<std::int64_t>(worked / passed * static_cast<double>(memory_.mhz));
  }
  before = seen;
}

// Of a disk that the statistics do not tell of: libvirt looks at it, or knows it as a volume.
Room Looker::room(virDomain* domain, const Disk& disk) {
  virDomainBlockInfo info{};
  if (lib_.virDomainGetBlockInfo(domain, disk.id.c_str(), &info, 0) == 0)
    return room_of(info.capacity, info.allocation, info.physical, disk);
  Volume volume(lib_.virStorageVolLookupByPath(raw_, disk.file.c_str()), lib_.virStorageVolFree);
  virStorageVolInfo volume_info{};
  if (volume && lib_.virStorageVolGetInfo(volume.get(), &volume_info) == 0)
    return {volume_info.capacity, volume_info.allocation};
  return {};
}

void Looker::take_rooms(Machine& machine, virDomain* domain, const Statistics& statistics) {
  constexpr std::uint64_t most_blocks = 1'000;
  auto count = std::min(most_blocks, statistics.number("block.count").value_or(0));
  std::map<std::string, Room, std::less<>> told;
  for (std::uint64_t i = 0; i < count; ++i) {
    auto part = [&](std::string_view name) { return fmt::format("block.{}.{}", i, name); };
    auto found = std::ranges::find(machine.disks, statistics.text(part("name")), &Disk::id);
    auto capacity = statistics.number(part("capacity")).value_or(0);
    if (found == machine.disks.end() || capacity == 0) continue;
    told[found->id] = room_of(capacity, statistics.number(part("allocation")).value_or(0),
                              statistics.number(part("physical")).value_or(0), *found);
  }
  for (auto& disk : machine.disks) {
    auto found = told.find(disk.id);
    auto seen = found == told.end() ? room(domain, disk) : found->second;
    disk.size.count = seen.size;
    disk.thin = seen.used < seen.size;
    machine.use.storage.count += seen.used;
  }
}

Result<void> Looker::take_snapshots(Machine& machine, virDomain* domain) {
  virDomainSnapshotPtr* listed = nullptr;
  int count = lib_.virDomainListAllSnapshots(domain, &listed, 0);
  if (count < 0) return failed(lib_, machine.name);
  std::vector<DomainSnapshot> snapshots;
  for (int i = 0; i < count; ++i) snapshots.emplace_back(listed[i], lib_.virDomainSnapshotFree);
  std::free(static_cast<void*>(listed));
  if (snapshots.size() > most_snapshots)
    return fail(Code::limit, "{} has {} snapshots; {} at most are read", machine.name, count,
                most_snapshots);
  std::vector<Snapshot> read;
  for (const auto& one : snapshots) {
    auto text = take_text(lib_.virDomainSnapshotGetXMLDesc(one.get(), 0));
    if (text.empty()) {
      if (last_is(lib_, VIR_ERR_NO_DOMAIN_SNAPSHOT)) continue;  // gone meanwhile
      return failed(lib_, machine.name);
    }
    TRY(auto snapshot, read_snapshot(text));
    read.push_back(std::move(snapshot));
  }
  machine.snapshots = in_order(std::move(read));
  if (machine.snapshots.empty()) return {};
  DomainSnapshot current(lib_.virDomainSnapshotCurrent(domain, 0), lib_.virDomainSnapshotFree);
  if (current) machine.snapshot = lib_.virDomainSnapshotGetName(current.get());
  return {};
}

// By the guest's agent, where it is there, and by what libvirt's own networks have lent.
void Looker::take_addresses(Machine& machine, virDomain* domain, bool agent) {
  constexpr int most = 256;
  for (unsigned source :
       {VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE}) {
    if (source == VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT && !agent) continue;
    virDomainInterfacePtr* interfaces = nullptr;
    int count = lib_.virDomainInterfaceAddresses(domain, &interfaces, source, 0);
    for (int i = 0; i < count; ++i) {
      for (unsigned j = 0; j < interfaces[i]->naddrs && j < most && i < most; ++j) {
        std::string address = interfaces[i]->addrs[j].addr;
        if (is_far(address)) machine.addresses.push_back(std::move(address));
      }
      lib_.virDomainInterfaceFree(interfaces[i]);
    }
    std::free(static_cast<void*>(interfaces));
    if (!machine.addresses.empty()) return;
  }
}

Result<void> Looker::take_machine(virDomain* domain, const Statistics& statistics) {
  bool agent = false;
  TRY(auto machine, describe(domain, agent));
  take_use(machine, domain, statistics);
  take_rooms(machine, domain, statistics);
  if (on_.driver().snapshots) TRY_VOID(take_snapshots(machine, domain));
  if (machine.state == Observed::running) take_addresses(machine, domain, agent);
  update_.machines.seen.push_back(std::move(machine));
  return {};
}

// The statistics of all at once, without waiting for machines that are busy with something else.
Result<void> Looker::take_machines(std::vector<Domain> domains) {
  if (on_.driver().xen)
    std::erase_if(domains, [&](const Domain& one) {
      return std::string_view(lib_.virDomainGetName(one.get())) == "Domain-0";
    });
  std::vector<virDomain*> list;
  for (const auto& one : domains) list.push_back(one.get());
  list.push_back(nullptr);
  constexpr unsigned wanted =
      VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON | VIR_DOMAIN_STATS_BLOCK;
  virDomainStatsRecordPtr* records = nullptr;
  int count = 0;
  if (memory_.has_stats && !domains.empty()) {
    unsigned flags = memory_.may_not_wait ? unsigned{VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT} : 0U;
    count = lib_.virDomainListGetStats(list.data(), wanted, &records, flags);
    bool cannot = count < 0 && last_error(lib_).code != Code::unavailable;
    if (cannot && flags != 0) {
      memory_.may_not_wait = false;
      return take_machines(std::move(domains));
    }
    if (cannot) memory_.has_stats = false;
  }
  std::unique_ptr<virDomainStatsRecordPtr, void (*)(virDomainStatsRecordPtr*)> kept(
      records, lib_.virDomainStatsRecordListFree);
  std::map<std::string, Statistics> by_uuid;
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid{};
  for (int i = 0; i < count; ++i)
    if (lib_.virDomainGetUUIDString(records[i]->dom, uuid.data()) == 0)
      by_uuid[uuid.data()] = Statistics(*records[i]);
  for (const auto& one : domains) {
    if (lib_.virDomainGetUUIDString(one.get(), uuid.data()) != 0) return failed(lib_, "a machine");
    auto found = by_uuid.find(uuid.data());
    auto taken = take_machine(one.get(), found == by_uuid.end() ? Statistics() : found->second);
    if (taken) continue;
    if (taken.error().code != Code::not_found) return taken;
    update_.machines.gone.emplace_back(uuid.data());  // meanwhile
  }
  return {};
}

Result<Update> Looker::all() {
  update_.extent = Update::Extent::whole;
  update_.at = now();
  memory_.places = {};
  TRY_VOID(take_host());
  TRY_VOID(take_pools());
  TRY_VOID(take_networks());
  virDomainPtr* listed = nullptr;
  int count = lib_.virConnectListAllDomains(raw_, &listed, 0);
  if (count < 0) return failed(lib_, "machines");
  std::vector<Domain> domains;
  for (int i = 0; i < count; ++i) domains.push_back(on_.held(listed[i]));
  std::free(static_cast<void*>(listed));
  TRY_VOID(take_machines(std::move(domains)));
  std::erase_if(memory_.processors, [&](const auto& one) {
    return std::ranges::find(update_.machines.seen, one.first, &Machine::id) ==
           update_.machines.seen.end();
  });
  return std::move(update_);
}

Result<Update> Looker::some(const std::set<std::string>& machines) {
  update_.at = now();
  std::vector<Domain> domains;
  for (const auto& id : machines) {
    auto domain = on_.find(id);
    if (domain)
      domains.push_back(*std::move(domain));
    else if (domain.error().code == Code::not_found)
      update_.machines.gone.push_back(id);
    else
      return std::unexpected(std::move(domain).error());
  }
  TRY_VOID(take_machines(std::move(domains)));
  return std::move(update_);
}

Result<Update> look_at_all(Connection& on) {
  return Looker(on).all();
}

Result<Update> look_at(Connection& on, const std::set<std::string>& machines) {
  return Looker(on).some(machines);
}

}  // namespace truce::libvirt
