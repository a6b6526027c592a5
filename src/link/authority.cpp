#include "link/authority.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

#include "base/random.h"
#include "openssl.h"

namespace truce::link {

namespace {

using NumberPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

Result<KeyPtr> new_key() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return fail(Code::internal, "make a key: {}", tls_errors());
  return key;
}

bool add_name(X509_NAME* to, const char* kind, const std::string& text) {
  return X509_NAME_add_entry_by_txt(to, kind, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.c_str()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_subject(X509_NAME* subject, const std::string& common) {
  return add_name(subject, "O", "Truce") && add_name(subject, "CN", common);
}

/// 127 random bits: positive, and within the 20 octets of RFC 5280 4.1.2.2.
bool set_serial(X509* certificate) {
  NumberPtr serial(BN_new());
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, Time begins, Time ends) {
  auto seconds = [](Time time) { return std::chrono::system_clock::to_time_t(time); };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(begins)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(ends)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool is_dns_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
  });
}

/// In OpenSSL's words, where a comma would begin another entry: nothing but checked names.
Result<std::string> names_of(const Grant& grant) {
  if (!is_host_name(grant.host)) {
    return fail(Code::invalid, "'{}' is not a name for a host", grant.host);
  }
  if (grant.addresses.size() > 32) return fail(Code::invalid, "more than 32 addresses");
  auto out = fmt::format("URI:truce://{0},DNS:{0}", grant.host);
  for (const auto& each : grant.addresses) {
    if (is_address(each)) {
      out += ",IP:" + each;
    } else if (is_dns_name(each)) {
      out += ",DNS:" + each;
    } else {
      return fail(Code::invalid, "'{}' is neither a host name nor an address", each);
    }
  }
  return out;
}

/// Of a stranger's key, before anything is calculated with it.
bool is_sound(EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519:
      return true;
    case EVP_PKEY_RSA:
      return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 8192;
    case EVP_PKEY_EC: {
      std::array<char, 32> curve{};
      std::size_t size = 0;
      if (EVP_PKEY_get_group_name(key, curve.data(), curve.size(), &size) != 1) return false;
      std::string_view name(curve.data(), size);
      return name == "prime256v1" || name == "secp384r1";
    }
    default:
      return false;
  }
}

Result<RequestPtr> parse_request(std::string_view pem) {
  if (pem.size() > 16UL * 1024) return fail(Code::invalid, "a request of more than 16 KiB");
  auto bio = reader_of(pem);
  ERR_clear_error();
  RequestPtr request(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, no_password, nullptr)
                         : nullptr);
  if (!request) return fail(Code::invalid, "not a certificate request: {}", tls_errors());
  auto* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || !is_sound(key)) {
    ERR_clear_error();
    return fail(Code::invalid,
                "the request's key is none of EC P-256, P-384, Ed25519 and RSA of 2048 bits");
  }
  if (X509_REQ_verify(request.get(), key) != 1) {
    ERR_clear_error();
    return fail(Code::invalid, "the request is not signed by its own key");
  }
  return request;
}

}  // namespace

struct Authority::Inner {
  CertificatePtr x509;
  KeyPtr key;
  Certificate said;
  std::string pem;
  SecretPtr key_pem;
};

