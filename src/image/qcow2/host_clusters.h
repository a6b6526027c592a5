// Host clusters of an image that is written in place: who uses them, and which are free.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_set>
#include <vector>

#include "image/file.h"
#include "qcow2/header.h"
#include "table_cache.h"

namespace truce::image::qcow2 {

/// Refcounts are changed in memory and written when the caller says: what is allocated before
/// tables point at it, what is released after they no longer do.
class HostClusters {
 public:
  /// Code::corrupt when the image's tables overlap or are damaged: it is not to be written to.
  static Result<std::unique_ptr<HostClusters>> open(File& file, Header& header);
  HostClusters(File& file, Header& header) : file_(file), header_(header), cache_(file, 16) {}

  /// `count` clusters that follow one another, each with a refcount of one. When the refcounts say
  /// that a cluster of metadata is free the image is marked as corrupt.
  Result<std::uint64_t> allocate(std::uint64_t count = 1);
  /// One reference fewer to each cluster of the range, at the next settle().
  void release(std::uint64_t offset, std::uint64_t bytes) { released_.push_back({offset, bytes}); }
  /// One reference more, or fewer, to each cluster of the range; Code::limit when it cannot be
  /// counted.
  Result<void> add(std::uint64_t offset, std::uint64_t bytes, int change);
  Result<std::uint64_t> refcount(std::uint64_t offset);

  /// Writes the counts that changed.
  Result<void> write_counts();
  /// Whether the refcount table must be told of new blocks: after the counts are flushed.
  [[nodiscard]] bool new_blocks() const { return !unlinked_.empty(); }
  Result<void> link_blocks();
  /// Does what was put off by release(), and frees the space.
  Result<void> settle();
  [[nodiscard]] bool changed() const { return dirty_ != 0 || !released_.empty() || new_blocks(); }
  [[nodiscard]] std::uint64_t waiting() const { return released_.size(); }

  /// Which clusters hold metadata.
  void protect(std::uint64_t offset, std::uint64_t bytes);
  void unprotect(std::uint64_t offset, std::uint64_t bytes);
  /// Before clusters of the disk are written: Code::corrupt, and the image is marked, when metadata
  /// lies there.
  Result<void> expect_no_metadata(std::uint64_t offset, std::uint64_t bytes);
  /// Sets the corrupt bit and tells why.
  std::unexpected<Error> mark_corrupt(std::string why);
  /// The end of what was ever handed out: the file is to be that long.
  [[nodiscard]] std::uint64_t end() const { return end_ << header_.geometry.cluster_bits; }

 private:
  struct Block {
    std::uint64_t offset = 0;
    bool dirty = false;
    std::vector<std::byte> counts;
  };
  struct Range {
    std::uint64_t offset, bytes;
  };
  Result<std::uint64_t> block_offset(std::uint64_t index);
  Result<Block*> block(std::uint64_t index);
  Result<std::uint64_t> count_of(std::uint64_t cluster);
  Result<void> set_count(std::uint64_t cluster, std::uint64_t value);
  Result<std::uint64_t> find_free();
  Result<std::vector<std::uint64_t>> missing_blocks(std::uint64_t first, std::uint64_t last);
  Result<void> skip_counted(std::uint64_t count);
  Result<std::uint64_t> reserve_at_end(std::uint64_t count);
  Result<void> grow_table(std::uint64_t blocks);
  Result<void> make_room();

  File& file_;
  Header& header_;
  TableCache cache_;
  std::map<std::uint64_t, Block> blocks_;            // by index
  std::map<std::uint64_t, std::uint64_t> unlinked_;  // new blocks: index, offset
  std::vector<Range> released_;
  std::unordered_set<std::uint64_t> metadata_;    // clusters
  std::uint64_t dirty_ = 0, hint_ = 1, end_ = 0;  // end_, hint_: clusters
};

}  // namespace truce::image::qcow2
