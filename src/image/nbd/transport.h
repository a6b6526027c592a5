// The stream under a connection, and what has come from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "image/file.h"

namespace truce::image::nbd {

/// Bytes to and from one peer. The protocol knows no sockets.
class Transport {
 public:
  virtual ~Transport() = default;
  /// limited: a peer that is silent in the middle of a message is given up, Code::timeout.
  enum class Patience { endless, limited };
  /// At least one byte; 0 when the peer has ended.
  virtual Result<std::size_t> receive(Span into, Patience patience) = 0;
  /// Sends all parts. Goes on beside receive(), but not beside itself.
  virtual Result<void> send(std::span<const View> parts) = 0;
  /// Makes receive() and send() end soon, in whatever thread. Thread-safe.
  virtual void abort() = 0;
  enum class Security { plain, tls_offered, tls_required, secure };
  [[nodiscard]] virtual Security security() const { return Security::plain; }
  /// Takes part in a TLS handshake as the server; the stream is secure from then on.
  virtual Result<void> start_tls() { return fail(Code::unsupported, "TLS is not set up"); }
};

/// What was received and not yet used; one thread's.
class Inbox {
 public:
  static constexpr std::size_t capacity = std::size_t{512} << 10U;
  explicit Inbox(Transport& transport)
      : transport_(transport), bytes_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

  [[nodiscard]] View ready() const { return {bytes_.get() + begin_, end_ - begin_}; }
  void drop(std::size_t count) { begin_ += count; }
  /// Waits until `count` bytes are ready, at most `capacity`. False when the peer ended before the
  /// first of them. `patience` is for that first byte.
  Result<bool> need(std::size_t count, Transport::Patience patience);
  /// The same inside a message: an end is Code::corrupt.
  Result<void> need_rest(std::size_t count);
  /// Receives and drops.
  Result<void> skip(std::uint64_t count);

 private:
  Transport& transport_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace truce::image::nbd
