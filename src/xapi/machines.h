// Machines of a pool, as verbs need them: what is asked is asked of the pool itself.
#pragma once

#include "records.h"
#include "session.h"

namespace truce::xapi {

/// A machine, or a snapshot of one, as it is now.
struct Found {
  std::string ref;
  VmRecord vm;
  std::string suspended;             ///< the disk that its memory is in; empty: none
  std::vector<std::string> allowed;  ///< XAPI's allowed_operations
  std::int64_t memory_min = 0, cpus_max = 0;
  std::int64_t cores = 1;  ///< of each socket
  [[nodiscard]] bool is(model::Observed state) const { return read_state(vm.state) == state; }
  [[nodiscard]] bool may(std::string_view operation) const;
};

/// An object of any kind (`VM`, `SR`) by its uuid.
Async<Result<std::string>> ref_of(Session& session, std::string kind, std::string uuid);

Async<Result<Found>> find_by_ref(Session& session, std::string ref);
/// Code::not_found unless it is a machine, which templates and hosts' own domains are not.
Async<Result<Found>> find_machine(Session& session, std::string id);
/// Code::not_found unless it is a snapshot of that machine: its id alone would name it, and so
/// would a wrong one.
Async<Result<Found>> find_snapshot(Session& session, const Found& machine, std::string id);

/// Takes machines or snapshots away, in this order, and then those of their disks that nothing else
/// has. When one does not go, those behind it stay, with all disks.
Async<Result<void>> remove_all(Session& session, std::vector<Found> going);

/// The snapshots of a machine that are below one, deepest first, and that itself at last.
Async<Result<std::vector<Found>>> find_subtree(Session& session, Found root);

Async<Result<void>> resize(Session& session, Found machine, std::optional<int> cpus,
                           std::optional<Bytes> memory);
Async<Result<std::string>> clone(Session& session, Found machine, std::string name);

}  // namespace truce::xapi
