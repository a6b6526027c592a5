// All that a machine's QEMU is handed when it starts: descriptors, files, devices, a TPM.
#pragma once

#include <optional>

#include "base/process.h"
#include "control_group.h"
#include "host/enclosure.h"
#include "host/offer.h"
#include "runtime.h"

namespace truce::qemu {

struct Gear {
  Wiring wiring;
  std::vector<Fd> kept;                          ///< ours, until QEMU has its own
  std::vector<std::pair<int, int>> descriptors;  ///< {ours, QEMU's}
  std::optional<Process> tpm;                    ///< ends by itself when QEMU has ended
};

/// Makes it, and gives what is the machine's own to its user.
Result<Gear> make_gear(const hypervisor::Machine& machine, const Runtime& runtime, const User& user,
                       const ControlGroup& groups, const Enclosure& enclosure,
                       const Surroundings& around);

}  // namespace truce::qemu
