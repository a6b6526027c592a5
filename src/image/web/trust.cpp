#include "web/trust.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <array>

#include "base/file.h"
#include "base/random.h"

namespace truce::image::web {
namespace {

constexpr std::size_t sha1_digits = 40;
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

// In place of OpenSSL's own look at the chain.
int is_the_one(X509_STORE_CTX* seen, void* wanted) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  auto* certificate = X509_STORE_CTX_get0_cert(seen);
  const auto& fingerprint = static_cast<const Trust*>(wanted)->fingerprint;
  const auto* kind = fingerprint.size() == sha1_digits ? EVP_sha1() : EVP_sha256();
  bool same = certificate != nullptr && X509_digest(certificate, kind, digest.data(), &size) == 1 &&
              to_hex({digest.data(), size}) == fingerprint;
  X509_STORE_CTX_set_error(seen, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return same ? 1 : 0;
}

CURLcode prepare(CURL*, void* context, void* trust) {
  SSL_CTX_set_cert_verify_callback(static_cast<SSL_CTX*>(context), is_the_one, trust);
  return CURLE_OK;
}

}  // namespace

Trust trust_of(std::string authorities, std::string fingerprint) {
  Trust trust{std::move(authorities), std::move(fingerprint)};
  if (trust.authorities.empty() && trust.fingerprint.empty())
    trust.authorities = read_file(system_authorities).value_or("");
  return trust;
}

bool trust(CURL* handle, const Trust& trust) {
  auto set = [&](CURLoption option, auto value) {
    return curl_easy_setopt(handle, option, value) == CURLE_OK;
  };
  bool good = set(CURLOPT_CAPATH, static_cast<const char*>(nullptr)) &&
              set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
  if (!trust.fingerprint.empty()) {
    return good && set(CURLOPT_SSL_VERIFYHOST, 0L) && set(CURLOPT_SSL_CTX_FUNCTION, &prepare) &&
           set(CURLOPT_SSL_CTX_DATA, const_cast<Trust*>(&trust));
  }
  if (!good || trust.authorities.empty()) return good;
  curl_blob authorities{const_cast<char*>(trust.authorities.data()), trust.authorities.size(),
                        CURL_BLOB_NOCOPY};
  return set(CURLOPT_CAINFO_BLOB, &authorities);
}

}  // namespace truce::image::web
