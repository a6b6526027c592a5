// The cluster's own certificate authority: who may speak as which host. [RFC 5280, RFC 2986]
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace truce::link {

/// What a certificate says. Nothing of it is proved by reading it.
struct Certificate {
  std::string name;           ///< its common name: the host's, or the authority's
  std::string host;           ///< whom it lets speak as a host (`truce://HOST`); empty: nobody
  std::string serial;         ///< lower-case hexadecimal
  std::string fingerprint;    ///< SHA-256 of the certificate, lower-case hexadecimal
  std::string key_id;         ///< of its key, lower-case hexadecimal; empty: not said
  std::string authority_key;  ///< the key_id of the authority that has signed it; empty: not said
  Time begins, ends;
};

/// The first certificate of a PEM text of at most 64 KiB. Code::corrupt: there is none.
Result<Certificate> read_certificate(std::string_view pem);

/// All certificates of a PEM text, at most 16. Code::corrupt: none, or one that is broken.
Result<std::vector<Certificate>> read_bundle(std::string_view pem);

/// A bundle with one more authority at its end; the same bundle when it has it already. What has
/// ended at `at` is left out.
Result<std::string> extend_bundle(std::string_view bundle, std::string_view pem, Time at = now());
/// A bundle without the authority of that fingerprint. Code::precondition: nothing would be left.
Result<std::string> reduce_bundle(std::string_view bundle, std::string_view fingerprint);

/// Whether a key (PEM, of any kind) is that of the first certificate of a PEM text. Code::corrupt:
/// one of them cannot be read, or the key has a passphrase; Code::invalid: it is another one's.
Result<void> check_pair(std::string_view certificate, const Secret& key);

/// Whether it is time for a new certificate: less than a third of its life is left.
bool is_due(const Certificate& certificate, Time at = now());

/// Whether a text can be a host's name: 1 to 63 of `[a-zA-Z0-9._-]`, the first a letter or digit.
bool is_host_name(std::string_view name);

/// A new key, and the request for a certificate of it.
struct Request {
  SecretPtr key;    ///< PEM (PKCS #8)
  std::string pem;  ///< PKCS #10; it proves that who asks has the key, and names `host`
};
/// Makes a key (EC P-256) and a request. Code::invalid: not a host's name.
Result<Request> make_request(std::string_view host);

/// What a new certificate shall say. Nothing of it comes from the request.
struct Grant {
  std::string host;                    ///< whom it lets speak; see is_host_name
  std::vector<std::string> addresses;  ///< IP addresses or further DNS names, for its holder's URLs
  std::chrono::days lifetime{90};
  Time at = now();  ///< it begins a day earlier, as clocks differ
};

/// A certificate and its key in one file, so that a crash never leaves one without the other.
/// Mode 0600, replaced durably; both OpenSSL and etcd take it as their certificate's and their
/// key's file.
Result<void> write_identity(const std::filesystem::path& file, std::string_view certificate,
                            const Secret& key);

/// Signs certificates for hosts. Its key is the key of the whole cluster: who has it is any host.
class Authority {
 public:
  /// A new one (EC P-256), good for ten years. `name` is told to people: its common name is that
  /// and a few random digits, so that two authorities of a cluster are told apart.
  static Result<Authority> make(std::string_view name, Time at = now());
  /// One that was made before. Code::corrupt: not PEM, not an authority, or another one's key.
  static Result<Authority> read(std::string_view certificate, const Secret& key);
  /// read() of a file that write() made.
  static Result<Authority> open(const std::filesystem::path& file);
  ~Authority();
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;

  /// A certificate as PEM for who holds the key of `request` (PEM, at most 16 KiB): client and
  /// server, in the name that `grant` says. Code::invalid: the request cannot be read, is not
  /// signed by its own key, has a key other than EC P-256 or P-384, Ed25519 or RSA of 2048 to 8192
  /// bits; or a name of `grant`. It never ends later than the authority itself.
  [[nodiscard]] Result<std::string> sign(std::string_view request, const Grant& grant) const;

  [[nodiscard]] const std::string& pem() const;  ///< its own certificate, for everyone
  [[nodiscard]] const Certificate& certificate() const;
  [[nodiscard]] SecretPtr key() const;  ///< PEM (PKCS #8)
  /// Certificate and key in one file of mode 0600, durably.
  [[nodiscard]] Result<void> write(const std::filesystem::path& file) const;

 private:
  struct Inner;
  explicit Authority(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

}  // namespace truce::link
