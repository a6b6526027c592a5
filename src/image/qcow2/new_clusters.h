// Host clusters of an image that is being built, and their refcounts.
#pragma once

#include <cstdint>
#include <vector>

#include "image/file.h"
#include "qcow2/header.h"
#include "sealed.h"

namespace truce::image::qcow2 {

/// Hands out the file's clusters in ascending order. The refcount block of a range of clusters is
/// held while the range is filled, then written to the first cluster behind it: one block in
/// memory, and eight bytes for each that was written.
class NewClusters {
 public:
  /// What is handed out as one piece, and its alignment.
  static constexpr std::uint64_t smallest_chunk = 4096;

  /// `front` clusters at the beginning of the file are in use.
  static Result<NewClusters> begin(File& file, const Header& header, std::uint64_t front);
  /// A cluster, or as many as make 4 KiB; the first `used` of them are counted as used. The offset
  /// is a multiple of the chunk's size.
  Result<std::uint64_t> chunk(std::uint64_t used);
  /// One cluster, for a table.
  Result<std::uint64_t> single();
  /// Room for less than a cluster's worth of bytes, right behind the last such where that is
  /// possible.
  Result<std::uint64_t> packed(std::uint64_t bytes);

  /// What was handed out, and to go on from there.
  void save(SealedWriter& writer) const;
  Result<void> restore(SealedReader& reader);

  struct Finished {
    std::uint64_t table_offset = 0;
    std::uint32_t table_clusters = 0;
  };
  /// Writes what is left of the refcounts; the file ends with them.
  Result<Finished> finish();

 private:
  NewClusters(File& file, const Header& header);
  [[nodiscard]] std::uint64_t range_of(std::uint64_t offset) const {
    return (offset >> cluster_bits_) / entries_;
  }
  [[nodiscard]] std::vector<std::byte> ones(std::uint64_t range, std::uint64_t from,
                                            std::uint64_t to) const;
  Result<std::uint64_t> take();
  void count(std::uint64_t offset, std::uint64_t bytes);
  [[nodiscard]] bool full(std::uint64_t offset) const;

  File* file_;
  std::uint32_t cluster_bits_, order_;
  std::uint64_t cluster_size_, chunk_size_, entries_;
  std::uint64_t next_ = 0;   ///< not yet handed out
  std::uint64_t range_ = 0;  ///< whose block is held
  std::vector<std::byte> block_;
  std::vector<std::uint64_t> blocks_;          ///< where blocks lie, by range
  std::uint64_t single_ = 0, single_end_ = 0;  ///< of a chunk for tables: what is left
  std::uint64_t packed_ = 0, packed_end_ = 0;  ///< room for packed bytes
};

}  // namespace truce::image::qcow2
