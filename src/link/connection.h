// One connection to another host: TLS on a socket, and the bytes between it and a local socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <span>

#include "base/file.h"
#include "link/identity.h"
#include "link/relays.h"
#include "openssl.h"

namespace truce::link {

using Strand = asio::strand<asio::io_context::executor_type>;

/// An open listener also takes peers that show no certificate; their name is empty.
enum class Side { listener, open_listener, dialler };

/// Used on its strand only. It is in the table of the relays until close(), which is how every one
/// ends.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Relays::Inner& relays, std::uint64_t id, Strand strand);

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const Strand& strand() const { return strand_; }
  [[nodiscard]] Relays::Inner& relays() { return relays_; }
  asio::ip::tcp::socket& socket() { return socket_; }
  /// Of this strand; it is closed when this is.
  void take(asio::ip::tcp::socket socket);
  [[nodiscard]] bool closed() const { return closed_; }

  /// Closes it then, unless it is told another limit before.
  void limit(Duration duration);
  [[nodiscard]] bool too_late() const { return too_late_; }

  /// On the open socket: proves who we are, and learns who the other is. Code::forbidden: one
  /// certificate of the two is not believed; Code::unavailable: the connection broke.
  Async<Result<Peer>> handshake(std::shared_ptr<const Identity> identity, Side side);
  /// A text with a byte of length before it.
  Async<Result<std::string>> read_text();
  Async<Result<void>> write_text(std::string text);
  /// The listener's answer to the wish; then begin() with `local`, or part().
  void answer(Result<void> verdict, Fd local);
  /// Carries bytes between here and `local` from now on.
  void begin(Fd local);
  /// Says no more, and waits a little until the other side has read what was said.
  void part();
  /// Ends everything; more than once is as good as once.
  void close();

 private:
  /// Reads until `into` is full or nothing more is there, at least one byte; 0: the other side has
  /// ended writing.
  Async<Result<std::size_t>> read_some(std::span<char> into);
  Async<Result<void>> write(std::string_view bytes);
  Async<Result<void>> end_writing();
  Async<Result<void>> ready(int returned);
  Error reason(int returned);
  void set_options();
  Async<void> carry_in();
  Async<void> carry_out();
  Async<void> watch_local();
  static Async<void> run(std::shared_ptr<Connection> self);
  static Async<void> answer_and_go_on(std::shared_ptr<Connection> self, Result<void> verdict,
                                      Fd local);
  static Async<void> linger(std::shared_ptr<Connection> self);

  Relays::Inner& relays_;
  std::uint64_t id_;
  Strand strand_;
  asio::ip::tcp::socket socket_;
  UnixSocket local_;
  asio::steady_timer limit_;  ///< of the handshake, then of the peer's certificate
  asio::steady_timer watch_;
  SslPtr tls_;
  Time ends_;               ///< the peer's certificate
  std::uint64_t sent_ = 0;  ///< with the present key
  bool gone_ = false;       ///< nobody reads at the local socket any more
  bool received_ = false;   ///< the other side has ended writing
  bool closed_ = false;
  bool too_late_ = false;
};

}  // namespace truce::link
