#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/random.h"
#include "http/server.h"
#include "tls.h"

namespace truce::http {

namespace {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// A name goes into OpenSSL's extension syntax, where a comma would begin another entry.
bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == '*';
  });
}

Result<std::string> alternative_names(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  auto add = [&](const std::string& entry) {
    if (std::ranges::find(all, entry) == all.end()) all.push_back(entry);
  };
  for (const auto& name : names) {
    if (is_address(name)) {
      add("IP:" + name);
    } else if (is_host_name(name)) {
      add("DNS:" + name);
    } else {
      return fail(Code::invalid, "'{}' is neither a host name nor an address", name);
    }
  }
  for (const auto* own : {"DNS:localhost", "IP:127.0.0.1", "IP:::1"}) add(own);
  return fmt::format("{}", fmt::join(all, ","));
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  Number serial(BN_new());
  // 127 bits: positive, and within the 20 octets of RFC 5280 4.1.2.2.
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_names(X509* certificate, const std::string& common) {
  auto* subject = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>(common.c_str());
  return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>("Truce"), -1, -1,
                                    0) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

Result<Certificate> self_signed(EVP_PKEY* key, const std::vector<std::string>& names) {
  TRY(auto alternatives, alternative_names(names));
  // A common name has at most 64 characters (RFC 5280, ub-common-name); the names that count are
  // the alternative ones.
  auto common = names.empty() || names.front().size() > 64 ? std::string("truce") : names.front();
  constexpr long day = 24L * 60 * 60;
  constexpr long ten_years = 3652 * day;
  Certificate made(X509_new());
  auto* c = made.get();
  // Valid from yesterday: clocks of hosts differ.
  bool done = c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
              X509_gmtime_adj(X509_getm_notBefore(c), -day) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(c), ten_years) != nullptr &&
              X509_set_pubkey(c, key) == 1 && set_names(c, common) &&
              add_extension(c, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(c, NID_key_usage, "critical,digitalSignature") &&
              add_extension(c, NID_ext_key_usage, "serverAuth,clientAuth") &&
              add_extension(c, NID_subject_key_identifier, "hash") &&
              add_extension(c, NID_subject_alt_name, alternatives) &&
              X509_sign(c, key, EVP_sha256()) > 0;
  if (!done) return fail(Code::internal, "make a certificate: {}", tls_errors());
  return made;
}

template <class Write>
Result<std::string> as_pem(Write write) {
  Bio bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!bio || write(bio.get()) != 1) {
    return fail(Code::internal, "write PEM: {}", tls_errors());
  }
  auto size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<void> make_files(const Tls& files, const std::vector<std::string>& names) {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!key) return fail(Code::internal, "make a key: {}", tls_errors());
  TRY(auto certificate, self_signed(key.get(), names));
  TRY(auto key_text, as_pem([&](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
      }));
  TRY(auto text, as_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); }));
  if (files.key.has_parent_path()) TRY_VOID(make_folder(files.key.parent_path(), 0700));
  if (files.certificate.has_parent_path()) TRY_VOID(make_folder(files.certificate.parent_path()));
  // The key first: after a crash between the two, the certificate is missing and both are made
  // anew.
  TRY_VOID(write_file_durably(files.key, key_text, 0600));
  return write_file_durably(files.certificate, text, 0644);
}

Result<std::string> fingerprint_of_file(const std::filesystem::path& path) {
  TRY(auto text, read_file(path, mib(1)));
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) {
    return fail(Code::corrupt, "{} is not a PEM certificate: {}", path.string(), tls_errors());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return fail(Code::internal, "SHA-256 of {}: {}", path.string(), tls_errors());
  }
  return to_hex({digest.data(), size});
}

}  // namespace

Result<std::string> ensure_certificate(const Tls& files, const std::vector<std::string>& names) {
  std::error_code ec;
  bool both =
      std::filesystem::exists(files.certificate, ec) && std::filesystem::exists(files.key, ec);
  if (!both) TRY_VOID(make_files(files, names));
  return fingerprint_of_file(files.certificate);
}

}  // namespace truce::http
