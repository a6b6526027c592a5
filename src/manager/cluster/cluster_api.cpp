// What is asked of the cluster as a whole: show it, found it, join it, leave it.
#include <fmt/ranges.h>

#include "cluster/rotation.h"
#include "plans/gather.h"
#include "plans/plans.h"
#include "sleep/demand.h"
#include "sleep/phases.h"
#include "tasks.h"

namespace truce::manager {
namespace {

using model::TaskState;

/// Only the leader answers. Without etcd it keeps the state alone: with it, everything stands
/// still.
void describe_managers(model::Cluster& cluster, const std::string& own,
                       const std::map<std::string, SeatState>& states) {
  std::int64_t voting = 0, healthy = 0;
  for (auto& manager : cluster.managers) {
    manager.leader = manager.name == own;
    manager.healthy = true;
    manager.problem.clear();
    auto state = states.find(manager.name);
    if (state == states.end()) {
      if (states.empty() || manager.leader) continue;
      manager.healthy = false;
      manager.problem = "it has no member of etcd";
      continue;
    }
    manager.healthy = state->second.problem.empty();
    manager.problem = state->second.problem;
    if (state->second.votes) {
      ++voting;
      if (manager.healthy) ++healthy;
    }
  }
  cluster.managers_may_fail = std::max<std::int64_t>(0, healthy - (voting / 2 + 1));
}

/// An etcd of one's own does not mind how many managers there are: one is enough.
void describe_managers(model::Cluster& cluster, const std::string& own,
                       const Inventory& inventory) {
  std::int64_t healthy = 0;
  for (auto& manager : cluster.managers) {
    auto host = inventory.find<model::Host>(manager.name);
    manager.leader = manager.name == own;
    manager.healthy = manager.leader || (host && host->object.state == model::HostState::online);
    manager.problem = manager.healthy ? "" : "it is offline";
    if (manager.healthy) ++healthy;
  }
  cluster.managers_may_fail = healthy - 1;
}

/// What is wrong, in one line.
std::string problem_of(const model::Cluster& cluster, std::int64_t missing,
                       const Membership* membership) {
  std::vector<std::string> problems;
  if (missing > 0)
    problems.push_back(fmt::format("{} of {} hosts are offline", missing, cluster.hosts));
  if (membership != nullptr) problems.push_back(membership->etcd_problem());
  std::erase(problems, "");
  return fmt::format("{}", fmt::join(problems, "; "));
}

/// The cluster as it is shown: what is stored, and what is counted now. A single host is shown as a
/// cluster without a name.
model::Cluster describe(const Rooms& rooms) {
  const auto& inventory = rooms.ledger.inventory();
  auto kept = the_cluster(inventory);
  model::Cluster cluster = kept ? kept->object : model::Cluster{};
  if (!kept) {
    cluster.store = model::StoreKind::sqlite;
    cluster.managers.push_back({.name = rooms.settings.host});
  }
  std::int64_t missing = 0;
  for (const auto& [name, host] : inventory.all<model::Host>()) {
    ++cluster.hosts;
    // One that was let in and has not been here yet has said nothing.
    if (!host->object.version.empty()) ++cluster.versions[host->object.version];
    if (host->object.state == model::HostState::online) ++cluster.online;
    if (is_put_to_sleep(host->object)) ++cluster.asleep;
    if (host->object.state != model::HostState::online && !is_put_to_sleep(host->object)) ++missing;
  }
  cluster.power_advice = rooms.plans.power_advice;
  cluster.format = inventory.format();
  const auto* membership = rooms.settings.membership;
  if (cluster.etcd.empty()) {
    describe_managers(
        cluster, rooms.settings.host,
        membership == nullptr ? std::map<std::string, SeatState>{} : membership->managers());
  } else {
    describe_managers(cluster, rooms.settings.host, inventory);
  }
  cluster.hosts_may_fail = scheduler::hosts_may_fail(gather(inventory, rooms.plans.demands, now()));
  cluster.problem = problem_of(cluster, missing, membership);
  if (cluster.rotation) cluster.rotation->waits = what_it_waits_for(*cluster.rotation, inventory);
  return cluster;
}

Async<Result<http::Response>> get_cluster(Rooms& rooms, const Context&) {
  co_return http::json_response(200, model::to_json(describe(rooms)));
}

// What a restored store tells of a cluster that this host is not in any more is no hindrance.
Result<void> refuse_second(const Rooms& rooms) {
  auto cluster = the_cluster(rooms.ledger.inventory());
  const auto* membership = rooms.settings.membership;
  if (!cluster || (membership != nullptr && !membership->in_cluster())) return {};
  return fail(Code::conflict, "this host is part of the cluster '{}' already",
              cluster->object.name);
}

Result<void> check_baseline(const Inventory& inventory, const std::string& host,
                            const std::string& wanted) {
  auto kept = inventory.find<model::Host>(host);
  if (wanted.empty() || !kept) return {};
  const auto& models = kept->object.cpu_models;
  if (models.empty() || std::ranges::find(models, wanted) != models.end()) return {};
  return fail_field("/cpu_baseline",
                    fmt::format("{} cannot give machines the processor model '{}'", host, wanted));
}

/// A task that is over when it begins: what it did was quick, or is done by something else than the
/// store.
model::Task ended_task(Ledger& ledger, Change& change, std::string kind,
                       const std::string& target) {
  auto task = begin_task(ledger, change, std::move(kind), target, "", 0);
  end_task(change, task, TaskState::succeeded);
  task.state = TaskState::succeeded;
  task.progress = 1;
  task.ended = task.created;
  return task;
}

void put_own_host(const Inventory& inventory, Change& change, const std::string& name,
                  const Founded& founded) {
  auto kept = inventory.find<model::Host>(name);
  auto host = kept ? kept->object : model::Host{.name = name, .state = model::HostState::offline};
  host.role = model::HostRole::manager;
  host.address = founded.address;
  host.certificate_expires = founded.certificate_expires;
  change.put(host);
  change.write(certificates_key(name),
               with_certificate(inventory.certificates_of(name), founded.certificate));
}

/// What only some ways to keep the state have. Whether the files are good is looked at later.
Result<void> check_etcd(const model::ClusterCreate& wish) {
  const model::ClusterCreate none;
  bool ports =
      wish.etcd_client_port != none.etcd_client_port || wish.etcd_peer_port != none.etcd_peer_port;
  bool access = !wish.etcd_ca.empty() || !wish.etcd_certificate.empty() || !wish.etcd_key.empty() ||
                !wish.etcd_user.empty() || !wish.etcd_password.empty() || !wish.etcd_prefix.empty();
  if (wish.store == model::StoreKind::sqlite && (ports || access || !wish.etcd.empty()))
    return fail_field("/store", "is sqlite, and something is said of etcd: give one of them");
  if (wish.etcd.empty() && access)
    return fail_field("/etcd", "is not said: who gives a way in has to give the addresses, too");
  if (!wish.etcd.empty() && ports)
    return fail_field("/etcd_client_port", "ports are those of the addresses in etcd");
  if (wish.etcd_client_port == wish.etcd_peer_port)
    return fail_field("/etcd_peer_port", "is the port for managers already");
  return {};
}

/// One text may have several, with commas between, as people write them; URLs have none.
std::vector<std::string> addresses_in(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  for (std::string_view text : texts) {
    for (auto more = true; more;) {
      auto comma = text.find(',');
      all.emplace_back(text.substr(0, comma));
      more = comma != text.npos;
      if (more) text.remove_prefix(comma + 1);
    }
  }
  return all;
}

std::string prefix_of(const model::ClusterCreate& wish) {
  return wish.etcd_prefix.empty() ? fmt::format("/truce/{}/", wish.name) : wish.etcd_prefix;
}

Async<Result<http::Response>> init_cluster(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ClusterCreate>());
  CO_TRY(auto* membership, membership_of(rooms));
  const auto& inventory = rooms.ledger.inventory();
  const auto& own = rooms.settings.host;
  CO_TRY_VOID(refuse_second(rooms));
  CO_TRY_VOID(check_baseline(inventory, own, wish.cpu_baseline));
  CO_TRY_VOID(check_etcd(wish));
  wish.etcd = addresses_in(wish.etcd);
  if (!wish.etcd.empty()) wish.etcd_prefix = prefix_of(wish);
  // Files first: what they say without the store costs nothing, and the next try finds them.
  CO_TRY(auto founded, co_await membership->found(wish));
  model::Cluster cluster{.name = wish.name, .store = wish.store};
  cluster.etcd = wish.etcd;
  cluster.etcd_prefix = wish.etcd_prefix;
  cluster.managers.push_back({.name = own, .address = founded.address});
  cluster.fingerprint = founded.fingerprint;
  cluster.cpu_baseline = wish.cpu_baseline;
  cluster.created = now();
  model::Task task;
  auto put = [&](Change& change) -> Result<void> {
    for (const auto& [name, old] : inventory.all<model::Cluster>())
      if (name != wish.name) change.erase<model::Cluster>(name);
    change.put(cluster);
    put_own_host(inventory, change, own, founded);
    change.event("api.init_cluster", "cluster", "",
                 fmt::format("cluster '{}', reached at {}", cluster.name, founded.address));
    task = ended_task(rooms.ledger, change, "cluster.init", "cluster/" + cluster.name);
    return {};
  };
  if (wish.store == model::StoreKind::sqlite) {
    CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), put));
    co_return object_response(202, task, 0);
  }
  // In this host's own store there is never a cluster: only the state that has moved says so.
  LastWrites last = [&](store::Revision seen) -> Async<Result<std::vector<store::Write>>> {
    co_await rooms.ledger.inventory().reached(seen);
    Change change(inventory, context.actor());
    CO_TRY_VOID(put(change));
    co_return rooms.ledger.writes_of(std::move(change));
  };
  CO_TRY_VOID(co_await membership->move_state(last));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> set_cluster(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::ClusterChange>());
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, need_cluster(inventory));
    auto cluster = kept->object;
    if (wish.cpu_baseline) {
      for (const auto& [host, known] : inventory.all<model::Host>())
        TRY_VOID(check_baseline(inventory, host, *wish.cpu_baseline));
      cluster.cpu_baseline = *wish.cpu_baseline;
    }
    if (wish.availability) cluster.availability = *wish.availability;
    if (wish.balance) cluster.balance = *wish.balance;
    if (wish.balance_minutes) cluster.balance_minutes = *wish.balance_minutes;
    TRY_VOID(set_power_saving(cluster, wish));
    if (cluster == kept->object) return {};
    change.put(cluster);
    change.event("api.set_cluster", "cluster", "",
                 fmt::format("availability {}, processor model '{}', balance {}, looked at every "
                             "{} minutes, power saving {}",
                             cluster.availability ? "on" : "off", cluster.cpu_baseline,
                             model::to_string(cluster.balance), cluster.balance_minutes,
                             model::to_string(cluster.power_saving)));
    return {};
  }));
  co_return http::json_response(200, model::to_json(describe(rooms)));
}

