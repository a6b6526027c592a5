// The client's way to a connected, trusted wire.
#pragma once

#include <memory>
#include <string>

#include "http/client.h"
#include "wire.h"

namespace truce::http {

/// A parsed Endpoint::url.
struct Location {
  enum class Kind { unix_socket, tls };
  Kind kind = Kind::unix_socket;
  std::string path;  ///< of the socket file
  std::string host;  ///< without brackets
  std::string port;

  /// For the Host field: `host:7443`, `[::1]:7443`, `localhost` for a unix socket.
  [[nodiscard]] std::string authority() const;
};

/// `unix:/path` or `https://host[:port]`; Code::invalid otherwise.
Result<Location> parse_location(std::string_view url);

/// Connects and shakes hands, trusting nobody: the caller compares the fingerprint. At most 10 s.
Async<Result<std::unique_ptr<Wire>>> connect(asio::any_io_executor loop, Endpoint endpoint);

/// connect(), then forbidden unless the server's certificate is the pinned one.
Async<Result<std::unique_ptr<Wire>>> connect_pinned(asio::any_io_executor loop, Endpoint endpoint);

}  // namespace truce::http