Authority::Authority(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
Authority::~Authority() = default;
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;

const std::string& Authority::pem() const {
  return inner_->pem;
}
const Certificate& Authority::certificate() const {
  return inner_->said;
}
SecretPtr Authority::key() const {
  return inner_->key_pem;
}
Result<void> Authority::write(const std::filesystem::path& file) const {
  return write_identity(file, inner_->pem, *inner_->key_pem);
}

Result<Request> make_request(std::string_view host) {
  if (!is_host_name(host)) return fail(Code::invalid, "'{}' is not a name for a host", host);
  TRY(auto key, new_key());
  RequestPtr request(X509_REQ_new());
  BioPtr bio(BIO_new(BIO_s_mem()));
  bool done = request && bio && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
              set_subject(X509_REQ_get_subject_name(request.get()), std::string(host)) &&
              X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
              X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0 &&
              PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1;
  if (!done) return fail(Code::internal, "make a request: {}", tls_errors());
  char* text = nullptr;
  auto size = BIO_get_mem_data(bio.get(), &text);
  Request out;
  out.pem.assign(text, static_cast<std::size_t>(size));
  TRY(out.key, pem_of(key.get()));
  return out;
}

Result<Authority> Authority::make(std::string_view name, Time at) {
  if (!is_host_name(name)) return fail(Code::invalid, "'{}' is not a name for an authority", name);
  TRY(auto key, new_key());
  CertificatePtr made(X509_new());
  auto* c = made.get();
  // Of the name and the digits at most 64 characters (RFC 5280, ub-common-name).
  auto common = fmt::format("{} {}", name.substr(0, 50), random_hex(4));
  bool done = c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
              set_times(c, at - std::chrono::days(1), at + std::chrono::days(3652)) &&
              X509_set_pubkey(c, key.get()) == 1 && set_subject(X509_get_subject_name(c), common) &&
              X509_set_issuer_name(c, X509_get_subject_name(c)) == 1 &&
              add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
              add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
              add_extension(c, c, NID_subject_key_identifier, "hash") &&
              X509_sign(c, key.get(), EVP_sha256()) > 0;
  if (!done) return fail(Code::internal, "make an authority: {}", tls_errors());
  TRY(auto certificate, pem_of(c));
  TRY(auto secret, pem_of(key.get()));
  return read(certificate, *secret);
}

Result<Authority> Authority::read(std::string_view certificate, const Secret& key) {
  auto inner = std::make_unique<Inner>();
  TRY(auto all, parse_certificates(certificate, 1));
  inner->x509 = std::move(all.front());
  TRY(inner->key, parse_key(key.text()));
  auto* x509 = inner->x509.get();
  if (X509_check_ca(x509) != 1) return fail(Code::corrupt, "not the certificate of an authority");
  if (X509_check_private_key(x509, inner->key.get()) != 1) {
    ERR_clear_error();
    return fail(Code::corrupt, "the key is not that of the authority");
  }
  inner->said = describe(x509);
  TRY(inner->pem, pem_of(x509));
  TRY(inner->key_pem, pem_of(inner->key.get()));
  return Authority(std::move(inner));
}

Result<Authority> Authority::open(const std::filesystem::path& file) {
  TRY(auto both, read_secret(file));
  auto authority = read(both->text(), *both);
  if (!authority) return std::unexpected(std::move(authority).error().within(file.string()));
  return authority;
}

Result<std::string> Authority::sign(std::string_view request, const Grant& grant) const {
  TRY(auto names, names_of(grant));
  if (grant.lifetime < std::chrono::days(1)) return fail(Code::invalid, "less than a day of life");
  TRY(auto asked, parse_request(request));
  CertificatePtr made(X509_new());
  auto* c = made.get();
  auto* by = inner_->x509.get();
  auto ends = std::min<Time>(grant.at + grant.lifetime, inner_->said.ends);
  bool done = c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
              set_times(c, grant.at - std::chrono::days(1), ends) &&
              X509_set_pubkey(c, X509_REQ_get0_pubkey(asked.get())) == 1 &&
              set_subject(X509_get_subject_name(c), grant.host) &&
              X509_set_issuer_name(c, X509_get_subject_name(by)) == 1 &&
              add_extension(c, by, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(c, by, NID_key_usage, "critical,digitalSignature") &&
              add_extension(c, by, NID_ext_key_usage, "serverAuth,clientAuth") &&
              add_extension(c, by, NID_subject_key_identifier, "hash") &&
              add_extension(c, by, NID_authority_key_identifier, "keyid:always") &&
              add_extension(c, by, NID_subject_alt_name, names) &&
              X509_sign(c, inner_->key.get(), EVP_sha256()) > 0;
  if (!done) return fail(Code::internal, "sign a certificate: {}", tls_errors());
  return pem_of(c);
}

}  // namespace truce::link
