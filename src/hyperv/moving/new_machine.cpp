#include "moving/new_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace truce::hyperv {

using platform::NewMachine;

namespace {

constexpr auto secure_boot_of_windows = "1734c6e8-3154-4dda-ba5f-a874cc483422",
               secure_boot_of_others = "272e7447-90a4-4563-a4b9-8e4ab00526ce";

bool is_second(const NewMachine& wish) {
  return wish.firmware == model::Firmware::uefi;
}

Property word(std::string name, std::string value) {
  return {std::move(name), "string", {std::move(value)}};
}
Property small(std::string name, std::int64_t value) {
  return {std::move(name), "uint16", {std::to_string(value)}};
}
Property flag(std::string name, bool value) {
  return {std::move(name), "boolean", {value ? "true" : "false"}};
}
Property list(std::string name, std::string value) {
  return {std::move(name), "string", {std::move(value)}, true};
}

Setting resource(std::int64_t type, std::string_view sub_type) {
  return {"Msvm_ResourceAllocationSettingData",
          {small("ResourceType", type), word("ResourceSubType", std::string(sub_type))}};
}

Setting with(Setting setting, std::vector<Property> more) {
  std::ranges::move(more, std::back_inserter(setting.properties));
  return setting;
}

// CIM_ResourceAllocationSettingData's ResourceType.
enum Type : std::int64_t { scsi = 6, card = 10, drive = 17, disk = 31, connection = 33 };

}  // namespace

Result<void> check(const NewMachine& wish) {
  constexpr std::size_t longest_name = 100;
  constexpr std::uint64_t step = std::uint64_t{2} << 20;
  auto name = platform::name_while_made(wish);
  if (wish.name.empty() || name.size() > longest_name)
    return fail(Code::invalid, "name: '{}': Hyper-V's have up to {} characters", name,
                longest_name);
  if (wish.cpus < 1) return fail(Code::invalid, "cpus: {}", wish.cpus);
  if (wish.memory.count == 0 || wish.memory.count % step != 0)
    return fail(Code::invalid, "memory: {}: Hyper-V's machines have multiples of 2 MiB",
                to_string(wish.memory));
  if (wish.disks.empty()) return fail(Code::invalid, "disks: none");
  for (const auto& seat : seats_of(wish)) {
    constexpr std::int64_t ide_controllers = 2, places = 64;
    if (seat.ide && (is_second(wish) || *seat.ide >= ide_controllers))
      return fail(Code::invalid, "disks: IDE has room for four, with BIOS");
    if (seat.place >= places)
      return fail(Code::limit, "disks: there are more than {} on SCSI", places);
  }
  return {};
}

Setting system_setting(const NewMachine& wish) {
  constexpr std::int64_t nothing = 2;
  auto generation = fmt::format("Microsoft:Hyper-V:SubType:{}", is_second(wish) ? 2 : 1);
  return {"Msvm_VirtualSystemSettingData",
          {word("ElementName", platform::name_while_made(wish)),
           word("VirtualSystemSubType", generation), list("Notes", wish.description),
           small("AutomaticStartupAction", nothing)}};
}

std::vector<Property> system_words(const NewMachine& wish) {
  std::vector<Property> words;
  if (!wish.uuid.empty()) {
    auto id = wish.uuid;
    std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::toupper(c); });
    words.push_back(word("BIOSGUID", "{" + id + "}"));
  }
  if (!is_second(wish)) return words;
  words.push_back(flag("SecureBootEnabled", wish.secure_boot));
  if (wish.secure_boot)
    words.push_back(word("SecureBootTemplateId",
                         wish.windows ? secure_boot_of_windows : secure_boot_of_others));
  return words;
}

std::vector<Seat> seats_of(const NewMachine& wish) {
  constexpr std::int64_t in_controller = 2;
  std::vector<Seat> seats;
  std::int64_t on_ide = 0, on_scsi = 0;
  for (const auto& disk : wish.disks) {
    if (disk.bus != model::DiskBus::ide) {
      seats.push_back({.ide = {}, .place = on_scsi++});
      continue;
    }
    seats.push_back({.ide = on_ide / in_controller, .place = on_ide % in_controller});
    ++on_ide;
  }
  return seats;
}

Setting scsi_controller_setting() {
  return resource(Type::scsi, scsi_controller);
}

Setting drive_setting(const std::string& controller, std::int64_t place) {
  return with(resource(Type::drive, disk_drive),
              {word("Parent", controller), word("AddressOnParent", std::to_string(place))});
}

Setting disk_setting(const std::string& drive, const std::string& file) {
  return {"Msvm_StorageAllocationSettingData",
          {small("ResourceType", Type::disk),
           word("ResourceSubType", "Microsoft:Hyper-V:Virtual Hard Disk"), word("Parent", drive),
           list("HostResource", file)}};
}

Setting card_setting(const platform::NewNic& nic) {
  bool old = nic.model == model::NicModel::rtl8139;
  std::string kind = old ? "Emulated" : "Synthetic";
  return {"Msvm_" + kind + "EthernetPortSettingData",
          {small("ResourceType", Type::card),
           word("ResourceSubType", "Microsoft:Hyper-V:" + kind + " Ethernet Port"),
           word("ElementName", old ? "Legacy Network Adapter" : "Network Adapter"),
           word("Address", hyperv_mac(nic.mac)), flag("StaticMacAddress", true)}};
}

Setting plug_setting(const std::string& card, const std::string& network) {
  constexpr std::int64_t enabled = 2;
  return {"Msvm_EthernetPortAllocationSettingData",
          {small("ResourceType", Type::connection),
           word("ResourceSubType", "Microsoft:Hyper-V:Ethernet Connection"), word("Parent", card),
           list("HostResource", network), small("EnabledState", enabled)}};
}

// What is in it is written by us later, with its own size: here it has whole MiB, as any host
// takes.
Setting file_setting(const std::string& file, Bytes size) {
  constexpr std::uint64_t step = std::uint64_t{1} << 20, least = 3 * step;
  constexpr std::int64_t dynamic = 3, vhdx = 3;
  auto room = std::max(least, (size.count + step - 1) / step * step);
  return {"Msvm_VirtualHardDiskSettingData",
          {small("Type", dynamic),
           small("Format", vhdx),
           word("Path", file),
           {"MaxInternalSize", "uint64", {std::to_string(room)}}}};
}

std::optional<Marked> read_marked(std::string_view name) {
  auto begin = name.rfind(" (");
  if (begin == name.npos || begin == 0 || !name.ends_with(')')) return {};
  auto mark = name.substr(begin + 2, name.size() - begin - 3);
  if (mark.empty()) return {};
  return Marked{std::string(name.substr(0, begin)), std::string(mark)};
}

std::string file_name(std::string_view called, std::string_view mark, std::size_t disk) {
  auto name = fmt::format("{}-{}-{}.vhdx", called, mark, disk);
  auto refused = [](char c) {
    return static_cast<unsigned char>(c) < ' ' || std::string_view(R"(<>:"/\|?*)").contains(c);
  };
  std::ranges::replace_if(name, refused, '-');
  return name;
}

std::string hyperv_mac(std::string_view mac) {
  std::string digits;
  for (char c : mac)
    if (c != ':') digits += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return digits;
}

}  // namespace truce::hyperv
