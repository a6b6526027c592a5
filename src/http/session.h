// One accepted connection of the server.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "http/rate_limit.h"
#include "http/server.h"
#include "parser.h"
#include "wire.h"

namespace truce::http {

class Session;

/// What all sessions of a server share. One loop: no locks.
struct Shared {
  Shared(Limits l, Server::Handler h)
      : limits(l),
        handler(std::move(h)),
        rates(l.requests_per_second, 2 * l.requests_per_second, 8192) {}

  Limits limits;
  Server::Handler handler;
  RateLimiter rates;
  Counters counters;
  std::list<Session*> sessions;
  std::map<std::string, std::size_t> per_address;  ///< open connections of a TCP address
  std::size_t answering = 0;                       ///< requests under way, and streams
  std::size_t refusing = 0;                        ///< sessions that only say why they are refused
  bool stopping = false;
};

/// Requests in, answers out, one after the other, over TLS and unix sockets alike.
class Session {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// How a connection was let in.
  struct Admission {
    Peer peer;
    std::string address;             ///< what limits count by; empty on unix sockets
    bool known = false;              ///< `peer` is complete: the socket tells nothing of it
    std::optional<Refusal> refusal;  ///< the first request gets this, then the connection ends
  };

  template <class... WireArguments>
  Session(Shared& shared, Admission admission, WireArguments&&... wire)
      : shared_(shared),
        admission_(std::move(admission)),
        wire_(std::forward<WireArguments>(wire)...),
        parser_(shared.limits) {
    enter();
  }
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Serves until the connection has ended. Throws only what cancellation throws.
  Async<void> run();

  /// Called now and then: ends a wait that has lasted too long.
  void check_deadline(TimePoint now);
  /// Ends every wait at once.
  void close() { wire_.close(); }

 private:
  enum class Next { request, close };
  class ChunkWriter;
  struct OpenStream;
  struct Underway;

  void enter();
  void set_deadline(Duration from_now);
  void clear_deadline() { deadline_ = TimePoint::max(); }

  Async<bool> open();
  Async<std::expected<std::optional<Request>, Refusal>> receive();
  Async<std::expected<void, Refusal>> before_body();
  Async<bool> read_more();
  Async<bool> write_all(std::string_view bytes, Duration limit);

  Async<Response> answer(Request request);
  Async<Next> send(Response response);
  Async<Next> send_refusal(Refusal refusal);
  Async<Next> send_body(Response response);
  Async<Next> send_stream(Response response);
  Async<Next> send_socket(Response response);
  Async<void> watch_peer();

  Shared& shared_;
  Admission admission_;
  Wire wire_;
  RequestParser parser_;
  std::list<Session*>::iterator place_;
  TimePoint deadline_ = TimePoint::max();
  bool expired_ = false;
  bool peer_gone_ = false;
  bool linger_ = true;  // the peer may still be sending, or reading our last answer
};

}  // namespace truce::http
