// Who may run what, as the store holds it, for those of the manager that have to know.
#pragma once

#include "availability/transactions.h"
#include "ledger.h"
#include "manager/manager.h"

namespace truce::manager {

/// Whether the cluster's availability is on: then its hosts claim lives.
bool is_available(const Inventory& inventory);

/// Whether a machine is to be started elsewhere when its host dies: then it is killed when its host
/// is cut off, and has a tenancy from its next start on.
bool is_protected(const Inventory& inventory, const model::Vm& vm);

/// Whether a host has a life, and that has not ended: only then it runs what is protected.
bool lives(const Inventory& inventory, const std::string& host);

/// What a host has to know; nothing where it needs no life.
std::optional<model::Tenancies> tenancies_of(const Inventory& inventory, const Settings& settings,
                                             const std::string& host);

/// The lives of all hosts, and the tenancy of that machine, if there is one.
availability::View view_of(const Inventory& inventory, const std::string& uuid);
availability::VmRecord to_record(const model::VmTenancy& kept);

/// Gathers a transaction into a change: all its conditions, and all its writes.
void add(Change& change, const availability::Transaction& transaction);
/// The same, for the store itself.
std::vector<store::Condition> conditions_of(const availability::Transaction& transaction);
std::vector<store::Write> writes_of(const availability::Transaction& transaction);

// Moves of machines that run. All three do nothing for one that nobody has a tenancy of.

/// Says which host it goes to, and for which of its lives. Code::precondition when it is being
/// started, or that host has no life.
Result<void> name_next_tenant(const Inventory& inventory, Change& change, const model::Vm& vm,
                              const std::string& host);
/// Gives it to that host in that life: its owner has stopped it. Code::precondition when one of the
/// two lives is over, or the tenancy does not go there.
Result<void> hand_tenancy_over(const Inventory& inventory, Change& change, const model::Vm& vm,
                               const std::string& host);
/// It stays with its owner.
void keep_tenancy(const Inventory& inventory, Change& change, const model::Vm& vm);

/// What a node asks of the store about its life and the machines of it. Only what is its own: it
/// can neither name another host nor write anything else.
Async<model::HeartbeatAnswer> carry_out(Ledger& ledger, std::string host, model::Heartbeat beat);

}  // namespace truce::manager
