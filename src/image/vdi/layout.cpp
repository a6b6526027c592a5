#include "vdi/layout.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "byte_order.h"

namespace truce::image::vdi {
namespace {

constexpr std::uint32_t signature = 0xBEDA107F;
constexpr std::uint32_t version = 0x00010001;
constexpr std::uint32_t smallest_size = 0x180, size = 0x190;  // of the header, from at_header_size
constexpr std::string_view text = "<<< Truce Virtual Disk Image >>>\n";

// Offsets of fields.
enum : std::size_t {
  at_signature = 64,
  at_version = 68,
  at_header_size = 72,
  at_type = 76,
  at_comment = 84,
  comment_bytes = 256,
  at_map_offset = 340,
  at_data_offset = 344,
  at_sector_size = 360,
  at_block_size = 376,
  at_block_extra = 380,
  at_id = 392,
  at_snapshot_id = 408,
  at_link = 424,
  at_parent = 440,
  at_second_sector_size = 468,
};

Id id_at(View bytes, std::size_t at) {
  Id id;
  std::ranges::copy(bytes.subspan(at, id.size()), id.begin());
  return id;
}

// A random (version 4) UUID.
void put_new_id(Span bytes, std::size_t at) {
  std::random_device random;
  for (std::size_t i = 0; i < 16; i += 4) put_le<std::uint32_t>(bytes, at + i, random());
  bytes[at + 7] = (bytes[at + 7] & std::byte{0x0F}) | std::byte{0x40};
  bytes[at + 8] = (bytes[at + 8] & std::byte{0x3F}) | std::byte{0x80};
}

Result<void> check_layout(const Header& header, std::uint64_t file_size) {
  if (!std::has_single_bit(header.block_bytes) || header.block_bytes < smallest_block ||
      header.block_bytes > largest_block) {
    return fail(Code::corrupt, "header: a block of {} bytes: must be a power of two from {} to {}",
                header.block_bytes, smallest_block, largest_block);
  }
  if (header.blocks > most_blocks) {
    return fail(Code::limit, "header: {} blocks, no more than {} are read", header.blocks,
                most_blocks);
  }
  if (divide_up(header.disk_size, header.block_bytes) > header.blocks) {
    return fail(Code::corrupt, "header: {} blocks of {} bytes are not a disk of {}", header.blocks,
                header.block_bytes, header.disk_size);
  }
  if (header.allocated > header.blocks) {
    return fail(Code::corrupt, "header: {} blocks in the file, of {}", header.allocated,
                header.blocks);
  }
  auto map_bytes = std::uint64_t{header.blocks} * 4;
  if (header.map_offset % 512 != 0 || header.map_offset < header_bytes ||
      !inside(header.map_offset, map_bytes, file_size)) {
    return fail(Code::corrupt, "header: a map of {} bytes at {} in a file of {}", map_bytes,
                header.map_offset, file_size);
  }
  if (header.data_offset % 512 != 0 || header.data_offset < header.map_offset + map_bytes) {
    return fail(Code::corrupt, "header: data from {} on, the map ends at {}", header.data_offset,
                header.map_offset + map_bytes);
  }
  return {};
}

}  // namespace

// Three numbers that are little-endian, then eight bytes.
std::string to_string(const Id& id) {
  auto text_of = fmt::format("{:08x}-{:04x}-{:04x}-", le<std::uint32_t>(id, 0),
                             le<std::uint16_t>(id, 4), le<std::uint16_t>(id, 6));
  for (std::size_t i = 8; i < id.size(); ++i) {
    if (i == 10) text_of += '-';
    text_of += fmt::format("{:02x}", std::to_integer<unsigned>(id[i]));
  }
  return text_of;
}

bool has_signature(View head) {
  return head.size() >= at_signature + 4 && le<std::uint32_t>(head, at_signature) == signature;
}

Result<Header> read_header(const File& file) {
  if (file.size() < header_bytes)
    return fail(Code::corrupt, "{} bytes hold no header", file.size());
  std::array<std::byte, header_bytes> bytes;
  TRY_VOID(file.read(0, bytes));
  if (!has_signature(bytes)) return fail(Code::corrupt, "header: no signature");
  auto found = le<std::uint32_t>(bytes, at_version);
  if (found >> 16 != version >> 16)
    return fail(Code::unsupported, "header: version {}.{}", found >> 16, found & 0xFFFF);
  auto found_size = le<std::uint32_t>(bytes, at_header_size);
  if (found_size < smallest_size)
    return fail(Code::corrupt, "header: {} bytes, {} are the least", found_size, smallest_size);
  auto type = le<std::uint32_t>(bytes, at_type);
  if (type < 1 || type > 4) return fail(Code::unsupported, "header: image type {}", type);
  if (auto extra = le<std::uint32_t>(bytes, at_block_extra); extra != 0)
    return fail(Code::unsupported, "header: {} bytes of metadata before each block", extra);
  if (auto sector = le<std::uint32_t>(bytes, at_sector_size); sector != 512)
    return fail(Code::unsupported, "header: sectors of {} bytes", sector);
  Header header{.type = static_cast<Type>(type),
                .map_offset = le<std::uint32_t>(bytes, at_map_offset),
                .data_offset = le<std::uint32_t>(bytes, at_data_offset),
                .disk_size = le<std::uint64_t>(bytes, at_disk_size),
                .block_bytes = le<std::uint32_t>(bytes, at_block_size),
                .blocks = le<std::uint32_t>(bytes, at_blocks),
                .allocated = le<std::uint32_t>(bytes, at_allocated),
                .id = id_at(bytes, at_id),
                .link = id_at(bytes, at_link),
                .parent = id_at(bytes, at_parent)};
  header.comment.assign(reinterpret_cast<const char*>(bytes.data()) + at_comment, comment_bytes);
  header.comment.resize(std::min(header.comment.find('\0'), header.comment.size()));
  TRY_VOID(check_layout(header, file.size()));
  return header;
}

std::array<std::byte, header_bytes> make_header(const Header& header) {
  std::array<std::byte, header_bytes> bytes{};
  std::memcpy(bytes.data(), text.data(), text.size());
  put_le<std::uint32_t>(bytes, at_signature, signature);
  put_le<std::uint32_t>(bytes, at_version, version);
  put_le<std::uint32_t>(bytes, at_header_size, size);
  put_le<std::uint32_t>(bytes, at_type, static_cast<std::uint32_t>(header.type));
  put_le<std::uint32_t>(bytes, at_map_offset, header.map_offset);
  put_le<std::uint32_t>(bytes, at_data_offset, header.data_offset);
  put_le<std::uint32_t>(bytes, at_sector_size, 512);
  put_le<std::uint64_t>(bytes, at_disk_size, header.disk_size);
  put_le<std::uint32_t>(bytes, at_block_size, header.block_bytes);
  put_le<std::uint32_t>(bytes, at_blocks, header.blocks);
  put_le<std::uint32_t>(bytes, at_allocated, header.allocated);
  put_new_id(bytes, at_id);
  put_new_id(bytes, at_snapshot_id);
  put_le<std::uint32_t>(bytes, at_second_sector_size, 512);
  return bytes;
}

}  // namespace truce::image::vdi
