// An object on a web server, as a file.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "image/file.h"

namespace truce::image {

struct HttpFileOptions {
  unsigned connections = 4;  ///< opened when they are needed, 1 to 16
  std::chrono::milliseconds connect{10'000};
  /// Without a byte. A request as a whole may take that long and a second for each 4 KiB more.
  std::chrono::milliseconds stalled{30'000};
  unsigned attempts = 4;  ///< of one read; the server is given time in between, 7 s in all
  /// Certificates of authorities (PEM) for https. Empty: the system's. The server's name is
  /// checked, too.
  std::string authorities;
  /// SHA-256 of the server's certificate (or SHA-1, as some servers tell of others), lower-case
  /// hex: that one is accepted and no other, whoever has signed it and whatever its name. Empty: by
  /// authorities and name.
  std::string fingerprint;
  /// `Name: value` lines for each request, to the first server only.
  std::vector<std::string> headers;
  std::uint64_t cache = std::uint64_t{16} << 20;  ///< bytes, for small reads
  const std::atomic<bool>* cancelled = nullptr;   ///< looked at about once a second
};

/// Reads by ranges, through libcurl. The server is not trusted: each answer must be the range that
/// was asked for, of the same version (length, ETag, Last-Modified) of the object: Code::conflict
/// when it has changed. Reads that fail for reasons of the network are tried again. Small reads are
/// answered from whole blocks, read ahead where they follow one another; memory is bounded by the
/// cache and 1 MiB for each connection. Errors name the server, never a user, password or query.
class HttpFile final : public File {
 public:
  /// `http://` or `https://`, with `USER:PASSWORD@` if need be. Up to five redirections are
  /// followed, never from https to http; credentials stay with the first server. Afterwards
  /// nothing is looked up any more: all connections go to the address that answered.
  /// Code::unsupported when the server does not give ranges.
  static Result<std::shared_ptr<HttpFile>> open(const std::string& url,
                                                const HttpFileOptions& options = {});
  ~HttpFile() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::uint64_t size() const override;
  Result<void> read(std::uint64_t offset, Span into) const override;
  /// These three: Code::unsupported.
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;

  /// Whether the server says which version of the object it gives. Where it does not, only a change
  /// of the length is noticed.
  [[nodiscard]] bool versioned() const;
  /// Length, ETag and time of the object, as far as the server tells them: another text when it has
  /// changed since.
  [[nodiscard]] std::string version() const;
  /// Of the server that answers, for rules about connections.
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Core;
  explicit HttpFile(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace truce::image
