#include "documents.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "base/text.h"

namespace truce::libvirt {

using namespace platform;

namespace {

constexpr std::size_t longest = 4 << 20;  // as libvirt's own limit of a text
constexpr std::size_t most_devices = 1'000;

Result<pugi::xml_node> parse(pugi::xml_document& into, std::string_view xml, const char* root) {
  if (xml.size() > longest)
    return fail(Code::limit, "a {} is described in {} bytes", root, xml.size());
  if (!into.load_buffer(xml.data(), xml.size()))
    return fail(Code::corrupt, "the description of a {} is no XML", root);
  auto found = into.child(root);
  if (!found) return fail(Code::corrupt, "it is no description of a {}", root);
  return found;
}

std::uint64_t unsigned_of(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : 0;
}

// libvirt's own answers are in KiB or bytes; other units are those that people may write.
Bytes bytes_of(pugi::xml_node node) {
  struct Unit {
    std::string_view name;
    std::uint64_t count;
  };
  constexpr std::array units = {
      Unit{"b", 1},           Unit{"bytes", 1},        Unit{"KiB", 1ULL << 10},
      Unit{"k", 1ULL << 10},  Unit{"MiB", 1ULL << 20}, Unit{"GiB", 1ULL << 30},
      Unit{"TiB", 1ULL << 40}};
  std::string_view name = node.attribute("unit").as_string("bytes");
  auto unit = std::ranges::find(units, name, &Unit::name);
  std::uint64_t product = 0;
  if (unit == units.end() ||
      __builtin_mul_overflow(unsigned_of(node.child_value()), unit->count, &product))
    return {};
  return {product};
}

// A domain's sizes are in KiB where they say nothing.
Bytes memory_of(pugi::xml_node node) {
  if (node.attribute("unit")) return bytes_of(node);
  return kib(unsigned_of(node.child_value()) & ((1ULL << 50) - 1));
}

std::string at(const Places::Ids& ids, std::string_view name) {
  auto found = ids.find(name);
  return found == ids.end() ? std::string() : found->second;
}

std::string text_of(pugi::xml_node node, const char* attribute) {
  return node.attribute(attribute).as_string();
}

// --- disks ------------------------------------------------------------------------------------

std::string file_of(pugi::xml_node source) {
  for (const auto* attribute : {"file", "dev", "dir"})
    if (source.attribute(attribute)) return text_of(source, attribute);
  if (source.attribute("volume")) return text_of(source, "pool") + "/" + text_of(source, "volume");
  if (source.attribute("protocol"))
    return text_of(source, "protocol") + ":" + text_of(source, "name");
  return {};
}

std::string pool_of(pugi::xml_node source, const std::string& file, const Places& places) {
  if (source.attribute("volume")) return at(places.pools, source.attribute("pool").as_string());
  auto slash = file.rfind('/');
  return slash == file.npos ? std::string() : at(places.pools_by_path, file.substr(0, slash));
}

bool is_of_xen(pugi::xml_node domain) {
  return std::string_view(domain.attribute("type").as_string()) == "xen";
}

/// What a SCSI disk really hangs on: the guest needs another driver for each.
void take_scsi_model(Disk& disk, pugi::xml_node node, pugi::xml_node domain) {
  if (is_of_xen(domain)) {
    disk.bus.reset();
    disk.controller = "lsilogic";  // all that its QEMU is given
    return;
  }
  std::string_view index = node.child("address").attribute("controller").as_string("0");
  for (auto controller : domain.child("devices").children("controller")) {
    bool its = std::string_view(controller.attribute("type").as_string()) == "scsi" &&
               index == controller.attribute("index").as_string();
    if (!its) continue;
    std::string_view model = controller.attribute("model").as_string();
    if (model.empty() || model == "auto" || model.starts_with("virtio")) return;
    disk.bus.reset();
    disk.controller = model;
    if (model == "vmpvscsi") disk.bus = model::DiskBus::pvscsi;
    if (model.starts_with("lsisas")) disk.bus = model::DiskBus::lsisas;
    return;
  }
}

Disk disk_of(pugi::xml_node node, const Places& places) {
  Disk disk;
  disk.id = disk.label = text_of(node.child("target"), "dev");
  disk.controller = text_of(node.child("target"), "bus");
  for (auto bus :
       {model::DiskBus::virtio, model::DiskBus::scsi, model::DiskBus::sata, model::DiskBus::ide})
    if (disk.controller == model::to_string(bus)) disk.bus = bus;
  disk.format = text_of(node.child("driver"), "type");
  auto source = node.child("source");
  disk.file = file_of(source);
  disk.pool = pool_of(source, disk.file, places);
  disk.parent = file_of(node.child("backingStore").child("source"));
  return disk;
}

void take_disks(DomainDocument& into, pugi::xml_node domain, const Places& places) {
  for (auto node : domain.child("devices").children("disk")) {
    std::string_view device = node.attribute("device").as_string("disk");
    if (device != "disk" && device != "lun") continue;  // what is in drives is the guest's no more
    if (into.machine.disks.size() >= most_devices) return;
    auto disk = disk_of(node, places);
    if (disk.bus == model::DiskBus::scsi) take_scsi_model(disk, node, domain);
    bool shared = node.child("readonly") || node.child("shareable") || node.child("transient");
    if (shared) into.keeps.push_back(disk.id);
    into.machine.disks.push_back(std::move(disk));
  }
}

// --- network cards
// --------------------------------------------------------------------------------

/// What a card is plugged into, where that is none of libvirt's networks.
Network network_of(pugi::xml_node interface) {
  std::string type = text_of(interface, "type");
  auto source = interface.child("source");
  if (type == "bridge") {
    auto name = text_of(source, "bridge");
    return {.id = "bridge:" + name, .name = name, .kind = "bridge"};
  }
  if (type == "direct") {
    auto name = text_of(source, "dev");
    return {.id = "direct:" + name, .name = name, .kind = "direct"};
  }
  return {.id = type, .name = type, .kind = type};  // `user`, `ethernet`, `hostdev`: nothing named
}

/// The model of a card whose document names none.
std::string usual_card(pugi::xml_node domain) {
  if (!is_of_xen(domain)) return {};
  bool emulated = std::string_view(domain.child("os").child_value("type")) == "hvm";
  return emulated ? "rtl8139" : "netfront";
}

void take_nics(DomainDocument& into, pugi::xml_node domain, const Places& places) {
  auto& nics = into.machine.nics;
  for (auto node : domain.child("devices").children("interface")) {
    if (nics.size() >= most_devices) return;
    Nic nic;
    nic.mac = lower_case(text_of(node.child("mac"), "address"));
    nic.id = nic.mac;
    for (int i = 2; std::ranges::find(nics, nic.id, &Nic::id) != nics.end(); ++i)
      nic.id = fmt::format("{}#{}", nic.mac, i);
    nic.label = text_of(node.child("target"), "dev");
    nic.model = text_of(node.child("model"), "type");
    if (nic.model.empty()) nic.model = usual_card(domain);
    nic.connected = std::string_view(node.child("link").attribute("state").as_string()) != "down";
    if (std::string_view(node.attribute("type").as_string()) == "network") {
      nic.network = at(places.networks, node.child("source").attribute("network").as_string());
    } else {
      auto network = network_of(node);
      nic.network = network.id;
      into.networks.push_back(std::move(network));
    }
    nics.push_back(std::move(nic));
  }
}

// --- the machine
// ----------------------------------------------------------------------------------

void take_firmware(Machine& machine, pugi::xml_node os) {
  auto loader = os.child("loader");
  std::string_view path = loader.child_value();
  bool pflash = std::string_view(loader.attribute("type").as_string()) == "pflash";
  bool uefi = std::string_view(os.attribute("firmware").as_string()) == "efi" || pflash ||
              path.contains("ovmf") || path.contains("OVMF");  // Xen names the file alone
  if (uefi) machine.firmware = model::Firmware::uefi;
  machine.secure_boot = std::string_view(loader.attribute("secure").as_string()) == "yes";
  for (auto feature : os.child("firmware").children("feature"))
    if (std::string_view(feature.attribute("name").as_string()) == "secure-boot")
      machine.secure_boot = std::string_view(feature.attribute("enabled").as_string()) == "yes";
}

std::string started_by(pugi::xml_node domain) {
  std::string_view loader = domain.child_value("bootloader");  // of Xen: pygrub
  if (!loader.empty()) return fmt::format("the boot loader {}", loader);
  std::string_view kernel = domain.child("os").child_value("kernel");
  return kernel.empty() ? std::string() : fmt::format("the kernel {}", kernel);
}

bool is_agent_there(pugi::xml_node devices) {
  for (auto channel : devices.children("channel")) {
    auto target = channel.child("target");
    if (std::string_view(target.attribute("name").as_string()) == "org.qemu.guest_agent.0")
      return std::string_view(target.attribute("state").as_string()) == "connected";
  }
  return false;
}

bool has_agent_channel(pugi::xml_node devices) {
  return std::ranges::any_of(devices.children("channel"), [](pugi::xml_node channel) {
    return std::string_view(channel.child("target").attribute("name").as_string()) ==
           "org.qemu.guest_agent.0";
  });
}

}  // namespace

Result<DomainDocument> read_domain(std::string_view xml, const Places& places) {
  pugi::xml_document document;
  TRY(auto domain, parse(document, xml, "domain"));
  DomainDocument read;
  auto& machine = read.machine;
  machine.id = machine.uuid = lower_case(domain.child_value("uuid"));
  machine.name = domain.child_value("name");
  if (machine.id.empty() || machine.name.empty())
    return fail(Code::corrupt, "a domain has no uuid, or no name");
  auto vcpu = domain.child("vcpu");
  constexpr std::uint64_t most_cpus = 1 << 20;
  auto cpus = unsigned_of(vcpu.attribute("current").as_string(vcpu.child_value()));
  machine.cpus = static_cast<std::int64_t>(std::min(cpus, most_cpus));
  machine.memory = memory_of(domain.child("memory"));
  take_firmware(machine, domain.child("os"));
  machine.started_by = started_by(domain);
  auto devices = domain.child("devices");
  machine.tpm = static_cast<bool>(devices.child("tpm"));
  take_disks(read, domain, places);
  take_nics(read, domain, places);
  read.agent = is_agent_there(devices);
  if (has_agent_channel(devices)) machine.tools = read.agent ? Tools::running : Tools::stopped;
  // `http://debian.org/debian/12`, which whoever made the machine has put there.
  auto os = domain.child("metadata").child("libosinfo:libosinfo").child("libosinfo:os");
  machine.guest_kind = text_of(os, "id");
  std::string_view kind = machine.guest_kind;
  if (kind.starts_with("http://")) kind.remove_prefix(7);
  machine.guest_os = kind;
  return read;
}

// --- snapshots
// ----------------------------------------------------------------------------------------

Result<Snapshot> read_snapshot(std::string_view xml) {
  pugi::xml_document document;
  TRY(auto node, parse(document, xml, "domainsnapshot"));
  Snapshot snapshot;
  snapshot.id = snapshot.name = node.child_value("name");
  if (snapshot.id.empty()) return fail(Code::corrupt, "a snapshot has no name");
  snapshot.description = node.child_value("description");
  snapshot.parent = node.child("parent").child_value("name");
  constexpr std::uint64_t latest = 1ULL << 40;  // seconds
  auto created = std::min(unsigned_of(node.child_value("creationTime")), latest);
  snapshot.created = Time(std::chrono::seconds(created));
  // `shutoff`, and `disk-snapshot` of a machine that ran, of which nothing but disks was kept.
  std::string_view state = node.child_value("state");
  if (state == "running") snapshot.state = model::Observed::running;
  if (state == "paused") snapshot.state = model::Observed::paused;
  return snapshot;
}

std::vector<Snapshot> in_order(std::vector<Snapshot> snapshots) {
  std::set<std::string> all, told;
  for (const auto& one : snapshots) all.insert(one.id);
  std::vector<Snapshot> ordered;
  while (!snapshots.empty()) {
    std::vector<Snapshot> later;
    auto first = ordered.size();
    for (auto& one : snapshots) {
      bool now = one.parent.empty() || told.contains(one.parent) || !all.contains(one.parent);
      (now ? ordered : later).push_back(std::move(one));
    }
    bool ring = ordered.size() == first;
    if (ring) later.front().parent.clear();  // it is opened somewhere
    for (auto i = first; i < ordered.size(); ++i) {
      if (!told.contains(ordered[i].parent)) ordered[i].parent.clear();
      told.insert(ordered[i].id);
    }
    snapshots = std::move(later);
  }
  return ordered;
}

// --- what a host has
// -----------------------------------------------------------------------------------

Result<PoolDocument> read_pool(std::string_view xml) {
  pugi::xml_document document;
  TRY(auto node, parse(document, xml, "pool"));
  PoolDocument read;
  read.pool.id = lower_case(node.child_value("uuid"));
  read.pool.name = node.child_value("name");
  read.pool.kind = text_of(node, "type");
  read.pool.size = bytes_of(node.child("capacity"));
  read.pool.free = bytes_of(node.child("available"));
  read.folder = node.child("target").child_value("path");
  while (read.folder.size() > 1 && read.folder.ends_with('/')) read.folder.pop_back();
  read.pool.url = read.folder;
  if (read.pool.url.empty()) read.pool.url = node.child("source").child_value("name");
  if (read.pool.id.empty()) return fail(Code::corrupt, "a pool has no uuid");
  return read;
}

Result<Network> read_network(std::string_view xml) {
  pugi::xml_document document;
  TRY(auto node, parse(document, xml, "network"));
  Network network;
  network.id = lower_case(node.child_value("uuid"));
  network.name = node.child_value("name");
  network.kind = node.child("forward").attribute("mode").as_string("nat");
  if (!node.child("forward")) network.kind = "isolated";
  if (network.id.empty()) return fail(Code::corrupt, "a network has no uuid");
  return network;
}

Result<VolumeDocument> read_volume(std::string_view xml) {
  pugi::xml_document document;
  TRY(auto node, parse(document, xml, "volume"));
  VolumeDocument volume;
  volume.name = node.child_value("name");
  volume.size = bytes_of(node.child("capacity"));
  volume.format = text_of(node.child("target").child("format"), "type");
  volume.backing = node.child("backingStore").child_value("path");
  auto target = node.child("target");
  volume.path = target.child_value("path");
  volume.kind = node.attribute("type").as_string("file");
  volume.physical = bytes_of(node.child("physical"));
  volume.modified = target.child("timestamps").child_value("mtime");
  volume.changed = target.child("timestamps").child_value("ctime");
  return volume;
}

namespace {

/// Calls `each(guest)` for what a host's capabilities have of PCs of 64 bits.
template <class Each>
void for_each_pc(std::string_view capabilities, Each each) {
  pugi::xml_document document;
  auto node = parse(document, capabilities, "capabilities");
  if (!node) return;
  for (auto guest : node->children("guest"))
    if (std::string_view(guest.child("arch").attribute("name").as_string()) == "x86_64")
      each(guest);
}

}  // namespace

bool read_has_kvm(std::string_view capabilities) {
  bool kvm = false;
  for_each_pc(capabilities, [&](pugi::xml_node guest) {
    for (auto domain : guest.child("arch").children("domain"))
      kvm = kvm || std::string_view(domain.attribute("type").as_string()) == "kvm";
  });
  return kvm;
}

std::vector<model::XenKind> read_xen_kinds(std::string_view capabilities) {
  struct Row {
    std::string_view word;
    model::XenKind kind;
  };
  constexpr std::array rows = {Row{"hvm", model::XenKind::hvm}, Row{"xenpvh", model::XenKind::pvh},
                               Row{"xen", model::XenKind::pv}, Row{"linux", model::XenKind::pv}};
  std::vector<model::XenKind> kinds;
  for_each_pc(capabilities, [&](pugi::xml_node guest) {
    auto found =
        std::ranges::find(rows, std::string_view(guest.child_value("os_type")), &Row::word);
    if (found != rows.end()) kinds.push_back(found->kind);
  });
  return kinds;
}

std::string read_host_uuid(std::string_view capabilities) {
  pugi::xml_document document;
  auto node = parse(document, capabilities, "capabilities");
  return node ? lower_case(node->child("host").child_value("uuid")) : std::string();
}

Maker read_maker(std::string_view sysinfo) {
  pugi::xml_document document;
  auto node = parse(document, sysinfo, "sysinfo");
  Maker maker;
  if (!node) return maker;
  for (auto entry : node->child("system").children("entry")) {
    std::string_view name = entry.attribute("name").as_string();
    if (name == "manufacturer") maker.vendor = entry.child_value();
    if (name == "product") maker.model = entry.child_value();
  }
  return maker;
}

// --- what libvirt is told
// --------------------------------------------------------------------------------

namespace {

std::string text_of(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "  ", pugi::format_indent | pugi::format_no_declaration);
  return out.str();
}

void put(pugi::xml_node into, const char* name, std::string_view value) {
  into.append_child(name).text().set(std::string(value).c_str());
}

void take_away(pugi::xml_node from, const char* name) {
  while (from.remove_child(name)) continue;
}

}  // namespace

