#include <algorithm>
#include <map>
#include <tuple>

#include "package/hardware.h"
#include "package/xml.h"
#include "xva/xva.h"

namespace truce::image::package {
namespace {

/// A record of XML-RPC: `<value><struct><member><name/><value/></member>…`. [XML-RPC specification]
class Record {
 public:
  explicit Record(pugi::xml_node value) {
    auto members = child(value, "struct");
    for (auto node = child(members, "member"); node; node = next_like(node))
      fields_.emplace(child(node, "name").text().get(), child(node, "value"));
  }
  [[nodiscard]] pugi::xml_node field(std::string_view name) const {
    auto found = fields_.find(name);
    return found == fields_.end() ? pugi::xml_node{} : found->second;
  }
  /// The field as text; it may be wrapped in the element of a type.
  [[nodiscard]] std::string text(std::string_view name) const {
    auto value = field(name);
    auto typed =
        value.find_child([](pugi::xml_node node) { return node.type() == pugi::node_element; });
    return tidy((typed ? typed : value).text().get());
  }
  [[nodiscard]] std::uint64_t number(std::string_view name) const {
    return parse_number(text(name)).value_or(0);
  }
  [[nodiscard]] bool is_true(std::string_view name) const {
    auto value = text(name);
    return value == "1" || value == "true";
  }

 private:
  std::map<std::string_view, pugi::xml_node> fields_;
};

struct Object {
  std::string type, id;
  Record fields;
};

class OvaXmlReader {
 public:
  OvaXmlReader(const PackageOptions& options, std::string_view name)
      : options_(options), name_(name) {}

  Result<OvaXml> read(pugi::xml_node root) {
    TRY_VOID(read_objects(root));
    TRY(const Object* vm, find_machine());
    read_machine(vm->fields);
    TRY_VOID(read_disks(vm->id));
    TRY_VOID(read_nics(vm->id));
    return std::move(ova_);
  }

 private:
  Result<void> read_objects(pugi::xml_node root) {
    constexpr std::size_t most_objects = 20'000;
    auto data = child(child(Record(root).field("objects"), "array"), "data");
    for (auto node = child(data, "value"); node; node = next_like(node)) {
      Record object(node);
      if (objects_.size() == most_objects)
        return fail(Code::limit, "{}: has more than {} objects", name_, most_objects);
      objects_.push_back(
          {object.text("class"), object.text("id"), Record(object.field("snapshot"))});
    }
    for (const auto& object : objects_) by_id_.emplace(object.id, &object);
    return {};
  }

  const Object* by_id(const std::string& id, std::string_view type) const {
    auto found = by_id_.find(id);
    return found != by_id_.end() && found->second->type == type ? found->second : nullptr;
  }

  Result<const Object*> find_machine() {
    const Object* machine = nullptr;
    std::size_t others = 0;
    for (const auto& object : objects_) {
      if (object.type != "VM" || object.fields.is_true("is_control_domain")) continue;
      // An exported snapshot stands alone; else the machine itself is wanted, not its snapshots.
      bool better = machine != nullptr && machine->fields.is_true("is_a_snapshot") &&
                    !object.fields.is_true("is_a_snapshot");
      bool named =
          !options_.machine.empty() && object.fields.text("name_label") == options_.machine;
      if (machine != nullptr) ++others;
      if (machine == nullptr || better || named) machine = &object;
    }
    if (machine == nullptr) return fail(Code::corrupt, "{}: describes no machine", name_);
    if (others > 0)
      warn(fmt::format("the package has {} machines or snapshots besides the one shown", others));
    return machine;
  }

