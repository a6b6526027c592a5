#include <pugixml.hpp>
#include <sstream>

#include "base/random.h"
#include "xva/xva.h"

namespace truce::image::package {
namespace {

constexpr const char* null_reference = "OpaqueRef:NULL";

/// Appends fields to a record of XML-RPC, as xapi writes it: numbers are text.
class RecordWriter {
 public:
  explicit RecordWriter(pugi::xml_node value) : fields_(value.append_child("struct")) {}
  RecordWriter& text(const char* name, const std::string& content) {
    member(name).text().set(content.c_str());
    return *this;
  }
  RecordWriter& number(const char* name, std::uint64_t content) {
    return text(name, fmt::to_string(content));
  }
  RecordWriter& flag(const char* name, bool content) {
    member(name).append_child("boolean").text().set(content ? "1" : "0");
    return *this;
  }
  RecordWriter& list(const char* name, const std::vector<std::string>& items = {}) {
    auto data = member(name).append_child("array").append_child("data");
    for (const auto& item : items) data.append_child("value").text().set(item.c_str());
    return *this;
  }
  pugi::xml_node member(const char* name) {
    auto node = fields_.append_child("member");
    node.append_child("name").text().set(name);
    return node.append_child("value");
  }
  RecordWriter record(const char* name) { return RecordWriter(member(name)); }

 private:
  pugi::xml_node fields_;
};

/// Writes the objects that an import makes anew: names of fields are XenAPI's.
class OvaXmlWriter {
 public:
  explicit OvaXmlWriter(Appliance& appliance) : appliance_(appliance) {}

  std::string write() {
    name_all();
    RecordWriter root(document_.append_child("value"));
    auto version = root.record("version");
    version.text("hostname", "localhost").text("date", "2022-01-01");
    version.text("product_version", "7.6.0").text("product_brand", "Truce");
    version.text("build_number", "0").number("xapi_major", 1).number("xapi_minor", 9);
    version.number("export_vsn", 2);  // checksums follow each chunk
    objects_ = root.member("objects").append_child("array").append_child("data");
    machine();
    storage();
    for (std::size_t i = 0; i < appliance_.disks.size(); ++i) disk(i);
    for (std::size_t i = 0; i < appliance_.nics.size(); ++i) nic(i);
    std::ostringstream text;
    document_.save(text, "", pugi::format_raw | pugi::format_no_declaration, pugi::encoding_utf8);
    return text.str();
  }

 private:
  /// Disks first: an import takes their chunks in the order of their references as text.
  void name_all() {
    for (auto& disk : appliance_.disks) {
      disk.id = next_reference();
      vdis_.push_back(disk.id);
      vbds_.emplace_back();
    }
    for (auto& vbd : vbds_) vbd = next_reference();
    for (std::size_t i = 0; i < appliance_.nics.size(); ++i) {
      vifs_.push_back(next_reference());
      networks_.push_back(next_reference());
    }
    vm_ = next_reference();
    sr_ = next_reference();
  }

  std::string next_reference() { return fmt::format("Ref:{:04}", references_++); }

  RecordWriter object(const char* type, const std::string& id) {
    RecordWriter object(objects_.append_child("value"));
    object.text("class", type).text("id", id);
    return object.record("snapshot");
  }

  void machine() {
    auto vm = object("VM", vm_);
    vm.text("uuid", random_uuid()).text("name_label", appliance_.name);
    vm.text("name_description", appliance_.description).text("power_state", "Halted");
    vm.number("user_version", 1).number("version", 0);
    vm.flag("is_a_template", false).flag("is_a_snapshot", false).flag("is_control_domain", false);
    vm.flag("is_default_template", false).flag("is_snapshot_from_vmpp", false);
    vm.flag("is_vmss_snapshot", false).flag("ha_always_run", false).flag("requires_reboot", false);
    vm.flag("has_vendor_device", false);
    for (const char* field :
         {"memory_static_max", "memory_dynamic_max", "memory_dynamic_min", "memory_static_min"})
      vm.number(field, appliance_.memory);
    vm.number("memory_overhead", 0).number("memory_target", 0);
    vm.number("VCPUs_max", appliance_.cpus).number("VCPUs_at_startup", appliance_.cpus);
    vm.record("VCPUs_params");
    vm.text("actions_after_shutdown", "destroy").text("actions_after_reboot", "restart");
    vm.text("actions_after_crash", "restart");
    vm.list("VBDs", vbds_).list("VIFs", vifs_);
    boot(vm);
    for (const char* field : {"suspend_VDI", "suspend_SR", "resident_on", "affinity", "metrics",
                              "guest_metrics", "snapshot_of", "parent"})
      vm.text(field, null_reference);
    for (const char* field : {"allowed_operations", "consoles", "crash_dumps", "VTPMs", "VGPUs",
                              "VUSBs", "attached_PCIs", "snapshots", "children", "tags"})
      vm.list(field);
    for (const char* field : {"current_operations", "last_boot_CPU_flags", "xenstore_data", "blobs",
                              "blocked_operations", "snapshot_info", "NVRAM"})
      vm.record(field);
    for (const char* field :
         {"PV_bootloader", "PV_kernel", "PV_ramdisk", "PV_args", "PV_bootloader_args",
          "PV_legacy_args", "PCI_bus", "domarch", "recommendations", "last_booted_record",
          "ha_restart_priority", "transportable_snapshot_id", "snapshot_metadata", "generation_id"})
      vm.text(field, "");
    vm.text("domid", "-1").number("order", 0).number("start_delay", 0).number("shutdown_delay", 0);
    vm.number("hardware_platform_version", 0);
    vm.text("reference_label", "other-install-media");
    vm.member("snapshot_time").append_child("dateTime.iso8601").text().set("19700101T00:00:00Z");
  }

