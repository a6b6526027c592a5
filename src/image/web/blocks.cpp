#include "image/blocks.h"

#include <algorithm>
#include <cstring>

namespace truce::image::web {

namespace {

constexpr std::size_t direct_length = std::size_t{256} << 10;
constexpr std::size_t largest_request = std::size_t{4} << 20;

}  // namespace

Result<void> Blocks::read(std::uint64_t offset, Span into) {
  if (into.size() < direct_length) return read_kept(offset, into);
  while (!into.empty()) {
    auto part = into.first(std::min(into.size(), largest_request));
    TRY_VOID(fetch_(offset, part));
    into = into.subspan(part.size());
    offset += part.size();
  }
  return {};
}

Result<void> Blocks::read_kept(std::uint64_t offset, Span into) {
  while (!into.empty()) {
    TRY(auto bytes, block(offset / block_size));
    auto at = offset % block_size;
    auto part = std::min<std::uint64_t>(into.size(), bytes->size() - at);
    std::memcpy(into.data(), bytes->data() + at, part);
    into = into.subspan(part);
    offset += part;
  }
  return {};
}

void Blocks::put(std::uint64_t index, View content) {
  std::lock_guard lock(mutex_);
  keep(index, std::make_shared<std::vector<std::byte>>(content.begin(), content.end()));
}

void Blocks::keep(std::uint64_t index, Bytes bytes) {
  auto& entry = entries_[index];
  if (entry.bytes == nullptr) entry.use = used_.insert(used_.begin(), index);
  entry.bytes = std::move(bytes);
  while (used_.size() > most_) {
    entries_.erase(used_.back());
    used_.pop_back();
  }
}

// As many as lie in the cache right before it: a reader that goes on gets twice as much each time.
std::uint64_t Blocks::ahead(std::uint64_t index) const {
  std::uint64_t before = 0;
  while (before < most_ahead && before < index && entries_.contains(index - before - 1)) ++before;
  auto last = (size_ - 1) / block_size;
  std::uint64_t count = 1;
  while (count < before && index + count <= last && !entries_.contains(index + count)) ++count;
  return count;
}

Result<Blocks::Bytes> Blocks::block(std::uint64_t index) {
  std::unique_lock lock(mutex_);
  while (true) {
    auto found = entries_.find(index);
    if (found == entries_.end()) break;
    if (found->second.bytes != nullptr) {
      used_.splice(used_.begin(), used_, found->second.use);
      return found->second.bytes;
    }
    fetched_.wait(lock);  // somebody else is at it; if he fails it is our turn
  }
  auto count = ahead(index);
  for (std::uint64_t i = 0; i < count; ++i) entries_[index + i];
  lock.unlock();
  auto start = index * block_size;
  std::vector<std::byte> content(std::min(count * block_size, size_ - start));
  auto fetched = fetch_(start, content);
  lock.lock();
  Bytes first;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!fetched) {
      entries_.erase(index + i);
      continue;
    }
    auto part = View(content).subspan(i * block_size);
    part = part.first(std::min<std::size_t>(part.size(), block_size));
    auto bytes = std::make_shared<std::vector<std::byte>>(part.begin(), part.end());
    if (i == 0) first = bytes;
    keep(index + i, std::move(bytes));
  }
  fetched_.notify_all();
  if (!fetched) return std::unexpected(std::move(fetched).error());
  return first;
}

}  // namespace truce::image::web
