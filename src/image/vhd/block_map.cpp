#include "vhd/block_map.h"

#include <algorithm>
#include <array>

#include "byte_order.h"

namespace truce::image::vhd {
namespace {

// The most significant bit is the first sector: [VHD] Mapping a Disk Sector to a Sector in the
// Block.
bool bit(View bitmap, std::uint64_t sector) {
  return (std::to_integer<unsigned>(bitmap[sector / 8]) >> (7 - sector % 8) & 1) != 0;
}

// How many bits from `sector` on, below `end`, are as the one at `sector`.
std::uint64_t equal_bits(View bitmap, std::uint64_t sector, std::uint64_t end) {
  bool first = bit(bitmap, sector);
  auto whole = first ? std::byte{0xFF} : std::byte{};
  auto at = sector + 1;
  while (at < end) {
    if (at % 8 == 0 && bitmap[at / 8] == whole) {
      at += 8;
    } else if (bit(bitmap, at) == first) {
      ++at;
    } else {
      break;
    }
  }
  return std::min(at, end) - sector;
}

bool overlap(std::uint64_t a, std::uint64_t a_bytes, std::uint64_t b, std::uint64_t b_bytes) {
  return a < b + b_bytes && b < a + a_bytes;
}

}  // namespace

std::uint64_t BlockMap::blocks() const {
  return divide_up(footer_.current_size, block_bytes());
}

void BlockMap::set_tables(const Footer& footer, const Header& header) {
  footer_ = footer;
  header_ = header;
}

Result<std::uint64_t> BlockMap::verify(std::uint64_t block, std::uint32_t entry) const {
  auto offset = entry * sector_bytes;
  // Of the last block only what the guest can see need be there.
  auto seen = std::min(block_bytes(), footer_.current_size - block * block_bytes());
  auto length = bitmap_bytes() + seen;
  if (!inside(offset, length, end_)) {
    return fail(Code::corrupt, "block {} lies at {}, the file's data end at {}", block, offset,
                end_);
  }
  if (offset < footer_bytes || overlap(offset, length, footer_.data_offset, header_bytes) ||
      overlap(offset, length, header_.table_offset, std::uint64_t{header_.entries} * 4)) {
    return fail(Code::corrupt, "block {} lies at {}, where the tables are", block, offset);
  }
  return offset;
}

Result<std::optional<std::uint64_t>> BlockMap::place(std::uint64_t block) {
  if (auto found = pending_.find(block); found != pending_.end()) return found->second.offset;
  TRY(auto entry, cache_.be<std::uint32_t>(entry_offset(block)));
  if (entry == unused_entry) return std::optional<std::uint64_t>();
  return verify(block, entry);
}

Result<Piece> BlockMap::piece(std::uint64_t offset, std::uint64_t length) {
  auto block = offset / block_bytes();
  TRY(auto where, place(block));
  if (!where) return unplaced(offset, length);
  auto found = pending_.find(block);
  return placed(offset, length, *where, found == pending_.end() ? nullptr : &found->second);
}

Result<Piece> BlockMap::unplaced(std::uint64_t offset, std::uint64_t length) {
  auto first = offset / block_bytes(), last = (offset + length - 1) / block_bytes();
  auto at = entry_offset(first);
  TRY(auto page, cache_.page(at));
  auto entries = page.from(at);
  auto pending = pending_.lower_bound(first);
  if (pending != pending_.end()) last = std::min(last, pending->first - 1);
  auto count = std::min<std::uint64_t>(last - first + 1, entries.size() / 4);
  std::uint64_t same = 1;
  while (same < count && be<std::uint32_t>(entries, same * 4) == unused_entry) ++same;
  return Piece{std::min(length, (first + same) * block_bytes() - offset), {}};
}

Result<Piece> BlockMap::placed(std::uint64_t offset, std::uint64_t length, std::uint64_t place,
                               const Pending* pending) {
  auto within = offset % block_bytes();
  auto sector = within / sector_bytes;
  auto last = (within + std::min(length, block_bytes() - within) - 1) / sector_bytes;
  std::array<std::byte, 512> part;
  View bits;
  auto first_byte = sector / 8;
  if (pending != nullptr) {
    bits = View(pending->bitmap).subspan(first_byte);
  } else {
    auto bytes = std::min<std::uint64_t>(last / 8 - first_byte + 1, part.size());
    TRY_VOID(file_.read(place + first_byte, Span(part).first(bytes)));
    bits = View(part).first(bytes);
  }
  auto from = sector - first_byte * 8;
  auto to = std::min<std::uint64_t>(last + 1 - first_byte * 8, bits.size() * 8);
  auto run_end = (sector + equal_bits(bits, from, to)) * sector_bytes;
  Piece piece{std::min(length, run_end - within), {}};
  if (bit(bits, from)) piece.offset = place + bitmap_bytes() + within;
  return piece;
}

}  // namespace truce::image::vhd
