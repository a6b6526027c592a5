// A disk that an NBD server exports, as a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "image/file.h"

namespace truce::image {

struct NbdFileOptions {
  enum class Access { read_only, read_write };
  Access access = Access::read_only;
  unsigned connections = 4;  ///< if the server allows several
  /// at_once: for a program that cannot make any later.
  enum class Opening { when_needed, at_once };
  Opening opening = Opening::when_needed;
  std::chrono::milliseconds connect{10'000};  ///< to the end of the handshake
  std::chrono::milliseconds request{60'000};  ///< for each answer; then the connection is given up
  /// For nbds://: ca-cert.pem and, where the server wants them, client-cert.pem and client-key.pem.
  /// Empty: the system's authorities. The server's name is checked in any case.
  std::filesystem::path tls_certificates;
};

/// An export of an NBD server, through libnbd. The server is not trusted: what it says about the
/// disk is checked. A connection that was lost stays lost; errors name the server.
class NbdFile final : public File {
 public:
  /// `nbd://HOST:PORT/EXPORT`, `nbd+unix:///EXPORT?socket=PATH`, and `nbds` for TLS. Only those:
  /// Code::invalid for what would run a program or read a file.
  static Result<std::shared_ptr<NbdFile>> open(const std::string& uri,
                                               const NbdFileOptions& options = {});
  /// Over a stream that is connected already: one connection.
  static Result<std::shared_ptr<NbdFile>> adopt(Fd stream, const std::string& export_name,
                                                const NbdFileOptions& options = {});
  ~NbdFile() override;

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::uint64_t size() const override;
  Result<void> read(std::uint64_t offset, Span into) const override;
  Result<void> write(std::uint64_t offset, View from) override;
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override;
  /// Code::unsupported but for the size it has.
  Result<void> resize(std::uint64_t size) override;
  Result<void> flush() override;
  /// By the server's base:allocation; all is stored where it has none.
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override;

  [[nodiscard]] bool read_only() const;
  /// How many connections may be used at once.
  [[nodiscard]] unsigned connections() const;

 private:
  class Pool;
  explicit NbdFile(std::unique_ptr<Pool> pool);
  std::unique_ptr<Pool> pool_;
};

}  // namespace truce::image
