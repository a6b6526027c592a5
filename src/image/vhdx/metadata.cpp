#include "vhdx/metadata.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "byte_order.h"
#include "utf16.h"

namespace truce::image::vhdx {
namespace {

constexpr std::string_view table_signature = "metadata";   // [MS-VHDX] 2.6.1.1
constexpr std::size_t table_bytes = 65536;                 // [MS-VHDX] 2.6.1
constexpr std::size_t entries_at = 32, entry_bytes = 32;   // [MS-VHDX] 2.6.1.2
constexpr std::uint32_t most_entries = 2047;               // [MS-VHDX] 2.6.1.1
constexpr std::uint32_t most_item_bytes = 1U << 20;        // [MS-VHDX] 2.6.1.2
constexpr std::uint32_t is_disk = 2, is_required = 4;      // [MS-VHDX] 2.6.1.2
constexpr std::uint32_t keeps_blocks = 1, has_parent = 2;  // [MS-VHDX] 2.6.2.1

// [MS-VHDX] 2.6.2
enum Item : std::size_t {
  parameters,
  size,
  disk,
  sector_size,
  physical_sector_size,
  locator,
  items
};
struct Known {
  Guid id;
  std::uint32_t length;  ///< 0: any
  std::uint32_t flags;
  std::string_view name;
};
constexpr std::array<Known, items> known{{
    {Guid::parse("caa16737-fa36-4d43-b3b6-33f0aa44e76b").value(), 8, is_required,
     "file parameters"},
    {Guid::parse("2fa54224-cd1b-4876-b211-5dbed83bf4b8").value(), 8, is_disk | is_required,
     "virtual disk size"},
    {Guid::parse("beca12ab-b2e6-4523-93ef-c309e000c746").value(), 16, is_disk | is_required,
     "virtual disk id"},
    {Guid::parse("8141bf1d-a96f-4709-ba47-f233a8faab5f").value(), 4, is_disk | is_required,
     "logical sector size"},
    {Guid::parse("cda348c7-445d-4471-9cc9-e9885251c556").value(), 4, is_disk | is_required,
     "physical sector size"},
    {Guid::parse("a8d35f2d-b30b-454d-abf7-d3d84834ab0c").value(), 0, is_required, "parent locator"},
}};

// [MS-VHDX] 2.6.2.6
constexpr Guid vhdx_locator = Guid::parse("b04aefb7-d19e-4a81-b789-25b8e9445913").value();
constexpr std::size_t locator_header_bytes = 20, locator_entry_bytes = 12;
constexpr std::size_t longest_located = 32768;  // bytes of a key or a value that we write
constexpr std::array<std::string_view, 5> locator_keys{
    "parent_linkage", "parent_linkage2", "relative_path", "volume_path", "absolute_win32_path"};

using Places = std::array<std::optional<Range>, items>;

Result<Places> read_table(const File& file, const Range& region) {
  std::vector<std::byte> table(table_bytes);
  TRY_VOID(file.read(region.offset, table));
  if (!std::ranges::equal(View(table).first(8), std::as_bytes(std::span(table_signature))))
    return fail(Code::corrupt, "metadata table: it has no signature");
  auto count = le<std::uint16_t>(table, 10);
  if (count > most_entries)
    return fail(Code::corrupt, "metadata table: {} entries, at most {} are legal", count,
                most_entries);
  Places places;
  for (std::size_t i = 0; i < count; ++i) {
    auto entry = View(table).subspan(entries_at + i * entry_bytes, entry_bytes);
    auto id = Guid::load(entry, 0);
    auto row = std::ranges::find(known, id, &Known::id);
    if (row == known.end()) {
      if ((le<std::uint32_t>(entry, 24) & is_required) != 0)
        return fail(Code::unsupported, "metadata table: item {} is required and not known",
                    to_string(id));
      continue;
    }
    Range place{le<std::uint32_t>(entry, 16), le<std::uint32_t>(entry, 20)};
    auto& known_place = places[static_cast<std::size_t>(row - known.begin())];
    if (known_place)
      return fail(Code::corrupt, "metadata table: there are two of the {}", row->name);
    if (place.offset < table_bytes || !inside(place.offset, place.length, region.length) ||
        place.length > most_item_bytes || place.length == 0 ||
        (row->length != 0 && place.length != row->length)) {
      return fail(Code::corrupt, "metadata table: the {} cannot have {} bytes at {}", row->name,
                  place.length, place.offset);
    }
    known_place = Range{region.offset + place.offset, place.length};
  }
  return places;
}

Result<std::vector<std::byte>> read_item(const File& file, const Places& places, Item item) {
  if (!places[item]) return fail(Code::corrupt, "metadata table: there is no {}", known[item].name);
  std::vector<std::byte> bytes(places[item]->length);
  TRY_VOID(file.read(places[item]->offset, bytes));
  return bytes;
}

void append_utf8(std::string& text, std::uint32_t c) {
  auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xE0 | c >> 12);
    } else {
      put(0xF0 | c >> 18);
      put(0x80 | (c >> 12 & 63));
    }
    put(0x80 | (c >> 6 & 63));
  }
  put(0x80 | (c & 63));
}

