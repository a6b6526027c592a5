// OpenSSL's objects with owners, and its errors.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "link/authority.h"

namespace truce::link {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using ContextPtr = std::shared_ptr<SSL_CTX>;

/// What OpenSSL's error queue of this thread says, oldest first; clears it.
std::string tls_errors();

/// A BIO that reads `text`, which has to stay.
BioPtr reader_of(std::string_view text);
/// Certificates of a PEM text, at most `most`; what else is in it is passed over.
Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem, std::size_t most);
/// The first private key of a PEM text that is not encrypted. Code::corrupt: there is none.
Result<KeyPtr> parse_key(std::string_view pem);
Result<std::string> pem_of(X509* certificate);
Result<SecretPtr> pem_of(EVP_PKEY* key);

Certificate describe(X509* certificate);

/// For OpenSSL's password callbacks: nobody is asked.
int no_password(char* buffer, int size, int writing, void* unused);

/// The whole file, without a copy elsewhere.
Result<SecretPtr> read_secret(const std::filesystem::path& file);

}  // namespace truce::link
