// How the authority of etcd's members is replaced, on one of them.
#include "base/file.h"
#include "base/log.h"
#include "own_etcd.h"
#include "own_etcd_files.h"

namespace truce {
namespace {

std::vector<std::string> fingerprints(const std::vector<link::Certificate>& all) {
  std::vector<std::string> out;
  for (const auto& one : all) out.push_back(one.fingerprint);
  return out;
}

Result<std::vector<link::Certificate>> bundle_of(const std::filesystem::path& folder) {
  TRY(auto text, read_file(etcd_bundle_in(folder), kib(64)));
  return link::read_bundle(text);
}

}  // namespace

Result<link::Authority> OwnEtcd::make_fresh() {
  TRY(auto authority, link::Authority::make("etcd"));
  TRY_VOID(authority.write(etcd_next_authority_in(settings_.secrets)));
  return authority;
}

Result<link::Authority> OwnEtcd::authority_named(const std::string& sha256) const {
  for (const auto& file :
       {etcd_authority_in(settings_.secrets), etcd_next_authority_in(settings_.secrets)}) {
    auto read = link::Authority::open(file);
    if (read && read->certificate().fingerprint == sha256) return read;
  }
  return fail(Code::not_found, "this host has no key of etcd's authority {}", sha256);
}

std::vector<std::string> OwnEtcd::keys() const {
  std::vector<std::string> out;
  for (const auto& file :
       {etcd_authority_in(settings_.secrets), etcd_next_authority_in(settings_.secrets)}) {
    if (auto read = link::Authority::open(file)) out.push_back(read->certificate().fingerprint);
  }
  return out;
}

// The file first: a member that is started meanwhile, for whatever reason, reads it.
Async<Result<void>> OwnEtcd::believe(std::string bundle, bool may_restart) {
  CO_TRY(auto present, read_file(etcd_bundle_in(settings_.secrets), kib(64)));
  if (present == bundle || !may_restart) co_return Result<void>{};
  CO_TRY_VOID(write_file_durably(etcd_bundle_in(settings_.secrets), bundle, 0644));
  spdlog::info("etcd: this host's member is started anew, for another authority");
  if (!member_) co_return Result<void>{};
  co_return co_await member_->refresh();
}

Async<Result<void>> OwnEtcd::trust(std::string authority, std::string key, bool may_restart) {
  CO_TRY(auto fresh, link::read_certificate(authority));
  if (!authority_named(fresh.fingerprint))
    CO_TRY_VOID(write_file_durably(etcd_next_authority_in(settings_.secrets), key, 0600));
  CO_TRY_VOID(authority_named(fresh.fingerprint));
  CO_TRY(auto present, read_file(etcd_bundle_in(settings_.secrets), kib(64)));
  CO_TRY(auto bundle, link::extend_bundle(present, authority));
  co_return co_await believe(std::move(bundle), may_restart);
}

Async<Result<void>> OwnEtcd::issue(std::string sha256) {
  CO_TRY(auto fresh, authority_named(sha256));
  const auto& folder = settings_.secrets;
  auto signing = link::Authority::open(etcd_authority_in(folder));
  if (!signing || signing->certificate().fingerprint != sha256)
    CO_TRY_VOID(fresh.write(etcd_authority_in(folder)));
  CO_TRY_VOID(remove_tree(etcd_next_authority_in(folder)));
  if (signed_by() == sha256) co_return Result<void>{};
  CO_TRY_VOID(sign_own());
  spdlog::info("the certificate of this host's member of etcd is of the new authority");
  if (!member_) co_return Result<void>{};
  co_return co_await member_->refresh();
}

Async<Result<void>> OwnEtcd::forget_others(std::string sha256, bool may_restart) {
  CO_TRY(auto fresh, authority_named(sha256));
  co_return co_await believe(fresh.pem(), may_restart);
}

Async<std::vector<std::string>> OwnEtcd::believed() {
  auto others = membership();
  if (!others) co_return std::vector<std::string>{};
  auto kept = *others;  // forget() may come meanwhile
  auto health = co_await kept->health(etcd::client_url(member_settings()));
  auto bundle = bundle_of(settings_.secrets);
  if (!health.problem.empty() || !bundle) co_return std::vector<std::string>{};
  co_return fingerprints(*bundle);
}

std::string OwnEtcd::signed_by() const {
  auto text = read_file(etcd_identity_in(settings_.secrets), kib(64));
  auto bundle = bundle_of(settings_.secrets);
  auto own = text ? link::read_certificate(*text)
                  : Result<link::Certificate>(std::unexpected(text.error()));
  if (!own || !bundle) return {};
  for (const auto& one : *bundle)
    if (one.key_id == own->authority_key) return one.fingerprint;
  return {};
}

}  // namespace truce
