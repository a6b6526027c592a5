// Who this host is to the others, and whom it believes.
#pragma once

#include <filesystem>
#include <memory>

#include "link/authority.h"

namespace truce::link {

/// This host's certificate and key, and the authorities that it believes. Both files are read anew
/// by reload(): connections that exist stay, new ones use what was read last. Used from any thread.
class Identity {
 public:
  struct Files {
    std::filesystem::path identity;   ///< certificate and key: see write_identity
    std::filesystem::path authority;  ///< a bundle, PEM
  };
  /// Code::invalid: a file cannot be read, the key is another certificate's, or the certificate
  /// lets nobody speak as a host. That it has ended is no error here: others will refuse it.
  static Result<std::shared_ptr<Identity>> open(Files files);
  /// Of who has no certificate yet, and knows of a cluster the SHA-256 of its authority (lower-case
  /// hexadecimal) and nothing else: believes hosts that this authority has certified. For dial() to
  /// a service that is open to all. Has no certificate() and no files to reload().
  static Result<std::shared_ptr<Identity>> unknown(std::string authority_sha256);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  /// Reads the files anew. On an error all stays as it was.
  Result<void> reload();
  [[nodiscard]] Certificate certificate() const;
  [[nodiscard]] std::vector<Certificate> authorities() const;

  struct Inner;  ///< for this module alone
  [[nodiscard]] const Inner& inner() const { return *inner_; }

 private:
  explicit Identity(Files files);
  std::unique_ptr<Inner> inner_;
};

}  // namespace truce::link
