#include "tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

#include "base/random.h"

namespace truce::http {

namespace {

// Who a certificate belongs to is decided above, by its fingerprint. OpenSSL has already checked
// that the peer holds the key.
int accept_any(X509_STORE_CTX* store, void* /*unused*/) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

// HTTP/1.1 where the client offers protocols at all (RFC 7301); one that knows only others is let
// in as if it had not asked, and then gets 400 for what it says.
int choose_protocol(SSL* /*tls*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void* /*unused*/) {
  static constexpr std::array<unsigned char, 9> ours = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours.data(), ours.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<TlsContext> new_context(asio::ssl::context::method method) {
  TlsContext context;
  try {
    context = std::make_shared<asio::ssl::context>(method);
  } catch (const boost::system::system_error& error) {
    return fail(Code::internal, "TLS: {}", error.what());
  }
  auto* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_cert_verify_callback(native, accept_any, nullptr);
  if (SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      SSL_CTX_set1_groups_list(native, "X25519:P-256:P-384") != 1) {
    return fail(Code::internal, "TLS: {}", tls_errors());
  }
  context->set_verify_mode(asio::ssl::verify_peer);
  return context;
}

Result<void> use_certificate(asio::ssl::context& context, const std::string& certificate,
                             const std::string& key) {
  auto* native = context.native_handle();
  if (SSL_CTX_use_certificate_chain_file(native, certificate.c_str()) != 1) {
    return fail(Code::invalid, "read certificate {}: {}", certificate, tls_errors());
  }
  if (SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(Code::invalid, "read key {}: {}", key, tls_errors());
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return fail(Code::invalid, "{} is not the key of {}", key, certificate);
  }
  return {};
}

}  // namespace

Result<TlsContext> server_context(const Tls& files) {
  TRY(auto context, new_context(asio::ssl::context::tls_server));
  TRY_VOID(use_certificate(*context, files.certificate.string(), files.key.string()));
  auto* native = context->native_handle();
  // Resumption with client certificates needs an id of its own (SSL_CTX_set_session_id_context(3)).
  static constexpr std::array<unsigned char, 5> id = {'t', 'r', 'u', 'c', 'e'};
  SSL_CTX_set_session_id_context(native, id.data(), id.size());
  SSL_CTX_set_num_tickets(native, 1);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  return context;
}

bool is_verified(const Endpoint& endpoint) {
  return endpoint.fingerprint.empty() && !endpoint.authorities.empty();
}

Result<TlsContext> client_context(const Endpoint& endpoint) {
  TRY(auto context, new_context(asio::ssl::context::tls_client));
  if (is_verified(endpoint)) {
    auto* native = context->native_handle();
    SSL_CTX_set_cert_verify_callback(native, nullptr, nullptr);
    bool read = endpoint.authorities == "system"
                    ? SSL_CTX_set_default_verify_paths(native) == 1
                    : SSL_CTX_load_verify_file(native, endpoint.authorities.c_str()) == 1;
    if (!read) return fail(Code::invalid, "read {}: {}", endpoint.authorities, tls_errors());
  }
  if (!endpoint.certificate.empty()) {
    TRY_VOID(use_certificate(*context, endpoint.certificate, endpoint.key));
  }
  return context;
}

std::string peer_fingerprint(SSL* tls) {
  const X509* certificate = SSL_get0_peer_certificate(tls);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return {};
  }
  return to_hex({digest.data(), size});
}

std::string normal_fingerprint(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == ':' || c == ' ') continue;
    out += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string tls_errors() {
  std::string out;
  while (auto code = ERR_get_error()) {
    std::array<char, 256> text{};
    ERR_error_string_n(code, text.data(), text.size());
    if (!out.empty()) out += "; ";
    out += text.data();
  }
  return out.empty() ? "no reason given" : out;
}

}  // namespace truce::http
