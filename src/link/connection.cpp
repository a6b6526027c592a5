#include "connection.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"
#include "identity_inner.h"
#include "relays_inner.h"

namespace truce::link {

namespace {

using asio::ip::tcp;

std::string text_of(const tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(),
                     endpoint.port());
}

template <int level, int name>
void set_option(tcp::socket& socket, int value) {
  boost::system::error_code ignored;  // they only make it notice sooner that the other is gone
  socket.set_option(asio::detail::socket_option::integer<level, name>(value), ignored);
}

constexpr Duration stranger_life = 60s;

bool speaks_our_protocol(SSL* tls) {
  const unsigned char* spoken = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls, &spoken, &size);
  return size > 0;
}

Result<Peer> peer_of(SSL* tls, const tcp::endpoint& from, Side side) {
  auto* certificate = SSL_get0_peer_certificate(tls);
  if (!speaks_our_protocol(tls)) return fail(Code::forbidden, "it does not speak our protocol");
  if (side == Side::open_listener && certificate == nullptr) return Peer{.address = text_of(from)};
  if (certificate == nullptr || SSL_get_verify_result(tls) != X509_V_OK) {
    return fail(Code::forbidden, "no certificate that is believed");
  }
  auto said = describe(certificate);
  if (said.host.empty()) return fail(Code::forbidden, "'{}' is no host's certificate", said.name);
  return Peer{said.host, said.serial, said.fingerprint, text_of(from)};
}

}  // namespace

Connection::Connection(Relays::Inner& relays, std::uint64_t id, Strand strand)
    : relays_(relays),
      id_(id),
      strand_(strand),
      socket_(strand),
      local_(strand),
      limit_(strand),
      watch_(strand) {}

void Connection::take(tcp::socket socket) {
  if (!closed_) socket_ = std::move(socket);
}

void Connection::limit(Duration duration) {
  limit_.expires_after(duration);
  limit_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (ec || self->closed_) return;
    self->too_late_ = true;
    self->close();
  });
}

