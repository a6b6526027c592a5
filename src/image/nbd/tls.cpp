#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "nbd/socket.h"

namespace truce::image::nbd {
namespace {

// The oldest reason is the first cause.
std::string tls_reason() {
  auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "the connection ended";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::load(const Tls& tls) {
  auto loaded = std::make_unique<TlsContext>();
  loaded->demand_ = tls.demand;
  loaded->context_.reset(SSL_CTX_new(TLS_server_method()));
  auto* context = loaded->get();
  if (context == nullptr) return fail(Code::internal, "TLS: {}", tls_reason());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_use_certificate_chain_file(context, tls.certificate.c_str()) != 1)
    return fail(Code::invalid, "{}: {}", tls.certificate.string(), tls_reason());
  if (SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(Code::invalid, "{}: {}", tls.key.string(), tls_reason());
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(Code::invalid, "{}: is not the key of {}", tls.key.string(),
                tls.certificate.string());
  if (tls.client_ca.empty()) return loaded;
  if (SSL_CTX_load_verify_file(context, tls.client_ca.c_str()) != 1)
    return fail(Code::invalid, "{}: {}", tls.client_ca.string(), tls_reason());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return loaded;
}

// From here on the socket does not block: a thread in SSL_read() would keep out the one that sends.
Result<void> SocketTransport::start_tls() {
  TRUCE_ASSERT(tls_ != nullptr && !ssl_, "TLS is not set up, or on already");
  std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(tls_->get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket_.get()) != 1)
    return fail(Code::internal, "TLS: {}", tls_reason());
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  for (;;) {
    ERR_clear_error();
    int done = SSL_accept(ssl.get());
    if (done == 1) break;
    auto wants = SSL_get_error(ssl.get(), done);
    if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE)
      return fail(Code::unauthenticated, "TLS handshake: {}", tls_reason());
    TRY_VOID(wait(wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, Patience::limited));
  }
  ssl_ = std::move(ssl);
  return {};
}

Result<std::size_t> SocketTransport::receive_secure(Span into, Patience patience) {
  for (;;) {
    short events = POLLIN;
    {
      std::lock_guard lock(ssl_mutex_);
      ERR_clear_error();
      std::size_t got = 0;
      int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
      if (done == 1) return got;
      auto wants = SSL_get_error(ssl_.get(), done);
      if (wants == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
      if (wants == SSL_ERROR_WANT_WRITE)
        events = POLLOUT;
      else if (wants != SSL_ERROR_WANT_READ)
        return fail(Code::io, "TLS: {}", tls_reason());
    }
    TRY_VOID(wait(events, patience));
  }
}

Result<void> SocketTransport::send_secure(View bytes) {
  while (!bytes.empty()) {
    short events = POLLOUT;
    {
      std::lock_guard lock(ssl_mutex_);
      ERR_clear_error();
      std::size_t sent = 0;
      int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
      if (done == 1) {
        bytes = bytes.subspan(sent);
        continue;
      }
      auto wants = SSL_get_error(ssl_.get(), done);
      if (wants == SSL_ERROR_WANT_READ)
        events = POLLIN;
      else if (wants != SSL_ERROR_WANT_WRITE)
        return fail(Code::io, "TLS: {}", tls_reason());
    }
    TRY_VOID(wait(events, Patience::limited));
  }
  return {};
}

}  // namespace truce::image::nbd
