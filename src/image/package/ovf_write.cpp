#include <map>
#include <pugixml.hpp>
#include <sstream>
#include <tuple>

#include "package/hardware.h"
#include "package/ovf.h"

namespace truce::image::package {
namespace {

constexpr std::uint32_t other_guest = 1, other_guest_64 = 102;  // CIM_OperatingSystem.OSType

pugi::xml_node add(pugi::xml_node parent, const char* name, const std::string& text) {
  auto node = parent.append_child(name);
  node.text().set(text.c_str());
  return node;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

class OvfWriter {
 public:
  OvfWriter(const Appliance& appliance, const std::vector<OvfFile>& files,
            std::string_view hardware, std::vector<std::string>& warnings)
      : appliance_(appliance), files_(files), hardware_(hardware), warnings_(warnings) {}

  std::string write() {
    auto declaration = document_.append_child(pugi::node_declaration);
    set(declaration, "version", "1.0");
    set(declaration, "encoding", "UTF-8");
    auto envelope = document_.append_child("Envelope");
    set(envelope, "xmlns", "http://schemas.dmtf.org/ovf/envelope/1");
    set(envelope, "xmlns:cim", "http://schemas.dmtf.org/wbem/wscim/1/common");
    set(envelope, "xmlns:ovf", "http://schemas.dmtf.org/ovf/envelope/1");
    set(envelope, "xmlns:rasd",
        "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData");
    set(envelope, "xmlns:vmw", "http://www.vmware.com/schema/ovf");
    set(envelope, "xmlns:vssd",
        "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData");
    set(envelope, "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    files(envelope);
    disks(envelope);
    networks(envelope);
    system(envelope);
    std::ostringstream text;
    document_.save(text, "  ", pugi::format_indent, pugi::encoding_utf8);
    return text.str();
  }

 private:
  void files(pugi::xml_node envelope) {
    auto references = envelope.append_child("References");
    for (const auto& file : files_) {
      auto node = references.append_child("File");
      set(node, "ovf:href", file.href);
      set(node, "ovf:id", file.id);
      set(node, "ovf:size", fmt::to_string(file.size));
    }
  }

  void disks(pugi::xml_node envelope) {
    auto section = envelope.append_child("DiskSection");
    add(section, "Info", "Virtual disk information");
    for (std::size_t i = 0; i < appliance_.disks.size(); ++i) {
      auto node = section.append_child("Disk");
      set(node, "ovf:capacity", fmt::to_string(appliance_.disks[i].capacity));
      set(node, "ovf:capacityAllocationUnits", "byte");
      set(node, "ovf:diskId", appliance_.disks[i].id);
      set(node, "ovf:fileRef", files_[i].id);
      set(node, "ovf:format", std::string(stream_optimized_uri));
    }
  }

  void networks(pugi::xml_node envelope) {
    if (appliance_.nics.empty()) return;
    auto section = envelope.append_child("NetworkSection");
    add(section, "Info", "The list of logical networks");
    std::map<std::string, bool> written;
    for (const auto& nic : appliance_.nics) {
      auto name = network_name(nic);
      if (!written.emplace(name, true).second) continue;
      auto node = section.append_child("Network");
      set(node, "ovf:name", name);
      add(node, "Description", "The " + name + " network");
    }
  }

  static std::string network_name(const PackagedNic& nic) {
    return nic.network.empty() ? "VM Network" : nic.network;
  }

  void system(pugi::xml_node envelope) {
    auto system = envelope.append_child("VirtualSystem");
    set(system, "ovf:id", appliance_.name);
    add(system, "Info", "A virtual machine");
    add(system, "Name", appliance_.name);
    guest(system);
    hardware(system);
    if (!appliance_.description.empty()) {
      auto section = system.append_child("AnnotationSection");
      add(section, "Info", "A human-readable annotation");
      add(section, "Annotation", appliance_.description);
    }
    properties(system);
    boot_order(system);
  }

  void guest(pugi::xml_node system) {
    auto section = system.append_child("OperatingSystemSection");
    auto word = appliance_.guest_os.empty() ? "otherGuest64" : appliance_.guest_os;
    auto number = appliance_.guest_os_number;
    if (number == 0) number = word == "otherGuest64" ? other_guest_64 : other_guest;
    set(section, "ovf:id", fmt::to_string(number));
    set(section, "vmw:osType", word);
    add(section, "Info", "The kind of installed guest operating system");
    if (!appliance_.guest_os_text.empty()) add(section, "Description", appliance_.guest_os_text);
  }

  /// An Item whose elements are added in alphabetical order, as the schema asks for.
  pugi::xml_node item(pugi::xml_node section, bool required) {
    auto node = section.append_child("Item");
    if (!required) set(node, "ovf:required", "false");
    return node;
  }

  void hardware(pugi::xml_node system) {
    auto section = system.append_child("VirtualHardwareSection");
    add(section, "Info", "Virtual hardware requirements");
    auto family = section.append_child("System");
    add(family, "vssd:ElementName", "Virtual Hardware Family");
    add(family, "vssd:InstanceID", "0");
    add(family, "vssd:VirtualSystemIdentifier", appliance_.name);
    add(family, "vssd:VirtualSystemType", std::string(hardware_));
    processor(section);
    memory(section);
    drives(section);
    nics(section);
    auto config = section.append_child("vmw:Config");
    set(config, "ovf:required", "false");
    set(config, "vmw:key", "firmware");
    set(config, "vmw:value", appliance_.firmware == Firmware::uefi ? "efi" : "bios");
  }

  void processor(pugi::xml_node section) {
    auto node = item(section, true);
    add(node, "rasd:AllocationUnits", "hertz * 10^6");
    add(node, "rasd:Description", "Number of Virtual CPUs");
    add(node, "rasd:ElementName", fmt::format("{} virtual CPU(s)", appliance_.cpus));
    add(node, "rasd:InstanceID", next_id());
    add(node, "rasd:ResourceType", number(Resource::processor));
    add(node, "rasd:VirtualQuantity", fmt::to_string(appliance_.cpus));
    if (appliance_.cores_per_socket == 0) return;
    auto cores = add(node, "vmw:CoresPerSocket", fmt::to_string(appliance_.cores_per_socket));
    set(cores, "ovf:required", "false");
  }

  void memory(pugi::xml_node section) {
    constexpr std::uint64_t mebibyte = 1 << 20;
    auto mebibytes = appliance_.memory / mebibyte + (appliance_.memory % mebibyte != 0);
    auto node = item(section, true);
    add(node, "rasd:AllocationUnits", "byte * 2^20");
    add(node, "rasd:Description", "Memory Size");
    add(node, "rasd:ElementName", fmt::format("{}MB of memory", mebibytes));
    add(node, "rasd:InstanceID", next_id());
    add(node, "rasd:ResourceType", number(Resource::memory));
    add(node, "rasd:VirtualQuantity", fmt::to_string(mebibytes));
  }

  /// Controllers, each before the first of its disks.
  void drives(pugi::xml_node section) {
    std::map<std::tuple<std::string_view, Resource, std::uint32_t>, std::string> controllers;
    for (std::size_t i = 0; i < appliance_.disks.size(); ++i) {
      const auto& disk = appliance_.disks[i];
      const auto& word = controller_word(disk.controller);
      auto& parent = controllers[{word.subtype, word.type, disk.bus}];
      if (parent.empty()) parent = controller(section, word, disk.bus);
      if (!word.exact)
        warnings_.push_back(fmt::format("disk {}: its controller becomes {}", i + 1, word.subtype));
      auto node = item(section, true);
      add(node, "rasd:AddressOnParent", fmt::to_string(disk.unit));
      add(node, "rasd:ElementName", disk.name);
      add(node, "rasd:HostResource", "ovf:/disk/" + disk.id);
      drive_ids_.push_back(next_id());
      add(node, "rasd:InstanceID", drive_ids_.back());
      add(node, "rasd:Parent", parent);
      add(node, "rasd:ResourceType", number(Resource::disk));
    }
  }

  std::string controller(pugi::xml_node section, const ControllerWord& word, std::uint32_t bus) {
    auto id = next_id();
    auto node = item(section, true);
    add(node, "rasd:Address", fmt::to_string(bus));
    add(node, "rasd:Description", std::string(word.title));
    add(node, "rasd:ElementName", fmt::format("{} {}", word.title, bus));
    add(node, "rasd:InstanceID", id);
    if (!word.subtype.empty()) add(node, "rasd:ResourceSubType", std::string(word.subtype));
    add(node, "rasd:ResourceType", number(word.type));
    return id;
  }

  void nics(pugi::xml_node section) {
    for (std::size_t i = 0; i < appliance_.nics.size(); ++i) {
      const auto& nic = appliance_.nics[i];
      const auto& word = nic_word(nic.model);
      if (!word.exact)
        warnings_.push_back(fmt::format("network adapter {}: becomes {}", i + 1, word.subtype));
      auto node = item(section, true);
      if (!nic.mac.empty()) add(node, "rasd:Address", nic.mac);
      add(node, "rasd:AddressOnParent", fmt::to_string(7 + i));  // as VMware counts them
      add(node, "rasd:AutomaticAllocation", "true");
      add(node, "rasd:Connection", network_name(nic));
      add(node, "rasd:Description",
          fmt::format("{} ethernet adapter on \"{}\"", word.subtype, network_name(nic)));
      add(node, "rasd:ElementName", fmt::format("Ethernet {}", i + 1));
      nic_ids_.push_back(next_id());
      add(node, "rasd:InstanceID", nic_ids_.back());
      add(node, "rasd:ResourceSubType", std::string(word.subtype));
      add(node, "rasd:ResourceType", number(Resource::ethernet));
    }
  }

  void properties(pugi::xml_node system) {
    std::map<std::string, pugi::xml_node> sections;
    for (const auto& property : appliance_.properties) {
      auto& section = sections[property.product];
      if (!section) {
        section = system.append_child("ProductSection");
        set(section, "ovf:required", "false");
        add(section, "Info", "Information about the installed software");
        if (!property.product.empty()) add(section, "Product", property.product);
      }
      auto node = section.append_child("Property");
      set(node, "ovf:key", property.key);
      set(node, "ovf:type", property.type.empty() ? "string" : property.type);
      set(node, "ovf:userConfigurable", "true");
      if (!property.value.empty()) set(node, "ovf:value", property.value);
      if (!property.label.empty()) add(node, "Label", property.label);
      if (!property.description.empty()) add(node, "Description", property.description);
    }
  }

  void boot_order(pugi::xml_node system) {
    for (const auto& device : appliance_.boot_order) {
      const auto* ids = device == "disk" ? &drive_ids_ : device == "network" ? &nic_ids_ : nullptr;
      if (ids != nullptr && ids->empty()) continue;
      auto node = system.append_child("vmw:BootOrderSection");
      set(node, "ovf:required", "false");
      if (ids != nullptr) set(node, "vmw:instanceId", ids->front());
      set(node, "vmw:type", device == "network" ? "net" : device);
      add(node, "Info", "Virtual hardware device boot order");
    }
  }

  std::string next_id() { return fmt::to_string(++last_id_); }
  static std::string number(Resource resource) {
    return fmt::to_string(static_cast<std::uint32_t>(resource));
  }

  const Appliance& appliance_;
  const std::vector<OvfFile>& files_;
  std::string_view hardware_;
  std::vector<std::string>& warnings_;
  pugi::xml_document document_;
  unsigned last_id_ = 0;
  std::vector<std::string> drive_ids_, nic_ids_;
};

}  // namespace

std::string write_ovf(const Appliance& appliance, const std::vector<OvfFile>& files,
                      std::string_view hardware, std::vector<std::string>& warnings) {
  TRUCE_ASSERT(files.size() == appliance.disks.size(), "a file for each disk");
  return OvfWriter(appliance, files, hardware, warnings).write();
}

}  // namespace truce::image::package
