#include "own_etcd.h"

#include <boost/asio/ip/address.hpp>

#include "addresses.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/random.h"
#include "own_etcd_files.h"

namespace truce {
namespace {

constexpr Duration look_again = 1s;
constexpr Duration find_others = 10s;
constexpr Duration begin_alone = 60s;
// A joining host's member is in etcd before the host is in the store.
constexpr int looks_at_stranger = 120;

std::string host_part(const std::string& address) {
  auto parts = split_listen(address);
  return parts ? parts->first : address;
}

// etcd listens at addresses, not at names.
std::string listen_part(const std::string& listen, const std::string& address) {
  if (!listen.empty()) return host_part(listen);
  boost::system::error_code ec;
  asio::ip::make_address(host_part(address), ec);
  return ec ? "0.0.0.0" : std::string();
}

}  // namespace

Result<void> OwnEtcd::check() {
  for (const auto* program : {"etcd", "etcdctl"}) {
    if (find_program(program)) continue;
    return fail(Code::unsupported,
                "there is no program '{}' here: apt install etcd-server etcd-client, or keep the "
                "state in a file of this host with --store sqlite",
                program);
  }
  TRY_VOID(etcd::member_user());
  return {};
}

Result<link::Request> OwnEtcd::request(const std::string& host) {
  return link::make_request(host);
}

OwnEtcd::OwnEtcd(asio::any_io_executor loop, Settings settings)
    : loop_(std::move(loop)), settings_(std::move(settings)) {}

OwnEtcd::~OwnEtcd() = default;

etcd::MemberSettings OwnEtcd::member_settings() const {
  etcd::MemberSettings member;
  member.folder = settings_.folder;
  member.name = settings_.host;
  member.address = host_part(settings_.address);
  member.listen = listen_part(settings_.listen, settings_.address);
  member.client_port = settings_.client_port;
  member.peer_port = settings_.peer_port;
  member.identity = etcd_identity_in(settings_.secrets);
  member.authority = etcd_bundle_in(settings_.secrets);
  member.user = etcd::member_user().value_or(std::nullopt);
  return member;
}

// Its own member first: it is the nearest.
etcd::Options OwnEtcd::options() const {
  etcd::Options options;
  auto member = member_settings();
  options.urls.push_back(etcd::client_url(member));
  for (const auto& manager : settings_.managers) {
    if (manager.name == settings_.host) continue;
    member.address = host_part(manager.address);
    options.urls.push_back(etcd::client_url(member));
  }
  options.tls = {etcd_bundle_in(settings_.secrets), etcd_identity_in(settings_.secrets),
                 etcd_identity_in(settings_.secrets)};
  options.client = settings_.host;
  return options;
}

Result<void> OwnEtcd::sign_own() {
  TRY(auto authority, link::Authority::open(etcd_authority_in(settings_.secrets)));
  TRY(auto asked, link::make_request(settings_.host));
  TRY(auto certificate, authority.sign(asked.pem, {.host = settings_.host,
                                                   .addresses = {host_part(settings_.address)}}));
  return link::write_identity(etcd_identity_in(settings_.secrets), certificate, *asked.key);
}

Async<Result<void>> OwnEtcd::found() {
  CO_TRY_VOID(check());
  // Nothing says that this host's state is in etcd: what lies there is of an attempt that failed.
  CO_TRY_VOID(co_await forget());
  CO_TRY_VOID(make_folder(settings_.secrets, 0700));
  CO_TRY(auto authority, link::Authority::make("etcd"));
  CO_TRY_VOID(authority.write(etcd_authority_in(settings_.secrets)));
  CO_TRY_VOID(write_file_durably(etcd_bundle_in(settings_.secrets), authority.pem(), 0644));
  CO_TRY_VOID(sign_own());
  co_return etcd::found_cluster(member_settings(), settings_.token);
}

Async<Result<void>> OwnEtcd::join(model::ManagerEnrollment enrollment,
                                  std::optional<link::Request> request) {
  CO_TRY_VOID(check());
  if (!request)
    co_return fail(Code::corrupt, "the manager has not answered what makes a host a manager");
  CO_TRY_VOID(co_await forget());
  const auto& folder = settings_.secrets;
  CO_TRY_VOID(make_folder(folder, 0700));
  CO_TRY_VOID(write_file_durably(etcd_authority_in(folder), enrollment.etcd_authority_key, 0600));
  CO_TRY_VOID(link::Authority::open(etcd_authority_in(folder)));
  CO_TRY_VOID(write_file_durably(etcd_bundle_in(folder), enrollment.etcd_authority, 0644));
  CO_TRY_VOID(
      link::write_identity(etcd_identity_in(folder), enrollment.etcd_certificate, *request->key));
  auto with = options();
  with.urls = enrollment.etcd_urls;
  CO_TRY(auto others, etcd::Membership::open(loop_, std::move(with)));
  auto members = co_await others->list();
  others.reset();
  if (!members) co_return std::unexpected(std::move(members).error());
  co_return etcd::join_cluster(member_settings(), enrollment.etcd_token, *members);
}

Async<Result<void>> OwnEtcd::start() {
  CO_TRY_VOID(check());
  CO_TRY(member_, co_await etcd::Member::open(loop_, member_settings()));
  co_return Result<void>{};
}

Async<Result<std::unique_ptr<etcd::EtcdStore>>> OwnEtcd::open_store() {
  co_return co_await etcd::EtcdStore::open(loop_, options());
}

namespace {

Async<Result<void>> answers_within(OwnEtcd& part, Duration limit) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    auto store = co_await part.open_store();
    if (store) co_return Result<void>{};
    if (std::chrono::steady_clock::now() > end) {
      auto why = part.problem();
      co_return fail(Code::unavailable, "{}", why.empty() ? store.error().message : why);
    }
    co_await sleep_for(look_again);
  }
}

}  // namespace

