#include "link/listener.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>

#include "address.h"
#include "base/log.h"
#include "hello.h"
#include "relays_inner.h"

namespace truce::link {

using asio::ip::tcp;

struct Listener::Inner : std::enable_shared_from_this<Inner> {
  Inner(asio::any_io_executor l, std::shared_ptr<Relays::Inner> r,
        std::shared_ptr<const Identity> i, Settings s, std::map<std::string, Service> sv)
      : loop(std::move(l)),
        relays(std::move(r)),
        identity(std::move(i)),
        settings(std::move(s)),
        services(std::move(sv)),
        strand(asio::make_strand(relays->context)),
        acceptor(strand),
        pause(strand) {}

  Result<void> listen();
  static Async<void> accept(std::shared_ptr<Inner> self);
  static Async<void> serve(std::shared_ptr<Inner> self, std::shared_ptr<Connection> connection,
                           tcp::socket socket, asio::ip::address from);
  bool begin(const asio::ip::address& from);
  void end(const asio::ip::address& from);
  void refuse(const std::string& from, const Error& error);
  void decide(std::uint64_t id, const Peer& peer, const std::string& service);
  Result<Service> choose(std::uint64_t id, const Peer& peer, const std::string& service);

  const asio::any_io_executor loop;
  const std::shared_ptr<Relays::Inner> relays;
  const std::shared_ptr<const Identity> identity;
  const Settings settings;
  const std::map<std::string, Service> services;
  const Strand strand;
  tcp::acceptor acceptor;  ///< on the strand
  asio::steady_timer pause;
  std::uint16_t port = 0;
  std::uint64_t closer = 0;
  bool closed = false;  ///< on the loop
  std::atomic<std::size_t> refused = 0;
  std::mutex mutex;                                     ///< of what follows
  std::map<asio::ip::address, std::size_t> handshakes;  ///< by where they come from
  std::size_t all_handshakes = 0;
  std::chrono::steady_clock::time_point last_told;
};

Result<void> Listener::Inner::listen() {
  TRY(auto endpoint, parse_endpoint(settings.address));
  boost::system::error_code ec;
  auto failed = [&](const char* what) {
    return fail(Code::unavailable, "{} {}: {}", what, settings.address, ec.message());
  };
  if (acceptor.open(endpoint.protocol(), ec); ec) return failed("open");
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), ec); ec) return failed("open");
  if (acceptor.bind(endpoint, ec); ec) return failed("listen on");
  if (acceptor.listen(asio::socket_base::max_listen_connections, ec); ec)
    return failed("listen on");
  port = acceptor.local_endpoint(ec).port();
  if (ec) return failed("listen on");
  return {};
}

bool Listener::Inner::begin(const asio::ip::address& from) {
  std::lock_guard lock(mutex);
  auto& of_address = handshakes[from];
  if (all_handshakes >= settings.handshakes || of_address >= settings.handshakes_of_address) {
    if (of_address == 0) handshakes.erase(from);
    return false;
  }
  ++of_address;
  ++all_handshakes;
  return true;
}

void Listener::Inner::end(const asio::ip::address& from) {
  std::lock_guard lock(mutex);
  --all_handshakes;
  if (--handshakes[from] == 0) handshakes.erase(from);
}

/// Counted, and told to the log now and then: strangers do not fill it.
void Listener::Inner::refuse(const std::string& from, const Error& error) {
  ++refused;
  auto at = std::chrono::steady_clock::now();
  {
    std::lock_guard lock(mutex);
    if (last_told + 10s > at && last_told.time_since_epoch().count() != 0) return;
    last_told = at;
  }
  spdlog::warn("link: {}: sent away ({} so far): {}", from, refused.load(), error.message);
}

