// Blocks of something far away, kept for small reads.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "image/file.h"

namespace truce::image::web {

/// Fetches whole blocks, more at once where reads follow one another, and keeps those used last.
/// Memory: `capacity`, and `most_ahead` blocks for each fetch under way.
class Blocks {
 public:
  static constexpr std::uint64_t block_size = 65536;
  static constexpr std::uint64_t most_ahead = 16;
  /// Fills all of `into`, from several threads at once.
  using Fetch = std::function<Result<void>(std::uint64_t offset, Span into)>;
  Blocks(std::uint64_t size, std::uint64_t capacity, Fetch fetch)
      : size_(size),
        most_(std::max(capacity / block_size, 2 * most_ahead)),
        fetch_(std::move(fetch)) {}
  /// A range inside of `size`. Long ones are fetched as they are, and not kept.
  Result<void> read(std::uint64_t offset, Span into);
  /// What is known already.
  void put(std::uint64_t block, View content);

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  struct Entry {
    Bytes bytes;  // null while it is fetched
    std::list<std::uint64_t>::iterator use;
  };
  Result<void> read_kept(std::uint64_t offset, Span into);
  Result<Bytes> block(std::uint64_t index);
  [[nodiscard]] std::uint64_t ahead(std::uint64_t index) const;
  void keep(std::uint64_t index, Bytes bytes);

  std::uint64_t size_, most_;
  Fetch fetch_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  std::map<std::uint64_t, Entry> entries_;
  std::list<std::uint64_t> used_;  // those with bytes, the last one used first
};

}  // namespace truce::image::web
