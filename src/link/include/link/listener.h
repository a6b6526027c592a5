// Where other hosts of the cluster reach this one. [RFC 8446: TLS 1.3 alone, both sides certified]
#pragma once

#include <functional>
#include <map>

#include "link/identity.h"
#include "link/relays.h"

namespace truce::link {

/// A connection that another host has opened.
struct Incoming {
  Peer peer;
  UnixSocket socket;
};

/// What a host can be asked for; it takes the connection, and returns at once.
using Service = std::function<void(Incoming)>;

/// Names of services that Truce has.
inline constexpr const char* node_service = "node";      ///< a node's link to its manager
inline constexpr const char* peer_service = "peer";      ///< streams between two nodes
inline constexpr const char* api_service = "api";        ///< requests that another host forwards
inline constexpr const char* enroll_service = "enroll";  ///< of who wants to become a host

/// Takes connections on one port, for all services. Before a peer has shown a certificate of the
/// authority it gets nothing but a handshake, for a limited time, of a limited number.
class Listener {
 public:
  struct Settings {
    std::string address;  ///< ADDRESS:PORT, IPv6 in brackets; port 0: any
    Admit admit;          ///< none: every host of the authority
    /// Whether a service can be had at present; none: all can. Its error is what the peer gets.
    std::function<Result<void>(const std::string& service)> offers;
    std::string open_service;  ///< a peer without a certificate may have this one, for a minute,
                               ///< unless there is no such service; its name is empty then
    Duration handshake = 10s;  ///< until a peer has said which service it wants
    std::size_t handshakes = 256;            ///< at once; more are closed
    std::size_t handshakes_of_address = 64;  ///< of these, from one address
  };
  /// Services by name, `[a-z-]{1,32}`; they, Settings::admit and Settings::offers are called on
  /// `loop`. Code::unavailable: the address cannot be listened on; Code::invalid: it is none.
  static Result<std::unique_ptr<Listener>> open(asio::any_io_executor loop, Relays& relays,
                                                std::shared_ptr<const Identity> identity,
                                                Settings settings,
                                                std::map<std::string, Service> services);
  /// On the loop: no service is called afterwards. Connections that were handed over stay.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// How many peers were sent away: no certificate, a bad one, too slow, not welcome, too many.
  [[nodiscard]] std::size_t refused() const;

 private:
  struct Inner;
  explicit Listener(std::shared_ptr<Inner> inner);
  std::shared_ptr<Inner> inner_;
};

}  // namespace truce::link