Async<void> Listener::Inner::accept(std::shared_ptr<Inner> self) {
  while (self->acceptor.is_open()) {
    auto own = asio::make_strand(self->relays->context);
    auto [ec, socket] = co_await self->acceptor.async_accept(asio::any_io_executor(own), as_result);
    if (ec) {
      if (!self->acceptor.is_open()) co_return;
      // Out of descriptors, most likely.
      self->pause.expires_after(100ms);
      co_await self->pause.async_wait(as_result);
      continue;
    }
    boost::system::error_code gone;
    auto from = socket.remote_endpoint(gone).address();
    if (gone) continue;
    if (!self->begin(from)) {
      self->refuse(from.to_string(), {Code::limit, "too many handshakes at once", {}});
      continue;
    }
    auto connection = self->relays->add(own);
    if (!connection) co_return self->end(from);
    asio::co_spawn(own, serve(self, connection, std::move(socket), from), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
}

Async<void> Listener::Inner::serve(std::shared_ptr<Inner> self,
                                   std::shared_ptr<Connection> connection, tcp::socket socket,
                                   asio::ip::address from) {
  connection->take(std::move(socket));
  connection->limit(self->settings.handshake);
  auto side =
      self->services.contains(self->settings.open_service) ? Side::open_listener : Side::listener;
  auto peer = co_await connection->handshake(self->identity, side);
  Result<std::string> service = fail(Code::internal, "not asked");
  if (peer) service = co_await connection->read_text();
  self->end(from);
  if (peer && service) {
    asio::post(self->loop, [self, id = connection->id(), peer = *peer, name = *service] {
      self->decide(id, peer, name);
    });
    co_return;
  }
  auto error = peer ? service.error() : peer.error();
  if (connection->too_late()) error = {Code::timeout, "it was too slow", {}};
  self->refuse(peer ? peer->address : from.to_string(), error);
  connection->part();
}

Result<Service> Listener::Inner::choose(std::uint64_t id, const Peer& peer,
                                        const std::string& service) {
  if (closed) return fail(Code::unavailable, "this host is about to stop");
  bool known = !peer.host.empty();
  if (!known && service != settings.open_service)
    return fail(Code::forbidden, "no certificate was shown");
  if (settings.admit && known) TRY_VOID(settings.admit(peer));
  auto found = services.find(service);
  if (found == services.end()) return fail(Code::not_found, "this host has no such service");
  if (settings.offers) TRY_VOID(settings.offers(service));
  if (!relays->establish(id, known ? peer.host : "?")) {
    return fail(Code::limit, "this host has too many connections");
  }
  return found->second;
}

void Listener::Inner::decide(std::uint64_t id, const Peer& peer, const std::string& name) {
  auto service = choose(id, peer, name);
  std::array<int, 2> ends{-1, -1};
  if (service && ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    service = fail_errno(errno, "socketpair");
  }
  if (!service) {
    refuse(peer.host.empty() ? peer.address : peer.host, service.error());
    relays->post(id, [error = service.error()](Connection& connection) {
      connection.answer(std::unexpected(error), Fd());
    });
    return;
  }
  auto theirs = std::make_shared<Fd>(ends[0]);
  relays->post(id, [theirs](Connection& c) { c.answer({}, std::move(*theirs)); });
  (*service)({peer, UnixSocket(loop, asio::local::stream_protocol(), ends[1])});
}

Listener::Listener(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
Listener::~Listener() {
  inner_->closed = true;
  inner_->relays->remove_closer(inner_->closer);
}

Result<std::unique_ptr<Listener>> Listener::open(asio::any_io_executor loop, Relays& relays,
                                                 std::shared_ptr<const Identity> identity,
                                                 Settings settings,
                                                 std::map<std::string, Service> services) {
  for (const auto& [name, service] : services) {
    TRUCE_ASSERT(is_service_name(name), "a service has a proper name");
  }
  auto inner = std::make_shared<Inner>(std::move(loop), relays.inner(), std::move(identity),
                                       std::move(settings), std::move(services));
  TRY_VOID(inner->listen());
  inner->closer = relays.inner()->add_closer(inner->strand, [inner] {
    boost::system::error_code ignored;
    inner->acceptor.close(ignored);
    inner->pause.cancel();
  });
  if (inner->closer == 0) return fail(Code::cancelled, "the connections have been stopped");
  asio::co_spawn(inner->strand, Inner::accept(inner), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  return std::unique_ptr<Listener>(new Listener(std::move(inner)));
}

std::uint16_t Listener::port() const {
  return inner_->port;
}
std::size_t Listener::refused() const {
  return inner_->refused;
}

}  // namespace truce::link
