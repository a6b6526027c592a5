// What packages call the parts of a machine, both ways, as tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/package.h"

namespace truce::image::package {

/// rasd:ResourceType. [DMTF CIM_ResourceAllocationSettingData.ResourceType]
enum class Resource : std::uint32_t {
  other = 1,
  processor = 3,
  memory = 4,
  ide_controller = 5,
  scsi_controller = 6,
  ethernet = 10,
  floppy = 14,
  cd = 15,
  dvd = 16,
  disk = 17,
  storage_controller = 20,
  serial = 21,
  usb = 23,
  graphics = 24,
  sound = 35,
};

/// How a controller is written for VMware.
struct ControllerWord {
  Controller model;
  Resource type;
  std::string_view subtype;  ///< empty: none is written
  std::string_view title;
  bool exact;  ///< VMware has this one; else it is the nearest that guests start from
  std::uint32_t buses, units;
};
const ControllerWord& controller_word(Controller model);
/// None for what is no controller of disks.
std::optional<Controller> controller_of(Resource type, std::string_view subtype);

struct NicWord {
  NicModel model;
  std::string_view subtype;
  bool exact;
};
const NicWord& nic_word(NicModel model);
/// None for a model that is not known.
std::optional<NicModel> nic_of(std::string_view subtype);

/// The factor of `byte * 2^20`, `MegaBytes`, `GB` ...; 1 for an empty text, none for what is not
/// understood or does not fit. [DSP0004 2.6, C.1 Programmatic units]
std::optional<std::uint64_t> unit_factor(std::string_view units);

/// The name in the table of formats for a disk's format URI; empty for one that is not known.
std::string_view format_of_uri(std::string_view uri);
constexpr std::string_view stream_optimized_uri =
    "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";

/// Moves disks that hang where no controller has a place, or where another one hangs already, to
/// the first free place of their kind of controller. Code::limit when there is none.
Result<void> settle(std::vector<PackagedDisk>& disks);

/// `AA:BB:CC:DD:EE:FF` from that form, from one with dashes or with none; empty when it is no MAC.
std::string tidy_mac(std::string_view text);

}  // namespace truce::image::package
