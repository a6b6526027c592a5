// The words that start a QEMU for a machine: pure, so that golden files can hold them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "hypervisor/hypervisor.h"

namespace truce::qemu {

/// Runs guest code on the processor (KVM), or translates it (TCG: anywhere, but slow).
enum class Accelerator { kvm, tcg };
std::string_view to_string(Accelerator accelerator);

/// How the machine gets its first state.
enum class Origin {
  boot,      ///< stopped before the first instruction: `cont` runs it
  incoming,  ///< waits for `migrate-incoming`
};

/// The files that a UEFI machine begins with.
struct FirmwareFiles {
  std::filesystem::path code;       ///< read only, the same for all machines
  std::filesystem::path variables;  ///< the machine's own
};

/// What QEMU is connected to: descriptors as the child will see them, and the paths that it opens.
struct Wiring {
  std::string program = "qemu-system-x86_64";
  Accelerator accelerator = Accelerator::tcg;
  Origin origin = Origin::boot;
  std::string cpu_less;  ///< left out of the host's processor under KVM: `,-arch-capabilities`
  int qmp_fd = 3;        ///< listening unix sockets
  int serial_fd = 4;
  int agent_fd = 5;
  std::vector<int> tap_fds;     ///< one for each port that is not in user mode, in their order
  std::filesystem::path vnc;    ///< socket that QEMU makes; unused when the machine has no screen
  std::filesystem::path spice;  ///< likewise
  std::vector<std::pair<std::string, int>> line_fds;  ///< `serial2` to `serial4`, `parallel`
  int tpm_fd = -1;                                    ///< connected to the machine's TPM
  FirmwareFiles firmware;                             ///< when it is UEFI
  std::filesystem::path render_node;                  ///< of the host's graphics card, for 3D
  std::vector<std::filesystem::path> usb_nodes;       ///< of the devices that are passed through
  std::filesystem::path keys;  ///< folder of the pipes that keys of disks come through
  Bytes more_memory;           ///< beyond what the machine is said to have
  /// The network cards that have a ROM to boot from, where it must be as on another host.
  std::optional<std::set<std::string>> roms;
};

/// The most of each that a machine can have: each has its own fixed PCI slot (SATA port for CDs),
/// so that a change of one never renames another in the guest.
inline constexpr std::size_t ports_limit = 8;
inline constexpr std::size_t disks_limit = 8;
inline constexpr std::size_t cdroms_limit = 6;

/// Program and arguments. Code::invalid when the machine asks for what QEMU cannot do.
Result<std::vector<std::string>> command_line(const hypervisor::Machine& machine,
                                              const Wiring& wiring);

/// Whether the machine has a screen (a microvm has none).
bool has_screen(const hypervisor::Machine& machine);

/// What the machine boots from when Machine::boot_once is over: device ids and their places, -1 for
/// those that it boots from this time only. Empty when it is the kernel, which is not loaded then.
std::map<std::string, int> usual_boot_order(const hypervisor::Machine& machine);

/// TCG's cache of translated code: a quarter of the guest's memory, between 32 and 256 MiB. (Left
/// alone, QEMU takes up to 1 GiB.)
Bytes translation_cache(Bytes guest_memory);

/// The limit of the machine's control group: guest memory, and for QEMU itself
/// 256 MiB + memory/32 + 16 MiB a processor, and under TCG twice the translation cache; 32 MiB for
/// a TPM, 256 MiB for pictures of qxl, SPICE and 3D.
Bytes memory_limit(const hypervisor::Machine& machine, Accelerator accelerator);

}  // namespace truce::qemu