void Connection::set_options() {
  auto interval = static_cast<int>(
      std::max(1L, std::chrono::ceil<std::chrono::seconds>(relays_.settings.keep_alive).count()));
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  set_option<IPPROTO_TCP, TCP_KEEPIDLE>(socket_, interval);
  set_option<IPPROTO_TCP, TCP_KEEPINTVL>(socket_, interval);
  set_option<IPPROTO_TCP, TCP_KEEPCNT>(socket_, 3);
  set_option<IPPROTO_TCP, TCP_USER_TIMEOUT>(socket_, 4'000 * interval);
}

Async<Result<Peer>> Connection::handshake(std::shared_ptr<const Identity> identity, Side side) {
  set_options();
  boost::system::error_code ec;
  socket_.native_non_blocking(true, ec);
  auto from = socket_.remote_endpoint(ec);
  if (ec) co_return fail(Code::unavailable, "the connection broke: {}", ec.message());
  tls_.reset(SSL_new(identity->inner().context().get()));
  auto* bio = BIO_new_socket(socket_.native_handle(), BIO_NOCLOSE);
  if (!tls_ || bio == nullptr) co_return fail(Code::internal, "TLS: {}", tls_errors());
  SSL_set_bio(tls_.get(), bio, bio);
  if (side == Side::dialler) {
    SSL_set_connect_state(tls_.get());
  } else {
    SSL_set_accept_state(tls_.get());
  }
  if (side == Side::open_listener) SSL_set_verify(tls_.get(), SSL_VERIFY_PEER, nullptr);
  while (true) {
    ERR_clear_error();
    int returned = SSL_do_handshake(tls_.get());
    if (returned == 1) break;
    CO_TRY_VOID(co_await ready(returned));
  }
  CO_TRY(auto peer, peer_of(tls_.get(), from, side));
  ends_ = peer.host.empty() ? now() + stranger_life
                            : describe(SSL_get0_peer_certificate(tls_.get())).ends;
  co_return peer;
}

/// Waits for what the last call, which returned `returned`, needs to go on. OpenSSL's errors are
/// the thread's: they are asked for before anything waits.
Async<Result<void>> Connection::ready(int returned) {
  boost::system::error_code ec;
  switch (SSL_get_error(tls_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      std::tie(ec) = co_await socket_.async_wait(tcp::socket::wait_read, as_result);
      break;
    case SSL_ERROR_WANT_WRITE:
      std::tie(ec) = co_await socket_.async_wait(tcp::socket::wait_write, as_result);
      break;
    default:
      co_return std::unexpected(reason(returned));
  }
  if (too_late_) co_return fail(Code::timeout, "too slow");
  if (closed_ || ec) co_return fail(Code::unavailable, "the connection was closed");
  co_return Result<void>{};
}

Error Connection::reason(int returned) {
  int number = errno;
  auto kind = SSL_get_error(tls_.get(), returned);
  auto verified = SSL_get_verify_result(tls_.get());
  auto error = ERR_peek_last_error();
  auto text = tls_errors();
  if (kind == SSL_ERROR_SYSCALL) {
    return {Code::unavailable,
            fmt::format("the connection broke: {}", number ? ::strerror(number) : "end"),
            {}};
  }
  if (kind == SSL_ERROR_ZERO_RETURN ||
      ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return {Code::unavailable, "the connection broke: end", {}};
  }
  if (verified != X509_V_OK) {
    return {
        Code::forbidden,
        fmt::format("its certificate is not believed: {}", X509_verify_cert_error_string(verified)),
        {}};
  }
  if (ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET) {
    return {Code::forbidden, fmt::format("it refuses us: {}", text), {}};
  }
  return {Code::forbidden, text, {}};
}

Async<Result<std::size_t>> Connection::read_some(std::span<char> into) {
  std::size_t have = 0;
  while (have < into.size()) {
    if (closed_) co_return fail(Code::unavailable, "the connection was closed");
    ERR_clear_error();
    std::size_t got = 0;
    int returned = SSL_read_ex(tls_.get(), into.data() + have, into.size() - have, &got);
    have += got;
    if (returned == 1) continue;
    if (have > 0) break;  // what ends the connection comes again
    if (SSL_get_error(tls_.get(), returned) == SSL_ERROR_ZERO_RETURN) break;
    CO_TRY_VOID(co_await ready(returned));
  }
  co_return have;
}

Async<Result<void>> Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (closed_) co_return fail(Code::unavailable, "the connection was closed");
    ERR_clear_error();
    std::size_t done = 0;
    int returned = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &done);
    if (returned != 1) CO_TRY_VOID(co_await ready(returned));
    bytes.remove_prefix(done);
    sent_ += done;
  }
  // Keys are not changed under way: with OpenSSL 3.0, both sides writing, connections broke of
  // that.
  if (sent_ < relays_.settings.key_life.count) co_return Result<void>{};
  co_return fail(Code::limit, "one connection carries no more than {}",
                 to_string(relays_.settings.key_life));
}

Async<Result<std::string>> Connection::read_text() {
  std::string text;
  unsigned char length = 0;
  CO_TRY(auto got, co_await read_some({reinterpret_cast<char*>(&length), 1}));
  if (got == 0) co_return fail(Code::unavailable, "the connection broke: end");
  text.resize(length);
  for (std::size_t have = 0; have < text.size();) {
    CO_TRY(auto more, co_await read_some(std::span(text).subspan(have)));
    if (more == 0) co_return fail(Code::unavailable, "the connection broke: end");
    have += more;
  }
  co_return text;
}

Async<Result<void>> Connection::write_text(std::string text) {
  co_return co_await write(text);
}

Async<Result<void>> Connection::end_writing() {
  while (true) {
    if (closed_) co_return fail(Code::unavailable, "the connection was closed");
    ERR_clear_error();
    int returned = SSL_shutdown(tls_.get());
    if (returned >= 0) co_return Result<void>{};
    CO_TRY_VOID(co_await ready(returned));
  }
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  limit_.cancel();
  watch_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  local_.close(ignored);
  relays_.remove(id_);
}

}  // namespace truce::link
