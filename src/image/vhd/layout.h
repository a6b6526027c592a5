// What stands in a VHD file. Facts are from "Virtual Hard Disk Image Format Specification" 1.0,
// Microsoft 2006, cited as [VHD] with the title of the section. All numbers are big-endian.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "image/file.h"

namespace truce::image::vhd {

constexpr std::uint64_t sector_bytes = 512;
constexpr std::uint64_t footer_bytes = 512;
constexpr std::uint64_t short_footer_bytes = 511;  ///< written by Virtual PC before 2004
constexpr std::uint64_t header_bytes = 1024;
constexpr std::uint32_t unused_entry = 0xFFFFFFFF;  ///< of the block allocation table

/// Where a differencing disk's header names its parent.
constexpr std::size_t at_parent_id = 40, at_parent_time_stamp = 56;

/// What the format's own tools make at most.
constexpr std::uint64_t largest_disk = std::uint64_t{2040} << 30;
/// What 32-bit sector numbers can say.
constexpr std::uint64_t largest_readable = std::uint64_t{1} << 41;
/// Powers of two; every program known makes 512 KiB or 2 MiB.
constexpr std::uint32_t smallest_block = 64 << 10, largest_block = 256 << 20;

enum class Type : std::uint32_t { fixed = 2, dynamic = 3, differencing = 4 };

struct Geometry {
  std::uint16_t cylinders = 0;
  std::uint8_t heads = 0, sectors = 0;
  [[nodiscard]] std::uint64_t bytes() const {
    return std::uint64_t{cylinders} * heads * sectors * sector_bytes;
  }
  bool operator==(const Geometry&) const = default;
};
/// The largest that can be said; nobody takes it for the disk's size.
constexpr Geometry largest_geometry{65535, 16, 255};

/// [VHD] Appendix: CHS Calculation.
Geometry geometry_of(std::uint64_t size);

using Id = std::array<std::byte, 16>;
std::string to_string(const Id& id);
/// What to_string() gave; Code::invalid when it is something else.
Result<Id> parse_id(std::string_view text);

/// [VHD] Hard Disk Footer Format. `bytes` is the whole of it, so that what we do not know is kept.
struct Footer {
  std::array<std::byte, footer_bytes> bytes{};
  Type type = Type::fixed;
  std::uint64_t data_offset = 0;  ///< of the header; no meaning for fixed disks
  std::uint64_t current_size = 0;
  std::uint32_t time_stamp = 0;  ///< seconds since 2000
  std::string creator;           ///< four characters
  Geometry geometry;
  Id id{};
  bool saved_state = false;
};

/// `bytes` are 512, or 511. Code::corrupt when the cookie or the checksum is wrong.
Result<Footer> parse_footer(View bytes);
/// A new disk's footer, with a new id and the time of now.
Footer make_footer(Type type, std::uint64_t size, const std::string& creator);
/// Changes type and checksum.
void set_type(Footer& footer, Type type);
/// Changes size, geometry and checksum.
void set_size(Footer& footer, std::uint64_t size);

/// The footer that counts: the one at the file's end, or its copy at the head when that is lost.
struct FoundFooter {
  Footer footer;
  std::uint64_t end = 0;  ///< of what can be data: where the footer begins, or the file's end
  bool twice = true;      ///< both are there and agree
  bool at_end = true;     ///< it is the one at the file's end
  std::vector<std::string> warnings;
};
Result<FoundFooter> find_footer(const File& file);

/// [VHD] Dynamic Disk Header Format.
struct Header {
  std::array<std::byte, header_bytes> bytes{};
  std::uint64_t table_offset = 0;
  std::uint32_t entries = 0;
  std::uint32_t block_bytes = 0;
  Id parent_id{};
  std::uint32_t parent_time_stamp = 0;
};
/// Reads and checks the header that `footer` points at: all that it says lies before `end`.
Result<Header> read_header(const File& file, const Footer& footer, std::uint64_t end);
Header make_header(std::uint64_t table_offset, std::uint32_t entries, std::uint32_t block_bytes);
/// Changes the number of entries and the checksum.
void set_entries(Header& header, std::uint32_t entries);
/// After a change of `bytes`: their checksum, and the fields that are read from them.
void seal(Header& header);

/// In details of a description: what a child knows its parent by.
constexpr std::string_view id_row = "id", time_stamp_row = "time stamp";

/// Bytes of the bitmap before each block's data: [VHD] Block Allocation Table and Data Blocks.
constexpr std::uint64_t bitmap_bytes(std::uint64_t block_bytes) {
  auto bytes = block_bytes / sector_bytes / 8;
  return (bytes + sector_bytes - 1) / sector_bytes * sector_bytes;
}

}  // namespace truce::image::vhd
