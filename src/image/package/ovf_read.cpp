#include <algorithm>
#include <array>
#include <optional>

#include "package/hardware.h"
#include "package/ovf.h"
#include "package/xml.h"

namespace truce::image::package {
namespace {

constexpr std::size_t most_files = 100'000, most_items = 10'000, most_properties = 10'000;

/// An Item, StorageItem or EthernetPortItem of the hardware.
struct Item {
  pugi::xml_node node;
  Resource type = Resource::other;
  std::string id, subtype, parent, resource;
};

std::optional<std::uint32_t> small_number(std::string_view text) {
  auto value = parse_number(text);
  if (!value || *value > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

class OvfReader {
 public:
  OvfReader(pugi::xml_node envelope, const PackageOptions& options, std::string_view name)
      : envelope_(envelope), options_(options), name_(name) {}

  Result<Ovf> read() {
    TRY_VOID(read_files());
    TRY(auto system, find_system());
    find_configuration();
    read_system(system);
    TRY_VOID(read_properties(system));
    auto hardware = child(system, "VirtualHardwareSection");
    if (!hardware) warn("the machine has no hardware section: one CPU and no memory are assumed");
    TRY_VOID(read_items(hardware));
    read_firmware(hardware);
    TRY_VOID(read_disks());
    read_nics();
    read_boot_order(system);
    return std::move(ovf_);
  }

 private:
  void warn(std::string text) {
    if (ovf_.warnings.size() < 1000) ovf_.warnings.push_back(std::move(text));
  }

  Result<void> read_files() {
    auto references = child(envelope_, "References");
    for (auto node = child(references, "File"); node; node = next_like(node)) {
      if (ovf_.files.size() == most_files)
        return fail(Code::limit, "{}: refers to more than {} files", name_, most_files);
      OvfFile file{.id = std::string(attribute(node, "id")),
                   .href = std::string(attribute(node, "href"))};
      file.size = parse_number(attribute(node, "size")).value_or(0);
      file.chunk_size = parse_number(attribute(node, "chunkSize")).value_or(0);
      auto compression = attribute(node, "compression");
      file.gzip = compression == "gzip";
      if (!compression.empty() && compression != "gzip" && compression != "identity") {
        return fail(Code::unsupported, "{}: file '{}' is compressed with '{}'; gzip is known",
                    name_, tidy(file.href, 200), tidy(compression, 40));
      }
      ovf_.files.push_back(std::move(file));
    }
    return {};
  }

  /// The machines, which may lie in collections of collections.
  void collect_systems(pugi::xml_node parent, std::vector<pugi::xml_node>& into) {
    for (auto node : parent.children()) {  // depth is bounded by parse_xml
      auto local = local_name(node.name());
      if (local == "VirtualSystem") into.push_back(node);
      if (local == "VirtualSystemCollection") collect_systems(node, into);
    }
  }

  Result<pugi::xml_node> find_system() {
    std::vector<pugi::xml_node> systems;
    collect_systems(envelope_, systems);
    if (systems.empty()) return fail(Code::corrupt, "{}: describes no machine", name_);
    alone_ = systems.size() == 1;
    if (options_.machine.empty()) {
      if (systems.size() > 1) {
        warn(fmt::format("the package has {} machines; '{}' is the one that is shown",
                         systems.size(), tidy(attribute(systems.front(), "id"), 200)));
      }
      return systems.front();
    }
    for (auto system : systems)
      if (attribute(system, "id") == options_.machine) return system;
    return fail(Code::not_found, "{}: has no machine '{}'", name_, options_.machine);
  }

  /// [DSP0243 1.1.0, 9.8]: the default one, else the first.
  void find_configuration() {
    auto section = child(envelope_, "DeploymentOptionSection");
    for (auto node = child(section, "Configuration"); node; node = next_like(node)) {
      bool by_default = attribute(node, "default") == "true";
      if (configuration_.empty() || by_default) configuration_ = attribute(node, "id");
      if (by_default) break;
    }
    if (!configuration_.empty())
      warn(fmt::format("of its configurations '{}' is read", tidy(configuration_, 100)));
  }

  void read_system(pugi::xml_node system) {
    auto& appliance = ovf_.appliance;
    appliance.name = child_text(system, "Name");
    if (appliance.name.empty()) appliance.name = tidy(attribute(system, "id"), 1000);
    appliance.description = child_text(child(system, "AnnotationSection"), "Annotation");
    auto guest = child(system, "OperatingSystemSection");
    appliance.guest_os_number = small_number(attribute(guest, "id")).value_or(0);
    appliance.guest_os = tidy(attribute(guest, "osType"), 200);
    appliance.guest_os_text = child_text(guest, "Description");
    if (child(system, "SnapshotSection")) warn("the machine's snapshots are not read");
  }

  Result<void> read_properties(pugi::xml_node system) {
    for (auto section = child(system, "ProductSection"); section; section = next_like(section)) {
      auto product = child_text(section, "Product");
      auto group = tidy(attribute(section, "class"), 200);
      auto instance = tidy(attribute(section, "instance"), 200);
      for (auto node = child(section, "Property"); node; node = next_like(node)) {
        if (ovf_.appliance.properties.size() == most_properties)
          return fail(Code::limit, "{}: has more than {} properties", name_, most_properties);
        auto key = tidy(attribute(node, "key"), 500);
        if (!group.empty()) key = group + "." + key;  // [DSP0243 1.1.0, 9.5]
        if (!instance.empty()) key += "." + instance;
        ovf_.appliance.properties.push_back(
            {product, key, tidy(attribute(node, "type"), 100), tidy(attribute(node, "value")),
             child_text(node, "Label"), child_text(node, "Description")});
      }
    }
    return {};
  }

  Result<void> read_items(pugi::xml_node hardware) {
    for (auto node : hardware.children()) {
      auto local = local_name(node.name());
      if (local != "Item" && local != "StorageItem" && local != "EthernetPortItem") continue;
      if (items_.size() == most_items)
        return fail(Code::limit, "{}: has more than {} pieces of hardware", name_, most_items);
      if (!of_configuration(attribute(node, "configuration"))) continue;
      if (auto bound = attribute(node, "bound"); bound == "min" || bound == "max") continue;
      Item item{node,
                Resource{small_number(child_text(node, "ResourceType")).value_or(0)},
                child_text(node, "InstanceID"),
                child_text(node, "ResourceSubType"),
                child_text(node, "Parent"),
                child_text(node, "HostResource")};
      if (item.id.empty()) item.id = child_text(node, "InstanceId");  // OVF 0.9
      if (item.type == Resource::processor) read_processor(node);
      if (item.type == Resource::memory) read_memory(node);
      items_.push_back(std::move(item));
    }
    return {};
  }

  bool of_configuration(std::string_view names) const {
    if (names.empty()) return true;
    for (std::size_t at = 0; at < names.size();) {
      auto end = std::min(names.find(' ', at), names.size());
      if (names.substr(at, end - at) == configuration_) return true;
      at = end + 1;
    }
    return false;
  }

  void read_processor(pugi::xml_node node) {
    auto count = small_number(child_text(node, "VirtualQuantity"));
    if (!count || *count == 0 || *count > 4096) {
      warn("the number of CPUs is not understood: one is assumed");
      return;
    }
    ovf_.appliance.cpus = *count;
    ovf_.appliance.cores_per_socket = small_number(child_text(node, "CoresPerSocket")).value_or(0);
  }

  void read_memory(pugi::xml_node node) {
    auto quantity = parse_number(child_text(node, "VirtualQuantity"));
    auto units = child_text(node, "AllocationUnits");
    auto factor = unit_factor(units);
    if (units.empty()) factor = 1 << 20;  // OVF 0.9 and hand-written ones
    std::uint64_t bytes = 0;
    if (!quantity || !factor || __builtin_mul_overflow(*quantity, *factor, &bytes)) {
      warn(fmt::format("the memory's size in '{}' is not understood", tidy(units, 100)));
      return;
    }
    ovf_.appliance.memory = bytes;
  }

  /// VMware: a Config of the section. VirtualBox: its own description of the machine.
  void read_firmware(pugi::xml_node hardware) {
    for (auto node = child(hardware, "Config"); node; node = next_like(node)) {
      if (attribute(node, "key") == "firmware" && attribute(node, "value") == "efi")
        ovf_.appliance.firmware = Firmware::uefi;
    }
    auto machine = child(hardware.parent(), "Machine");
    auto type = attribute(child(child(machine, "Hardware"), "Firmware"), "type");
    if (type.starts_with("EFI")) ovf_.appliance.firmware = Firmware::uefi;
  }

  /// A capacity may be the name of a property, `${key}`.
  std::uint64_t capacity_of(pugi::xml_node disk) {
    std::string text(attribute(disk, "capacity"));
    if (text.starts_with("${") && text.ends_with("}")) {
      auto key = text.substr(2, text.size() - 3);
      for (const auto& property : ovf_.appliance.properties)
        if (property.key == key) text = property.value;
    }
    auto units = attribute(disk, "capacityAllocationUnits");
    auto value = parse_number(text);
    auto factor = unit_factor(units);
    std::uint64_t bytes = 0;
    if (!value || !factor || __builtin_mul_overflow(*value, *factor, &bytes)) {
      warn(fmt::format("disk '{}': its capacity '{}' in '{}' is not understood",
                       tidy(attribute(disk, "diskId"), 100), tidy(text, 100), tidy(units, 100)));
      return 0;
    }
    return bytes;
  }

  const OvfFile* file_of(std::string_view id) const {
    auto found = std::ranges::find(ovf_.files, id, &OvfFile::id);
    return found == ovf_.files.end() ? nullptr : &*found;
  }

  Result<void> read_disks() {
    auto section = child(envelope_, "DiskSection");
    for (auto node = child(section, "Disk"); node; node = next_like(node)) {
      auto& disks = ovf_.appliance.disks;
      if (disks.size() == options_.limits.disks)
        return fail(Code::limit, "{}: has more than {} disks", name_, options_.limits.disks);
      PackagedDisk disk;
      disk.id = tidy(attribute(node, "diskId"), 500);
      disk.capacity = capacity_of(node);
      disk.format = format_of_uri(attribute(node, "format"));
      auto reference = attribute(node, "fileRef");
      if (const auto* file = reference.empty() ? nullptr : file_of(reference)) {
        disk.file = file->href;
        disk.gzip = file->gzip;
      } else if (!reference.empty()) {
        return fail(Code::corrupt, "{}: disk '{}' is of the file '{}', which is not listed", name_,
                    disk.id, tidy(reference, 200));
      }
      if (!attribute(node, "parentRef").empty()) {
        return fail(Code::unsupported, "{}: disk '{}' is a difference to another disk", name_,
                    disk.id);
      }
      if (attach(disk)) disks.push_back(std::move(disk));
    }
    return {};
  }

  /// Says where the disk hangs; false when it is another machine's.
  bool attach(PackagedDisk& disk) {
    const Item* drive = nullptr;
    for (const auto& item : items_) {
      // [DSP0243 1.1.0, 8.4]: `ovf:/disk/ID`; VirtualBox leaves `ovf:` away.
      auto at = item.resource.rfind("/disk/");
      if (at != item.resource.npos && item.resource.substr(at + 6) == disk.id) drive = &item;
    }
    if (drive == nullptr) {
      warn(fmt::format("disk '{}' hangs on no machine that is described", disk.id));
      return alone_;
    }
    disk.name = child_text(drive->node, "ElementName");
    if (disk.name.empty()) disk.name = child_text(drive->node, "Caption");
    disk.unit = small_number(child_text(drive->node, "AddressOnParent")).value_or(0);
    auto controller = std::ranges::find_if(items_, [&](const Item& item) {
      return !drive->parent.empty() && item.id == drive->parent && &item != drive;
    });
    auto model = controller == items_.end() ? std::nullopt
                                            : controller_of(controller->type, controller->subtype);
    if (!model) {
      warn(fmt::format("disk '{}' hangs on no controller that is known: LSI Logic is assumed",
                       disk.id));
      return true;
    }
    disk.controller = *model;
    disk.bus = small_number(child_text(controller->node, "Address")).value_or(0);
    return true;
  }

  void read_nics() {
    for (const auto& item : items_) {
      if (item.type != Resource::ethernet) continue;
      if (ovf_.appliance.nics.size() == options_.limits.nics) {
        warn("further network adapters are left out");
        return;
      }
      PackagedNic nic{.network = child_text(item.node, "Connection"),
                      .mac = tidy_mac(child_text(item.node, "Address"))};
      if (nic.mac.empty()) nic.mac = tidy_mac(child_text(item.node, "MACAddress"));
      // Several models may be offered, the best first.
      auto first = item.subtype.substr(0, item.subtype.find_first_of(" ,;"));
      auto model = nic_of(first);
      if (!model && !first.empty())
        warn(fmt::format("network adapter '{}' is not known: E1000 is assumed", tidy(first, 100)));
      nic.model = model.value_or(NicModel::e1000);
      ovf_.appliance.nics.push_back(std::move(nic));
    }
  }

  /// VMware's section, one for each device in its turn.
  void read_boot_order(pugi::xml_node system) {
    for (auto node = child(system, "BootOrderSection"); node; node = next_like(node)) {
      std::string type(attribute(node, "type"));
      if (type == "net" || type == "ethernet") type = "network";
      static constexpr std::array<std::string_view, 4> known{"disk", "cdrom", "network", "floppy"};
      auto& order = ovf_.appliance.boot_order;
      if (std::ranges::count(known, type) > 0 && std::ranges::count(order, type) == 0)
        order.push_back(std::move(type));
    }
  }

  pugi::xml_node envelope_;
  const PackageOptions& options_;
  std::string_view name_;
  std::string configuration_;
  bool alone_ = false;  // there is no other machine that disks could belong to
  std::vector<Item> items_;
  Ovf ovf_;
};

}  // namespace

Result<Ovf> parse_ovf(std::string_view text, const PackageOptions& options, std::string_view name) {
  TRY(auto document, parse_xml(text, options.limits.xml, name));
  auto envelope = child(*document, "Envelope");
  if (!envelope)
    return fail(Code::corrupt, "{}: is not an OVF descriptor: it has no Envelope", name);
  return OvfReader(envelope, options, name).read();
}

}  // namespace truce::image::package