/// UTF-16 with the low byte first; half pairs become U+FFFD.
std::string utf8(View bytes) {
  std::string text;
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    std::uint32_t unit = le<std::uint16_t>(bytes, at);
    std::uint32_t next = at + 4 <= bytes.size() ? le<std::uint16_t>(bytes, at + 2) : 0;
    if (unit >= 0xD800 && unit < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
      unit = 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
      at += 2;
    } else if (unit >= 0xD800 && unit < 0xE000) {
      unit = 0xFFFD;
    }
    append_utf8(text, unit);
  }
  return text;
}

/// [MS-VHDX] 2.6.2.6.1, 2.6.2.6.2. Memory is bounded: each of few keys once, 64 KiB at most.
Result<void> parse_locator(View item, Metadata& metadata) {
  if (item.size() < locator_header_bytes)
    return fail(Code::corrupt, "parent locator: it has {} bytes, fewer than its header",
                item.size());
  if (auto type = Guid::load(item, 0); type != vhdx_locator)
    return fail(Code::unsupported, "parent locator: type {} is not known", to_string(type));
  auto count = le<std::uint16_t>(item, 18);
  if (locator_header_bytes + count * locator_entry_bytes > item.size())
    return fail(Code::corrupt, "parent locator: {} entries do not fit its {} bytes", count,
                item.size());
  for (std::size_t i = 0; i < count; ++i) {
    auto entry = item.subspan(locator_header_bytes + i * locator_entry_bytes, locator_entry_bytes);
    Range key{le<std::uint32_t>(entry, 0), le<std::uint16_t>(entry, 8)};
    Range value{le<std::uint32_t>(entry, 4), le<std::uint16_t>(entry, 10)};
    if (!inside(key.offset, key.length, item.size()) ||
        !inside(value.offset, value.length, item.size()) || key.length % 2 || value.length % 2)
      return fail(Code::corrupt, "parent locator: entry {} lies beyond the item", i + 1);
    if (key.length > 64) continue;  // longer than any key that is known
    auto name = utf8(item.subspan(key.offset, key.length));
    if (std::ranges::find(locator_keys, name) == locator_keys.end()) continue;
    auto text = utf8(item.subspan(value.offset, value.length));
    if (text.empty() || text.contains('\0'))
      return fail(Code::corrupt, "parent locator: {} is empty or holds a zero", name);
    if (!metadata.located(name).empty())
      return fail(Code::corrupt, "parent locator: {} is there twice", name);
    metadata.locator.emplace_back(std::move(name), std::move(text));
  }
  if (!Guid::parse(metadata.located("parent_linkage")))
    return fail(Code::corrupt, "parent locator: parent_linkage is '{}', not an identifier",
                metadata.located("parent_linkage"));
  return {};
}

