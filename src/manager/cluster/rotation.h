// One certificate authority takes another one's place: what is decided about it. Nothing here waits
// or writes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cluster.h"

namespace truce::manager {

/// Whether a host has done what the stage asks for, as it says; a manager has keys, and a member of
/// etcd where truced runs that.
bool has_done(const model::AuthorityRotation& rotation, const model::AuthorityReport& report,
              bool is_manager);

/// The rotation after a report: the host is among those that have done the stage, or is not; whose
/// turn it was gives that back once it is.
model::AuthorityRotation with_report(model::AuthorityRotation rotation,
                                     const model::AuthorityReport& report, bool is_manager);

/// Those of `hosts` that have not done the stage yet.
std::vector<std::string> missing(const model::AuthorityRotation& rotation,
                                 const std::vector<std::string>& hosts);

/// The next stage; nothing after the last one.
std::optional<model::AuthorityRotation> next_stage(model::AuthorityRotation rotation);

/// The manager whose member of etcd may be started anew now; empty: none. One after the other,
/// `own` first, and only while all members are well: so there is always a majority. `states` as
/// Membership::managers().
std::string turn_of(const model::AuthorityRotation& rotation, const std::string& own,
                    const std::vector<std::string>& managers,
                    const std::map<std::string, SeatState>& states);

/// Whether a host is told what to do: all follow once `own`, which leads, has done the stage.
bool may_follow(const model::AuthorityRotation& rotation, const std::string& host,
                const std::string& own);

/// What it waits for, for people: the hosts that are missing, and what to do about those that are
/// offline.
std::string what_it_waits_for(const model::AuthorityRotation& rotation, const Inventory& inventory);

/// Carries a rotation on, until cancelled.
Async<void> watch_rotation(Ledger& ledger, const Settings& settings);

}  // namespace truce::manager
