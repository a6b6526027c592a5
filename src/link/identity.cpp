#include "link/identity.h"

#include <openssl/err.h>

#include <array>
#include <cstring>

#include "base/file.h"
#include "identity_inner.h"

namespace truce::link {

namespace {

/// The protocol's name and version [RFC 7301]: length and text, as it goes over the wire.
constexpr std::array<unsigned char, 8> protocol = {7, 't', 'r', 'u', 'c', 'e', '/', '1'};

int choose_protocol(SSL* /*tls*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void* /*unused*/) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, protocol.data(), protocol.size(), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// TLS 1.3 alone, both sides with a certificate of an authority. No session is resumed, as that
/// would pass over the certificate.
Result<ContextPtr> empty_context() {
  ContextPtr context(SSL_CTX_new(TLS_method()), Freed<SSL_CTX_free>());
  auto* c = context.get();
  if (c == nullptr) return fail(Code::internal, "TLS: {}", tls_errors());
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                          SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // A host's certificate is signed by an authority itself: nothing comes between.
  SSL_CTX_set_verify_depth(c, 1);
  SSL_CTX_set_max_cert_list(c, 16L * 1024);
  SSL_CTX_set_alpn_select_cb(c, choose_protocol, nullptr);
  bool done = SSL_CTX_set_num_tickets(c, 0) == 1 &&
              SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_ciphersuites(c,
                                       "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                       "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
              SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1 &&
              SSL_CTX_set_alpn_protos(c, protocol.data(), protocol.size()) == 0;
  if (!done) return fail(Code::internal, "TLS: {}", tls_errors());
  return context;
}

/// In place of OpenSSL's own look: the chain has to end in the one authority that was named.
int verify_pinned(X509_STORE_CTX* given, void* pinned) {
  using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
  using CheckPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
  const auto& sha256 = *static_cast<const std::string*>(pinned);
  auto* shown = X509_STORE_CTX_get0_untrusted(given);
  X509* authority = nullptr;
  for (int i = 0; i < sk_X509_num(shown); ++i) {
    auto* each = sk_X509_value(shown, i);
    if (X509_check_ca(each) == 1 && describe(each).fingerprint == sha256) authority = each;
  }
  StorePtr store(X509_STORE_new());
  CheckPtr check(X509_STORE_CTX_new());
  bool good =
      authority != nullptr && store && check && X509_STORE_add_cert(store.get(), authority) == 1 &&
      X509_STORE_CTX_init(check.get(), store.get(), X509_STORE_CTX_get0_cert(given), nullptr) ==
          1 &&
      X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_SERVER) == 1 &&
      X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  X509_STORE_CTX_set_error(given, good ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
  return good ? 1 : 0;
}

Result<void> show(SSL_CTX* context, const Secret& pem, Certificate& out) {
  TRY(auto certificates, parse_certificates(pem.text(), 1));
  TRY(auto key, parse_key(pem.text()));
  auto* own = certificates.front().get();
  if (X509_check_private_key(own, key.get()) != 1) {
    ERR_clear_error();
    return fail(Code::invalid, "the key is another certificate's");
  }
  if (SSL_CTX_use_certificate(context, own) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return fail(Code::invalid, "{}", tls_errors());
  }
  out = describe(own);
  if (out.host.empty()) {
    return fail(Code::invalid, "the certificate '{}' lets nobody speak as a host", out.name);
  }
  return {};
}

Result<void> believe(SSL_CTX* context, std::string_view pem, std::vector<Certificate>& out) {
  TRY(auto certificates, parse_certificates(pem, 16));
  auto* store = SSL_CTX_get_cert_store(context);
  for (const auto& each : certificates) {
    if (X509_check_ca(each.get()) != 1) {
      return fail(Code::invalid, "'{}' is no authority", describe(each.get()).name);
    }
    if (X509_STORE_add_cert(store, each.get()) != 1) return fail(Code::invalid, "{}", tls_errors());
    out.push_back(describe(each.get()));
  }
  return {};
}

Result<Identity::Inner::Read> read_files(const Identity::Files& files) {
  Identity::Inner::Read read;
  TRY(read.context, empty_context());
  TRY(auto own, read_secret(files.identity));
  if (auto shown = show(read.context.get(), *own, read.certificate); !shown) {
    return std::unexpected(std::move(shown).error().within(files.identity.string()));
  }
  TRY(auto bundle, read_file(files.authority, mib(1)));
  if (auto believed = believe(read.context.get(), bundle, read.authorities); !believed) {
    return std::unexpected(std::move(believed).error().within(files.authority.string()));
  }
  return read;
}

}  // namespace

Identity::Identity(Files files) : inner_(std::make_unique<Inner>()) {
  inner_->files = std::move(files);
}
Identity::~Identity() = default;

Result<std::shared_ptr<Identity>> Identity::open(Files files) {
  std::shared_ptr<Identity> identity(new Identity(std::move(files)));
  TRY_VOID(identity->reload());
  return identity;
}

Result<std::shared_ptr<Identity>> Identity::unknown(std::string authority_sha256) {
  std::shared_ptr<Identity> identity(new Identity(Files{}));
  auto& inner = *identity->inner_;
  inner.pinned = std::move(authority_sha256);
  TRY(inner.read.context, empty_context());
  SSL_CTX_set_cert_verify_callback(inner.read.context.get(), verify_pinned, &inner.pinned);
  return identity;
}

Result<void> Identity::reload() {
  if (!inner_->pinned.empty()) return fail(Code::invalid, "this identity has no files");
  auto read = read_files(inner_->files);
  if (!read) {
    auto error = std::move(read).error();
    error.code = Code::invalid;
    return std::unexpected(std::move(error).within("identity"));
  }
  std::lock_guard lock(inner_->mutex);
  inner_->read = *std::move(read);
  return {};
}

Certificate Identity::certificate() const {
  std::lock_guard lock(inner_->mutex);
  return inner_->read.certificate;
}

std::vector<Certificate> Identity::authorities() const {
  std::lock_guard lock(inner_->mutex);
  return inner_->read.authorities;
}

}  // namespace truce::link
