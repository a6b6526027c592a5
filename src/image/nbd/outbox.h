// What goes to the peer: messages, the memory of their bodies, and who sends them.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "nbd/transport.h"

namespace truce::image::nbd {

class Buffers;

/// Bytes from a Buffers, which they go back to.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();
  [[nodiscard]] Span bytes() const { return {bytes_.get(), size_}; }
  void shrink(std::size_t size) { size_ = size; }

 private:
  friend class Buffers;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0, size_ = 0;
  Buffers* owner_ = nullptr;
};

/// The memory of one connection's answers. Thread-safe.
class Buffers {
 public:
  explicit Buffers(std::uint64_t limit) : limit_(limit) {}
  /// None when the limit would be passed. One buffer may always be had, whatever its size.
  std::optional<Buffer> try_take(std::size_t size);
  /// Waits for others to come back.
  Buffer take(std::size_t size);

 private:
  friend class Buffer;
  Buffer make(std::size_t size, std::size_t capacity);
  void give_back(std::unique_ptr<std::byte[]> bytes, std::size_t capacity);
  [[nodiscard]] bool fits(std::size_t capacity) const {
    return in_use_ == 0 || in_use_ + capacity <= limit_;
  }

  std::uint64_t limit_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::uint64_t in_use_ = 0, kept_ = 0;
  std::vector<std::pair<std::size_t, std::unique_ptr<std::byte[]>>> free_;
};

/// A whole message: the head, and after it the body.
struct Message {
  std::array<std::byte, 48> head;
  std::size_t head_size = 0;
  Buffer body;
};

/// Sends messages in the order they were held. Whoever flushes while another thread is sending
/// leaves his messages to that one. Thread-safe.
class Outbox {
 public:
  explicit Outbox(Transport& transport) : transport_(transport) {}
  /// Queues; flushes by itself when much is queued, and waits when the peer takes too little.
  void hold(Message message);
  void flush();
  [[nodiscard]] bool failed();
  /// Why sending failed.
  [[nodiscard]] Result<void> outcome();

 private:
  void send_all(std::unique_lock<std::mutex>& lock);

  Transport& transport_;
  std::mutex mutex_;
  std::condition_variable sent_;
  std::deque<Message> queue_;
  std::size_t queued_bytes_ = 0;
  bool sending_ = false;
  std::optional<Error> error_;
};

}  // namespace truce::image::nbd
