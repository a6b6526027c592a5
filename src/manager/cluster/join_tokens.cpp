// Tokens with which one host joins once, and what they are used up by.
#include "access/password.h"
#include "base/log.h"
#include "base/random.h"
#include "base/release.h"
#include "cluster/cluster.h"

namespace truce::manager {
namespace {

constexpr std::size_t tokens_limit = 1000;

Result<void> check_new(const Inventory& inventory, const std::string& host) {
  if (inventory.find<model::Host>(host))
    return std::unexpected(Error{Code::conflict,
                                 fmt::format("there is a host '{}' already: truce cluster remove "
                                             "takes it out",
                                             host),
                                 "/host"});
  auto old = inventory.find<model::JoinToken>(host);
  if (old && old->object.expires > now())
    return std::unexpected(Error{
        Code::conflict,
        fmt::format("there is a token for '{}' already: truce cluster revoke withdraws it", host),
        "/host"});
  if (inventory.all<model::JoinToken>().size() >= tokens_limit)
    return fail(Code::limit, "{} hosts have tokens to join: withdraw some", tokens_limit);
  return {};
}

Async<Result<http::Response>> create_join_token(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::JoinTokenCreate>());
  const auto& inventory = rooms.ledger.inventory();
  auto cluster_now = the_cluster(inventory);
  if (wish.role == model::HostRole::manager && cluster_now &&
      cluster_now->object.store != model::StoreKind::etcd) {
    co_return std::unexpected(
        Error{Code::unsupported,
              "the state of this cluster is in a file of one host: there can be no other manager",
              "/role"});
  }
  model::JoinToken token{.name = wish.host, .host = wish.host, .role = wish.role};
  token.created = now();
  token.expires = token.created + std::chrono::hours(wish.hours);
  Invitation invitation{.host = wish.host, .secret = random_hex(32)};
  token.hash = sha256_hex(invitation.secret);
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto cluster, need_cluster(inventory));
    TRY_VOID(check_new(inventory, wish.host));
    invitation.cluster = cluster->object.name;
    invitation.authority = cluster->object.fingerprint;
    invitation.managers.clear();
    for (const auto& manager : cluster->object.managers)
      invitation.managers.push_back({manager.name, manager.address});
    change.put(token);
    change.event("api.create_join_token", "hosts/" + wish.host, "",
                 fmt::format("may join as {} until {}", model::to_string(token.role),
                             to_string(token.expires)));
    return {};
  }));
  model::JoinTokenSecret secret{.token = token_of(invitation), .expires = token.expires};
  co_return http::json_response(201, model::to_json(secret));
}

Async<Result<http::Response>> delete_join_token(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::JoinToken>(inventory, context.caller, context.name()));
    change.erase<model::JoinToken>(kept->object.name);
    change.event("api.delete_join_token", "hosts/" + kept->object.name, "", "withdrawn");
    return {};
  }));
  co_return http::no_content();
}

// One sentence for all: whoever tries secrets learns nothing.
Result<model::HostRole> check_secret(const Inventory& inventory, const model::EnrollRequest& wish) {
  auto kept = inventory.find<model::JoinToken>(wish.host);
  bool right = kept && access::same_secret(kept->object.hash, sha256_hex(wish.secret)) &&
               kept->object.expires > now();
  if (right) return kept->object.role;
  return fail(Code::unauthenticated,
              "the token for '{}' is wrong, was used or withdrawn, or has expired", wish.host);
}

/// A host that has a certificate asks for the next one; its certificate is the permission.
Async<Result<Issued>> renew(Rooms& rooms, const Context& context,
                            const model::EnrollRequest& wish) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto* membership, membership_of(rooms));
  CO_TRY(auto cluster, need_cluster(inventory));
  CO_TRY(auto issued, membership->issue(wish.request, wish.host, cluster->object.fingerprint));
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    auto kept = inventory.find<model::Host>(wish.host);
    if (!kept) return fail(Code::forbidden, "the host '{}' is not in this cluster", wish.host);
    auto host = kept->object;
    host.certificate_expires = issued.expires;
    host.address = wish.address;
    change.put(host);
    // Two renewals at once are one after the other: both put the host.
    change.write(certificates_key(wish.host),
                 with_certificate(inventory.certificates_of(wish.host), issued.sha256));
    change.event("api.enroll_host", "hosts/" + wish.host, "",
                 fmt::format("its certificate was renewed, to {}", to_string(issued.expires)));
    return {};
  }));
  co_return issued;
}

