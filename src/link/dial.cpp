#include "link/dial.h"

#include <sys/socket.h>

#include <array>

#include "address.h"
#include "hello.h"
#include "relays_inner.h"

namespace truce::link {

namespace {

using asio::ip::tcp;
using Shared = std::shared_ptr<Connection>;

/// A dial as its caller's loop sees it.
struct Dialing {
  explicit Dialing(const asio::any_io_executor& loop)
      : done(loop, asio::steady_timer::time_point::max()) {}
  asio::steady_timer done;
  std::optional<Result<Peer>> result;
  Fd socket;
};

Async<Result<std::vector<tcp::endpoint>>> find(std::string address) {
  CO_TRY(auto parts, split_address(address));
  if (auto endpoint = parse_endpoint(address)) co_return std::vector{*endpoint};
  tcp::resolver resolver(co_await asio::this_coro::executor);
  auto [ec, found] =
      co_await resolver.async_resolve(parts.first, std::to_string(parts.second), as_result);
  if (ec) co_return fail(Code::unavailable, "{}: {}", parts.first, ec.message());
  std::vector<tcp::endpoint> all;
  for (const auto& entry : found) all.push_back(entry.endpoint());
  co_return all;
}

Async<Result<void>> connect(Shared connection, std::string address) {
  CO_TRY(auto endpoints, co_await find(std::move(address)));
  boost::system::error_code ec;
  for (const auto& endpoint : endpoints) {
    if (connection->closed()) break;
    boost::system::error_code ignored;
    connection->socket().close(ignored);
    std::tie(ec) = co_await connection->socket().async_connect(endpoint, as_result);
    if (!ec) co_return Result<void>{};
  }
  co_return fail(Code::unavailable, "{}", ec.message());
}

/// All until the other side has agreed.
Async<Result<Peer>> agree(Shared connection, std::shared_ptr<const Identity> identity,
                          Target target) {
  CO_TRY_VOID(co_await connect(connection, target.address));
  if (connection->closed()) co_return fail(Code::unavailable, "the connection was closed");
  CO_TRY(auto peer, co_await connection->handshake(std::move(identity), Side::dialler));
  if (peer.host != target.host) {
    co_return fail(Code::forbidden, "'{}' answers there, not '{}'", peer.host, target.host);
  }
  if (!connection->relays().establish(connection->id(), peer.host)) {
    co_return fail(Code::limit, "this host has too many connections");
  }
  CO_TRY_VOID(co_await connection->write_text(hello_of(target.service)));
  CO_TRY(auto answer, co_await connection->read_text());
  CO_TRY_VOID(parse_answer(answer));
  co_return peer;
}

Result<std::pair<Fd, Fd>> socket_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno(errno, "socketpair");
  }
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

/// On the connection's strand; its end goes to the caller's loop.
Async<void> run(Shared connection, std::shared_ptr<const Identity> identity, Target target,
                asio::any_io_executor loop, std::shared_ptr<Dialing> dialing) {
  connection->limit(target.limit);
  auto result = co_await agree(connection, std::move(identity), target);
  if (!result && connection->too_late()) {
    result = fail(Code::timeout, "no answer within {:g} s",
                  static_cast<double>(target.limit.count()) / 1000);
  } else if (!result && connection->closed()) {
    result = fail(Code::cancelled, "the connections have been stopped");
  }
  Fd socket;
  if (result) {
    if (auto pair = socket_pair()) {
      socket = std::move(pair->first);
      connection->begin(std::move(pair->second));
    } else {
      result = std::unexpected(pair.error());
    }
  }
  if (!result) connection->close();
  asio::post(loop, [dialing = std::move(dialing), result = std::move(result),
                    socket = std::move(socket)]() mutable {
    dialing->result = std::move(result);
    dialing->socket = std::move(socket);
    dialing->done.cancel();
  });
}

}  // namespace

Async<Result<UnixSocket>> dial(Relays& relays, std::shared_ptr<const Identity> identity,
                               Target target) {
  auto loop = co_await asio::this_coro::executor;
  auto inner = relays.inner();
  auto connection = inner->add(asio::make_strand(inner->context));
  if (!connection) co_return fail(Code::cancelled, "the connections have been stopped");
  auto what = fmt::format("connect to {} at {}", target.host, target.address);
  auto admit = target.admit;
  auto id = connection->id();
  auto dialing = std::make_shared<Dialing>(loop);
  auto strand = connection->strand();
  asio::co_spawn(strand,
                 run(std::move(connection), std::move(identity), std::move(target), loop, dialing),
                 [](std::exception_ptr e) {
                   if (e) std::rethrow_exception(e);
                 });
  co_await dialing->done.async_wait(as_result);
  if (!dialing->result) {
    inner->post(id, [](Connection& c) { c.close(); });
    co_return fail(Code::cancelled, "{}: cancelled", what);
  }
  auto& result = *dialing->result;
  if (!result) co_return std::unexpected(std::move(result).error().within(what));
  if (admit) {
    if (auto welcome = admit(*result); !welcome) {
      co_return std::unexpected(std::move(welcome).error().within(what));
    }
  }
  co_return UnixSocket(loop, asio::local::stream_protocol(), dialing->socket.release());
}

}  // namespace truce::link