// A host that joins has nothing that could meet its like in the cluster.
Result<void> check_empty(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) names.push_back(name);
  if (!names.empty())
    return fail(Code::precondition, "this host has machines of its own: delete {} first",
                fmt::join(names, ", "));
  for (const auto& [name, kept] : inventory.all<model::Template>()) names.push_back(name);
  if (!names.empty())
    return fail(Code::precondition, "this host has templates of its own: delete {} first",
                fmt::join(names, ", "));
  return {};
}

Async<Result<http::Response>> join_cluster(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::JoinRequest>());
  auto invitation = read_token(wish.token);
  if (!invitation) co_return fail_field("/token", invitation.error().message);
  CO_TRY(auto* membership, membership_of(rooms));
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(refuse_second(rooms));
  CO_TRY_VOID(check_empty(inventory));
  const auto& own = rooms.settings.host;
  if (invitation->host != own) {
    co_return fail_field("/token",
                         fmt::format("it is for the host '{}', and this one is '{}' (option name)",
                                     invitation->host, own));
  }
  auto cluster = invitation->cluster;
  CO_TRY_VOID(co_await membership->join(*std::move(invitation), wish.address));
  // In this host's own store, which is put aside now; the cluster has an event of its own.
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    change.event("api.join_cluster", "cluster", "",
                 fmt::format("joined the cluster '{}'", cluster));
    task = ended_task(rooms.ledger, change, "cluster.join", "cluster/" + cluster);
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> leave_cluster(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto cluster, need_cluster(inventory));
  const auto& name = cluster->object.name;
  auto host = context.request.peer.host;
  if (host.empty()) {
    co_return fail(Code::precondition,
                   "this host keeps the state of the cluster '{}': it cannot leave it", name);
  }
  auto has_none = [&]() -> Result<void> {
    auto machines = machines_on(inventory, host);
    if (machines.empty()) return {};
    return fail(Code::precondition, "{} still has machines: move or delete {} first", host,
                fmt::join(machines, ", "));
  };
  CO_TRY_VOID(has_none());
  CO_TRY_VOID(co_await take_out_manager(rooms, host));
  CO_TRY_VOID(co_await forget_belongings(rooms.ledger, context.actor(), host));
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY_VOID(has_none());
    erase_host(inventory, change, host);
    change.event("api.leave_cluster", "hosts/" + host, "",
                 fmt::format("left the cluster '{}'", name));
    task = ended_task(rooms.ledger, change, "cluster.leave", "cluster/" + name);
    return {};
  }));
  rooms.nodes.drop(host);
  co_return object_response(202, task, 0);
}

}  // namespace

void add_cluster_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_cluster, get_cluster);
  handlers.on(model::Operation::init_cluster, init_cluster);
  handlers.on(model::Operation::set_cluster, set_cluster);
  handlers.on(model::Operation::join_cluster, join_cluster);
  handlers.on(model::Operation::leave_cluster, leave_cluster);
  add_join_token_handlers(handlers);
  add_rotation_handlers(handlers);
  add_host_handlers(handlers);
}

}  // namespace truce::manager