  void boot(RecordWriter& vm) {
    vm.text("HVM_boot_policy", "BIOS order").text("domain_type", "hvm");
    std::string order;
    for (const auto& device : appliance_.boot_order) {
      if (device == "disk") order += 'c';
      if (device == "cdrom") order += 'd';
      if (device == "network") order += 'n';
    }
    vm.record("HVM_boot_params")
        .text("firmware", appliance_.firmware == Firmware::uefi ? "uefi" : "bios")
        .text("order", order.empty() ? "cdn" : order);
    vm.member("HVM_shadow_multiplier").append_child("double").text().set("1");
    auto platform = vm.record("platform");
    for (const char* feature : {"nx", "acpi", "apic", "pae", "viridian", "hpet"})
      platform.text(feature, "true");
    platform.text("device-model", "qemu-upstream-compat");
    if (appliance_.cores_per_socket != 0)
      platform.number("cores-per-socket", appliance_.cores_per_socket);
    vm.record("other_config")
        .text("base_template_name", "Other install media")
        .text("install-methods", "cdrom")
        .text("mac_seed", random_uuid());
  }

  void storage() {
    auto sr = object("SR", sr_);
    sr.text("uuid", random_uuid()).text("name_label", "imported").text("name_description", "");
    sr.text("type", "ext").text("content_type", "user").flag("shared", false);
    sr.list("VDIs", vdis_).list("PBDs").list("tags").record("other_config");
  }

  void disk(std::size_t index) {
    const auto& disk = appliance_.disks[index];
    auto vdi = object("VDI", vdis_[index]);
    vdi.text("uuid", random_uuid()).text("name_label", disk.name).text("name_description", "");
    vdi.text("SR", sr_).list("VBDs", {vbds_[index]}).number("virtual_size", disk.capacity);
    vdi.number("physical_utilisation", disk.capacity).text("type", "user");
    vdi.text("location", "").text("on_boot", "persist");
    for (const char* field : {"sharable", "read_only", "storage_lock", "missing", "is_a_snapshot",
                              "allow_caching", "metadata_latest", "is_tools_iso", "cbt_enabled"})
      vdi.flag(field, false);
    vdi.flag("managed", true);
    for (const char* field : {"snapshot_of", "parent", "metadata_of_pool"})
      vdi.text(field, null_reference);
    for (const char* field : {"allowed_operations", "crash_dumps", "snapshots", "tags"})
      vdi.list(field);
    for (const char* field : {"current_operations", "other_config", "xenstore_data", "sm_config"})
      vdi.record(field);
    vdi.member("snapshot_time").append_child("dateTime.iso8601").text().set("19700101T00:00:00Z");

    auto vbd = object("VBD", vbds_[index]);
    vbd.text("uuid", random_uuid()).text("VM", vm_).text("VDI", vdis_[index]);
    vbd.text("device", device_name(index)).number("userdevice", index);
    vbd.flag("bootable", index == 0).text("mode", "RW").text("type", "Disk");
    vbd.flag("unpluggable", false).flag("storage_lock", false).flag("empty", false);
    plug(vbd);
  }

  /// `xvda` to `xvdz`; further ones are named by the host.
  static std::string device_name(std::size_t index) {
    return index < 26 ? std::string("xvd") + static_cast<char>('a' + index) : "";
  }

  void nic(std::size_t index) {
    const auto& nic = appliance_.nics[index];
    auto vif = object("VIF", vifs_[index]);
    vif.text("uuid", random_uuid()).text("VM", vm_).text("network", networks_[index]);
    vif.number("device", index).text("MAC", nic.mac).flag("MAC_autogenerated", nic.mac.empty());
    vif.number("MTU", 1500).text("locking_mode", "network_default");
    for (const char* family : {"ipv4", "ipv6"}) {
      std::string prefix(family);
      vif.list((prefix + "_allowed").c_str()).list((prefix + "_addresses").c_str());
      vif.text((prefix + "_configuration_mode").c_str(), "None");
      vif.text((prefix + "_gateway").c_str(), "");
    }
    plug(vif);
    auto network = object("network", networks_[index]);
    network.text("uuid", random_uuid());
    network.text("name_label",
                 nic.network.empty() ? "Pool-wide network associated with eth0" : nic.network);
    network.text("name_description", "").text("bridge", "").number("MTU", 1500);
    network.list("VIFs", {vifs_[index]}).list("PIFs").list("tags").record("other_config");
  }

  /// What VBDs and VIFs have in common.
  static void plug(RecordWriter& device) {
    device.flag("currently_attached", false).flag("reserved", false);
    device.number("status_code", 0).text("status_detail", "").text("metrics", null_reference);
    device.text("qos_algorithm_type", "").list("qos_supported_algorithms");
    device.list("allowed_operations");
    for (const char* field :
         {"current_operations", "other_config", "runtime_properties", "qos_algorithm_params"})
      device.record(field);
  }

  Appliance& appliance_;
  pugi::xml_document document_;
  pugi::xml_node objects_;
  unsigned references_ = 0;
  std::string vm_, sr_;
  std::vector<std::string> vdis_, vbds_, vifs_, networks_;
};

}  // namespace

std::string write_ova_xml(Appliance& appliance) {
  return OvaXmlWriter(appliance).write();
}

}  // namespace truce::image::package