Result<void> check_values(const Metadata& metadata) {
  if (!std::has_single_bit(metadata.block_size) || metadata.block_size < least_block ||
      metadata.block_size > most_block)
    return fail(Code::corrupt, "metadata: blocks of {} bytes are not legal", metadata.block_size);
  for (auto [bytes, what] : {std::pair{metadata.sector_size, "logical"},
                             std::pair{metadata.physical_sector_size, "physical"}}) {
    if (bytes != 512 && bytes != 4096)
      return fail(Code::corrupt, "metadata: {} sectors of {} bytes are not legal", what, bytes);
  }
  if (metadata.size > most_disk || metadata.size % metadata.sector_size != 0)
    return fail(Code::corrupt, "metadata: a disk of {} bytes is not legal, with sectors of {}",
                metadata.size, metadata.sector_size);
  return {};
}

}  // namespace

std::string_view Metadata::located(std::string_view key) const {
  for (const auto& [name, value] : locator) {
    if (name == key) return value;
  }
  return {};
}

Result<Metadata> read_metadata(const File& file, const Range& region) {
  TRY(auto places, read_table(file, region));
  Metadata metadata;
  TRY(auto bytes, read_item(file, places, parameters));
  metadata.block_size = le<std::uint32_t>(bytes, 0);
  metadata.keeps_blocks = (le<std::uint32_t>(bytes, 4) & keeps_blocks) != 0;
  metadata.has_parent = (le<std::uint32_t>(bytes, 4) & has_parent) != 0;
  TRY(bytes, read_item(file, places, size));
  metadata.size = le<std::uint64_t>(bytes, 0);
  metadata.size_at = places[size]->offset;
  TRY(bytes, read_item(file, places, disk));
  metadata.disk = Guid::load(bytes, 0);
  TRY(bytes, read_item(file, places, sector_size));
  metadata.sector_size = le<std::uint32_t>(bytes, 0);
  TRY(bytes, read_item(file, places, physical_sector_size));
  metadata.physical_sector_size = le<std::uint32_t>(bytes, 0);
  TRY_VOID(check_values(metadata));
  if (metadata.has_parent) {
    TRY(bytes, read_item(file, places, locator));
    TRY_VOID(parse_locator(bytes, metadata));
  }
  return metadata;
}

namespace {

/// [MS-VHDX] 2.6.2.6: header, entries, then keys and values.
Result<std::vector<std::byte>> locator_bytes(const Metadata& metadata) {
  std::vector<std::byte> item(locator_header_bytes + metadata.locator.size() * locator_entry_bytes);
  vhdx_locator.store(item, 0);
  put_le<std::uint16_t>(item, 18, static_cast<std::uint16_t>(metadata.locator.size()));
  std::size_t entry = locator_header_bytes;
  for (const auto& [key, value] : metadata.locator) {
    for (const auto* text : {&key, &value}) {
      TRY(auto units, to_utf16<std::endian::little>(*text));
      if (units.size() > longest_located)
        return fail(Code::invalid, "the parent's name is longer than {} bytes", longest_located);
      bool is_key = text == &key;
      put_le<std::uint32_t>(item, entry + (is_key ? 0 : 4),
                            static_cast<std::uint32_t>(item.size()));
      put_le<std::uint16_t>(item, entry + (is_key ? 8 : 10),
                            static_cast<std::uint16_t>(units.size()));
      item.insert(item.end(), units.begin(), units.end());
    }
    entry += locator_entry_bytes;
  }
  return item;
}

void put_entry(Span entry, Item item, std::uint64_t offset, std::uint64_t length) {
  known[item].id.store(entry, 0);
  put_le<std::uint32_t>(entry, 16, static_cast<std::uint32_t>(offset));
  put_le<std::uint32_t>(entry, 20, static_cast<std::uint32_t>(length));
  put_le<std::uint32_t>(entry, 24, known[item].flags);
}

std::uint32_t flags_of(const Metadata& metadata) {
  return (metadata.keeps_blocks ? keeps_blocks : 0) | (metadata.has_parent ? has_parent : 0);
}

}  // namespace

