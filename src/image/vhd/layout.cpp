#include "vhd/layout.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <random>

#include "base/random.h"
#include "byte_order.h"

namespace truce::image::vhd {
namespace {

constexpr std::string_view footer_cookie = "conectix";
constexpr std::string_view header_cookie = "cxsparse";
constexpr std::uint32_t version = 0x00010000;
constexpr std::uint32_t reserved_feature = 2;  // always set
constexpr std::int64_t epoch = 946684800;      // 2000-01-01, in seconds since 1970

// Offsets of fields, in the footer and in the header.
enum : std::size_t {
  at_features = 8,
  at_version = 12,
  at_data_offset = 16,
  at_time_stamp = 24,
  at_creator = 28,
  at_creator_version = 32,
  at_creator_host = 36,
  at_original_size = 40,
  at_current_size = 48,
  at_geometry = 56,
  at_type = 60,
  at_footer_checksum = 64,
  at_id = 68,
  at_saved_state = 84,

  at_next = 8,
  at_table_offset = 16,
  at_header_version = 24,
  at_entries = 28,
  at_block_size = 32,
  at_header_checksum = 36,
};

bool has_cookie(View bytes, std::string_view cookie) {
  return bytes.size() >= cookie.size() && std::memcmp(bytes.data(), cookie.data(), 8) == 0;
}

// The ones' complement of the sum of all bytes but the checksum's own.
std::uint32_t checksum_of(View bytes, std::size_t at_checksum) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (i < at_checksum || i >= at_checksum + 4) sum += std::to_integer<std::uint32_t>(bytes[i]);
  return ~sum;
}

Result<void> verify(View bytes, std::size_t at_checksum, std::string_view what) {
  auto stored = be<std::uint32_t>(bytes, at_checksum), computed = checksum_of(bytes, at_checksum);
  if (stored == computed) return {};
  return fail(Code::corrupt, "{}: checksum is {:08x}, computed {:08x}", what, stored, computed);
}

void read_fields(Footer& footer) {
  View bytes = footer.bytes;
  footer.type = static_cast<Type>(be<std::uint32_t>(bytes, at_type));
  footer.data_offset = be<std::uint64_t>(bytes, at_data_offset);
  footer.current_size = be<std::uint64_t>(bytes, at_current_size);
  footer.time_stamp = be<std::uint32_t>(bytes, at_time_stamp);
  footer.creator.assign(reinterpret_cast<const char*>(bytes.data()) + at_creator, 4);
  footer.geometry = {be<std::uint16_t>(bytes, at_geometry),
                     std::to_integer<std::uint8_t>(bytes[at_geometry + 2]),
                     std::to_integer<std::uint8_t>(bytes[at_geometry + 3])};
  std::ranges::copy(bytes.subspan(at_id, footer.id.size()), footer.id.begin());
  footer.saved_state = bytes[at_saved_state] != std::byte{};
}

void read_fields(Header& header) {
  View bytes = header.bytes;
  header.table_offset = be<std::uint64_t>(bytes, at_table_offset);
  header.entries = be<std::uint32_t>(bytes, at_entries);
  header.block_bytes = be<std::uint32_t>(bytes, at_block_size);
  std::ranges::copy(bytes.subspan(at_parent_id, header.parent_id.size()), header.parent_id.begin());
  header.parent_time_stamp = be<std::uint32_t>(bytes, at_parent_time_stamp);
}

Result<Footer> read_footer_at(const File& file, std::uint64_t offset, std::size_t length) {
  std::array<std::byte, footer_bytes> bytes{};
  auto part = Span(bytes).first(length);
  TRY_VOID(file.read(offset, part));
  return parse_footer(part);
}

void compare_with_copy(FoundFooter& found, const File& file) {
  auto copy = read_footer_at(file, 0, footer_bytes);
  found.twice = copy && copy->bytes == found.footer.bytes;
  if (!copy) {
    found.warnings.push_back("copy of the footer at the head: " + copy.error().message);
  } else if (copy->current_size != found.footer.current_size || copy->id != found.footer.id ||
             copy->type != found.footer.type || copy->data_offset != found.footer.data_offset) {
    found.warnings.push_back("the footer and its copy at the head differ: the footer is used");
  }
}

// What the header's numbers must fulfil so that tables and blocks can be found by them.
Result<void> check_header(const Header& header, const Footer& footer, std::uint64_t end) {
  if (!std::has_single_bit(header.block_bytes) || header.block_bytes < smallest_block ||
      header.block_bytes > largest_block) {
    return fail(Code::corrupt, "header: a block of {} bytes: must be a power of two from {} to {}",
                header.block_bytes, smallest_block, largest_block);
  }
  auto needed = divide_up(footer.current_size, header.block_bytes);
  if (header.entries < needed) {
    return fail(Code::corrupt, "header: {} entries in the table, a disk of {} bytes needs {}",
                header.entries, footer.current_size, needed);
  }
  auto bytes = needed * 4;
  if (header.table_offset % sector_bytes != 0 || header.table_offset < footer_bytes ||
      !inside(header.table_offset, bytes, end)) {
    return fail(Code::corrupt, "header: a table of {} bytes at {}: the file's tables end at {}",
                bytes, header.table_offset, end);
  }
  if (header.table_offset < footer.data_offset + header_bytes &&
      footer.data_offset < header.table_offset + bytes) {
    return fail(Code::corrupt, "header: the table at {} and the header at {} overlap",
                header.table_offset, footer.data_offset);
  }
  return {};
}

}  // namespace

