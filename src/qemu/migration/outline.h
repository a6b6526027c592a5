// What two QEMUs have to agree on for a machine to go from the one to the other, beyond the Machine
// that both are given.
//
// QEMU 7.2 without KVM (TCG) loses what the guest writes while its memory is copied, where the size
// of the memory is a multiple of 256 KiB: it then clears the marks of changed pages 64 at a time,
// and does not tell the translated code that goes on writing (qemu.git include/exec/ram_addr.h,
// cpu_physical_memory_sync_dirty_bitmap). So machines that run so are given 8 KiB more than they
// are asked for, where nothing speaks against it; the others cannot move while they run.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "command_line.h"
#include "running.h"

namespace truce::qemu {

/// How a machine's process is started.
struct Manner {
  Origin origin = Origin::boot;
  Bytes more_memory;                          ///< Wiring::more_memory
  std::optional<std::set<std::string>> roms;  ///< Wiring::roms
  bool fetches_pages = false;                 ///< its memory may come after it (post-copy)
};

/// What of memory a machine is given beyond what it is asked for.
Bytes more_memory(const hypervisor::Machine& machine, Accelerator accelerator);

/// The same of one whose memory was saved: as much as it had then (qemu.git migration/ram.c,
/// ram_save_setup: names and sizes of blocks come first).
Bytes more_memory_in(const std::filesystem::path& saved, const hypervisor::Machine& machine);

struct Outline {
  std::string version;  ///< of QEMU: `7.2.22`
  std::string accelerator;
  Bytes memory;                ///< there from the start
  std::set<std::string> roms;  ///< ids of network cards that have a ROM
};

std::string to_text(const Outline& outline);
/// Code::corrupt for what to_text() does not write.
Result<Outline> parse_outline(std::string_view text);

/// What a machine is like that runs. Code::unsupported, with the reason, for one that cannot move
/// while it does.
Async<Result<Outline>> outline_of(RunningPtr vm, Accelerator accelerator, std::string version);

/// How a machine has to be started that goes on with what another host sends; Code::unsupported
/// where this host cannot be like that one.
Result<Manner> manner_for(const Outline& outline, const hypervisor::Machine& machine,
                          Accelerator accelerator, std::string_view version);

}  // namespace truce::qemu