/// What a host that is let in gets.
struct Admission {
  Issued issued;
  std::optional<model::ManagerEnrollment> manager;
};

Async<Result<std::optional<model::ManagerEnrollment>>> let_in_manager(
    Membership& membership, const model::Cluster& cluster, const model::EnrollRequest& wish) {
  if (wish.etcd_request.empty() && cluster.etcd.empty()) {
    co_return fail(
        Code::precondition,
        "{} is to be a manager and has no etcd: apt install etcd-server etcd-client there",
        wish.host);
  }
  CO_TRY(auto manager,
         co_await membership.admit_manager(wish.etcd_request, wish.host, wish.address));
  co_return std::optional(std::move(manager));
}

Result<void> put_new_host(const Inventory& inventory, Change& change,
                          const model::EnrollRequest& wish, const Issued& issued) {
  TRY(auto as, check_secret(inventory, wish));
  if (inventory.find<model::Host>(wish.host))
    return fail(Code::conflict, "there is a host '{}' already", wish.host);
  model::Host host{.name = wish.host, .state = model::HostState::offline};
  host.role = as;
  host.address = wish.address;
  host.version = wish.version;
  host.format = wish.format;
  host.certificate_expires = issued.expires;
  change.put(host);
  if (as == model::HostRole::manager) {
    TRY(auto kept, need_cluster(inventory));
    auto cluster = kept->object;
    std::erase_if(cluster.managers, [&](const auto& one) { return one.name == wish.host; });
    cluster.managers.push_back({.name = wish.host, .address = wish.address});
    change.put(cluster);
  }
  change.erase<model::JoinToken>(wish.host);
  change.write(certificates_key(wish.host), issued.sha256 + "\n");
  change.event("api.enroll_host", "hosts/" + wish.host, "",
               fmt::format("joined as {} from {}", model::to_string(as), wish.address));
  return {};
}

Async<Result<Admission>> let_in(Rooms& rooms, const Context& context,
                                const model::EnrollRequest& wish) {
  const auto& inventory = rooms.ledger.inventory();
  auto role = check_secret(inventory, wish);
  if (!role) {
    spdlog::warn("a host that calls itself '{}' was not let in from {}: {}", wish.host,
                 context.request.peer.address, role.error().message);
    co_return std::unexpected(role.error());
  }
  CO_TRY_VOID(
      release::check_formats(wish.host, wish.oldest_format, wish.format, inventory.format()));
  CO_TRY(auto* membership, membership_of(rooms));
  CO_TRY(auto cluster, need_cluster(inventory));
  if (*role == model::HostRole::manager && cluster->object.rotation)
    co_return fail(
        Code::precondition,
        "the authority of this cluster is being replaced, and managers join when that is "
        "done: truce cluster status");
  Admission admission;
  CO_TRY(admission.issued, membership->issue(wish.request, wish.host, cluster->object.fingerprint));
  if (*role == model::HostRole::manager) {
    CO_TRY(admission.manager, co_await let_in_manager(*membership, cluster->object, wish));
  }
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    return put_new_host(inventory, change, wish, admission.issued);
  }));
  co_return admission;
}

Async<Result<http::Response>> enroll_host(Rooms& rooms, const Context& context) {
  // Not a person's typing: another release may say more than this one knows.
  CO_TRY(auto wish,
         model::from_text<model::EnrollRequest>(context.request.body, model::Unknown::ignore));
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto cluster, need_cluster(inventory));
  bool has_certificate = context.request.peer.host == wish.host;
  Admission admission;
  if (has_certificate) {
    CO_TRY(admission.issued, co_await renew(rooms, context, wish));
  } else {
    CO_TRY(admission, co_await let_in(rooms, context, wish));
  }
  model::Enrollment enrollment{.cluster = cluster->object.name};
  auto host = inventory.find<model::Host>(wish.host);
  enrollment.role = host ? host->object.role : model::HostRole::node;
  enrollment.certificate = admission.issued.certificate;
  enrollment.authority = admission.issued.authority;
  enrollment.manager = std::move(admission.manager);
  for (const auto& manager : cluster->object.managers)
    enrollment.managers.push_back(manager.address);
  co_return http::json_response(201, model::to_json(enrollment));
}

}  // namespace

void add_join_token_handlers(Handlers& handlers) {
  handlers.on(model::Operation::create_join_token, create_join_token);
  handlers.on(model::Operation::delete_join_token, delete_join_token);
  handlers.on(model::Operation::enroll_host, enroll_host);
}

}  // namespace truce::manager