Async<Result<void>> OwnEtcd::give_up_others() {
  CO_TRY_VOID(co_await start());
  // One that has just been started takes a moment to find the others.
  if (co_await answers_within(*this, find_others))
    co_return fail(Code::conflict,
                   "enough managers answer: nothing is lost that the cluster needs to go on");
  if (auto why = problem(); !why.empty()) co_return fail(Code::unavailable, "{}", why);
  CO_TRY_VOID(co_await member_->stop());
  settings_.managers.clear();
  CO_TRY(member_,
         co_await etcd::Member::open(loop_, member_settings(), etcd::Member::Others::given_up));
  CO_TRY_VOID(co_await answers_within(*this, begin_alone));
  CO_TRY_VOID(co_await member_->stop());
  member_.reset();
  co_return Result<void>{};
}

Async<Result<void>> OwnEtcd::renew_if_due() {
  CO_TRY(auto text, read_file(etcd_identity_in(settings_.secrets), kib(64)));
  CO_TRY(auto certificate, link::read_certificate(text));
  if (!link::is_due(certificate)) co_return Result<void>{};
  CO_TRY_VOID(sign_own());
  spdlog::info("the certificate of this host's member of etcd was renewed");
  if (!member_) co_return Result<void>{};
  co_return co_await member_->refresh();
}

std::string OwnEtcd::problem() const {
  return member_ ? member_->problem() : "its member of etcd is not started";
}

Result<std::shared_ptr<etcd::Membership>> OwnEtcd::membership() {
  if (!membership_) {
    TRY(membership_, etcd::Membership::open(loop_, options()));
  }
  return membership_;
}

Async<Result<model::ManagerEnrollment>> OwnEtcd::admit(std::string request, std::string host,
                                                       std::string address) {
  CO_TRY(auto authority, link::Authority::open(etcd_authority_in(settings_.secrets)));
  auto member = member_settings();
  member.name = host;
  member.address = host_part(address);
  model::ManagerEnrollment enrollment;
  CO_TRY(enrollment.etcd_certificate,
         authority.sign(request, {.host = host, .addresses = {member.address}}));
  CO_TRY(auto others, membership());
  auto added = co_await others->add(etcd::peer_url(member));
  if (!added) {
    co_return std::unexpected(
        std::move(added).error().within("its member of etcd is not taken in (managers join one "
                                        "after the other)"));
  }
  enrollment.etcd_token = settings_.token;
  enrollment.etcd_client_port = settings_.client_port;
  enrollment.etcd_peer_port = settings_.peer_port;
  CO_TRY(enrollment.etcd_authority, read_file(etcd_bundle_in(settings_.secrets), kib(64)));
  CO_TRY(enrollment.etcd_authority_key, read_file(etcd_authority_in(settings_.secrets), kib(64)));
  CO_TRY(auto listed, co_await others->list());
  for (const auto& one : listed) {
    for (const auto& url : one.client_urls) enrollment.etcd_urls.push_back(url);
  }
  co_return enrollment;
}

