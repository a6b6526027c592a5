// What a daemon has to do with the other hosts of its cluster: who may come in, and what is passed
// on.
#include <fmt/ranges.h>

#include "addresses.h"
#include "base/log.h"
#include "daemon.h"
#include "http/forward.h"
#include "store/copy.h"

namespace truce {
namespace {

constexpr Duration look_for_managers = 60s;
constexpr Duration hand_over_limit = 15s;
constexpr Duration exchange_limit = 10s;
constexpr Duration exchange_again = 2s;
constexpr Duration exchange_seldom = 15s;
constexpr Duration state_limit = 2s;  // of a question to etcd that only explains

// Until the head of an answer: the longest that the API lets anybody wait for.
constexpr Duration longest_wait = std::chrono::minutes(15);
constexpr std::string_view enroll_path = "/v1/cluster/enroll";

std::string without_port(const std::string& address) {
  auto parts = split_listen(address);
  return parts ? parts->first : address;
}

http::Peer peer_of(const link::Incoming& incoming) {
  http::Peer peer;
  peer.address = incoming.peer.address;
  peer.host = incoming.peer.host;
  if (peer.host.empty()) peer.network = without_port(peer.address);
  return peer;
}

Error unreachable(const Error& why, const Member& member) {
  if (why.code == Code::forbidden) {
    return {
        Code::unavailable,
        fmt::format("the cluster '{}' does not let this host in ({}): truce cluster leave makes "
                    "it a single host again",
                    member.cluster, why.message),
        {}};
  }
  return {Code::unavailable,
          fmt::format("the managers of the cluster '{}' are not reached: {}", member.cluster,
                      why.message),
          {}};
}

}  // namespace

Doors Daemon::doors() {
  Doors doors;
  doors.services[link::peer_service] = [this](link::Incoming incoming) {
    if (node_) node_->welcome(std::move(incoming.socket));
  };
  if (!manager_ && membership_->etcd() == nullptr) return doors;
  doors.admit = [this](const link::Peer& peer) {
    return follows() ? Result<void>{} : manager_->admit(peer.host, peer.fingerprint);
  };
  doors.offers = [this](const std::string& service) -> Result<void> {
    if (!follows() || service == link::peer_service) return {};
    return fail(Code::not_found, "the manager of this host does not lead");
  };
  doors.services[link::node_service] = [this](link::Incoming incoming) {
    manager_->serve_node(std::move(incoming.socket), incoming.peer.host);
  };
  doors.services[link::api_service] = [this](link::Incoming incoming) {
    auto peer = peer_of(incoming);
    server_->serve(std::move(incoming.socket), std::move(peer));
  };
  http::Limits limits;
  limits.body = kib(64);
  limits.connections = 64;
  limits.connections_per_address = 8;
  strangers_ = std::make_unique<http::Server>(
      loop_, limits, [this](http::Request request) { return let_in(std::move(request)); });
  doors.services[link::enroll_service] = [this](link::Incoming incoming) {
    auto peer = peer_of(incoming);
    peer.host.clear();
    strangers_->serve(std::move(incoming.socket), std::move(peer));
  };
  return doors;
}

// All that is answered to who has no certificate.
Async<http::Response> Daemon::let_in(http::Request request) {
  if (request.method == "POST" && request.path == enroll_path && !follows())
    co_return co_await manager_->handle(std::move(request));
  co_return http::problem(Error{Code::not_found, "here hosts join, and nothing else is done", {}});
}

// A host that its cluster does not let in any more cannot ask it to be let go.
Async<http::Response> Daemon::leave_alone() {
  auto cluster = membership_->member()->cluster;
  auto forgotten = co_await membership_->forget();
  if (!forgotten) co_return http::problem(forgotten.error());
  model::Task task{.name = "t-000000000000", .kind = "cluster.leave"};
  task.target = "cluster/" + cluster;
  task.state = model::TaskState::succeeded;
  task.progress = 1;
  task.created = now();
  task.ended = task.created;
  co_return http::json_response(202, model::to_json(task));
}

// A manager that has no leader may know why: nobody leads while etcd does not answer.
Async<Error> Daemon::explained(Error why) {
  auto* etcd = membership_->etcd();
  if (etcd == nullptr || why.code != Code::unavailable) co_return why;
  auto problem = state_problem_;
  if (etcd_store_) {
    auto seen = co_await within(state_limit, etcd_store_->get("leader/leader"), "etcd");
    problem = seen ? std::string() : seen.error().message;
  }
  if (problem.empty()) co_return why;
  const auto& member = *membership_->member();
  auto place = member.foreign ? fmt::format(" in etcd at {}", fmt::join(member.foreign->urls, ", "))
                              : std::string();
  why.message = fmt::format("the state of the cluster '{}'{} is not reached: {}", member.cluster,
                            place, problem);
  co_return why;
}

Async<http::Response> Daemon::pass_on(http::Request request) {
  auto group = admin_group(config_);
  auto& peer = request.peer;
  peer.administrator = manager::unix_administrator(peer, group ? *group : std::nullopt);
  if (peer.unix_user) peer.address = "unix@" + config_.name;
  bool leaves = request.method == "POST" && request.path == leave_path;
  bool by_root = !peer.administrator.empty();
  auto running = node_ ? node_->machines() : 0;
  if (leaves && running > 0) {
    co_return http::problem(
        Error{Code::precondition,
              fmt::format("there are {} machines on this host: move or delete them "
                          "first",
                          running),
              {}});
  }
  auto socket = co_await membership_->reach(link::api_service);
  if (!socket) {
    if (leaves && by_root && socket.error().code == Code::forbidden)
      co_return co_await leave_alone();
    co_return http::problem(
        co_await explained(unreachable(socket.error(), *membership_->member())));
  }
  auto answer = co_await within(longest_wait, http::forward(std::move(*socket), std::move(request)),
                                "manager");
  if (!answer) co_return http::problem(answer.error());
  if (leaves && answer->status == 202) {
    auto forgotten = co_await membership_->forget();
    if (!forgotten) co_return http::problem(forgotten.error());
  }
  co_return *std::move(answer);
}

Async<void> Daemon::note_own_certificate() {
  auto own = membership_->certificate();
  if (manager_ && own)
    co_await manager_->note_certificate(config_.name, own->fingerprint, own->ends);
}

Async<void> Daemon::keep_certificate() {
  co_await membership_->keep_certificate([this] { return note_own_certificate(); });
}

// Whether the authority is being replaced.
Async<Result<bool>> Daemon::exchange_authorities() {
  http::Request request;
  request.method = "POST";
  request.path = "/v1/cluster/authorities";
  request.headers["content-type"] = "application/json";
  request.body = model::to_text(co_await membership_->authority_report());
  request.peer.host = config_.name;
  http::Response answer;
  if (follows()) {
    CO_TRY(auto socket, co_await membership_->reach(link::api_service));
    CO_TRY(answer,
           co_await within(exchange_limit, http::forward(std::move(socket), std::move(request)),
                           "the manager"));
  } else {
    answer = co_await manager_->handle(std::move(request));
  }
  if (answer.status == 404) co_return false;  // a manager of an older release
  if (answer.status != 200) co_return std::unexpected(http::error_of(answer.status, answer.body));
  CO_TRY(auto orders,
         model::from_text<model::AuthorityOrders>(answer.body, model::Unknown::ignore));
  bool busy = orders.rotation.has_value();
  CO_TRY_VOID(
      co_await membership_->obey(std::move(orders), [this] { return note_own_certificate(); }));
  co_return busy;
}

Async<void> Daemon::keep_authorities() {
  std::string told;
  while (true) {
    bool in_cluster = membership_->member().has_value();
    auto busy = in_cluster ? co_await exchange_authorities() : Result<bool>(false);
    if (!busy && busy.error().code != Code::unavailable && busy.error().message != told)
      spdlog::warn("the cluster's authority: {}", busy.error().message);
    told = busy ? std::string() : busy.error().message;
    co_await sleep_for(busy && *busy ? exchange_again : exchange_seldom);
  }
}

// --- several managers -------------------------------------------------------------------------

// It is there as soon as a majority of the members is.
Async<Result<std::unique_ptr<etcd::EtcdStore>>> Daemon::open_etcd_store() {
  std::string told;
  while (true) {
    auto store = co_await membership_->etcd()->open_store();
    if (store) {
      auto copying = co_await store::copy_underway(**store);
      if (copying && *copying)
        co_return fail(Code::corrupt, "what is in etcd is a copy that has not ended");
      auto known = copying ? co_await manager::check_state(**store)
                           : Result<void>(std::unexpected(std::move(copying).error()));
      if (known) known = co_await manager::check_seat(**store, config_.name);
      if (known) co_return store;
      store = std::unexpected(std::move(known).error());
      if (store.error().code == Code::unsupported) co_return store;
    }
    auto why = store.error().message;
    state_problem_ = why;
    if (why != std::exchange(told, why))
      spdlog::warn("the cluster's state is not reached: {}", why);
    co_await sleep_for(1s);
  }
}

Async<void> Daemon::stand_for_leader() {
  auto store = co_await open_etcd_store();
  if (!store) {
    spdlog::critical("{}", store.error().message);
    co_return;
  }
  etcd_store_ = std::move(*store);
  state_problem_.clear();
  candidacy_ = std::make_unique<manager::Candidacy>(
      loop_, *etcd_store_, manager::Seat{config_.name, membership_->member()->address});
  scope_.spawn(candidacy_->run());
  while (true) {
    co_await candidacy_->changed();
    auto leader = candidacy_->leader();
    if (leader && leader->name != config_.name) {
      spdlog::info("the manager on {} leads", leader->name);
      membership_->prefer(leader);
    }
    if (candidacy_->role() == manager::Election::Role::leads && follows()) {
      // It may have been taken out meanwhile, and have heard nothing of it.
      auto seat = co_await manager::check_seat(*etcd_store_, config_.name);
      if (!seat) {
        spdlog::warn("this host does not lead: {}", seat.error().message);
        co_await candidacy_->resign();
        continue;
      }
      // Half a manager cannot be ended.
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      auto led = co_await lead();
      co_await asio::this_coro::reset_cancellation_state();
      if (scope_.cancelled()) co_return;
      if (led) continue;
      spdlog::error("this host cannot lead: {}", led.error().message);
      co_await candidacy_->resign();
    }
    if (candidacy_->role() != manager::Election::Role::over) continue;
    spdlog::warn("this host's manager leads no more");
    if (hands_over_) co_return;  // who asked for that goes on
    farewell_ = 0s;
    changed_.wake();
    co_return;
  }
}

Async<Result<void>> Daemon::lead() {
  spdlog::info("this host's manager leads, term {}", candidacy_->number());
  fenced_ = std::make_unique<manager::FencedStore>(*etcd_store_, candidacy_->term(),
                                                   [this] { candidacy_->depose(); });
  CO_TRY_VOID(co_await start_manager(*fenced_));
  manager_->show_counters(server_->counters());
  membership_->decide(true);
  auto own = membership_->certificate();
  if (own) co_await manager_->note_certificate(config_.name, own->fingerprint, own->ends);
  scope_.spawn(membership_->etcd()->look_after([this] {
    membership_->learn(manager_->seats());
    return membership_->member()->managers;
  }));
  co_return Result<void>{};
}

Async<void> Daemon::keep_managers() {
  while (true) {
    co_await (reconnected_.wait() || sleep_for(look_for_managers));
    if (!follows()) {
      membership_->learn(manager_->seats());
      continue;
    }
    auto seats = co_await membership_->ask_for_managers();
    if (seats) membership_->learn(std::move(*seats));
  }
}

Async<Result<UnixSocket>> Daemon::connect_node() {
  if (!follows()) co_return co_await connect_unix(config_.run_dir + "/node.sock");
  auto socket = co_await membership_->reach(link::node_service);
  if (socket) reconnected_.wake();
  co_return socket;
}

// It lets another one lead, and asks that to be let go.
Async<http::Response> Daemon::leave_as_leader(http::Request request) {
  auto others = manager_->seats().size();
  if (others <= 1) co_return co_await manager_->handle(std::move(request));
  auto allowed = request;
  allowed.method = "GET";
  allowed.path = "/v1/cluster";
  allowed.body.clear();
  // Who may not look may not leave either; the next leader looks at the rest.
  if (auto seen = co_await manager_->handle(std::move(allowed)); seen.status != 200) co_return seen;
  if (manager::unix_administrator(request.peer, admin_group(config_).value_or(std::nullopt))
          .empty()) {
    co_return http::problem(Error{
        Code::forbidden, "this host leads its cluster: truce cluster leave as root on it", {}});
  }
  if (node_ && node_->machines() > 0) co_return co_await pass_on(std::move(request));
  spdlog::info("this host leaves the cluster and lets another manager lead");
  hands_over_ = true;
  membership_->decide(false);
  co_await candidacy_->resign();
  auto end = std::chrono::steady_clock::now() + hand_over_limit;
  while (std::chrono::steady_clock::now() < end) {
    if (co_await membership_->reach(link::api_service)) break;
    co_await sleep_for(200ms);
  }
  // Its answer may be lost; the next one says then that this host is let go already.
  auto answer = co_await pass_on(request);
  while (answer.status >= 500 && std::chrono::steady_clock::now() < end) {
    co_await sleep_for(200ms);
    answer = co_await pass_on(request);
  }
  changed_.wake();
  co_return answer;
}

}  // namespace truce
