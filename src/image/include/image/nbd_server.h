// Open images, served to others over the NBD protocol.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "image/image.h"

namespace truce::image::nbd {

/// One image under a name. The image is used by nobody else while it is served.
struct ExportOptions {
  std::string name;  ///< at most 4,096 bytes; a client that asks for "" gets the first export
  std::string description;  ///< for people
  std::shared_ptr<Image> image;
  enum class Access { read_only, read_write };
  /// read_write: through the image's writable(), which must not be null.
  Access access = Access::read_only;
};

/// TLS by files in PEM. Clients that do not want TLS are turned away unless it is only offered.
struct Tls {
  std::filesystem::path certificate, key;  ///< of the server; the certificate with its chain
  std::filesystem::path client_ca;         ///< empty: clients need no certificate
  enum class Demand { offered, required };
  Demand demand = Demand::required;
};

/// Bounds that hold whatever clients do. At worst a connection holds `bytes_in_flight` and 1 MiB
/// more, and `workers` + 1 threads.
struct ServerLimits {
  unsigned connections = 64;
  unsigned workers = 8;              ///< threads of a connection for requests that wait for a disk
  unsigned requests_in_flight = 64;  ///< of a connection, handed to its workers
  std::uint64_t bytes_in_flight = std::uint64_t{64} << 20;  ///< of a connection, read and not sent
  std::chrono::milliseconds handshake{10'000};  ///< from the first byte to the first request
  std::chrono::milliseconds stalled{30'000};    ///< without a byte in the middle of a message
  std::chrono::milliseconds grace{2'000};       ///< when stopping, for answers under way
};

struct ServeOptions {
  std::vector<ExportOptions> exports;
  /// Exactly one of: a socket in the file system, readable by its owner; an address (`::1`, a
  /// name) with a port, 0 for any; a socket that listens already; a client that is connected
  /// already, a stream socket that blocks, beside which there is no other.
  std::filesystem::path socket;
  std::string host;
  std::uint16_t port = 10809;
  Fd listener;
  Fd client;
  std::optional<Tls> tls;
  ServerLimits limits;
  enum class Until { stopped, unused };
  Until until = Until::stopped;  ///< unused: ends when the last client has gone
  /// Called with one line for each connection that ends in an error, and for each failure of an
  /// image; from several threads.
  std::function<void(std::string_view)> report;
};

/// A server in threads of its own, which end with it.
class Server {
 public:
  static Result<std::unique_ptr<Server>> start(ServeOptions options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// As stop().
  ~Server();
  /// Of a TCP socket; 0 otherwise.
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] unsigned connections() const;
  /// Answers the requests that have come, takes no more, ends all connections, flushes what can be
  /// written. The error of that flush.
  Result<void> stop();
  /// Whether it has ended by itself (Until::unused).
  [[nodiscard]] bool ended() const;

 private:
  class Core;
  explicit Server(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

/// Serves until `stop` is true (looked at five times a second) or, by `until`, nobody is left:
///
///     std::atomic<bool> stop = false;               // set by the handler of SIGINT and SIGTERM
///     ServeOptions options;
///     options.exports.push_back({.name = "", .description = {}, .image = std::move(image)});
///     options.socket = "/run/disk.sock";            // nbd+unix:///?socket=/run/disk.sock
///     TRY_VOID(serve(std::move(options), stop));
///
/// `ready`, if given, is called when clients can connect, with the port (0: no TCP).
Result<void> serve(ServeOptions options, const std::atomic<bool>& stop,
                   const std::function<void(std::uint16_t port)>& ready = {});

}  // namespace truce::image::nbd
