// Persistent bitmaps while an image is written ([qcow2] Bitmaps).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "qcow2/host_clusters.h"
#include "qcow2/upkeep/directory.h"

namespace truce::image::qcow2 {

/// Keeps the bitmaps true. Those that record are marked as in use in the file before the first
/// change, what is written is noted in memory, and end() puts it into the file and takes the mark
/// away: after a crash they are known to be out of date, and never lie. Bitmaps that do not record
/// are not touched, nor are those that were out of date before.
class KeptBitmaps {
 public:
  /// Null when the image has no bitmaps that count.
  static Result<std::unique_ptr<KeptBitmaps>> open(File& file, const Header& header);
  KeptBitmaps(File& file, const Header& header) : file_(file), header_(header) {}

  /// Before the first change; flushes.
  Result<void> begin();
  /// The range will be written.
  void note(std::uint64_t offset, std::uint64_t length);
  /// Whether so much was noted that store() is due.
  [[nodiscard]] bool full() const { return noted_.size() >= most_noted; }
  /// Puts what was noted into clusters of the file. The counts of new clusters are to be written
  /// and flushed, then link() points at them.
  Result<void> store(HostClusters& hosts);
  Result<void> link();
  /// The disk will have `size` bytes: all bitmaps get tables for that.
  Result<void> resize(std::uint64_t size, HostClusters& hosts);
  /// Takes the marks away; what was stored has been flushed. Flushes.
  Result<void> end();

 private:
  static constexpr std::size_t most_noted = 16384;
  struct Kept {
    BitmapRow row;
    bool marked = false;
  };
  Result<void> mark(Kept& kept);
  Result<void> put_row(const BitmapRow& row);
  Result<void> set_range(Kept& kept, std::uint64_t first, std::uint64_t last, HostClusters& hosts);
  Result<void> set_bits(Kept& kept, std::uint64_t index, std::uint64_t first, std::uint64_t last,
                        HostClusters& hosts);
  Result<std::uint64_t> entry(const Kept& kept, std::uint64_t index);
  Result<void> move_table(Kept& kept, std::uint64_t size, HostClusters& hosts);
  Result<void> clear_behind(const Kept& kept, std::uint64_t size, std::uint64_t entries);

  File& file_;
  const Header& header_;
  std::vector<Kept> rows_;                         // those that are in order
  std::map<std::uint64_t, std::uint64_t> noted_;   // end, by start; apart
  std::map<std::uint64_t, std::uint64_t> linked_;  // entries to be written: place, value
};

}  // namespace truce::image::qcow2