Geometry geometry_of(std::uint64_t size) {
  auto total = std::min<std::uint64_t>(size / sector_bytes, 65535 * 16 * 255);
  std::uint64_t sectors = 17, heads = 0, tracks = 0;
  if (total >= 65535 * 16 * 63) {
    sectors = 255;
    heads = 16;
    tracks = total / sectors;
  } else {
    tracks = total / sectors;
    heads = std::max<std::uint64_t>((tracks + 1023) / 1024, 4);
    for (std::uint64_t next : {31, 63}) {
      if (tracks < heads * 1024 && heads <= 16) break;
      sectors = next;
      heads = 16;
      tracks = total / sectors;
    }
  }
  return {static_cast<std::uint16_t>(tracks / heads), static_cast<std::uint8_t>(heads),
          static_cast<std::uint8_t>(sectors)};
}

std::string to_string(const Id& id) {
  std::string text;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", std::to_integer<unsigned>(id[i]));
  }
  return text;
}

Result<Id> parse_id(std::string_view text) {
  Id id{};
  std::size_t digits = 0;
  for (char c : text) {
    if (c == '-') continue;
    int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0 || digits == 32) return fail(Code::invalid, "'{}' is no id of a disk", text);
    auto& byte = id[digits++ / 2];
    byte = byte << 4 | static_cast<std::byte>(value);
  }
  if (digits != 32) return fail(Code::invalid, "'{}' is no id of a disk", text);
  return id;
}

Result<Footer> parse_footer(View bytes) {
  if (!has_cookie(bytes, footer_cookie)) return fail(Code::corrupt, "footer: no cookie");
  Footer footer;
  std::ranges::copy(bytes, footer.bytes.begin());
  TRY_VOID(verify(footer.bytes, at_footer_checksum, "footer"));
  auto found = be<std::uint32_t>(footer.bytes, at_version);
  if (found >> 16 != version >> 16)
    return fail(Code::unsupported, "footer: version {}.{}", found >> 16, found & 0xFFFF);
  read_fields(footer);
  auto type = be<std::uint32_t>(footer.bytes, at_type);
  if (type < 2 || type > 4) return fail(Code::unsupported, "footer: disk type {}", type);
  if (footer.current_size % sector_bytes != 0) {
    return fail(Code::corrupt, "footer: a disk of {} bytes, not whole sectors",
                footer.current_size);
  }
  if (footer.current_size > largest_readable) {
    return fail(Code::limit, "footer: a disk of {} bytes, the format ends at {}",
                footer.current_size, largest_readable);
  }
  return footer;
}

Footer make_footer(Type type, std::uint64_t size, const std::string& creator) {
  Footer footer;
  Span bytes = footer.bytes;
  std::memcpy(bytes.data(), footer_cookie.data(), footer_cookie.size());
  put_be<std::uint32_t>(bytes, at_features, reserved_feature);
  put_be<std::uint32_t>(bytes, at_version, version);
  put_be<std::uint64_t>(bytes, at_data_offset, type == Type::fixed ? ~0ULL : footer_bytes);
  auto now = std::chrono::system_clock::now().time_since_epoch();
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count() - epoch;
  put_be<std::uint32_t>(bytes, at_time_stamp, static_cast<std::uint32_t>(seconds));
  TRUCE_ASSERT(creator.size() == 4, "a creator is four characters");
  std::memcpy(bytes.data() + at_creator, creator.data(), 4);
  put_be<std::uint32_t>(bytes, at_creator_version, 0x00010000);
  std::memcpy(bytes.data() + at_creator_host, "Wi2k", 4);
  put_be<std::uint64_t>(bytes, at_original_size, size);
  put_be<std::uint32_t>(bytes, at_type, static_cast<std::uint32_t>(type));
  std::random_device random;
  for (std::size_t at = 0; at < 16; at += 4) put_be<std::uint32_t>(bytes, at_id + at, random());
  set_size(footer, size);
  return footer;
}

