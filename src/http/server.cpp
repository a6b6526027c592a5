#include "http/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "session.h"

namespace truce::http {

namespace {

using asio::ip::tcp;
using UnixAcceptor = asio::local::stream_protocol::acceptor;

// So many connections beyond a limit are let in to be told why they are refused; the rest is
// closed.
constexpr std::size_t most_refusing = 64;

// What limits count by: an IPv4 address, or the /64 of an IPv6 one, which is one customer's
// network.
std::string limit_key(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  if (!v6.is_loopback()) std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::address_v6(bytes).to_string();
}

std::string text_of(const tcp::endpoint& endpoint) {
  bool is_v6 = endpoint.address().is_v6();
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", endpoint.address().to_string(),
                     is_v6 ? "]" : "", endpoint.port());
}

std::unexpected<Error> fail_listen(const error_code& ec, const std::string& where) {
  auto code = ec == asio::error::address_in_use ? Code::conflict : Code::io;
  return fail(code, "listen on {}: {}", where, ec.message());
}

// What a cancelled handler throws ends the connection, never the program.
Async<void> run_session(std::unique_ptr<Session> session) {
  try {
    co_await session->run();
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) spdlog::error("session: {}", error.what());
  } catch (const std::exception& error) {
    spdlog::error("session: {}", error.what());
  }
}

// Whether some process accepts connections on the socket file.
Result<bool> is_live(const std::filesystem::path& path) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd.get(), generic, sizeof address) == 0 || errno == EAGAIN) return true;
  if (errno == ECONNREFUSED || errno == ENOENT) return false;
  return fail_errno(errno, "connect to " + path.string());
}

// Makes way for a new socket file: removes one that a dead server has left.
Result<void> remove_stale(const std::filesystem::path& path) {
  std::error_code ec;
  auto status = std::filesystem::symlink_status(path, ec);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  if (ec) return fail_errno(ec.value(), "look at " + path.string());
  if (status.type() != std::filesystem::file_type::socket) {
    return fail(Code::conflict, "{} exists and is not a socket: remove it or choose another path",
                path.string());
  }
  TRY(bool live, is_live(path));
  if (live) return fail(Code::conflict, "another server is running on {}", path.string());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno(errno, "remove " + path.string());
  }
  return {};
}

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

