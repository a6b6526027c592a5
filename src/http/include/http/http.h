// The wire: what a request and an answer are. The server is in server.h, the client in client.h.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"

namespace truce::http {

/// How the other side of a connection is known, before any token is looked at.
struct Peer {
  std::string address;  ///< `192.0.2.7:4711`, or `unix`
  std::string
      network;  ///< what limits count by: the IPv4 address, the /64 of an IPv6 one, or empty
  std::optional<unsigned> unix_user;  ///< SO_PEERCRED's uid on the unix socket
  std::vector<unsigned> unix_groups;  ///< all groups of that process, as SO_PEERGROUPS tells them
  std::string
      certificate_sha256;  ///< of a client certificate whose key the peer has proved; else empty
  std::string
      host;  ///< of the cluster, by its certificate, that has passed the request on, or empty
  std::string administrator;  ///< whom that host has found to be one by its own unix socket
};

struct Request {
  std::string method;                             ///< as sent; HEAD reads GET, its body is dropped
  std::string path;                               ///< decoded, begins with '/'
  std::map<std::string, std::string> parameters;  ///< from the row's path: {name} → web01
  std::map<std::string, std::string> query;       ///< decoded; a key without '=' has an empty value
  std::map<std::string, std::string> headers;     ///< names in lower case
  std::string body;
  Peer peer;
};

/// Writes a body piece by piece (server-sent events). write() waits while the peer is slow and
/// fails with Code::cancelled once it has gone or the server stops.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual Async<Result<void>> write(std::string piece) = 0;
};

/// One WebSocket: whole messages both ways, binary. One read() and one write() may be under way at
/// once.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  /// The next message; Code::cancelled when the peer closed. At most 1 MiB.
  virtual Async<Result<std::string>> read() = 0;
  virtual Async<Result<void>> write(std::string message) = 0;
  virtual Async<void> close(std::string reason) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;
  std::string body;
  /// When set, `body` is not used: chunks are sent until it returns. It is cancelled when the peer
  /// leaves, also while it waits for something else than write(). What it throws cuts the body off.
  std::function<Async<void>(BodyWriter&)> stream;
  /// With `stream`: how many bytes it writes, sent as Content-Length instead of in chunks. A stream
  /// that ends before that cuts the connection; one that writes more is a failed write.
  std::optional<std::uint64_t> length;
  /// When set, the connection becomes a WebSocket (the request must ask for it: else 426), which is
  /// closed when it returns.
  std::function<Async<void>(WebSocket&)> socket;
};

/// `200` with a JSON body.
Response json_response(int status, const boost::json::value& body);

/// `204`: done, and nothing to tell.
Response no_content();

/// RFC 9457 problem details: status from the code, `code`, `detail`, and `field` where known.
Response problem(const Error& error);
/// The same with a status of its own, where HTTP has a closer one (405, 412, 413, ...).
Response problem(int status, const Error& error);
int status_of(Code code);

/// The Error that a problem document stands for (the client's side of problem()).
Error error_of(int status, std::string_view body);

}  // namespace truce::http
