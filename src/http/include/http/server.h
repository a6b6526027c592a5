#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/frames.h"
#include "http/http.h"

namespace truce::http {

/// Every bound of the server. A request over one gets 413, 431, 408, 429 or 503 as a problem.
struct Limits {
  Bytes body = mib(4);
  Bytes headers = kib(16);
  std::size_t connections = 4096;             ///< over all listeners
  std::size_t connections_per_address = 512;  ///< TCP only
  std::size_t streams = 1024;                 ///< open Response::stream and ::socket together
  double requests_per_second = 2000;  ///< a TCP address; a burst of twice that; unix socket: none
  Duration idle = std::chrono::seconds(60);     ///< between requests
  Duration request = std::chrono::seconds(30);  ///< from first to last byte of a request
};

/// Certificate and key in PEM. Client certificates are asked for, not demanded; any is accepted at
/// this level (its fingerprint goes to Peer) and who it is gets decided above.
struct Tls {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// Makes a self-signed certificate (P-256, 10 years, for the names given and localhost) unless both
/// files exist. Answers the certificate's SHA-256 as lower-case hex.
Result<std::string> ensure_certificate(const Tls& files, const std::vector<std::string>& names);

/// Counters for /metrics; they only grow, but for `connections` and `streams`.
struct Counters {
  std::uint64_t requests = 0, refused = 0, bytes_in = 0, bytes_out = 0;
  std::size_t connections = 0, streams = 0;
};

/// Serves HTTP/1.1 with keep-alive on any number of listeners, all on the caller's loop.
/// A handler's exception is logged and answered 500; malformed HTTP gets a 4xx problem and the
/// connection is closed.
class Server {
 public:
  /// Called for every complete request.
  using Handler = std::function<Async<Response>(Request)>;

  Server(asio::any_io_executor loop, Limits limits, Handler handler);
  ~Server();

  /// Replaces a stale socket file; refuses (Code::conflict) when a live server answers on it.
  Result<void> listen_unix(const std::filesystem::path& path, unsigned mode);
  /// Port 0 takes any; answers the port.
  Result<std::uint16_t> listen_tls(const std::string& address, std::uint16_t port, const Tls& tls);

  /// Serves a connection that came in another way: `peer` is who has opened it, and not what the
  /// socket says. Where that is a host of the cluster, the fields of forward.h are believed.
  void serve(UnixSocket socket, Peer peer);

  [[nodiscard]] const Counters& counters() const;
  /// Lets requests that are under way end, but no streams, within `limit`; then as stop().
  Async<void> finish(Duration limit);
  /// Closes the listeners, cancels what runs, returns when all connections have ended. Needed
  /// before the end of the server; may be called again; not from a handler.
  Async<void> stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace truce::http
