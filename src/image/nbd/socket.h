// Sockets and TLS under the protocol.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/file.h"
#include "image/nbd_server.h"
#include "nbd/transport.h"

namespace truce::image::nbd {

/// Key, certificate and rules of TLS, for all connections.
class TlsContext {
 public:
  static Result<std::unique_ptr<TlsContext>> load(const Tls& tls);
  [[nodiscard]] Tls::Demand demand() const { return demand_; }
  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
  Tls::Demand demand_ = Tls::Demand::required;
};

/// A connected stream socket. The threads that use it have SIGPIPE blocked.
class SocketTransport final : public Transport {
 public:
  /// `tls` may be null.
  SocketTransport(Fd socket, const TlsContext* tls, std::chrono::milliseconds stalled);
  Result<std::size_t> receive(Span into, Patience patience) override;
  Result<void> send(std::span<const View> parts) override;
  void abort() override;
  [[nodiscard]] Security security() const override;
  Result<void> start_tls() override;
  /// The peer may send no more; what it has sent is still received.
  void end_receiving();

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Result<void> wait(short events, Patience patience);
  Result<std::size_t> receive_secure(Span into, Patience patience);
  Result<void> send_secure(View bytes);

  Fd socket_;
  const TlsContext* tls_;
  std::chrono::milliseconds stalled_;
  std::mutex ssl_mutex_;  // OpenSSL wants one thread at a time
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

/// A listening socket, and the file to be removed after it.
struct Listener {
  Fd fd;
  std::uint16_t port = 0;
  std::filesystem::path file;
};
/// By the options' socket, host or listener.
Result<Listener> listen(ServeOptions& options);

}  // namespace truce::image::nbd
