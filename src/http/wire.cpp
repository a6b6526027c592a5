#include "wire.h"

#include <sys/socket.h>

#include <array>

namespace truce::http {

int Wire::descriptor() {
  return tls_ ? tls_->next_layer().native_handle() : unix_->native_handle();
}

Async<error_code> Wire::handshake(asio::ssl::stream_base::handshake_type side) {
  if (!tls_) co_return error_code();
  auto [ec] = co_await tls_->async_handshake(side, as_result);
  co_return ec;
}

Async<void> Wire::finish(std::size_t bytes) {
  error_code ignored;  // the peer may be gone already: then there is nothing to finish
  if (tls_) co_await tls_->async_shutdown(as_result);
  if (tls_) tls_->next_layer().shutdown(TcpSocket::shutdown_send, ignored);
  if (unix_) unix_->shutdown(UnixSocket::shutdown_send, ignored);
  std::vector<char> dropped(16 * 1024);
  for (std::size_t seen = 0; seen < bytes;) {
    auto buffer = asio::buffer(dropped);
    auto [ec, n] = tls_ ? co_await tls_->next_layer().async_read_some(buffer, as_result)
                        : co_await unix_->async_read_some(buffer, as_result);
    if (ec) co_return;
    seen += n;
  }
}

void Wire::cancel() {
  error_code ignored;  // a closed socket has nothing to cancel
  if (tls_) tls_->next_layer().cancel(ignored);
  if (unix_) unix_->cancel(ignored);
}

void Wire::close() {
  error_code ignored;  // the descriptor is released whatever close(2) says
  if (tls_) tls_->next_layer().close(ignored);
  if (unix_) unix_->close(ignored);
}

bool Wire::is_stale() {
  char byte = 0;
  auto got = ::recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // With TLS what waits here is the peer's close_notify; session tickets came before the first
  // answer.
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

std::optional<unsigned> Wire::unix_user() {
  if (!unix_) return std::nullopt;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(descriptor(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return credentials.uid;
}

std::vector<unsigned> Wire::unix_groups() {
  if (!unix_) return {};
  std::vector<unsigned> groups;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(descriptor(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
    groups.push_back(credentials.gid);
  std::array<gid_t, 1024> others{};  // more would be ERANGE: then they do not count
  size = sizeof others;
  if (::getsockopt(descriptor(), SOL_SOCKET, SO_PEERGROUPS, others.data(), &size) == 0)
    groups.insert(groups.end(), others.begin(), others.begin() + size / sizeof(gid_t));
  return groups;
}

}  // namespace truce::http
