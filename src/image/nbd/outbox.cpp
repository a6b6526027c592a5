#include "nbd/outbox.h"

#include <algorithm>
#include <bit>

namespace truce::image::nbd {
namespace {

constexpr std::size_t smallest_buffer = 4096;
constexpr std::uint64_t kept_limit = std::uint64_t{1} << 20U;  // free memory of one connection
constexpr std::size_t messages_at_once = 64;
constexpr std::size_t flush_messages = 16, flush_bytes = std::size_t{64} << 10U;
constexpr std::size_t queue_limit = 1024;

}  // namespace

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(capacity_, other.capacity_);
  std::swap(size_, other.size_);
  std::swap(owner_, other.owner_);
  return *this;
}

Buffer::~Buffer() {
  if (owner_ != nullptr) owner_->give_back(std::move(bytes_), capacity_);
}

std::optional<Buffer> Buffers::try_take(std::size_t size) {
  auto capacity = std::bit_ceil(std::max(size, smallest_buffer));
  std::lock_guard lock(mutex_);
  if (!fits(capacity)) return std::nullopt;
  return make(size, capacity);
}

Buffer Buffers::take(std::size_t size) {
  auto capacity = std::bit_ceil(std::max(size, smallest_buffer));
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return fits(capacity); });
  return make(size, capacity);
}

Buffer Buffers::make(std::size_t size, std::size_t capacity) {
  Buffer buffer;
  buffer.owner_ = this;
  buffer.capacity_ = capacity;
  buffer.size_ = size;
  in_use_ += capacity;
  auto found = std::ranges::find(free_, capacity, [](const auto& entry) { return entry.first; });
  if (found == free_.end()) {
    buffer.bytes_ = std::make_unique_for_overwrite<std::byte[]>(capacity);
    return buffer;
  }
  buffer.bytes_ = std::move(found->second);
  kept_ -= capacity;
  *found = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void Buffers::give_back(std::unique_ptr<std::byte[]> bytes, std::size_t capacity) {
  {
    std::lock_guard lock(mutex_);
    in_use_ -= capacity;
    if (kept_ + capacity <= kept_limit) {
      kept_ += capacity;
      free_.emplace_back(capacity, std::move(bytes));
    }
  }
  returned_.notify_one();
}

void Outbox::hold(Message message) {
  std::unique_lock lock(mutex_);
  sent_.wait(lock, [&] { return error_ || queue_.size() < queue_limit || !sending_; });
  if (error_) return;
  queued_bytes_ += message.head_size + message.body.bytes().size();
  queue_.push_back(std::move(message));
  if (queue_.size() >= flush_messages || queued_bytes_ >= flush_bytes) send_all(lock);
}

void Outbox::flush() {
  std::unique_lock lock(mutex_);
  send_all(lock);
}

bool Outbox::failed() {
  std::lock_guard lock(mutex_);
  return error_.has_value();
}

Result<void> Outbox::outcome() {
  std::lock_guard lock(mutex_);
  if (error_) return std::unexpected(*error_);
  return {};
}

void Outbox::send_all(std::unique_lock<std::mutex>& lock) {
  if (sending_) return;
  sending_ = true;
  while (!queue_.empty() && !error_) {
    std::vector<Message> batch;
    std::vector<View> parts;
    auto count = std::min(queue_.size(), messages_at_once);
    batch.reserve(count);
    parts.reserve(count * 2);
    for (; batch.size() < count; queue_.pop_front()) {
      batch.push_back(std::move(queue_.front()));
      const auto& message = batch.back();
      parts.push_back(View(message.head).first(message.head_size));
      if (!message.body.bytes().empty()) parts.emplace_back(message.body.bytes());
    }
    queued_bytes_ = 0;
    for (const auto& left : queue_) queued_bytes_ += left.head_size + left.body.bytes().size();
    lock.unlock();
    auto sent = transport_.send(parts);
    batch.clear();
    lock.lock();
    if (!sent) error_ = std::move(sent).error();
    sent_.notify_all();
  }
  sending_ = false;
  if (!error_) return;
  // The thread that receives must not wait for a peer that gets no more answers.
  auto lost = std::move(queue_);
  queue_.clear();
  lock.unlock();
  lost.clear();
  transport_.abort();
  lock.lock();
}

}  // namespace truce::image::nbd
