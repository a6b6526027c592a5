// Changes of a running machine over QMP (qemu.git qapi/qdev.json, qapi/block-core.json,
// qapi/machine.json; docs/pcie.txt for where devices can be plugged in).
#pragma once

#include <functional>

#include "guest_agent.h"
#include "hypervisor/live_changes.h"
#include "live/handed.h"
#include "running.h"

namespace truce::qemu {

class LiveQemu final : public hypervisor::LiveChanges {
 public:
  using Find = std::function<Result<RunningPtr>(const std::string& uuid)>;
  LiveQemu(Find find, Scope& scope) : find_(std::move(find)), scope_(scope) {}

  // disks.cpp
  Async<Result<void>> add_disk(std::string uuid, hypervisor::DiskFile disk) override;
  Async<Result<void>> remove_disk(std::string uuid, std::string id, Duration patience) override;
  Async<Result<void>> grow_disk(std::string uuid, std::string id, Bytes size) override;
  Async<Result<void>> set_medium(std::string uuid, std::string drive,
                                 std::filesystem::path medium) override;
  // ports.cpp
  Async<Result<void>> add_port(std::string uuid, hypervisor::Port port) override;
  Async<Result<void>> remove_port(std::string uuid, int number, Duration patience) override;
  // sizes.cpp
  Async<Result<void>> set_cpus(std::string uuid, int cpus) override;
  Async<Result<void>> set_memory(std::string uuid, Bytes memory) override;
  Async<Result<void>> set_balloon(std::string uuid, Bytes memory) override;
  Async<Result<model::VmUsage>> usage(std::string uuid) override;

 private:
  Async<void> bring_online(RunningPtr vm);

  Find find_;
  Scope& scope_;
};

/// Opens a file as the node `id` and, below it, `id`-file, as the command line does. `more` are
/// further options of the upper one.
Async<Result<void>> open_nodes(RunningPtr vm, std::string id, std::string format,
                               std::filesystem::path file, Access access, json::object more = {});

/// Closes both. Nodes that are not there, or in use, stay as they are, and so does the file below.
Async<void> close_nodes(RunningPtr vm, std::string node);

/// Whether the machine has a device of this id.
Async<Result<bool>> has_device(RunningPtr vm, std::string id);

/// Asks the guest to let go of a device until it has; Code::timeout when it has not by then.
Async<Result<void>> unplug(RunningPtr vm, std::string id, Duration patience);

/// `bus` and, where it needs one, `addr` of a device that is plugged in; Code::unsupported where
/// the machine has no such place.
Result<json::object> place_of(const Record& record, int port, int usual_slot);

}  // namespace truce::qemu