void set_size(Footer& footer, std::uint64_t size) {
  Span bytes = footer.bytes;
  auto geometry = geometry_of(size);
  put_be<std::uint64_t>(bytes, at_current_size, size);
  put_be<std::uint16_t>(bytes, at_geometry, geometry.cylinders);
  bytes[at_geometry + 2] = std::byte{geometry.heads};
  bytes[at_geometry + 3] = std::byte{geometry.sectors};
  put_be<std::uint32_t>(bytes, at_footer_checksum, checksum_of(bytes, at_footer_checksum));
  read_fields(footer);
}

void set_type(Footer& footer, Type type) {
  Span bytes = footer.bytes;
  put_be<std::uint32_t>(bytes, at_type, static_cast<std::uint32_t>(type));
  put_be<std::uint32_t>(bytes, at_footer_checksum, checksum_of(bytes, at_footer_checksum));
  read_fields(footer);
}

Result<FoundFooter> find_footer(const File& file) {
  auto size = file.size();
  if (size < footer_bytes) return fail(Code::corrupt, "{} bytes hold no footer", size);
  FoundFooter found;
  auto at_end = read_footer_at(file, size - footer_bytes, footer_bytes);
  auto length = footer_bytes;
  if (!at_end) {
    if (auto shorter = read_footer_at(file, size - short_footer_bytes, short_footer_bytes)) {
      at_end = std::move(shorter);
      length = short_footer_bytes;
    }
  }
  if (at_end) {
    found.footer = *std::move(at_end);
    found.end = size - length;
    if (found.footer.type != Type::fixed) compare_with_copy(found, file);
    return found;
  }
  // [VHD] Dynamic Hard Disk Image: the copy at the head is for the case that the end is lost.
  auto copy = read_footer_at(file, 0, footer_bytes);
  if (!copy || copy->type == Type::fixed) return std::unexpected(std::move(at_end).error());
  found.footer = *std::move(copy);
  found.end = size;
  found.twice = found.at_end = false;
  found.warnings.push_back("at the end: " + at_end.error().message +
                           "; its copy at the head is used, the file may be cut off");
  return found;
}

Result<Header> read_header(const File& file, const Footer& footer, std::uint64_t end) {
  auto at = footer.data_offset;
  if (at % sector_bytes != 0 || at < footer_bytes || !inside(at, header_bytes, end))
    return fail(Code::corrupt, "footer: a header at {}, of a file with tables to {}", at, end);
  Header header;
  TRY_VOID(file.read(at, header.bytes));
  if (!has_cookie(header.bytes, header_cookie)) return fail(Code::corrupt, "header: no cookie");
  TRY_VOID(verify(header.bytes, at_header_checksum, "header"));
  auto found = be<std::uint32_t>(header.bytes, at_header_version);
  if (found >> 16 != version >> 16)
    return fail(Code::unsupported, "header: version {}.{}", found >> 16, found & 0xFFFF);
  read_fields(header);
  TRY_VOID(check_header(header, footer, end));
  return header;
}

Header make_header(std::uint64_t table_offset, std::uint32_t entries, std::uint32_t block_bytes) {
  Header header;
  Span bytes = header.bytes;
  std::memcpy(bytes.data(), header_cookie.data(), header_cookie.size());
  put_be<std::uint64_t>(bytes, at_next, ~0ULL);
  put_be<std::uint64_t>(bytes, at_table_offset, table_offset);
  put_be<std::uint32_t>(bytes, at_header_version, version);
  put_be<std::uint32_t>(bytes, at_block_size, block_bytes);
  set_entries(header, entries);
  return header;
}

void set_entries(Header& header, std::uint32_t entries) {
  put_be<std::uint32_t>(Span(header.bytes), at_entries, entries);
  seal(header);
}

void seal(Header& header) {
  Span bytes = header.bytes;
  put_be<std::uint32_t>(bytes, at_header_checksum, checksum_of(bytes, at_header_checksum));
  read_fields(header);
}

}  // namespace truce::image::vhd
