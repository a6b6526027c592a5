// Connections to other hosts, as sockets that look like those inside one host.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/frames.h"
#include "base/time.h"

namespace truce::link {

/// Who is at the other end: proved by its certificate.
struct Peer {
  std::string host;
  std::string serial;       ///< of its certificate
  std::string fingerprint;  ///< of its certificate
  std::string address;      ///< ADDRESS:PORT that it came from, or that was dialled
};

/// Decides whether a peer with a good certificate is (still) welcome; called on the loop of who
/// listens or dials. The error is logged, and what the peer is told.
using Admit = std::function<Result<void>(const Peer&)>;

/// Owns the threads that encrypt, and all connections. A connection is one end of a socketpair:
/// what is written there is read at the other host, in order, and the end of writing (shutdown)
/// is passed on while the other direction stays open. The socket may be given away, to QEMU for
/// instance: a relay's thread does the rest. Any error ends both directions: the reader sees an
/// end, the writer EPIPE. A connection ends by itself when the peer's certificate does.
/// Has to be stopped before the loops of its listeners and dials go.
class Relays {
 public:
  struct Settings {
    std::size_t threads = 2;
    std::size_t connections = 1'024;  ///< at once; more are refused
    Bytes key_life = gib(256);        ///< sent by one side of a connection [RFC 8446 5.5]
    Duration keep_alive = 5s;         ///< between probes of a silent peer; it is gone after 4
    Duration patience = 10s;          ///< of an end that was closed, with what the other still says
  };
  Relays();
  explicit Relays(Settings settings);
  ~Relays();
  Relays(const Relays&) = delete;
  Relays& operator=(const Relays&) = delete;

  [[nodiscard]] std::size_t connections() const;
  /// Ends all connections with a host, such as one that was removed from the cluster.
  void end(const std::string& host);
  /// Ends all listeners and connections; returns when no thread runs any more. What listens or
  /// dials later gets Code::cancelled.
  void stop();

  struct Inner;  ///< for this module alone
  [[nodiscard]] const std::shared_ptr<Inner>& inner() const { return inner_; }

 private:
  std::shared_ptr<Inner> inner_;
};

}  // namespace truce::link
