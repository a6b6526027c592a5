// The cluster as the store knows it: its object, its hosts, and who of them is let in.
#pragma once

#include <string>
#include <vector>

#include "api.h"
#include "manager/membership.h"

namespace truce::manager {

/// The cluster that this manager keeps; null while this is a single host.
Ref<model::Cluster> the_cluster(const Inventory& inventory);

/// The same, or Code::precondition with what to do about it.
Result<Ref<model::Cluster>> need_cluster(const Inventory& inventory);

/// What the program does about clusters; Code::unsupported when it does nothing.
Result<Membership*> membership_of(Rooms& rooms);

/// The newest format of the state that this release and all hosts know, those that are offline as
/// they were last.
std::int64_t common_format(const Inventory& inventory);
/// Raises the format of the state to that, until cancelled.
Async<void> watch_format(Ledger& ledger);

/// Whether a host keeps a part of the state, in etcd.
bool keeps_state(const Inventory& inventory, const std::string& host);
/// Takes a host that leaves out of etcd, if it has a part in it, before the store forgets it.
Async<Result<void>> take_out_manager(Rooms& rooms, std::string host);

/// What is to be under certificates_key() once a host got one more certificate: that, and the one
/// before it, which it uses until it has the new one.
std::string with_certificate(const std::string& known, const std::string& sha256);

/// Whether a host may use this certificate: it is in the cluster, and the certificate is among its
/// newest two. Code::forbidden otherwise; the certificate itself was checked by the link.
Result<void> admit(const Inventory& inventory, const std::string& host, const std::string& sha256);

/// Names of the machines that are placed on a host.
std::vector<std::string> machines_on(const Inventory& inventory, std::string_view host);

/// Forgets what a host has that leaves: what it had of pools and templates, its jobs, and moves of
/// machines from and to it. In as many commits as that takes.
Async<Result<void>> forget_belongings(Ledger& ledger, Actor actor, std::string host);

/// Writes what goes with it then: its object and its seat as a manager, its
/// certificates, its life. Its machines must be gone
/// already.
void erase_host(const Inventory& inventory, Change& change, const std::string& host);

/// Notes machines of hosts that are gone as unknown, and removes tokens that have expired, until
/// cancelled.
Async<void> watch_absent_hosts(Ledger& ledger, Duration grace);

}  // namespace truce::manager
