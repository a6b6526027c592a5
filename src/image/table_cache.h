// Tables of an image in memory, as much of them as a budget allows.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "image/file.h"

namespace truce::image {

/// Pages of a file, read when they are asked for and kept while they are in use or fit the budget:
/// memory does not follow what a header claims. All functions may be called from several threads;
/// put() must not overlap another's put() or use.
class TableCache {
 public:
  static constexpr std::uint64_t page_size = 65536;
  explicit TableCache(const File& file, std::size_t pages = 128) : file_(file), limit_(pages) {}

  /// A page of the file: `page_size` bytes, fewer where the file ends.
  struct Page {
    std::uint64_t start = 0;  ///< in the file
    std::shared_ptr<std::vector<std::byte>> bytes;
    /// Whether `length` bytes at the file's `offset` are in this page.
    [[nodiscard]] bool holds(std::uint64_t offset, std::size_t length) const;
    /// From the file's `offset` to the end of the page.
    [[nodiscard]] View from(std::uint64_t offset) const {
      return View(*bytes).subspan(offset - start);
    }
  };
  /// The page around `offset`; Code::corrupt when that lies beyond the end of the file.
  Result<Page> page(std::uint64_t offset);

  /// The number at the file's `offset`, which is a multiple of its size.
  template <class T>
  Result<T> le(std::uint64_t offset);
  template <class T>
  Result<T> be(std::uint64_t offset);

  /// Writes through to `file`, the one that is read from, and into the page if it is here.
  Result<void> put(File& file, std::uint64_t offset, View bytes);
  /// Forgets the pages of a range that was written by another way.
  void forget(std::uint64_t offset, std::uint64_t length);

 private:
  struct Slot {
    Page page;
    std::list<std::uint64_t>::iterator used;
  };
  const File& file_;
  std::size_t limit_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Slot> slots_;  // by number of the page
  std::list<std::uint64_t> order_;                 // most recently used first
};

}  // namespace truce::image