  void read_machine(const Record& vm) {
    auto& appliance = ova_.appliance;
    appliance.name = vm.text("name_label");
    appliance.description = vm.text("name_description");
    auto cpus = vm.number("VCPUs_max");
    appliance.cpus = cpus == 0 || cpus > 4096 ? 1 : static_cast<std::uint32_t>(cpus);
    appliance.memory = vm.number("memory_static_max");
    Record platform(vm.field("platform"));
    auto cores = platform.number("cores-per-socket");
    appliance.cores_per_socket = cores > 4096 ? 0 : static_cast<std::uint32_t>(cores);
    Record boot(vm.field("HVM_boot_params"));
    if (boot.text("firmware") == "uefi") appliance.firmware = Firmware::uefi;
    for (char device : boot.text("order")) {  // [XenAPI, VM.HVM_boot_params]
      if (device == 'c') appliance.boot_order.emplace_back("disk");
      if (device == 'd') appliance.boot_order.emplace_back("cdrom");
      if (device == 'n') appliance.boot_order.emplace_back("network");
      if (appliance.boot_order.size() == 3) break;
    }
    if (vm.text("HVM_boot_policy").empty())
      warn("the machine is paravirtualised: it needs a kernel of its own to start elsewhere");
    if (vm.text("power_state") == "Suspended") warn("the machine's saved memory is not read");
  }

  Result<void> read_disks(const std::string& vm) {
    for (const auto& object : objects_) {
      if (object.type != "VBD" || object.fields.text("VM") != vm) continue;
      if (object.fields.text("type") != "Disk") continue;
      const auto* vdi = by_id(object.fields.text("VDI"), "VDI");
      if (vdi == nullptr) continue;
      auto& disks = ova_.appliance.disks;
      if (disks.size() == options_.limits.disks)
        return fail(Code::limit, "{}: has more than {} disks", name_, options_.limits.disks);
      PackagedDisk disk{.id = vdi->id,
                        .name = vdi->fields.text("name_label"),
                        .file = vdi->id,
                        .format = "xva",
                        .controller = Controller::xen};
      auto size = parse_number(vdi->fields.text("virtual_size"));
      if (!size)
        return fail(Code::corrupt, "{}: disk '{}' has no valid virtual_size", name_, disk.id);
      disk.capacity = *size;
      disk.unit = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(object.fields.number("userdevice"), 255));
      disk.bootable = object.fields.is_true("bootable");
      disks.push_back(std::move(disk));
    }
    std::ranges::sort(ova_.appliance.disks, {},
                      [](const auto& each) { return std::tie(each.unit, each.id); });
    return {};
  }

  Result<void> read_nics(const std::string& vm) {
    std::vector<std::pair<std::uint64_t, PackagedNic>> nics;
    for (const auto& object : objects_) {
      if (object.type != "VIF" || object.fields.text("VM") != vm) continue;
      if (nics.size() == options_.limits.nics)
        return fail(Code::limit, "{}: has more than {} network adapters", name_,
                    options_.limits.nics);
      PackagedNic nic{.model = NicModel::xen, .mac = tidy_mac(object.fields.text("MAC"))};
      if (const auto* network = by_id(object.fields.text("network"), "network"))
        nic.network = network->fields.text("name_label");
      nics.emplace_back(object.fields.number("device"), std::move(nic));
    }
    std::ranges::sort(nics, {},
                      [](const auto& each) { return std::tie(each.first, each.second.mac); });
    for (auto& [device, nic] : nics) ova_.appliance.nics.push_back(std::move(nic));
    return {};
  }

  void warn(std::string text) { ova_.warnings.push_back(std::move(text)); }

  const PackageOptions& options_;
  std::string_view name_;
  std::vector<Object> objects_;
  std::map<std::string, const Object*> by_id_;
  OvaXml ova_;
};

}  // namespace

Result<OvaXml> parse_ova_xml(std::string_view text, const PackageOptions& options,
                             std::string_view name) {
  TRY(auto document, parse_xml(text, options.limits.xml, name));
  auto root = child(*document, "value");
  if (child(*document, "appliance")) {
    return fail(Code::unsupported, "{}: is of XVA's first version, from before XenServer 4", name);
  }
  if (!root) return fail(Code::corrupt, "{}: is not an XVA's descriptor", name);
  return OvaXmlReader(options, name).read(root);
}

}  // namespace truce::image::package
