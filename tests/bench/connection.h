// The load generator's own HTTP: as little work as possible, so that what is measured is the
// server.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace truce::bench {

struct Target {
  std::string url;    ///< `unix:/path` or `https://127.0.0.1:7443`
  std::string token;  ///< bearer token, or empty
};

/// One keep-alive connection that blocks. The server's certificate is not checked: it is our own.
class Connection {
 public:
  static Result<Connection> open(const Target& target);

  /// `GET path` with the header fields that the target needs.
  [[nodiscard]] std::string request(std::string_view method, std::string_view path,
                                    std::string_view body = {}) const;
  Result<void> send(std::string_view bytes);
  /// Reads one whole answer with a Content-Length; its body's size. Code::io: not status 2xx.
  Result<std::size_t> receive();
  /// The body of the last answer.
  [[nodiscard]] std::string_view body() const;
  /// Whatever has come, at least one byte: for streams. Empty when nothing is there and the socket
  /// does not block.
  Result<std::string> receive_some();
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Result<std::size_t> read(char* to, std::size_t size);

  Fd socket_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string token_;
  std::string answer_;
  std::size_t body_start_ = 0;
};

}  // namespace truce::bench
