// Replacing the authority, as it is asked for, told and carried on.
#include "base/log.h"
#include "cluster/rotation.h"

namespace truce::manager {
namespace {

using model::AuthorityRotation;
using model::RotationStage;

constexpr Duration look_again = 1s;

std::vector<std::string> names_of(const std::vector<model::ClusterManager>& managers) {
  std::vector<std::string> names;
  for (const auto& manager : managers) names.push_back(manager.name);
  return names;
}

std::vector<std::string> hosts_of(const Inventory& inventory) {
  std::vector<std::string> names;
  for (const auto& [name, kept] : inventory.all<model::Host>()) names.push_back(name);
  return names;
}

bool is_manager(const model::Cluster& cluster, const std::string& host) {
  return std::ranges::find(cluster.managers, host, &model::ClusterManager::name) !=
         cluster.managers.end();
}

AuthorityRotation rotation_to(const model::Cluster& cluster, FreshAuthorities fresh) {
  AuthorityRotation rotation{.stage = RotationStage::trust, .old = cluster.fingerprint};
  rotation.fresh = std::move(fresh.hosts);
  rotation.etcd_fresh = std::move(fresh.etcd);
  rotation.started = now();
  return rotation;
}

Result<Ref<model::Cluster>> without_rotation(const Rooms& rooms) {
  TRY(auto kept, need_cluster(rooms.ledger.inventory()));
  if (!kept->object.rotation) return kept;
  return fail(Code::conflict, "the authority is being replaced already: {}",
              what_it_waits_for(*kept->object.rotation, rooms.ledger.inventory()));
}

Async<Result<http::Response>> rotate_authority(Rooms& rooms, const Context& context) {
  CO_TRY(auto* membership, membership_of(rooms));
  CO_TRY_VOID(without_rotation(rooms));
  CO_TRY(auto fresh, membership->make_fresh_authorities());
  model::Cluster cluster;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, without_rotation(rooms));
    cluster = kept->object;
    cluster.rotation = rotation_to(cluster, fresh);
    change.put(cluster);
    change.event("api.rotate_authority", "cluster", "",
                 fmt::format("the authority {} is to take the place of {}", fresh.hosts,
                             cluster.fingerprint));
    return {};
  }));
  co_return http::json_response(200, model::to_json(cluster));
}

/// Managers have the same keys, so that each can open what another one has stored.
std::string seals_for(const Settings& settings, const model::AuthorityReport& report) {
  if (settings.seals == nullptr) return {};
  auto lacks = [&](const std::string& id) {
    return std::ranges::find(report.seals, id) == report.seals.end();
  };
  if (std::ranges::none_of(settings.seals->ids(), lacks)) return {};
  return std::string(settings.seals->text()->text());
}

Async<Result<http::Response>> exchange_authorities(Rooms& rooms, const Context& context) {
  CO_TRY(auto report,
         model::from_text<model::AuthorityReport>(context.request.body, model::Unknown::ignore));
  if (context.request.peer.host != report.host)
    co_return fail(Code::forbidden, "a host speaks for itself, with its certificate");
  const auto& inventory = rooms.ledger.inventory();
  model::AuthorityOrders orders;
  auto kept = the_cluster(inventory);
  if (!kept) co_return http::json_response(200, model::to_json(orders));
  bool manages = is_manager(kept->object, report.host);
  orders.seals = manages ? seals_for(rooms.settings, report) : std::string();
  auto seals = orders.seals;
  if (!kept->object.rotation) co_return http::json_response(200, model::to_json(orders));
  CO_TRY_VOID(co_await rooms.ledger.change({}, [&](Change& change) -> Result<void> {
    auto present = the_cluster(inventory);
    if (!present || !present->object.rotation || !inventory.find<model::Host>(report.host))
      return {};
    auto cluster = present->object;
    cluster.rotation = with_report(*cluster.rotation, report, manages);
    if (cluster != present->object) change.put(cluster);
    return {};
  }));
  kept = the_cluster(inventory);
  if (!kept || !kept->object.rotation) co_return http::json_response(200, model::to_json(orders));
  const auto& rotation = *kept->object.rotation;
  if (may_follow(rotation, report.host, rooms.settings.host)) {
    CO_TRY(auto* membership, membership_of(rooms));
    CO_TRY(orders, membership->fresh_authorities(rotation.fresh, rotation.etcd_fresh));
    orders.seals = std::move(seals);
    if (!manages) {
      orders.etcd_authority.clear();
      orders.authority_key.clear();
      orders.etcd_authority_key.clear();
    }
  }
  orders.rotation = rotation;
  co_return http::json_response(200, model::to_json(orders));
}

