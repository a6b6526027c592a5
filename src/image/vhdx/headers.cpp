#include "vhdx/headers.h"

#include <algorithm>
#include <optional>

#include "byte_order.h"
#include "crc32c.h"

namespace truce::image::vhdx {
namespace {

// Signatures, as the little-endian number that their four letters make.
constexpr std::uint32_t header_signature = 0x64616568;  // `head`, [MS-VHDX] 2.2.2
constexpr std::uint32_t region_signature = 0x69676572;  // `regi`, [MS-VHDX] 2.2.3.1
constexpr std::size_t checksum_at = 4;                  // in both
constexpr std::uint32_t most_regions = 2047;            // [MS-VHDX] 2.2.3.1
constexpr std::size_t region_entries_at = 16, region_entry_bytes = 32;

/// What is wrong with the signature or the checksum of a structure, if anything is.
std::optional<std::string> damage(View bytes, std::uint32_t signature) {
  if (auto found = le<std::uint32_t>(bytes, 0); found != signature)
    return fmt::format("signature is {:08x}, not {:08x}", found, signature);
  auto stored = le<std::uint32_t>(bytes, checksum_at);
  auto computed = crc32c_without(bytes, checksum_at);
  if (stored != computed)
    return fmt::format("checksum is {:08x}, computed {:08x}", stored, computed);
  return std::nullopt;
}

Result<Header> parse_header(View bytes, std::uint64_t file_size) {
  Header header{.sequence = le<std::uint64_t>(bytes, 8),
                .file_write = Guid::load(bytes, 16),
                .data_write = Guid::load(bytes, 32),
                .log_id = Guid::load(bytes, 48),
                .log = {le<std::uint64_t>(bytes, 72), le<std::uint32_t>(bytes, 68)}};
  if (auto version = le<std::uint16_t>(bytes, 66); version != 1)
    return fail(Code::unsupported, "header: version {} of the format is not known", version);
  if (auto version = le<std::uint16_t>(bytes, 64); version != 0 && !header.log_id.zero())
    return fail(Code::unsupported, "header: version {} of the log is not known", version);
  if (header.log.length == 0 && header.log_id.zero()) return header;
  if (header.log.offset % mebibyte != 0 || header.log.length % mebibyte != 0 ||
      header.log.length == 0 || header.log.offset < header_section ||
      !inside(header.log.offset, header.log.length, file_size)) {
    return fail(Code::corrupt, "header: the log cannot have {} bytes at {} in a file of {}",
                header.log.length, header.log.offset, file_size);
  }
  return header;
}

Result<std::vector<Region>> parse_regions(View table) {
  auto count = le<std::uint32_t>(table, 8);
  if (count > most_regions)
    return fail(Code::corrupt, "region table: {} entries, at most {} are legal", count,
                most_regions);
  std::vector<Region> regions;
  for (std::size_t i = 0; i < count; ++i) {
    auto entry = table.subspan(region_entries_at + i * region_entry_bytes, region_entry_bytes);
    Region region{.id = Guid::load(entry, 0),
                  .range = {le<std::uint64_t>(entry, 16), le<std::uint32_t>(entry, 24)},
                  .required = (le<std::uint32_t>(entry, 28) & 1) != 0};
    if (region.range.offset % mebibyte != 0 || region.range.length % mebibyte != 0 ||
        region.range.length == 0 || region.range.offset < header_section ||
        !inside(region.range.offset, region.range.length, file_limit)) {
      return fail(Code::corrupt, "region table: region {} cannot have {} bytes at {}",
                  to_string(region.id), region.range.length, region.range.offset);
    }
    regions.push_back(region);
  }
  return regions;
}

/// The one region of that id.
Result<Range> find(const Regions& regions, const Guid& id, std::string_view what,
                   std::uint64_t file_size) {
  const Region* found = nullptr;
  for (const auto& region : regions.all) {
    if (region.id != id) continue;
    if (found != nullptr) return fail(Code::corrupt, "region table: there are two of the {}", what);
    found = &region;
  }
  if (found == nullptr) return fail(Code::corrupt, "region table: there is no {}", what);
  if (!inside(found->range.offset, found->range.length, file_size)) {
    return fail(Code::corrupt, "region table: the {}, {} bytes at {}, ends beyond the file's {}",
                what, found->range.length, found->range.offset, file_size);
  }
  return found->range;
}

}  // namespace

Result<Headers> read_headers(const File& file) {
  if (file.size() < header_section)
    return fail(Code::corrupt, "the file has {} bytes, the header alone has {}", file.size(),
                header_section);
  std::vector<std::byte> bytes[2];
  std::optional<std::string> damages[2];
  for (std::size_t slot = 0; slot < 2; ++slot) {
    bytes[slot].resize(header_bytes);
    TRY_VOID(file.read(header_offsets[slot], bytes[slot]));
    damages[slot] = damage(bytes[slot], header_signature);
  }
  if (damages[0] && damages[1]) {
    return fail(Code::corrupt, "neither header is valid: header 1: {}; header 2: {}", *damages[0],
                *damages[1]);
  }
  Headers headers;
  auto first = le<std::uint64_t>(bytes[0], 8), second = le<std::uint64_t>(bytes[1], 8);
  if (!damages[0] && !damages[1] && first == second && bytes[0] != bytes[1])
    return fail(Code::corrupt, "both headers have the sequence number {} and they differ", first);
  headers.slot = damages[0] || (!damages[1] && second > first) ? 1 : 0;
  headers.twice = !damages[1 - headers.slot];
  if (auto& other = damages[1 - headers.slot])
    headers.warnings.push_back(fmt::format("header {}: {}", 2 - headers.slot, *other));
  TRY(headers.current, parse_header(bytes[headers.slot], file.size()));
  return headers;
}

Result<void> write_header(File& file, std::size_t slot, const Header& header) {
  std::vector<std::byte> bytes(header_bytes);
  put_le<std::uint32_t>(bytes, 0, header_signature);
  put_le<std::uint64_t>(bytes, 8, header.sequence);
  header.file_write.store(bytes, 16);
  header.data_write.store(bytes, 32);
  header.log_id.store(bytes, 48);
  put_le<std::uint16_t>(bytes, 66, 1);
  put_le<std::uint32_t>(bytes, 68, static_cast<std::uint32_t>(header.log.length));
  put_le<std::uint64_t>(bytes, 72, header.log.offset);
  put_le<std::uint32_t>(bytes, checksum_at, crc32c(bytes));
  return file.write(header_offsets[slot], bytes);
}

Result<std::vector<Range>> reserve(const std::vector<Region>& regions, const Range& log) {
  std::vector<Range> reserved{{0, header_section}};
  if (log.length != 0) reserved.push_back(log);
  for (const auto& region : regions) reserved.push_back(region.range);
  std::ranges::sort(reserved, {}, &Range::offset);
  for (std::size_t i = 1; i < reserved.size(); ++i) {
    if (reserved[i].overlaps(reserved[i - 1])) {
      return fail(Code::corrupt, "region table: what lies at {} runs into what lies at {}",
                  reserved[i - 1].offset, reserved[i].offset);
    }
  }
  return reserved;
}

Result<Regions> read_regions(const File& file, const Range& log, std::uint64_t file_size) {
  std::array<std::vector<std::byte>, 2> copies;
  std::array<bool, 2> valid{};
  Regions regions;
  for (std::size_t copy = 0; copy < 2; ++copy) {
    copies[copy].resize(region_table_bytes);
    TRY_VOID(file.read(region_table_offsets[copy], copies[copy]));
    auto found = damage(copies[copy], region_signature);
    valid[copy] = !found;
    if (found) regions.warnings.push_back(fmt::format("region table {}: {}", copy + 1, *found));
  }
  if (!valid[0] && !valid[1]) {
    return fail(Code::corrupt, "neither region table is valid: {}; {}", regions.warnings[0],
                regions.warnings[1]);
  }
  regions.copy = valid[0] ? 0 : 1;
  regions.twice = copies[0] == copies[1];
  if (valid[0] && valid[1] && !regions.twice)
    regions.warnings.emplace_back("the two region tables differ: the first is used");
  const auto& table = copies[regions.copy];
  TRY(regions.all, parse_regions(table));
  for (const auto& region : regions.all) {
    if (region.id == bat_region || region.id == metadata_region) continue;
    if (region.required)
      return fail(Code::unsupported, "region table: region {} is required and not known",
                  to_string(region.id));
    regions.warnings.push_back(
        fmt::format("region {} is not known and not required", to_string(region.id)));
  }
  TRY(regions.bat, find(regions, bat_region, "block allocation table", file_size));
  TRY(regions.metadata, find(regions, metadata_region, "metadata region", file_size));
  TRY(regions.reserved, reserve(regions.all, log));
  return regions;
}

Result<void> write_regions(File& file, const std::vector<Region>& regions) {
  TRUCE_ASSERT(regions.size() <= most_regions, "more regions than a table holds");
  std::vector<std::byte> table(region_table_bytes);
  put_le<std::uint32_t>(table, 0, region_signature);
  put_le<std::uint32_t>(table, 8, static_cast<std::uint32_t>(regions.size()));
  for (std::size_t i = 0; i < regions.size(); ++i) {
    auto entry =
        Span(table).subspan(region_entries_at + i * region_entry_bytes, region_entry_bytes);
    regions[i].id.store(entry, 0);
    put_le<std::uint64_t>(entry, 16, regions[i].range.offset);
    put_le<std::uint32_t>(entry, 24, static_cast<std::uint32_t>(regions[i].range.length));
    put_le<std::uint32_t>(entry, 28, regions[i].required ? 1 : 0);
  }
  put_le<std::uint32_t>(table, checksum_at, crc32c(table));
  for (auto offset : region_table_offsets) TRY_VOID(file.write(offset, table));
  return {};
}

}  // namespace truce::image::vhdx