Result<void> write_metadata(File& file, const Range& region, const Metadata& metadata) {
  std::vector<std::byte> table(table_bytes + 64);
  std::ranges::copy(std::as_bytes(std::span(table_signature)), table.begin());
  std::size_t count = metadata.has_parent ? items : locator;
  put_le<std::uint16_t>(table, 10, static_cast<std::uint16_t>(count));
  std::array<std::size_t, items> at{};
  std::size_t next = table_bytes;
  for (std::size_t i = 0; i < locator; ++i) {
    put_entry(Span(table).subspan(entries_at + i * entry_bytes, entry_bytes), static_cast<Item>(i),
              next, known[i].length);
    at[i] = next;
    next += known[i].length;
  }
  put_le<std::uint32_t>(table, at[parameters], metadata.block_size);
  put_le<std::uint32_t>(table, at[parameters] + 4, flags_of(metadata));
  put_le<std::uint64_t>(table, at[size], metadata.size);
  metadata.disk.store(table, at[disk]);
  put_le<std::uint32_t>(table, at[sector_size], metadata.sector_size);
  put_le<std::uint32_t>(table, at[physical_sector_size], metadata.physical_sector_size);
  if (metadata.has_parent) {
    TRY(auto item, locator_bytes(metadata));
    put_entry(Span(table).subspan(entries_at + locator * entry_bytes, entry_bytes), locator,
              table.size(), item.size());
    table.insert(table.end(), item.begin(), item.end());
  }
  return file.write(region.offset, table);
}

Result<void> set_parent(Metadata& metadata, const Parent& parent) {
  const auto& details = parent.description.details;
  auto row = std::ranges::find(details, data_write_row, [](const auto& d) { return d.first; });
  if (row == details.end())
    return fail(Code::invalid, "the parent '{}' has no {}", parent.name, data_write_row);
  metadata.has_parent = true;
  metadata.locator = {{"parent_linkage", "{" + row->second + "}"}};
  // There is no volume_path: what it names are volumes of Windows.
  if (!parent.name.starts_with('/'))
    metadata.locator.emplace_back("relative_path", windows_relative(parent.name));
  metadata.locator.emplace_back("absolute_win32_path", parent.path);
  return {};
}

Result<void> change_parent(File& file, const Range& region, const Metadata& metadata) {
  TRY(auto places, read_table(file, region));
  if (!places[locator]) return fail(Code::internal, "a disk whose parent changes has had one");
  std::vector<std::byte> table(table_bytes);
  TRY_VOID(file.read(region.offset, table));
  auto count = le<std::uint16_t>(table, 10);
  // All items, those that are not known, too: the new locator lies behind them.
  std::uint64_t end = table_bytes;
  std::size_t ours = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto entry = View(table).subspan(entries_at + i * entry_bytes, entry_bytes);
    if (Guid::load(entry, 0) == known[locator].id) {
      ours = i;
    } else {
      end = std::max<std::uint64_t>(
          end, std::uint64_t{le<std::uint32_t>(entry, 16)} + le<std::uint32_t>(entry, 20));
    }
  }
  auto entry = Span(table).subspan(entries_at + ours * entry_bytes, entry_bytes);
  if (metadata.has_parent) {
    TRY(auto item, locator_bytes(metadata));
    auto at = round_up(end, 8);
    if (!inside(at, item.size(), region.length))
      return fail(Code::limit, "the metadata region has no room for the parent's name");
    put_entry(entry, locator, at, item.size());
    TRY_VOID(file.write(region.offset + at, item));
  } else {
    auto last = Span(table).subspan(entries_at + (count - 1) * entry_bytes, entry_bytes);
    std::ranges::copy(last, entry.begin());
    std::ranges::fill(last, std::byte{});
    put_le<std::uint16_t>(table, 10, static_cast<std::uint16_t>(count - 1));
  }
  std::array<std::byte, 4> flags{};
  put_le<std::uint32_t>(flags, 0, flags_of(metadata));
  TRY_VOID(file.write(places[parameters]->offset + 4, flags));
  // The sectors of the table that hold its header and entries: few enough for one commit.
  auto used = round_up(entries_at + std::uint64_t{count} * entry_bytes, sector);
  return file.write(region.offset, View(table).first(used));
}

}  // namespace truce::image::vhdx
