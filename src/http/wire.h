// One connection's bytes: TLS over TCP, or a unix socket. What is above it exists once.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <optional>
#include <string>

#include "base/async.h"
#include "tls.h"

namespace truce::http {

using UnixSocket = asio::local::stream_protocol::socket;
using TcpSocket = asio::ip::tcp::socket;
using boost::system::error_code;

/// An asynchronous stream (Asio's AsyncReadStream and AsyncWriteStream). One read and one write may
/// be under way at once.
class Wire {
 public:
  using executor_type = asio::any_io_executor;

  explicit Wire(UnixSocket socket) : unix_(std::move(socket)) {}
  Wire(TcpSocket socket, TlsContext context)
      : context_(std::move(context)), tls_(std::in_place, std::move(socket), *context_) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  executor_type get_executor() { return tls_ ? tls_->get_executor() : unix_->get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return unix_->async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return unix_->async_write_some(buffers, std::forward<Token>(token));
  }

  /// Null on a unix socket.
  SSL* tls() { return tls_ ? tls_->native_handle() : nullptr; }

  /// The TLS handshake; nothing to do on a unix socket.
  Async<error_code> handshake(asio::ssl::stream_base::handshake_type side);

  /// Says that nothing more will be sent, then reads and drops at most `bytes` until the peer has
  /// closed too: a plain close() with unread input would reset the connection, and the peer could
  /// lose the last answer. The caller bounds the time.
  Async<void> finish(std::size_t bytes);

  /// Ends the present waits with operation_aborted.
  void cancel();
  void close();

  /// Whether the peer has closed a connection on which nothing is owed, or sent what nobody asked
  /// for. Does not block, reads nothing.
  [[nodiscard]] bool is_stale();

  /// SO_PEERCRED's uid; none on TLS.
  std::optional<unsigned> unix_user();
  /// Its group and its supplementary groups; none on TLS.
  std::vector<unsigned> unix_groups();

  // What Beast's WebSocket asks of a stream, found by name.
  friend void beast_close_socket(Wire& wire) { wire.close(); }
  template <class Handler>
  friend void async_teardown(boost::beast::role_type /*role*/, Wire& wire, Handler&& handler) {
    // The WebSocket's own closing handshake is done; the session or client finishes the wire.
    asio::post(wire.get_executor(),
               [h = std::forward<Handler>(handler)]() mutable { std::move(h)(error_code()); });
  }
  friend void teardown(boost::beast::role_type /*role*/, Wire& /*wire*/, error_code& ec) {
    ec = {};
  }

 private:
  int descriptor();

  TlsContext context_;
  std::optional<asio::ssl::stream<TcpSocket>> tls_;
  std::optional<UnixSocket> unix_;
};

}  // namespace truce::http