/// The key was on one manager alone, and that one is gone: another authority comes instead. Nobody
/// has a certificate of the first one.
Result<bool> begin_anew(Membership& membership, model::Cluster& cluster, Change& change) {
  auto& rotation = *cluster.rotation;
  if (rotation.stage != RotationStage::trust ||
      membership.fresh_authorities(rotation.fresh, rotation.etcd_fresh))
    return false;
  TRY(auto fresh, membership.make_fresh_authorities());
  change.event("cluster.authority", "cluster", "",
               fmt::format("the key of the new authority {} is lost with the manager that had it: "
                           "{} comes instead",
                           rotation.fresh, fresh.hosts));
  rotation = rotation_to(cluster, std::move(fresh));
  return true;
}

/// Tokens name the authority that the managers show: those of the old one are good for nothing.
void withdraw_tokens(const Inventory& inventory, Change& change) {
  for (const auto& [name, kept] : inventory.all<model::JoinToken>()) {
    if (change.full()) return;
    change.erase<model::JoinToken>(name);
  }
}

void go_on(const Inventory& inventory, model::Cluster& cluster, Change& change) {
  auto next = next_stage(*cluster.rotation);
  if (!next) {
    change.event("cluster.authority", "cluster", "",
                 fmt::format("all hosts have certificates of the authority {}, and nobody believes "
                             "{} any more",
                             cluster.fingerprint, cluster.rotation->old));
    cluster.rotation.reset();
    return;
  }
  if (next->stage == RotationStage::issue) {
    cluster.fingerprint = next->fresh;
    withdraw_tokens(inventory, change);
  }
  change.event("cluster.authority", "cluster", "",
               next->stage == RotationStage::issue
                   ? "all hosts believe the new authority: they get certificates of it; tokens to "
                     "join that were made before are void"
                   : "all hosts have certificates of the new authority: the old one goes");
  cluster.rotation = std::move(next);
}

Result<void> look_at(const Inventory& inventory, const Settings& settings, Change& change) {
  auto kept = the_cluster(inventory);
  if (!kept || !kept->object.rotation) return {};
  auto cluster = kept->object;
  TRY(bool anew, begin_anew(*settings.membership, cluster, change));
  if (!anew && missing(*cluster.rotation, hosts_of(inventory)).empty()) {
    go_on(inventory, cluster, change);
  } else if (!anew) {
    cluster.rotation->turn = turn_of(*cluster.rotation, settings.host, names_of(cluster.managers),
                                     settings.membership->managers());
  }
  if (cluster != kept->object) change.put(cluster);
  return {};
}

}  // namespace

Async<void> watch_rotation(Ledger& ledger, const Settings& settings) {
  if (settings.membership == nullptr) co_return;
  while (true) {
    auto done = co_await ledger.change(
        {}, [&](Change& change) { return look_at(ledger.inventory(), settings, change); });
    if (!done) spdlog::warn("the cluster's authority: {}", done.error().message);
    co_await sleep_for(look_again);
  }
}

void add_rotation_handlers(Handlers& handlers) {
  handlers.on(model::Operation::rotate_authority, rotate_authority);
  handlers.on(model::Operation::exchange_authorities, exchange_authorities);
}

}  // namespace truce::manager
