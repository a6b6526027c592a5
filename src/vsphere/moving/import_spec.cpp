// A machine in the words of VirtualMachineConfigSpec (vim25). Servers want its elements in order.
#include <array>
#include <map>

#include "moving/transfers.h"

namespace truce::vsphere {

using namespace platform;

namespace {

constexpr std::uint64_t kibi = 1 << 10, mebi = 1 << 20;

struct ControllerRow {
  model::DiskBus bus;
  std::string_view type;
  int first_key;  ///< as vSphere itself numbers them
  int places;     ///< of one controller
  int left_out;   ///< a place that is the controller's own; -1: none
};
constexpr std::array controller_rows = {
    ControllerRow{model::DiskBus::scsi, "ParaVirtualSCSIController", 1000, 16, 7},
    ControllerRow{model::DiskBus::pvscsi, "ParaVirtualSCSIController", 1000, 16, 7},
    ControllerRow{model::DiskBus::lsisas, "VirtualLsiLogicSASController", 1000, 16, 7},
    ControllerRow{model::DiskBus::sata, "VirtualAHCIController", 15000, 30, -1},
    ControllerRow{model::DiskBus::ide, "VirtualIDEController", 200, 2, -1},
};

struct CardRow {
  model::NicModel model;
  std::string_view type;
};
constexpr std::array card_rows = {
    CardRow{model::NicModel::virtio, "VirtualVmxnet3"},
    CardRow{model::NicModel::vmxnet3, "VirtualVmxnet3"},
    CardRow{model::NicModel::e1000, "VirtualE1000"},
    CardRow{model::NicModel::e1000e, "VirtualE1000e"},
    CardRow{model::NicModel::rtl8139, "VirtualE1000"},
};

std::string number(std::string_view tag, std::uint64_t value) {
  return to_xml(tag, std::to_string(value));
}

std::string added(std::string_view type, const std::string& content, bool makes_file = false) {
  return fmt::format(
      "<deviceChange><operation>add</operation>{}<device xsi:type=\"{}\">{}</device>"
      "</deviceChange>",
      makes_file ? "<fileOperation>create</fileOperation>" : "", type, content);
}

std::string controller(const ControllerRow& row, int bus) {
  auto content = number("key", static_cast<std::uint64_t>(row.first_key + bus)) +
                 number("busNumber", static_cast<std::uint64_t>(bus));
  if (row.first_key == 1000) content += "<sharedBus>noSharing</sharedBus>";
  return added(row.type, content);
}

/// Gives disks their places, and makes controllers when the first disk hangs on them.
class Shelves {
 public:
  std::string place(const NewDisk& disk, std::uint64_t key, const std::string& store) {
    const auto* row = std::ranges::find(controller_rows, disk.bus, &ControllerRow::bus);
    if (row == controller_rows.end()) row = controller_rows.begin();
    auto& next = next_[row->first_key];
    if (next % row->places == row->left_out) ++next;
    int bus = next / row->places, unit = next % row->places;
    ++next;
    std::string out;
    if (unit == 0) out = controller(*row, bus);
    auto backing = to_xml("fileName", "[" + store + "]") +
                   "<diskMode>persistent</diskMode><thinProvisioned>true</thinProvisioned>";
    out += added("VirtualDisk",
                 fmt::format("<key>-{}</key><backing xsi:type=\"VirtualDiskFlatVer2BackingInfo\">{}"
                             "</backing>",
                             key, backing) +
                     number("controllerKey", static_cast<std::uint64_t>(row->first_key + bus)) +
                     number("unitNumber", static_cast<std::uint64_t>(unit)) +
                     number("capacityInKB", disk.size.count / kibi),
                 true);
    return out;
  }

 private:
  std::map<int, int> next_;
};

std::string card(const NewNic& nic, std::uint64_t key, const std::string& backing) {
  const auto* row = std::ranges::find(card_rows, nic.model, &CardRow::model);
  auto content = fmt::format("<key>-{}</key>", key) + backing +
                 "<connectable><startConnected>true</startConnected><allowGuestControl>true"
                 "</allowGuestControl><connected>true</connected></connectable>";
  content += nic.mac.empty() ? "<addressType>generated</addressType>"
                             : "<addressType>manual</addressType>" + to_xml("macAddress", nic.mac);
  return added(row == card_rows.end() ? "VirtualE1000e" : row->type, content);
}

}  // namespace

std::string import_spec(const NewMachine& wish, const std::string& store,
                        const std::vector<std::string>& networks) {
  auto config = to_xml("name", escape_name(wish.name));
  if (!wish.uuid.empty()) config += to_xml("uuid", wish.uuid);
  config += to_xml("guestId", "otherGuest64") + to_xml("annotation", wish.description) +
            fmt::format("<files>{}</files>", to_xml("vmPathName", "[" + store + "]")) +
            number("numCPUs", static_cast<std::uint64_t>(wish.cpus)) +
            number("numCoresPerSocket", static_cast<std::uint64_t>(wish.cores)) +
            number("memoryMB", wish.memory.count / mebi);
  Shelves shelves;
  std::uint64_t key = 1;
  for (const auto& disk : wish.disks) config += shelves.place(disk, key++, store);
  for (std::size_t at = 0; at < wish.nics.size(); ++at)
    config += card(wish.nics[at], key++, networks[at]);
  bool uefi = wish.firmware == model::Firmware::uefi;
  if (uefi && wish.secure_boot)
    config += "<bootOptions><efiSecureBootEnabled>true</efiSecureBootEnabled></bootOptions>";
  if (uefi) config += to_xml("firmware", "efi");
  return fmt::format("<configSpec>{}</configSpec>", config);
}

}  // namespace truce::vsphere
