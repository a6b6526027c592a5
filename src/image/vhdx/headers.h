// The header section: the two headers and the two copies of the region table, the first mebibyte
// of the file. [MS-VHDX] 2.2
#pragma once

#include <array>
#include <string>
#include <vector>

#include "vhdx/guid.h"

namespace truce::image::vhdx {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// Everything but the header section lies at multiples of a mebibyte. [MS-VHDX] 2.2
constexpr std::uint64_t header_section = mebibyte;
/// What the log writes in. [MS-VHDX] 2.3
constexpr std::uint64_t sector = 4096;
/// No file of this format needs to be larger: 64 TiB of disk, its tables and then some.
constexpr std::uint64_t file_limit = std::uint64_t{128} << 40;

constexpr std::string_view file_signature = "vhdxfile";  // [MS-VHDX] 2.2.1, then 256 UTF-16 units
constexpr std::array<std::uint64_t, 2> header_offsets{65536, 131072};         // [MS-VHDX] 2.2
constexpr std::array<std::uint64_t, 2> region_table_offsets{196608, 262144};  // [MS-VHDX] 2.2
constexpr std::size_t header_bytes = 4096, region_table_bytes = 65536;

struct Range {
  std::uint64_t offset = 0, length = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + length; }
  [[nodiscard]] bool overlaps(const Range& other) const {
    return offset < other.end() && other.offset < end();
  }
};

/// [MS-VHDX] 2.2.2
struct Header {
  std::uint64_t sequence = 0;
  Guid file_write;  ///< new whenever the file is opened to be changed
  Guid data_write;  ///< new whenever the guest's data changes
  Guid log_id;      ///< zero: the log is empty
  Range log;
};

struct Headers {
  Header current;
  std::size_t slot = 0;  ///< where `current` stands
  bool twice = true;     ///< the other one is valid, too
  std::vector<std::string> warnings;
};

/// Of the two headers the valid one, the newer of two.
Result<Headers> read_headers(const File& file);
Result<void> write_header(File& file, std::size_t slot, const Header& header);

/// [MS-VHDX] 2.2.3.2
struct Region {
  Guid id;
  Range range;
  bool required = false;
};

constexpr Guid bat_region = Guid::parse("2dc27766-f623-4200-9d64-115e9bfd4a08").value();
constexpr Guid metadata_region = Guid::parse("8b7ca206-4790-4b9a-b8fe-575f050f886e").value();

struct Regions {
  std::vector<Region> all;
  Range bat, metadata;
  /// The header section, the log and all regions, ascending, none over another: no block lies here.
  std::vector<Range> reserved;
  std::vector<std::string> warnings;
  std::size_t copy = 0;  ///< of the table, that was read
  bool twice = true;     ///< the other copy is the same
};

/// The first copy of the table that is valid. The regions that are known lie in the first
/// `file_size` bytes.
Result<Regions> read_regions(const File& file, const Range& log, std::uint64_t file_size);
/// Both copies, for `regions` that are at most 2,047.
Result<void> write_regions(File& file, const std::vector<Region>& regions);
/// What `Regions::reserved` promises; Code::corrupt when something overlaps.
Result<std::vector<Range>> reserve(const std::vector<Region>& regions, const Range& log);

}  // namespace truce::image::vhdx
