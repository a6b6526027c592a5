#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "http/http.h"

namespace truce::http {

/// Where a server is and how it is trusted.
struct Endpoint {
  std::string url;  ///< `unix:/run/truce/truced.sock` or `https://host:7443` (443 when none)
  std::string fingerprint;  ///< SHA-256 of the server's certificate that is accepted (pin); hex
  std::string token;        ///< bearer token, or empty
  std::string certificate, key;  ///< client certificate and key, paths of PEM files, or empty
  /// Without a fingerprint: PEM file of the authorities that must have signed the server's
  /// certificate, which must also be one for the host's name; `system`: the system's.
  std::string authorities;
  std::string service = "truced";   ///< what listens there, for messages
  Bytes largest_answer = mib(256);  ///< that send() reads; Code::limit beyond
};

/// Lines of a server-sent event stream: one event's `event` and `data`.
struct ServerEvent {
  std::string event;
  std::string data;
};

/// One keep-alive connection; requests are serial: a send() while another is under way opens a
/// connection of its own. Reconnects by itself when the server closed it. Must outlive its calls.
class Client {
 public:
  Client(asio::any_io_executor loop, Endpoint endpoint);
  ~Client();

  /// Sends and reads the whole answer. Code::unavailable: nothing listens there
  /// (the message says what was tried); Code::forbidden: the certificate is not the pinned one
  /// (the message holds the one seen), or none is pinned. An answer of any status is a success:
  /// error_of() reads a problem. Connecting is bounded (10 s), waiting for the answer is not:
  /// within().
  Async<Result<Response>> send(std::string method, std::string target, std::string body = {},
                               std::map<std::string, std::string> headers = {});

  /// Gets a file of any size: the body of a 200 or 206 goes to `on_piece` as it comes, with the
  /// head that it belongs to, and the answer has none; what `on_piece` fails with ends it. Other
  /// statuses are answered whole. Code::unavailable: the connection ended before the body;
  /// Code::timeout: nothing came for a minute. A connection of its own.
  using OnPiece = std::function<Result<void>(const Response& head, std::string piece)>;
  Async<Result<Response>> receive(std::string target, std::map<std::string, std::string> headers,
                                  OnPiece on_piece);

  /// Like send(), on the kept connection, but the body of a 200 goes to `on_piece` as it comes, of
  /// any size; of other answers 64 KiB are kept. Code::timeout: nothing came for
  /// `longest_silence`.
  Async<Result<Response>> send(std::string method, std::string target, std::string body,
                               std::map<std::string, std::string> headers, Duration longest_silence,
                               OnPiece on_piece);

  /// Opens a server-sent event stream on a connection of its own and calls `on_event` for each,
  /// until that answers false (then success) or the stream ends (Code::unavailable). A status other
  /// than 200 is the error that its problem document tells.
  Async<Result<void>> events(std::string target, std::function<bool(ServerEvent)> on_event);

  /// Opens a WebSocket on a connection of its own; it may outlive the client.
  Async<Result<std::unique_ptr<WebSocket>>> web_socket(std::string target);

 private:
  struct Pieces;
  struct State;
  std::unique_ptr<State> state_;
};

/// The SHA-256 of the certificate that a server shows, without trusting it.
Async<Result<std::string>> server_fingerprint(asio::any_io_executor loop, std::string url);

/// A fingerprint as people write it (capitals, colons, spaces) → lower-case hex.
std::string normal_fingerprint(std::string_view text);

}  // namespace truce::http
