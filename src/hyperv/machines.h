// Machines of a host, as verbs need them.
#pragma once

#include "session.h"

namespace truce::hyperv {

constexpr auto management = "Msvm_VirtualSystemManagementService";

/// A machine as it is now.
struct Found {
  std::string id;  ///< as Hyper-V writes it
  std::string name;
  model::Observed state = model::Observed::unknown;
  [[nodiscard]] bool is(model::Observed wanted) const { return state == wanted; }
  [[nodiscard]] Reference self() const;
};

/// Code::not_found unless it is there.
Async<Result<Found>> find_machine(Session& session, std::string id);
/// Leads it to a state, in which it may be already when that has failed.
Async<Result<void>> change_state(Session& session, Found machine, model::Observed wanted);
Async<Result<void>> reset(Session& session, Found machine);
Async<Result<void>> request_stop(Session& session, Found machine);

Async<Result<std::string>> create_snapshot(Session& session, Found machine,
                                           platform::SnapshotOrder order);
/// Takes the machine's power away first, where it has some, as Hyper-V wants it.
Async<Result<void>> restore_snapshot(Session& session, Found machine, std::string snapshot);
Async<Result<void>> remove_snapshot(Session& session, Found machine, std::string snapshot,
                                    platform::Snapshots::Extent extent);

/// The settings of its disks, without those of its snapshots.
Async<Result<Instances>> disks_of(Session& session, Found machine);

/// Changes what the settings of a machine or a snapshot say, which have this InstanceID.
Async<Result<void>> modify_settings(Session& session, std::string instance_id,
                                    std::vector<Property> properties);
/// `path` as the host has it. That there is none is no error.
Async<Result<void>> remove_file(Session& session, std::string path);

Async<Result<void>> resize(Session& session, Found machine, std::optional<int> cpus,
                           std::optional<Bytes> memory);
/// With its disks' files, as far as nothing else has them.
Async<Result<void>> remove(Session& session, Found machine);

}  // namespace truce::hyperv
