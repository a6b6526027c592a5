// A new sparse extent: tables in front, grains behind them.
#pragma once

#include <memory>
#include <string>

#include "image/builder.h"
#include "table_writer.h"
#include "vmdk/layout.h"

namespace truce::image::vmdk {

inline constexpr std::uint64_t grain_bytes = 65536;
inline constexpr std::uint64_t grain_sectors = grain_bytes / sector_bytes;

/// Both directories with all their tables stand before the first grain, as VMware lays them out, so
/// that the last positions are known before the first grain is placed.
class SparseWriter {
 public:
  /// `descriptor` is stored inside when it is not empty.
  SparseWriter(std::shared_ptr<File> file, std::uint64_t sectors, std::string descriptor);
  /// A place for a grain; grains are given in ascending order. Code::limit at 2 TiB.
  Result<Place> place(std::uint64_t grain);
  /// All but the header.
  Result<void> write_tables();
  Result<void> write_header();
  [[nodiscard]] File& file() { return *file_; }

 private:
  [[nodiscard]] std::uint64_t table_at(std::uint64_t directory) const;
  Result<void> write_directory(std::uint64_t directory);

  std::shared_ptr<File> file_;
  std::string descriptor_;
  HostedHeader header_;
  std::uint64_t grains_ = 0;  // placed
  TableWriter redundant_entries_, entries_;
};

/// Sectors that a descriptor gets inside a file: 20, as VMware gives it, or as many as it needs.
std::uint64_t descriptor_sectors(const std::string& text);

}  // namespace truce::image::vmdk