FileId id_of(const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace

struct Server::State {
  State(asio::any_io_executor l, Limits limits, Handler handler)
      : loop(l), shared(limits, std::move(handler)), scope(l) {}

  struct TlsListener {
    tcp::acceptor acceptor;
    TlsContext context;
  };
  struct UnixListener {
    UnixAcceptor acceptor;
    std::filesystem::path path;
    FileId file;
  };

  Async<void> accept_tls(TlsListener& listener);
  Async<void> accept_unix(UnixListener& listener);
  Async<bool> accept_failed(error_code ec);
  Async<void> sweep();
  std::optional<Session::Admission> admit(std::string address, std::string text);
  void watch_deadlines();
  void close_listeners();

  asio::any_io_executor loop;
  Shared shared;
  Scope scope;
  std::list<TlsListener> tls_listeners;
  std::list<UnixListener> unix_listeners;
  bool sweeping = false;
};

// Lets a connection in, lets it in to be refused, or does not (nullopt).
std::optional<Session::Admission> Server::State::admit(std::string address, std::string text) {
  Session::Admission admission;
  admission.peer.address = std::move(text);
  const auto& limits = shared.limits;
  auto count = shared.per_address.find(address);
  if (shared.counters.connections >= limits.connections) {
    admission.refusal =
        Refusal{503,
                {Code::unavailable,
                 fmt::format("all {} connections are in use: try again", limits.connections),
                 {}}};
  } else if (count != shared.per_address.end() && count->second >= limits.connections_per_address) {
    admission.refusal = Refusal{
        429,
        {Code::limit,
         fmt::format("{} has {} connections open already", address, limits.connections_per_address),
         {}}};
  }
  admission.peer.network = address;
  admission.address = std::move(address);
  if (!admission.refusal || shared.refusing < most_refusing) return admission;
  ++shared.counters.refused;
  return std::nullopt;
}

// After a failed accept: whether to go on.
Async<bool> Server::State::accept_failed(error_code ec) {
  if (shared.stopping || ec == asio::error::operation_aborted) co_return false;
  if (ec == asio::error::connection_aborted) co_return true;
  spdlog::warn("accept a connection: {}", ec.message());
  co_await sleep_for(100ms);  // out of descriptors, most likely: others must end first
  co_return true;
}

Async<void> Server::State::accept_tls(TlsListener& listener) {
  while (true) {
    auto [ec, socket] = co_await listener.acceptor.async_accept(as_result);
    if (ec) {
      if (!co_await accept_failed(ec)) co_return;
      continue;
    }
    error_code gone;
    auto endpoint = socket.remote_endpoint(gone);
    if (gone) continue;
    auto admission = admit(limit_key(endpoint.address()), text_of(endpoint));
    if (!admission) continue;
    error_code ignored;  // neither option is needed for correctness
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    scope.spawn(run_session(std::make_unique<Session>(shared, std::move(*admission),
                                                      std::move(socket), listener.context)));
  }
}

Async<void> Server::State::accept_unix(UnixListener& listener) {
  while (true) {
    auto [ec, socket] = co_await listener.acceptor.async_accept(as_result);
    if (ec) {
      if (!co_await accept_failed(ec)) co_return;
      continue;
    }
    auto admission = admit({}, "unix");
    if (!admission) continue;
    scope.spawn(
        run_session(std::make_unique<Session>(shared, std::move(*admission), std::move(socket))));
  }
}

// One timer for all deadlines: a request then costs no timer of its own.
Async<void> Server::State::sweep() {
  auto shortest = std::min(shared.limits.idle, shared.limits.request);
  auto pause = std::clamp<Duration>(shortest / 8, 5ms, 500ms);
  while (!shared.stopping) {
    co_await sleep_for(pause);
    auto now = std::chrono::steady_clock::now();
    for (auto* session : shared.sessions) session->check_deadline(now);
  }
}

void Server::State::watch_deadlines() {
  if (!std::exchange(sweeping, true)) scope.spawn(sweep());
}

void Server::State::close_listeners() {
  error_code ignored;  // a listener that is closed already
  for (auto& listener : tls_listeners) listener.acceptor.close(ignored);
  for (auto& listener : unix_listeners) {
    if (!listener.acceptor.is_open()) continue;
    listener.acceptor.close(ignored);
    // Only our own file: another server may have taken the path meanwhile.
    if (id_of(listener.path) == listener.file) ::unlink(listener.path.c_str());
  }
}

Server::Server(asio::any_io_executor loop, Limits limits, Handler handler)
    : state_(std::make_unique<State>(std::move(loop), limits, std::move(handler))) {}

Server::~Server() {
  state_->close_listeners();
}

Result<void> Server::listen_unix(const std::filesystem::path& path, unsigned mode) {
  constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty() || path.native().size() > longest_path) {
    return fail(Code::invalid, "{}: a socket's path has 1 to {} bytes", path.string(),
                longest_path);
  }
  TRY_VOID(remove_stale(path));
  UnixAcceptor acceptor(state_->loop);
  error_code ec;
  acceptor.open(asio::local::stream_protocol(), ec);
  if (!ec) acceptor.bind(path.string(), ec);
  if (ec) return fail_listen(ec, path.string());
  // Before listen(2) every connect is refused, so nobody slips in under the mode that bind() gave.
  if (::chmod(path.c_str(), mode) != 0) return fail_errno(errno, "chmod " + path.string());
  acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return fail_listen(ec, path.string());
  state_->unix_listeners.push_back({std::move(acceptor), path, id_of(path)});
  state_->scope.spawn(state_->accept_unix(state_->unix_listeners.back()));
  state_->watch_deadlines();
  return {};
}

Result<std::uint16_t> Server::listen_tls(const std::string& address, std::uint16_t port,
                                         const Tls& tls) {
  auto where = fmt::format("{} port {}", address, port);
  TRY(auto context, server_context(tls));
  error_code ec;
  auto parsed = asio::ip::make_address(address, ec);
  if (ec) return fail(Code::invalid, "listen on {}: '{}' is not an address", where, address);
  tcp::endpoint endpoint(parsed, port);
  tcp::acceptor acceptor(state_->loop);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return fail_listen(ec, where);
  auto bound = acceptor.local_endpoint(ec);
  if (ec) return fail_listen(ec, where);
  state_->tls_listeners.push_back({std::move(acceptor), std::move(context)});
  state_->scope.spawn(state_->accept_tls(state_->tls_listeners.back()));
  state_->watch_deadlines();
  return bound.port();
}

void Server::serve(UnixSocket socket, Peer peer) {
  auto& s = *state_;
  auto admission = s.admit(peer.network, peer.address);
  if (!admission) return;
  admission->peer = std::move(peer);
  admission->known = true;
  s.scope.spawn(
      run_session(std::make_unique<Session>(s.shared, std::move(*admission), std::move(socket))));
  s.watch_deadlines();
}

Async<void> Server::finish(Duration limit) {
  constexpr auto pause = 10ms;
  auto& s = *state_;
  s.shared.stopping = true;
  s.close_listeners();
  for (auto waited = Duration(0); waited < limit; waited += pause) {
    if (s.shared.answering <= s.shared.counters.streams) break;
    co_await sleep_for(pause);
  }
  co_await stop();
}

const Counters& Server::counters() const {
  return state_->shared.counters;
}

Async<void> Server::stop() {
  auto& s = *state_;
  s.shared.stopping = true;
  s.close_listeners();
  s.scope.cancel();
  for (auto* session : s.shared.sessions) session->close();
  co_await s.scope.join();
}

}  // namespace truce::http
