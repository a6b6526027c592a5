// What a machine is made of, once all that was left open is decided, and what cannot be together.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/types.h"

namespace truce::model {

/// The version of the machine type that machines have whose hardware names none: they are older
/// than the field.
inline constexpr std::string_view first_version = "7.2";

/// How many ports for devices that come while it runs a q35 machine has.
inline constexpr int plug_ports = 8;

/// The hardware of a machine, complete. As it is here it is the usual q35.
struct Outfit {
  std::string version = std::string(first_version);
  GuestKind guest = GuestKind::other;
  bool acpi = true;
  std::string cpu_model;                             ///< empty: the best that the host gives
  std::int64_t sockets = 0, cores = 0, threads = 0;  ///< all 0: the hypervisor's choice
  std::int64_t max_cpus = 0;                         ///< what it can be given while it runs
  Bytes max_memory;                                  ///< likewise
  std::int64_t numa_nodes = 1;
  bool huge_pages = false;
  Firmware firmware = Firmware::bios;
  SecureBoot secure_boot = SecureBoot::off;
  bool tpm = false;
  std::vector<BootDevice> boot = {BootDevice::disk, BootDevice::cdrom};
  bool boot_chosen = false;  ///< the order was asked for: a kernel of the template is left out
  bool cdrom = false;        ///< a drive, also while nothing is in it
  DiskBus disk_bus = DiskBus::virtio;
  NicModel nic_model = NicModel::virtio;
  Display display = Display::vga;
  bool gpu_3d = false;
  bool spice = false;
  bool usb = false;
  Sound sound = Sound::none;
  std::int64_t serial_ports = 1;
  bool parallel_port = false;
  WatchdogAction watchdog = WatchdogAction::off;
  std::vector<std::string> pci;
  std::vector<std::string> usb_devices;
  bool operator==(const Outfit&) const = default;
};

/// The outfit of a machine. Code::invalid, with the field, when its parts do not go together.
Result<Outfit> outfit(const Vm& vm);

/// Whether a host can give it. Code::unsupported, with the field, says what it lacks and why.
Result<void> check_host(const Outfit& outfit, const Host& host);

/// Takes over what `change` names; an empty text or list makes a field usual again.
void merge(const Hardware& change, Hardware& hardware);

/// `boot` with one device first.
void boot_first(Outfit& outfit, BootDevice device);

/// -1, 0 or 1 as version `a` (7.2, 10.0.1) is older than, the same as or newer than `b`; text that
/// is no version is older than all.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace truce::model