Async<Result<void>> OwnEtcd::remove(std::string host, std::string address) {
  auto gone = member_settings();
  gone.address = host_part(address);
  auto url = etcd::peer_url(gone);
  CO_TRY(auto others, membership());
  CO_TRY(auto listed, co_await others->list());
  std::optional<etcd::ListedMember> found;
  std::size_t voting = 0, healthy = 0;
  std::uint64_t heir = 0;
  for (const auto& one : listed) {
    bool is_it = one.name == host || std::ranges::find(one.peer_urls, url) != one.peer_urls.end();
    if (is_it) {
      found = one;
    } else if (!one.learner && !one.client_urls.empty()) {
      ++voting;
      auto health = co_await others->health(one.client_urls.front());
      if (!health.problem.empty()) continue;
      ++healthy;
      heir = one.id;
    }
  }
  if (!found) co_return Result<void>{};
  if (!found->learner && healthy < voting / 2 + 1) {
    co_return fail(Code::precondition,
                   "of the other {} managers {} answer: without {} nothing could be changed any "
                   "more",
                   voting, healthy, host);
  }
  // Without an election of etcd's, in which nothing could be written for a while.
  bool led = heir != 0 && !found->client_urls.empty() &&
             (co_await others->health(found->client_urls.front())).leads();
  if (led) {
    auto handed = co_await others->hand_over(heir);
    if (!handed) spdlog::warn("etcd: {}", handed.error().message);
  }
  CO_TRY_VOID(co_await others->remove(found->id));
  states_.erase(host);
  co_return Result<void>{};
}

namespace {

// The host that a member is of, by its own name or, before it has one, by its address.
std::string host_of(const etcd::ListedMember& member, const std::vector<manager::Seat>& managers,
                    etcd::MemberSettings settings) {
  for (const auto& manager : managers) {
    settings.address = host_part(manager.address);
    auto url = etcd::peer_url(settings);
    if (member.name == manager.name ||
        std::ranges::find(member.peer_urls, url) != member.peer_urls.end())
      return manager.name;
  }
  return {};
}

}  // namespace

Async<void> OwnEtcd::look(const std::vector<manager::Seat>& managers) {
  auto opened = membership();
  if (!opened) co_return;
  auto others = *opened;  // forget() may come meanwhile
  auto listed = co_await others->list();
  if (!listed) co_return;
  std::map<std::string, manager::SeatState> states;
  std::map<std::uint64_t, int> strangers;
  for (const auto& one : *listed) {
    auto host = host_of(one, managers, member_settings());
    if (host.empty()) {
      if (auto times = strangers_[one.id] + 1; times < looks_at_stranger) {
        strangers[one.id] = times;
      } else if (co_await others->remove(one.id)) {
        spdlog::info("etcd: a member of no host was taken out");
      }
      continue;
    }
    manager::SeatState state{.votes = !one.learner};
    if (one.client_urls.empty()) {
      state.problem = "its member of etcd has not been there yet";
    } else {
      state.problem = (co_await others->health(one.client_urls.front())).problem;
    }
    if (one.learner && state.problem.empty()) {
      if (co_await others->promote(one.id)) {
        spdlog::info("manager {}: its member of etcd has a vote now", host);
        state.votes = true;
      } else {
        state.problem = "its member of etcd is still catching up";
      }
    }
    states[host] = std::move(state);
  }
  states_ = std::move(states);
  strangers_ = std::move(strangers);
}

Async<void> OwnEtcd::look_after(std::function<std::vector<manager::Seat>()> managers) {
  while (true) {
    co_await look(managers());
    co_await sleep_for(look_again);
  }
}

Async<void> OwnEtcd::close() {
  membership_.reset();
  if (member_) co_await member_->close();
  member_.reset();
}

Async<Result<void>> OwnEtcd::forget() {
  membership_.reset();
  auto settings = member_settings();
  // A process that an earlier life has started is taken over, to be ended.
  if (!member_ && etcd::has_member(settings)) {
    CO_TRY_VOID(co_await start());
  }
  if (member_) {
    CO_TRY_VOID(co_await member_->stop());
    member_.reset();
  }
  co_return etcd::forget_member(settings);
}

}  // namespace truce
