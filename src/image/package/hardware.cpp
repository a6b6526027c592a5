#include "package/hardware.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <tuple>

#include "package/names.h"

namespace truce::image::package {
namespace {

using enum Resource;

// VMware's words as ovftool and vSphere write them. IDE: a master and a slave on each of two.
// SCSI: unit 7 is the controller's own.
constexpr std::array controller_words{
    ControllerWord{Controller::ide, ide_controller, "", "IDE Controller", true, 2, 2},
    ControllerWord{Controller::sata, storage_controller, "vmware.sata.ahci", "SATA Controller",
                   true, 4, 30},
    ControllerWord{Controller::lsilogic, scsi_controller, "lsilogic", "SCSI Controller", true, 4,
                   16},
    ControllerWord{Controller::lsilogic_sas, scsi_controller, "lsilogicsas", "SCSI Controller",
                   true, 4, 16},
    ControllerWord{Controller::buslogic, scsi_controller, "buslogic", "SCSI Controller", true, 4,
                   16},
    ControllerWord{Controller::pvscsi, scsi_controller, "VirtualSCSI", "SCSI Controller", true, 4,
                   16},
    ControllerWord{Controller::nvme, storage_controller, "vmware.nvme.controller",
                   "NVMe Controller", true, 4, 15},
    ControllerWord{Controller::virtio_scsi, scsi_controller, "lsilogic", "SCSI Controller", false,
                   4, 16},
    ControllerWord{Controller::virtio_block, scsi_controller, "lsilogic", "SCSI Controller", false,
                   4, 16},
    ControllerWord{Controller::xen, scsi_controller, "lsilogic", "SCSI Controller", false, 4, 16},
};

struct SubtypeRow {
  Resource type;
  std::string_view subtype;  // in small letters
  Controller model;
};
// The first row of a type is what an unknown subtype is taken for. VirtualBox: PIIX4, AHCI,
// LsiLogicSas and VirtioSCSI under type 20.
constexpr std::array subtypes{
    SubtypeRow{ide_controller, "", Controller::ide},
    SubtypeRow{scsi_controller, "lsilogic", Controller::lsilogic},
    SubtypeRow{scsi_controller, "lsilogicsas", Controller::lsilogic_sas},
    SubtypeRow{scsi_controller, "buslogic", Controller::buslogic},
    SubtypeRow{scsi_controller, "virtualscsi", Controller::pvscsi},
    SubtypeRow{scsi_controller, "pvscsi", Controller::pvscsi},
    SubtypeRow{scsi_controller, "virtio-scsi", Controller::virtio_scsi},
    SubtypeRow{scsi_controller, "virtioscsi", Controller::virtio_scsi},
    SubtypeRow{storage_controller, "ahci", Controller::sata},
    SubtypeRow{storage_controller, "vmware.sata.ahci", Controller::sata},
    SubtypeRow{storage_controller, "vmware.nvme.controller", Controller::nvme},
    SubtypeRow{storage_controller, "nvme", Controller::nvme},
    SubtypeRow{storage_controller, "lsilogicsas", Controller::lsilogic_sas},
    SubtypeRow{storage_controller, "virtioscsi", Controller::virtio_scsi},
};

// A model that VMware has not becomes the nearest that guests of today have a driver for.
constexpr std::array nic_words{
    NicWord{NicModel::e1000, "E1000", true},     NicWord{NicModel::e1000e, "E1000e", true},
    NicWord{NicModel::vmxnet, "VmxNet", true},   NicWord{NicModel::vmxnet3, "VmxNet3", true},
    NicWord{NicModel::pcnet32, "PCNet32", true}, NicWord{NicModel::rtl8139, "E1000", false},
    NicWord{NicModel::virtio, "VmxNet3", false}, NicWord{NicModel::xen, "E1000", false},
};

struct NicRow {
  std::string_view subtype;  // in small letters
  NicModel model;
};
constexpr std::array nics{
    NicRow{"e1000", NicModel::e1000},      NicRow{"e1000e", NicModel::e1000e},
    NicRow{"vmxnet", NicModel::vmxnet},    NicRow{"vmxnet2", NicModel::vmxnet},
    NicRow{"vmxnet3", NicModel::vmxnet3},  NicRow{"pcnet32", NicModel::pcnet32},
    NicRow{"flexible", NicModel::pcnet32}, NicRow{"rtl8139", NicModel::rtl8139},
    NicRow{"virtio", NicModel::virtio},    NicRow{"virtio-net", NicModel::virtio},
};

constexpr std::uint32_t scsi_own_unit = 7;

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `byte`, `1024` or `2^20`.
std::optional<std::uint64_t> factor_of(std::string_view part) {
  struct Word {
    std::string_view word;
    std::uint64_t factor;
  };
  static constexpr std::array words{Word{"byte", 1},
                                    Word{"bytes", 1},
                                    Word{"b", 1},
                                    Word{"kilobytes", 1 << 10},
                                    Word{"kb", 1 << 10},
                                    Word{"megabytes", 1 << 20},
                                    Word{"mb", 1 << 20},
                                    Word{"gigabytes", 1 << 30},
                                    Word{"gb", 1 << 30},
                                    Word{"terabytes", std::uint64_t{1} << 40},
                                    Word{"tb", std::uint64_t{1} << 40}};
  if (const auto* word = std::ranges::find(words, part, &Word::word); word != words.end())
    return word->factor;
  auto caret = part.find('^');
  if (caret == part.npos) return parse_whole(part);
  auto base = parse_whole(part.substr(0, caret)), power = parse_whole(part.substr(caret + 1));
  if (!base || !power || *power > 63) return std::nullopt;
  std::uint64_t value = 1;
  for (std::uint64_t i = 0; i < *power; ++i)
    if (__builtin_mul_overflow(value, *base, &value)) return std::nullopt;
  return value;
}

}  // namespace

const ControllerWord& controller_word(Controller model) {
  const auto* found = std::ranges::find(controller_words, model, &ControllerWord::model);
  TRUCE_ASSERT(found != controller_words.end(), "each model has a row");
  return *found;
}

std::optional<Controller> controller_of(Resource type, std::string_view subtype) {
  auto small = small_letters(subtype);
  const SubtypeRow* otherwise = nullptr;
  for (const auto& row : subtypes) {
    if (row.type != type) continue;
    if (row.subtype == small) return row.model;
    if (otherwise == nullptr) otherwise = &row;
  }
  if (otherwise == nullptr) return std::nullopt;
  return otherwise->model;
}

const NicWord& nic_word(NicModel model) {
  const auto* found = std::ranges::find(nic_words, model, &NicWord::model);
  TRUCE_ASSERT(found != nic_words.end(), "each model has a row");
  return *found;
}

std::optional<NicModel> nic_of(std::string_view subtype) {
  auto small = small_letters(subtype);
  const auto* found = std::ranges::find(nics, std::string_view(small), &NicRow::subtype);
  if (found == nics.end()) return std::nullopt;
  return found->model;
}

std::optional<std::uint64_t> unit_factor(std::string_view units) {
  auto text = small_letters(units);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  if (text.empty()) return 1;
  std::uint64_t product = 1;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find('*', at), text.size());
    auto factor = factor_of(std::string_view(text).substr(at, end - at));
    if (!factor || *factor == 0 || __builtin_mul_overflow(product, *factor, &product))
      return std::nullopt;
    at = end + 1;
  }
  return product;
}

