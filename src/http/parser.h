// Bytes → messages, on Beast's parser, without any I/O. Beast stays out of this header.
#pragma once

#include <boost/asio/buffer.hpp>
#include <memory>

#include "http/http.h"
#include "http/server.h"

namespace truce::http {

/// What is answered before the connection is closed, because its next bytes cannot be trusted.
struct Refusal {
  int status = 400;
  Error error;
};

/// Turns one connection's bytes into requests, one after the other.
class RequestParser {
 public:
  enum class Progress {
    more,      ///< read into space(), then received()
    headers,   ///< once a request, when its body is still to come: head() is known
    complete,  ///< take() it
  };
  enum class Expect { nothing, go_ahead };  ///< `100-continue`

  struct Head {
    bool http11 = true;
    bool keep_alive = true;
    bool head_only = false;  ///< HEAD: the request's method reads GET
    Expect expect = Expect::nothing;
    std::string web_socket_key;  ///< set when the request is a correct WebSocket upgrade
  };

  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Room for bytes from the wire; empty when the buffer is at its bound.
  asio::mutable_buffer space();
  void received(std::size_t bytes);

  /// After a Refusal the parser is of no more use.
  std::expected<Progress, Refusal> parse();

  /// Whether bytes of the request that is being read have arrived.
  [[nodiscard]] bool started() const;
  /// Bytes that have arrived and are not parsed.
  [[nodiscard]] std::size_t buffered() const;
  [[nodiscard]] const Head& head() const;
  /// The complete request, without its peer; then the parser is ready for the next.
  Request take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Turns the bytes that answer one request into a Response, whole or as they come.
class ResponseParser {
 public:
  enum class Progress { more, body, complete };
  enum class Answers { get, head };

  ResponseParser(Answers answers, Bytes largest_body);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  asio::mutable_buffer space();
  void received(std::size_t bytes);

  /// `body`: the head is known and the wire's bytes are used up. corrupt: not HTTP; limit: too
  /// large.
  Result<Progress> parse();
  /// The peer has closed: whether that completes the answer.
  bool end();

  [[nodiscard]] bool started() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] int status() const;
  /// The body's bytes since the last call.
  std::string take_body();
  /// Status and fields, once the head is known.
  [[nodiscard]] Response head() const;
  /// Status, fields and what is left of the body.
  Response take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace truce::http
