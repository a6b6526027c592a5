// A table of a new image that is filled in ascending order.
#pragma once

#include <cstdint>
#include <vector>

#include "image/file.h"
#include "sealed.h"

namespace truce::image {

/// `count` entries of `Entry` bytes at `offset` of a file, all of them `fill` (a byte) at first. A
/// page that has been left behind is written out, so that memory stays at one page. Where `fill` is
/// 0 untouched pages are left as holes; other fills are written by finish() and on the way.
class TableWriter {
 public:
  TableWriter(File& file, std::uint64_t offset, std::uint64_t count, std::size_t entry_bytes,
              std::byte fill = {});
  /// Sets entry `index`, which is not in a page before that of the last one set.
  Result<void> set(std::uint64_t index, View entry);
  /// Writes out what is left.
  Result<void> finish();
  /// What set() has come to know, and a new writer that goes on from there. Pages behind the one
  /// that is held are as if nobody had written them.
  void save(SealedWriter& writer) const;
  Result<void> restore(SealedReader& reader);

 private:
  Result<void> write_page();
  Result<void> go_to(std::uint64_t page);

  static constexpr std::uint64_t page_size = 65536;
  File& file_;
  std::uint64_t offset_, bytes_;
  std::size_t entry_bytes_;
  std::byte fill_;
  std::uint64_t page_ = 0;
  bool touched_ = false;
  std::vector<std::byte> content_;
};

}  // namespace truce::image
