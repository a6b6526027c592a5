#include "membership.h"

#include "addresses.h"
#include "base/file.h"
#include "base/log.h"
#include "base/release.h"
#include "http/forward.h"

namespace truce {
namespace {

constexpr Duration enroll_limit = 60s;
constexpr Duration look_at_certificate = std::chrono::hours(1);
constexpr Duration try_again = 60s;
// How long the manager that answered last is alone asked.
constexpr Duration head_start = 200ms;
constexpr Duration dial_limit = 2s;  // a manager without power answers nothing

model::EnrollRequest request_of(const std::string& host, const std::string& address,
                                const link::Request& request) {
  model::EnrollRequest wish{.host = host, .request = request.pem, .address = address};
  wish.version = release::version();
  wish.format = release::format();
  wish.oldest_format = release::oldest_format();
  return wish;
}

}  // namespace

HostMembership::HostMembership(asio::any_io_executor loop, Settings settings,
                               std::function<void()> changed)
    : loop_(std::move(loop)),
      settings_(std::move(settings)),
      changed_(std::move(changed)),
      scope_(loop_) {}

HostMembership::~HostMembership() = default;

link::Relays& HostMembership::relays() {
  if (!relays_) relays_ = std::make_unique<link::Relays>();
  return *relays_;
}

bool HostMembership::follows() const {
  return member_ && member_->role == model::HostRole::node;
}

Result<void> HostMembership::open_identity() {
  TRY(identity_,
      link::Identity::open({identity_file(settings_.folder), bundle_file(settings_.folder)}));
  return {};
}

Result<void> HostMembership::open() {
  TRY(member_, read_member(settings_.folder));
  if (!member_) return {};
  if (member_->host != settings_.host) {
    return fail(Code::invalid,
                "this host is '{}' in the cluster '{}', and is called '{}' now (option name)",
                member_->host, member_->cluster, settings_.host);
  }
  TRY_VOID(open_identity());
  std::error_code ec;
  auto file = authority_file(settings_.folder);
  if (std::filesystem::exists(file, ec)) {
    TRY(authority_, link::Authority::open(file));
  }
  if (member_->keeps_etcd()) etcd_ = etcd_for(*member_);
  return {};
}

std::unique_ptr<EtcdPart> HostMembership::etcd_for(const Member& member) const {
  if (member.foreign) {
    return std::make_unique<ForeignEtcd>(
        loop_, ForeignEtcd::Settings{
                   .secrets = settings_.folder, .host = settings_.host, .place = *member.foreign});
  }
  return std::make_unique<OwnEtcd>(loop_, OwnEtcd::Settings{.secrets = settings_.folder,
                                                            .folder = settings_.etcd,
                                                            .host = settings_.host,
                                                            .address = member.address,
                                                            .listen = settings_.listen,
                                                            .token = member.etcd_token,
                                                            .managers = member.managers,
                                                            .client_port = member.etcd_client_port,
                                                            .peer_port = member.etcd_peer_port});
}

Result<void> HostMembership::serve(Doors doors) {
  doors_ = std::move(doors);
  if (!member_) return {};
  return listen();
}

Result<void> HostMembership::listen() {
  link::Listener::Settings settings;
  settings.address = settings_.listen.empty() ? member_->address : settings_.listen;
  settings.admit = doors_.admit;
  settings.offers = doors_.offers;
  settings.open_service = link::enroll_service;
  listener_.reset();
  TRY(listener_, link::Listener::open(loop_, relays(), identity_, settings, doors_.services));
  spdlog::info("host '{}' of the cluster '{}' at {}", member_->host, member_->cluster,
               settings.address);
  return {};
}

Async<Result<UnixSocket>> HostMembership::dial(std::string host, std::string address,
                                               std::string service) {
  if (!identity_) co_return fail(Code::precondition, "this host is not part of a cluster");
  co_return co_await link::dial(relays(), identity_,
                                {.address = address, .host = host, .service = service});
}

// The one that answered last, or is known to lead, comes first; this host is no way to another.
std::vector<manager::Seat> HostMembership::ways() const {
  std::vector<manager::Seat> ways;
  if (preferred_ && preferred_->name != settings_.host) ways.push_back(*preferred_);
  for (const auto& manager : member_->managers) {
    bool there = preferred_ && preferred_->name == manager.name;
    if (!there && manager.name != settings_.host) ways.push_back(manager);
  }
  return ways;
}

/// Several connections that are tried at once, of which one is wanted.
struct HostMembership::Race {
  explicit Race(asio::any_io_executor loop) : ended(std::move(loop)) {}
  std::size_t left = 0;
  bool over = false;  ///< nobody waits any more
  std::optional<UnixSocket> won;
  std::optional<Error> problem;
  Wakeup ended;
};

Async<void> HostMembership::try_way(std::shared_ptr<Race> race, link::Target target,
                                    Duration wait) {
  if (wait > Duration(0)) co_await sleep_for(wait);
  if (race->over) co_return;
  manager::Seat seat{target.host, target.address};
  auto socket = co_await link::dial(relays(), identity_, std::move(target));
  if (race->over) co_return;
  if (socket && !race->won) {
    race->won = std::move(*socket);
    preferred_ = std::move(seat);
  } else if (!socket) {
    // That we are not let in is what somebody has to know; that one does not lead is not.
    bool telling = !race->problem || race->problem->code != Code::forbidden;
    if (telling) race->problem = std::move(socket).error().within("manager " + seat.name);
  }
  --race->left;
  race->ended.wake();
}

Async<Result<UnixSocket>> HostMembership::reach(std::string service) {
  if (!member_) co_return fail(Code::precondition, "this host is not part of a cluster");
  auto race = std::make_shared<Race>(loop_);
  Duration wait = 0ms;
  for (const auto& manager : ways()) {
    ++race->left;
    link::Target target{.address = manager.address, .host = manager.name, .service = service};
    target.limit = dial_limit;
    scope_.spawn(try_way(race, std::move(target), std::exchange(wait, head_start)));
  }
  while (!race->won && race->left > 0) {
    co_await race->ended.wait();
    auto state = co_await asio::this_coro::cancellation_state;
    if (race->won || state.cancelled() == asio::cancellation_type::none) continue;
    race->over = true;
    co_return fail(Code::cancelled, "the managers: cancelled");
  }
  race->over = true;
  if (race->won) co_return std::move(*race->won);
  if (race->problem) co_return std::unexpected(std::move(*race->problem));
  co_return fail(Code::unavailable, "there is no other manager");
}

void HostMembership::prefer(std::optional<manager::Seat> leader) {
  preferred_ = std::move(leader);
}

void HostMembership::learn(std::vector<manager::Seat> managers) {
  if (!member_ || managers.empty() || managers == member_->managers) return;
  auto member = *member_;
  member.managers = std::move(managers);
  auto written = write_member(settings_.folder, member);
  if (!written) {
    spdlog::warn("managers of the cluster: {}", written.error().message);
    return;
  }
  spdlog::info("the cluster '{}' has {} managers now", member.cluster, member.managers.size());
  member_ = std::move(member);
}

// As root of this host asks.
Async<Result<std::vector<manager::Seat>>> HostMembership::ask_for_managers() {
  CO_TRY(auto socket, co_await reach(link::api_service));
  http::Request request;
  request.method = "GET";
  request.path = "/v1/cluster";
  request.peer.administrator = "root";
  request.peer.address = settings_.host;
  CO_TRY(auto answer,
         co_await within(enroll_limit, http::forward(std::move(socket), std::move(request)),
                         "the manager"));
  if (answer.status != 200) co_return std::unexpected(http::error_of(answer.status, answer.body));
  CO_TRY(auto cluster, model::from_text<model::Cluster>(answer.body, model::Unknown::ignore));
  std::vector<manager::Seat> seats;
  for (const auto& manager : cluster.managers) seats.push_back({manager.name, manager.address});
  co_return seats;
}

Async<Result<model::Enrollment>> HostMembership::enroll(UnixSocket socket,
                                                        model::EnrollRequest wish) {
  http::Request request;
  request.method = "POST";
  request.path = "/v1/cluster/enroll";
  request.headers["content-type"] = "application/json";
  request.body = model::to_text(wish);
  CO_TRY(auto answer,
         co_await within(enroll_limit, http::forward(std::move(socket), std::move(request)),
                         "the manager"));
  if (answer.status != 201) co_return std::unexpected(http::error_of(answer.status, answer.body));
  co_return model::from_text<model::Enrollment>(answer.body, model::Unknown::ignore);
}

Result<std::string> HostMembership::own_address(const std::string& wished,
                                                const std::string& towards) const {
  auto address = wished;
  if (address.empty()) {
    TRY(address, own_address_towards(towards));
  }
  auto whole = with_port(address);
  if (!whole) return fail_field("/address", whole.error().message);
  return whole;
}

Async<Result<model::ManagerEnrollment>> HostMembership::admit_manager(std::string request,
                                                                      std::string host,
                                                                      std::string address) {
  if (!etcd_ || !authority_)
    co_return fail(Code::unsupported,
                   "the state of this cluster is in a file of one host: there can be no other "
                   "manager");
  CO_TRY(auto enrollment,
         co_await etcd_->admit(std::move(request), std::move(host), std::move(address)));
  CO_TRY(enrollment.authority_key, read_file(authority_file(settings_.folder), kib(64)));
  CO_TRY(auto seals, read_seals(seals_file(settings_.folder)));
  if (seals) enrollment.seals = seals->text()->text();
  co_return enrollment;
}

Async<Result<void>> HostMembership::remove_manager(std::string host, std::string address) {
  if (!etcd_) co_return Result<void>{};
  co_return co_await etcd_->remove(std::move(host), std::move(address));
}

std::map<std::string, manager::SeatState> HostMembership::managers() const {
  return etcd_ && !founding_ ? etcd_->states() : std::map<std::string, manager::SeatState>{};
}

std::string HostMembership::etcd_problem() const {
  return member_ && member_->foreign && etcd_ ? etcd_->problem() : std::string();
}

Result<manager::Issued> HostMembership::issue(const std::string& request, const std::string& host,
                                              const std::string& wanted) {
  auto named = authority_named(wanted);
  // A state that was put back may tell of an authority that is no more.
  if (!named) named = authority_named({});
  TRY(const auto* authority, named);
  if (!link::is_host_name(host)) return fail_field("/host", "is no name of a host");
  TRY(auto certificate, authority->sign(request, {.host = host}));
  TRY(auto read, link::read_certificate(certificate));
  TRY(auto bundle, read_file(bundle_file(settings_.folder), kib(64)));
  return manager::Issued{certificate, bundle, read.fingerprint, read.ends};
}

Result<Member> HostMembership::become_manager(Member member,
                                              const model::ManagerEnrollment& enrollment) {
  const auto& folder = settings_.folder;
  TRY_VOID(write_file_durably(authority_file(folder), enrollment.authority_key, 0600));
  TRY_VOID(link::Authority::open(authority_file(folder)));
  if (!enrollment.seals.empty()) TRY_VOID(take_seals(seals_file(folder), enrollment.seals));
  member.managers.push_back({settings_.host, member.address});
  member.store = model::StoreKind::etcd;
  if (const auto& etcd = enrollment.etcd) {
    member.foreign = EtcdPlace{etcd->urls, etcd->prefix, etcd->user};
  } else {
    member.etcd_token = enrollment.etcd_token;
    member.etcd_client_port = static_cast<std::uint16_t>(enrollment.etcd_client_port);
    member.etcd_peer_port = static_cast<std::uint16_t>(enrollment.etcd_peer_port);
  }
  return member;
}

// The last file that is written makes this host a member; before it, nothing has changed.
Async<Result<void>> HostMembership::keep(model::Enrollment enrollment, Asked asked,
                                         manager::Invitation invitation) {
  CO_TRY(auto authorities, link::read_bundle(enrollment.authority));
  bool expected = std::ranges::any_of(authorities, [&](const auto& authority) {
    return authority.fingerprint == invitation.authority;
  });
  if (!expected)
    co_return fail(Code::forbidden, "the manager shows another authority than the token");
  const auto& folder = settings_.folder;
  CO_TRY_VOID(make_folder(folder, 0700));
  CO_TRY_VOID(write_file_durably(bundle_file(folder), enrollment.authority, 0644));
  CO_TRY_VOID(
      link::write_identity(identity_file(folder), enrollment.certificate, *asked.request.key));
  CO_TRY(auto identity, link::Identity::open({identity_file(folder), bundle_file(folder)}));
  if (identity->certificate().host != settings_.host)
    co_return fail(Code::corrupt, "the certificate is for '{}'", identity->certificate().host);
  Member member{.cluster = enrollment.cluster,
                .host = settings_.host,
                .role = enrollment.role.value_or(model::HostRole::node),
                .address = asked.address,
                .managers = invitation.managers};
  if (member.role == model::HostRole::manager) {
    if (!enrollment.manager)
      co_return fail(Code::corrupt, "the manager has not answered what makes a host a manager");
    CO_TRY(member, become_manager(std::move(member), *enrollment.manager));
    auto part = etcd_for(member);
    CO_TRY_VOID(co_await part->join(*std::move(enrollment.manager), std::move(asked.etcd)));
  }
  co_return write_member(folder, member);
}

Async<Result<void>> HostMembership::join(manager::Invitation invitation, std::string address) {
  if (member_) co_return fail(Code::conflict, "this host is in a cluster already");
  CO_TRY(auto request, link::make_request(settings_.host));
  CO_TRY(auto unknown, link::Identity::unknown(invitation.authority));
  // Whether it is to be a manager only the token's other end knows.
  std::optional<link::Request> etcd;
  if (OwnEtcd::check()) {
    CO_TRY(etcd, OwnEtcd::request(settings_.host));
  }
  Error last{Code::unavailable, "the token names no manager", {}};
  for (const auto& manager : invitation.managers) {
    CO_TRY(auto place, split_listen(manager.address));
    auto reached = own_address(address, place.first);
    if (!reached) {
      last = reached.error();
      continue;
    }
    // A certificate that the token's authority has not signed ends this before the secret is sent.
    auto socket = co_await link::dial(
        relays(), unknown,
        {.address = manager.address, .host = manager.name, .service = link::enroll_service});
    if (!socket) {
      last = std::move(socket).error().within("manager " + manager.name);
      continue;
    }
    auto wish = request_of(settings_.host, *reached, request);
    wish.secret = invitation.secret;
    if (etcd) wish.etcd_request = etcd->pem;
    CO_TRY(auto enrollment, co_await enroll(std::move(*socket), std::move(wish)));
    auto cluster = enrollment.cluster;
    CO_TRY_VOID(co_await keep(std::move(enrollment),
                              {std::move(request), std::move(etcd), *reached}, invitation));
    spdlog::info("joined the cluster '{}'", cluster);
    changed_();
    co_return Result<void>{};
  }
  co_return std::unexpected(std::move(last));
}

Async<Result<Time>> HostMembership::renew() {
  CO_TRY(auto request, link::make_request(settings_.host));
  CO_TRY(auto socket, co_await reach(link::api_service));
  CO_TRY(auto enrollment,
         co_await enroll(std::move(socket), request_of(settings_.host, member_->address, request)));
  const auto& folder = settings_.folder;
  // First whom it believes: its own certificate may be of a new one of these.
  CO_TRY_VOID(write_file_durably(bundle_file(folder), enrollment.authority, 0644));
  CO_TRY_VOID(link::write_identity(identity_file(folder), enrollment.certificate, *request.key));
  CO_TRY_VOID(identity_->reload());
  co_return identity_->certificate().ends;
}

Result<Time> HostMembership::renew_own() {
  TRY(auto request, link::make_request(settings_.host));
  TRY(auto signed_, authority_->sign(request.pem, {.host = settings_.host,
                                                   .addresses = names_in(member_->address)}));
  TRY_VOID(link::write_identity(identity_file(settings_.folder), signed_, *request.key));
  TRY_VOID(identity_->reload());
  return identity_->certificate().ends;
}

std::optional<link::Certificate> HostMembership::certificate() const {
  if (!member_ || !identity_) return std::nullopt;
  return identity_->certificate();
}

Async<void> HostMembership::keep_certificate(std::function<Async<void>()> renewed) {
  while (true) {
    auto pause = look_at_certificate;
    if (identity_ && link::is_due(identity_->certificate())) {
      // The leader has to know it: who follows gets it from there, though it could sign.
      bool own = signs_own();
      auto expires = own ? renew_own() : co_await renew();
      if (!expires) {
        spdlog::warn("certificate of this host: {}", expires.error().message);
        pause = try_again;
      } else {
        spdlog::info("the certificate of this host was renewed, to {}", to_string(*expires));
        if (own) co_await renewed();
      }
    }
    if (etcd_ && !founding_) {
      auto done = co_await etcd_->renew_if_due();
      if (!done) {
        spdlog::warn("certificate of etcd: {}", done.error().message);
        pause = try_again;
      }
    }
    co_await sleep_for(pause);
  }
}

Async<Result<void>> HostMembership::forget() {
  if (!member_) co_return Result<void>{};
  if (etcd_) CO_TRY_VOID(co_await etcd_->forget());
  CO_TRY_VOID(put_aside(settings_.folder, "leaving-" + member_->cluster));
  changed_();
  co_return Result<void>{};
}

void HostMembership::refuse(const std::string& host) {
  if (relays_) relays_->end(host);
}

Async<void> HostMembership::stop() {
  listener_.reset();
  scope_.cancel();
  if (relays_) relays_->stop();
  co_await scope_.join();
  if (etcd_) co_await etcd_->close();
}

}  // namespace truce
