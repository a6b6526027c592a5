// Where devices of a machine are on its PCI bus. 0x1d to 0x1f belong to q35 itself, 0x01 to a
// legacy machine.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "hypervisor/hypervisor.h"

namespace truce::qemu {

inline constexpr int slot_screen = 0x01;
inline constexpr int slot_ports = 0x02;
inline constexpr int slot_disks = 0x0a;
inline constexpr int slot_random = 0x12;
inline constexpr int slot_balloon = 0x13;
inline constexpr int slot_channels = 0x14;
inline constexpr int slot_plugs = 0x15;  // a legacy machine has no ports to plug, but its screen
inline constexpr int slot_usb = 0x16;
inline constexpr int slot_sound = 0x17;
inline constexpr int slot_watchdog = 0x18;
inline constexpr int slot_scsi = 0x19;
inline constexpr int slot_passed = 0x1a;  // ports of q35
inline constexpr int slot_hot_memory = 0x1b;
inline constexpr int slot_passed_legacy = 0x1c;  // and the three after it
inline constexpr int first_passed_chassis = 16;

/// The driver of a network card.
std::string_view device_of(model::NicModel model);

/// Whether disks hang on an adapter of SCSI, which is `scsi`.
bool is_scsi(model::DiskBus bus);

/// The bus of a port that devices are plugged into while the machine runs, from 1.
inline std::string plug_port(int port) {
  return fmt::format("spare{}", port - 1);
}

/// The queues of a disk: as many as the machine can have processors. Left to QEMU they would be as
/// many as it starts with, and its memory not fit it when it goes on with more.
std::int64_t queues_of(const hypervisor::Machine& machine);

/// 3 of `disk3`; -1 of another id.
int disk_number(std::string_view id);

}  // namespace truce::qemu
