#include "foreign_etcd.h"

#include <fmt/ranges.h>

#include "addresses.h"
#include "base/file.h"
#include "base/log.h"
#include "store/copy.h"

namespace truce {
namespace {

constexpr Duration look_again = 5s;
constexpr auto most_writes = store::max_writes_in_commit;
/// A small estate has some MiB; etcd keeps thousands of its revisions, too.
constexpr Bytes least_room = mib(256);
constexpr std::string_view tells_nobody_else =
    "look whether etcd runs there, and whether --etcd-ca, --etcd-certificate and --etcd-key are "
    "those that it takes";

std::filesystem::path ca_in(const std::filesystem::path& folder) {
  return folder / "etcd-ca.pem";
}
std::filesystem::path client_in(const std::filesystem::path& folder) {
  return folder / "etcd-client.pem";
}
std::filesystem::path password_in(const std::filesystem::path& folder) {
  return folder / "etcd-password";
}

bool is_there(const std::filesystem::path& file) {
  std::error_code ec;
  return std::filesystem::exists(file, ec);
}

Result<void> check_url(const std::string& url) {
  constexpr std::string_view scheme = "https://";
  if (url.starts_with("http://"))
    return fail_field("/etcd", fmt::format("is {}: without TLS the state would be everybody's in "
                                           "that network; https://HOST:PORT",
                                           url));
  auto place = url.starts_with(scheme)
                   ? split_listen(url.substr(scheme.size()))
                   : Result<std::pair<std::string, std::uint16_t>>(fail(Code::invalid, "no https"));
  if (place && place->second != 0) return {};
  return fail_field("/etcd",
                    fmt::format("has '{}', which is not like https://192.0.2.7:2379", url));
}

Result<void> check_prefix(const std::string& prefix) {
  auto plain = [](char c) { return c > ' ' && c != '"' && c != '\\' && c < '\x7f'; };
  if (prefix.size() > 1 && prefix.size() <= 256 && prefix.front() == '/' && prefix.back() == '/' &&
      std::ranges::all_of(prefix, plain))
    return {};
  return fail_field("/etcd_prefix",
                    "is 2 to 256 printable characters, and '/' is the first and "
                    "the last: /truce/estate/");
}

Result<void> in_field(std::string_view field, Result<void> done) {
  if (done) return done;
  return fail_field(std::string(field), done.error().message);
}

Result<void> check_certificate(const model::EtcdAccess& access) {
  TRY(auto certificate, link::read_certificate(access.certificate));
  if (certificate.ends > now()) return {};
  return fail(Code::invalid, "has ended at {}", to_string(certificate.ends));
}

Result<void> check_authority(const std::string& pem) {
  TRY_VOID(link::read_bundle(pem));
  return {};
}

}  // namespace

Result<void> ForeignEtcd::check(const model::EtcdAccess& access) {
  for (const auto& url : access.urls) TRY_VOID(check_url(url));
  TRY_VOID(check_prefix(access.prefix));
  if (!access.ca.empty()) TRY_VOID(in_field("/etcd_ca", check_authority(access.ca)));
  if (access.certificate.empty() != access.key.empty())
    return fail_field(access.key.empty() ? "/etcd_key" : "/etcd_certificate",
                      "is missing: a certificate and its key go together");
  if (!access.certificate.empty()) {
    TRY_VOID(in_field("/etcd_certificate", check_certificate(access)));
    TRY_VOID(in_field("/etcd_key", link::check_pair(access.certificate, Secret(access.key))));
  }
  if (access.user.empty() != access.password.empty())
    return fail_field(access.user.empty() ? "/etcd_user" : "/etcd_password",
                      "is missing: a user and a password go together");
  return {};
}

ForeignEtcd::ForeignEtcd(asio::any_io_executor loop, Settings settings)
    : loop_(std::move(loop)), settings_(std::move(settings)) {}

ForeignEtcd::~ForeignEtcd() = default;

Result<void> ForeignEtcd::keep(const model::EtcdAccess& access) {
  const auto& folder = settings_.secrets;
  TRY_VOID(make_folder(folder, 0700));
  for (const auto& file : {ca_in(folder), client_in(folder), password_in(folder)})
    TRY_VOID(remove_tree(file));
  if (!access.ca.empty()) TRY_VOID(write_file_durably(ca_in(folder), access.ca, 0600));
  if (!access.key.empty())
    TRY_VOID(
        link::write_identity(client_in(folder), access.certificate + "\n", Secret(access.key)));
  if (!access.password.empty())
    TRY_VOID(write_file_durably(password_in(folder), access.password, 0600));
  return {};
}

Result<etcd::Options> ForeignEtcd::options() const {
  const auto& folder = settings_.secrets;
  const auto& place = settings_.place;
  etcd::Options options{.urls = place.urls, .prefix = place.prefix, .client = settings_.host};
  options.attempt = settings_.attempt;
  options.limit = settings_.limit;
  if (is_there(ca_in(folder))) options.tls.authority = ca_in(folder);
  if (is_there(client_in(folder))) options.tls.certificate = options.tls.key = client_in(folder);
  if (place.user.empty()) return options;
  options.user = place.user;
  TRY(auto password, read_file(password_in(folder), kib(4)));
  options.password = std::make_shared<Secret>(password);
  return options;
}

Result<std::shared_ptr<etcd::Membership>> ForeignEtcd::membership() {
  if (!membership_) {
    TRY(auto with, options());
    TRY(membership_, etcd::Membership::open(loop_, std::move(with)));
  }
  return membership_;
}

Result<void> ForeignEtcd::check_member(const std::string& url, const etcd::Health& health) {
  if (health.version.empty())
    return fail(Code::unavailable, "{} does not answer ({}): {}", url, health.problem,
                tells_nobody_else);
  if (!etcd::is_new_enough(health.version))
    return fail(Code::unsupported, "{} is etcd {}: it has to be 3.4 or newer", url, health.version);
  if (health.problem.find("NOSPACE") != health.problem.npos)
    return fail(Code::io,
                "{} has no space left within its --quota-backend-bytes ({}): make room or raise "
                "it, then `etcdctl alarm disarm`",
                url,
                health.quota.count == 0 ? "2 GiB, unless it was started with another one"
                                        : to_string(health.quota));
  if (!health.problem.empty()) return fail(Code::unavailable, "{}: {}", url, health.problem);
  if (health.quota.count == 0 || health.quota >= health.size + least_room) return {};
  return fail(Code::io,
              "{} may have {} (--quota-backend-bytes) and has {} already: {} are to be free", url,
              to_string(health.quota), to_string(health.size), to_string(least_room));
}

Async<Result<void>> ForeignEtcd::check_members() {
  CO_TRY(auto others, membership());
  std::uint64_t cluster = 0;
  for (const auto& url : settings_.place.urls) {
    auto health = co_await others->health(url);
    CO_TRY_VOID(check_member(url, health));
    if (cluster != 0 && health.cluster != cluster)
      co_return fail_field("/etcd", fmt::format("names two: {} is a member of another etcd than {}",
                                                url, settings_.place.urls.front()));
    cluster = health.cluster;
  }
  co_return Result<void>{};
}

// A copy that an attempt has left is no cluster: the next one completes it.
Async<Result<void>> ForeignEtcd::check_place() {
  CO_TRY(auto store, co_await open_store());
  // As many as a commit of ours may have, of keys that are not there.
  std::vector<store::Write> most;
  for (std::size_t i = 0; i < most_writes; ++i)
    most.push_back({fmt::format("\x01probe-{}", i), std::nullopt});
  CO_TRY_VOID(co_await store->commit({}, std::move(most)));
  CO_TRY(auto begun, co_await store::copy_underway(*store));
  if (begun) co_return Result<void>{};
  CO_TRY(auto listing, co_await store->list(""));
  if (listing.entries.empty()) co_return Result<void>{};
  const auto& prefix = settings_.place.prefix;
  co_return fail(Code::conflict,
                 "under {} of that etcd the state of a cluster lies already ({} keys): give "
                 "another --etcd-prefix. If it is what a failed attempt has left, or of a cluster "
                 "that is no more: etcdctl del --prefix {}",
                 prefix, listing.entries.size(), prefix);
}

Async<Result<void>> ForeignEtcd::found() {
  CO_TRY_VOID(co_await check_members());
  co_return co_await check_place();
}

Async<Result<void>> ForeignEtcd::join(model::ManagerEnrollment enrollment,
                                      std::optional<link::Request>) {
  if (!enrollment.etcd) co_return fail(Code::corrupt, "the manager does not tell the way to etcd");
  CO_TRY_VOID(keep(*enrollment.etcd));
  auto store = co_await open_store();
  if (store) co_return Result<void>{};
  co_return std::unexpected(
      std::move(store).error().within("the etcd of this cluster is not reached from here"));
}

Async<Result<std::unique_ptr<etcd::EtcdStore>>> ForeignEtcd::open_store() {
  CO_TRY(auto with, options());
  co_return co_await etcd::EtcdStore::open(loop_, std::move(with));
}

Async<Result<model::ManagerEnrollment>> ForeignEtcd::admit(std::string, std::string, std::string) {
  const auto& folder = settings_.secrets;
  const auto& place = settings_.place;
  model::EtcdAccess access{.urls = place.urls, .prefix = place.prefix, .user = place.user};
  if (is_there(ca_in(folder))) {
    CO_TRY(access.ca, read_file(ca_in(folder), kib(64)));
  }
  if (is_there(client_in(folder))) {
    // Both are in one text; who reads one of them passes over the other.
    CO_TRY(access.key, read_file(client_in(folder), kib(160)));
  }
  if (!place.user.empty()) {
    CO_TRY(access.password, read_file(password_in(folder), kib(4)));
  }
  model::ManagerEnrollment enrollment;
  enrollment.etcd = std::move(access);
  co_return enrollment;
}

Async<std::string> ForeignEtcd::look() {
  auto others = membership();
  if (!others) co_return others.error().message;
  auto kept = *others;  // forget() may come meanwhile
  std::vector<std::string> problems;
  for (const auto& url : settings_.place.urls) {
    auto health = co_await kept->health(url);
    auto good = check_member(url, health);
    if (!good) problems.push_back(good.error().message);
  }
  co_return fmt::format("{}", fmt::join(problems, "; "));
}

Async<void> ForeignEtcd::look_after(std::function<std::vector<manager::Seat>()>) {
  while (true) {
    auto found = co_await look();
    if (found != problem_ && !found.empty()) spdlog::warn("etcd: {}", found);
    problem_ = std::move(found);
    co_await sleep_for(look_again);
  }
}

Async<void> ForeignEtcd::close() {
  membership_.reset();
  co_return;
}

Async<Result<void>> ForeignEtcd::forget() {
  membership_.reset();
  const auto& folder = settings_.secrets;
  for (const auto& file : {ca_in(folder), client_in(folder), password_in(folder)})
    CO_TRY_VOID(remove_tree(file));
  co_return Result<void>{};
}

Async<Result<void>> withdraw_state(store::Store& store) {
  CO_TRY(auto listing, co_await store.list(""));
  std::vector<store::Write> some;
  for (const auto& entry : listing.entries) {
    some.push_back({entry.key, std::nullopt});
    if (some.size() == most_writes) CO_TRY_VOID(co_await store.commit({}, std::exchange(some, {})));
  }
  if (!some.empty()) CO_TRY_VOID(co_await store.commit({}, std::move(some)));
  co_return Result<void>{};
}

}  // namespace truce
