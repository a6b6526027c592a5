// How the cluster's authority is replaced, on one host.
#include "base/file.h"
#include "base/log.h"
#include "membership.h"

namespace truce {
namespace {

using model::RotationStage;

std::vector<std::string> fingerprints(const std::vector<link::Certificate>& all) {
  std::vector<std::string> out;
  for (const auto& one : all) out.push_back(one.fingerprint);
  return out;
}

}  // namespace

Result<const link::Authority*> HostMembership::authority_named(const std::string& sha256) {
  if (!authority_) return fail(Code::precondition, "this host has no certificate authority");
  if (sha256.empty() || authority_->certificate().fingerprint == sha256) return &*authority_;
  if (next_ && next_->certificate().fingerprint == sha256) return &*next_;
  auto next = link::Authority::open(next_authority_file(settings_.folder));
  if (!next || next->certificate().fingerprint != sha256)
    return fail(Code::precondition, "this host has no key of the cluster's authority {}", sha256);
  next_ = *std::move(next);
  return &*next_;
}

Result<manager::FreshAuthorities> HostMembership::make_fresh_authorities() {
  if (!authority_ || !member_)
    return fail(Code::precondition, "this host has no certificate authority");
  TRY(next_, link::Authority::make(member_->cluster));
  TRY_VOID(next_->write(next_authority_file(settings_.folder)));
  manager::FreshAuthorities fresh{next_->certificate().fingerprint, {}};
  if (auto* own = etcd_ ? etcd_->own() : nullptr) {
    TRY(auto made, own->make_fresh());
    fresh.etcd = made.certificate().fingerprint;
  }
  return fresh;
}

Result<model::AuthorityOrders> HostMembership::fresh_authorities(const std::string& hosts,
                                                                 const std::string& etcd) const {
  model::AuthorityOrders orders;
  for (const auto& file :
       {authority_file(settings_.folder), next_authority_file(settings_.folder)}) {
    auto read = link::Authority::open(file);
    if (!read || read->certificate().fingerprint != hosts) continue;
    orders.authority = read->pem();
    orders.authority_key = read->pem() + std::string(read->key()->text());
  }
  if (orders.authority.empty())
    return fail(Code::not_found, "this host has no key of the authority {}", hosts);
  if (etcd.empty()) return orders;
  auto* own = etcd_ ? etcd_->own() : nullptr;
  if (own == nullptr) return fail(Code::not_found, "this host has no member of etcd");
  TRY(auto read, own->authority_named(etcd));
  orders.etcd_authority = read.pem();
  orders.etcd_authority_key = read.pem() + std::string(read.key()->text());
  return orders;
}

Async<model::AuthorityReport> HostMembership::authority_report() {
  model::AuthorityReport report{.host = settings_.host};
  auto authorities = identity_->authorities();
  auto own = identity_->certificate();
  report.believed = fingerprints(authorities);
  for (const auto& one : authorities)
    if (one.key_id == own.authority_key) report.signed_by = one.fingerprint;
  for (const auto& file :
       {authority_file(settings_.folder), next_authority_file(settings_.folder)}) {
    if (auto read = link::Authority::open(file))
      report.keys.push_back(read->certificate().fingerprint);
  }
  if (auto seals = read_seals(seals_file(settings_.folder)); seals && *seals)
    report.seals = (*seals)->ids();
  auto* etcd = etcd_ ? etcd_->own() : nullptr;
  if (etcd == nullptr) co_return report;
  for (auto& key : etcd->keys()) report.keys.push_back(std::move(key));
  report.etcd_signed_by = etcd->signed_by();
  report.etcd_believed = co_await etcd->believed();
  co_return report;
}

// The one that leads has them in memory, too: it is never told any that it lacks.
Result<void> HostMembership::keep_seals(const std::string& text) {
  if (text.empty() || !member_ || !member_->keeps_etcd()) return {};
  TRY(bool lacked, take_seals(seals_file(settings_.folder), text));
  if (lacked) spdlog::info("this host has the keys that the managers seal secrets with");
  return {};
}

Result<void> HostMembership::believe(const std::string& bundle) {
  TRY(auto present, read_file(bundle_file(settings_.folder), kib(64)));
  if (present == bundle) return {};
  TRY_VOID(write_file_durably(bundle_file(settings_.folder), bundle, 0644));
  return identity_->reload();
}

Result<void> HostMembership::trust(const model::AuthorityOrders& orders) {
  TRY(auto present, read_file(bundle_file(settings_.folder), kib(64)));
  TRY(auto bundle, link::extend_bundle(present, orders.authority));
  TRY_VOID(believe(bundle));
  if (orders.authority_key.empty() || authority_named(orders.rotation->fresh)) return {};
  TRY_VOID(write_file_durably(next_authority_file(settings_.folder), orders.authority_key, 0600));
  TRY_VOID(authority_named(orders.rotation->fresh));
  return {};
}

// Who leads signs for itself; its key takes the place of the old one first.
Async<Result<void>> HostMembership::take_certificate(const std::string& authority,
                                                     std::function<Async<void>()> renewed) {
  if (authority_ && authority_->certificate().fingerprint != authority) {
    CO_TRY(const auto* fresh, authority_named(authority));
    CO_TRY_VOID(fresh->write(authority_file(settings_.folder)));
    CO_TRY(authority_, link::Authority::open(authority_file(settings_.folder)));
    next_.reset();
  }
  if (authority_) CO_TRY_VOID(remove_tree(next_authority_file(settings_.folder)));
  auto report = co_await authority_report();
  if (report.signed_by == authority) co_return Result<void>{};
  bool own = signs_own();
  CO_TRY(auto expires, own ? renew_own() : co_await renew());
  spdlog::info("this host has a certificate of the cluster's new authority, to {}",
               to_string(expires));
  if (own) co_await renewed();
  co_return Result<void>{};
}

Async<Result<void>> HostMembership::obey(model::AuthorityOrders orders,
                                         std::function<Async<void>()> renewed) {
  CO_TRY_VOID(keep_seals(orders.seals));
  if (!orders.rotation || orders.authority.empty() || !identity_) co_return Result<void>{};
  const auto& rotation = *orders.rotation;
  bool turn = rotation.turn == settings_.host;
  auto* etcd = etcd_ && !rotation.etcd_fresh.empty() ? etcd_->own() : nullptr;
  switch (rotation.stage) {
    case RotationStage::trust:
      CO_TRY_VOID(trust(orders));
      if (etcd == nullptr) break;
      co_return co_await etcd->trust(orders.etcd_authority, orders.etcd_authority_key, turn);
    case RotationStage::issue:
      CO_TRY_VOID(co_await take_certificate(rotation.fresh, std::move(renewed)));
      if (etcd == nullptr) break;
      co_return co_await etcd->issue(rotation.etcd_fresh);
    case RotationStage::forget:
      CO_TRY_VOID(believe(orders.authority));
      if (etcd == nullptr) break;
      co_return co_await etcd->forget_others(rotation.etcd_fresh, turn);
  }
  co_return Result<void>{};
}

}  // namespace truce