std::string_view format_of_uri(std::string_view uri) {
  struct Row {
    std::string_view part, format;
  };
  static constexpr std::array rows{Row{"vhdx", "vhdx"}, Row{"vmdk", "vmdk"}, Row{"vhd", "vhd"},
                                   Row{"vdi", "vdi"}, Row{"qcow2", "qcow2"}, Row{"qcow", "qcow2"},
                                   Row{"raw", "raw"},
                                   // What VirtualBox and XenCenter write for a VHD.
                                   Row{"linkid=137171", "vhd"}};
  auto small = small_letters(uri);
  for (const auto& row : rows)
    if (small.contains(row.part)) return row.format;
  return {};
}

Result<void> settle(std::vector<PackagedDisk>& disks) {
  using Place = std::tuple<std::string_view, Resource, std::uint32_t, std::uint32_t>;
  std::set<Place> taken;
  for (auto& disk : disks) {
    const auto& word = controller_word(disk.controller);
    auto free = [&](std::uint32_t bus, std::uint32_t unit) {
      bool own = word.type == scsi_controller && unit == scsi_own_unit;
      return bus < word.buses && unit < word.units && !own &&
             !taken.contains({word.subtype, word.type, bus, unit});
    };
    bool placed = free(disk.bus, disk.unit);
    for (std::uint32_t place = 0; !placed && place < word.buses * word.units; ++place) {
      placed = free(place / word.units, place % word.units);
      if (placed) disk.bus = place / word.units, disk.unit = place % word.units;
    }
    if (!placed) return fail(Code::limit, "{}: no place is left on its controllers", word.title);
    taken.insert({word.subtype, word.type, disk.bus, disk.unit});
  }
  return {};
}

std::string tidy_mac(std::string_view text) {
  auto digits = small_letters(text);
  std::erase_if(digits, [](char c) { return c == ':' || c == '-' || c == '.'; });
  if (digits.size() != 12 || digits.find_first_not_of("0123456789abcdef") != digits.npos) return {};
  std::string mac;
  for (std::size_t i = 0; i < 12; i += 2) mac += (i == 0 ? "" : ":") + digits.substr(i, 2);
  return mac;
}

}  // namespace truce::image::package
