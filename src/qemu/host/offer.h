// What this host can give to machines, asked once when the daemon starts.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "command_line.h"
#include "hypervisor/hypervisor.h"

namespace truce::qemu {

/// What a QEMU says of itself.
struct Offer {
  std::set<std::string> machines;       ///< `pc-q35-7.2`
  std::vector<std::string> cpu_models;  ///< sorted
  std::set<std::string> devices;        ///< `qxl-vga`
  bool spice = false;
};

/// Asks a QEMU that runs nothing.
Async<Result<Offer>> ask_offer(std::string program);

/// Reads the answers to ask_offer()'s questions, one line each; what is not there is not offered.
Offer read_offer(std::string_view answers);

/// Parts of a host, as folders, so that tests can have others.
struct Surroundings {
  std::filesystem::path firmware = "/usr/share/OVMF";
  std::filesystem::path sys = "/sys";
  std::filesystem::path dev = "/dev";
};

/// Fills in what of `offer` and of the host is there for machines.
void describe(const Offer& offer, const Surroundings& around, Accelerator accelerator,
              hypervisor::Capabilities& capabilities);

/// The node of a graphics card that every user may draw with; empty when there is none.
std::filesystem::path render_node(const Surroundings& around);

}  // namespace truce::qemu