Result<std::string> as_copy(std::string_view xml, const std::string& name,
                            const std::map<std::string, std::string>& new_file_of) {
  pugi::xml_document document;
  TRY(auto domain, parse(document, xml, "domain"));
  domain.child("name").text().set(name.c_str());
  take_away(domain, "uuid");
  take_away(domain, "title");
  if (domain.remove_child("genid")) domain.append_child("genid");  // libvirt makes another one
  take_away(domain.child("os"), "nvram");
  auto devices = domain.child("devices");
  for (auto interface : devices.children("interface")) take_away(interface, "mac");
  for (auto disk : devices.children("disk")) {
    auto found = new_file_of.find(disk.child("target").attribute("dev").as_string());
    if (found == new_file_of.end()) continue;
    // Volumes are files, or devices of a volume group: the source says so by its attribute.
    for (const auto* attribute : {"file", "dev"})
      if (auto source = disk.child("source").attribute(attribute))
        source.set_value(found->second.c_str());
    if (auto source = disk.child("source"); source.attribute("volume")) {
      auto slash = found->second.rfind('/');
      source.attribute("volume").set_value(found->second.substr(slash + 1).c_str());
    }
    take_away(disk, "backingStore");
  }
  return text_of(document);
}

std::string snapshot_xml(std::string_view name, std::string_view description) {
  pugi::xml_document document;
  auto node = document.append_child("domainsnapshot");
  put(node, "name", name);
  if (!description.empty()) put(node, "description", description);
  return text_of(document);
}

std::string overlays_xml(const std::map<std::string, std::string>& file_of) {
  pugi::xml_document document;
  auto disks = document.append_child("domainsnapshot").append_child("disks");
  for (const auto& [disk, file] : file_of) {
    auto node = disks.append_child("disk");
    node.append_attribute("name") = disk.c_str();
    node.append_attribute("snapshot") = file.empty() ? "no" : "external";
    if (file.empty()) continue;
    node.append_attribute("type") = "file";
    node.append_child("driver").append_attribute("type") = "qcow2";
    node.append_child("source").append_attribute("file") = file.c_str();
  }
  return text_of(document);
}

std::string volume_xml(std::string_view name, const VolumeDocument& of) {
  pugi::xml_document document;
  auto node = document.append_child("volume");
  put(node, "name", name);
  put(node, "capacity", std::to_string(of.size.count));
  put(node, "allocation", "0");  // as much as has something in it
  if (!of.format.empty())
    node.append_child("target").append_child("format").append_attribute("type").set_value(
        of.format.c_str());
  return text_of(document);
}

}  // namespace truce::libvirt
