// What stands at the head of a VDI file. Facts are from VirtualBox's public description of the
// format, "VDI image format" (forums.virtualbox.org, topic 8046), cited as [VDI], and from what
// VirtualBox and QEMU write. All numbers are little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "image/file.h"

namespace truce::image::vdi {

constexpr std::uint64_t header_bytes = 512;  ///< as much of the file is not for tables or data
constexpr std::uint32_t free_entry = 0xFFFFFFFF, zero_entry = 0xFFFFFFFE;

/// Powers of two; every program known makes 1 MiB.
constexpr std::uint32_t smallest_block = 64 << 10, largest_block = 256 << 20;
constexpr std::uint32_t usual_block = 1 << 20;
constexpr std::uint32_t most_blocks = 1 << 27;  ///< 128 TiB of usual blocks

enum class Type : std::uint32_t { dynamic = 1, fixed = 2, undo = 3, differencing = 4 };

using Id = std::array<std::byte, 16>;
std::string to_string(const Id& id);

struct Header {
  Type type = Type::dynamic;
  std::string comment;
  std::uint32_t map_offset = 0, data_offset = 0;
  std::uint64_t disk_size = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t blocks = 0;     ///< entries in the map
  std::uint32_t allocated = 0;  ///< blocks in the file
  Id id{}, link{}, parent{};
};

/// Where fields stand that are written alone.
constexpr std::uint64_t at_disk_size = 368, at_blocks = 384, at_allocated = 388;

bool has_signature(View head);
/// Reads and checks the header: the map that it speaks of lies in the file, before the data.
Result<Header> read_header(const File& file);
/// A new disk's header, with new ids.
std::array<std::byte, header_bytes> make_header(const Header& header);

}  // namespace truce::image::vdi
