#include "vhd/parent.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "byte_order.h"
#include "utf16.h"

namespace truce::image::vhd {
namespace {

constexpr std::size_t at_parent_name = 64, parent_name_bytes = 512;
constexpr std::size_t at_locators = 576, locator_bytes = 24, locators = 8, after_locators = 768;
constexpr std::uint32_t longest_name = 4096;  // bytes, as they are stored

constexpr std::uint32_t code(std::string_view text) {
  std::uint32_t value = 0;
  for (char c : text) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void append_utf8(std::string& text, std::uint32_t point) {
  auto put = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

// Up to the first NUL; a lone half of a pair becomes U+FFFD.
template <std::endian order>
std::string from_utf16(View bytes) {
  std::string text;
  auto unit = [&](std::size_t at) -> std::uint32_t {
    return order == std::endian::big ? be<std::uint16_t>(bytes, at) : le<std::uint16_t>(bytes, at);
  };
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    auto point = unit(at);
    if (point == 0) break;
    if (point >= 0xD800 && point < 0xDC00 && at + 4 <= bytes.size() &&
        (unit(at + 2) & 0xFC00) == 0xDC00) {
      point = 0x10000 + ((point & 0x3FF) << 10 | (unit(at + 2) & 0x3FF));
      at += 2;
    } else if ((point & 0xF800) == 0xD800) {
      point = 0xFFFD;
    }
    append_utf8(text, point);
  }
  return text;
}

std::string from_bytes(View bytes) {
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

struct Locator {
  std::uint32_t code, length;
  std::uint64_t offset;
};

// [VHD] Dynamic Disk Header Format: Parent Locator Entry.
Result<std::string> read_name(const File& file, const Locator& locator) {
  if (locator.length > longest_name || !inside(locator.offset, locator.length, file.size())) {
    return fail(Code::corrupt, "a parent's name of {} bytes at {}: no more than {}, in the file",
                locator.length, locator.offset, longest_name);
  }
  std::vector<std::byte> bytes(locator.length);
  TRY_VOID(file.read(locator.offset, bytes));
  bool utf16 = locator.code == code("W2ru") || locator.code == code("W2ku");
  return utf16 ? from_utf16<std::endian::little>(bytes) : from_bytes(bytes);
}

// A relative name on Windows, `.\folder\name`, as we write it.
std::string with_slashes(std::string name) {
  std::ranges::replace(name, '\\', '/');
  while (name.starts_with("./")) name.erase(0, 2);
  return name;
}

std::string without_scheme(const std::string& name) {
  constexpr std::string_view local = "file://localhost", scheme = "file://";
  if (name.starts_with(local)) return name.substr(local.size());
  if (name.starts_with(scheme)) return name.substr(scheme.size());
  return name;
}

/// What the description of the parent says under `name`.
Result<std::string_view> detail_of(const Parent& parent, std::string_view name) {
  for (const auto& [key, value] : parent.description.details) {
    if (key == name) return std::string_view(value);
  }
  return fail(Code::invalid, "the parent '{}' has no {}", parent.name, name);
}

}  // namespace

void clear_parent(Header& header) {
  std::ranges::fill(Span(header.bytes).subspan(at_parent_id, after_locators - at_parent_id),
                    std::byte{});
  seal(header);
}

Result<std::vector<std::byte>> set_parent(Header& header, const Parent& parent, std::uint64_t at) {
  clear_parent(header);
  Span bytes = header.bytes;
  TRY(auto id_text, detail_of(parent, id_row));
  TRY(auto id, parse_id(id_text));
  std::ranges::copy(id, bytes.begin() + at_parent_id);
  TRY(auto stamp_text, detail_of(parent, time_stamp_row));
  std::uint32_t stamp = 0;
  std::from_chars(stamp_text.data(), stamp_text.data() + stamp_text.size(), stamp);
  put_be<std::uint32_t>(bytes, at_parent_time_stamp, stamp);
  auto file_name = std::filesystem::path(parent.path).filename().string();
  TRY(auto name, to_utf16<std::endian::big>(file_name));
  name.resize(std::min(name.size(), parent_name_bytes - 2));
  std::ranges::copy(name, bytes.begin() + at_parent_name);
  // The relative name holds when the chain is moved, the absolute one when only the child is.
  std::vector<std::byte> all;
  std::size_t entry = at_locators;
  auto add = [&](std::string_view platform, const std::string& text) -> Result<void> {
    TRY(auto units, to_utf16<std::endian::little>(text));
    if (units.size() > longest_name)
      return fail(Code::invalid, "the parent's name is longer than {} bytes", longest_name);
    auto space = round_up(units.size(), sector_bytes);
    put_be<std::uint32_t>(bytes, entry, code(platform));
    // In bytes, whatever the specification says of sectors: so do Microsoft's own programs.
    put_be<std::uint32_t>(bytes, entry + 4, static_cast<std::uint32_t>(space));
    put_be<std::uint32_t>(bytes, entry + 8, static_cast<std::uint32_t>(units.size()));
    put_be<std::uint64_t>(bytes, entry + 16, at + all.size());
    units.resize(space);
    all.insert(all.end(), units.begin(), units.end());
    entry += locator_bytes;
    return {};
  };
  if (!parent.name.starts_with('/')) TRY_VOID(add("W2ru", windows_relative(parent.name)));
  TRY_VOID(add("W2ku", parent.path));
  seal(header);
  return all;
}

Result<std::vector<Reference>> parent_names(const File& file, const Header& header,
                                            std::vector<std::string>& warnings) {
  View bytes = header.bytes;
  std::vector<Reference> names;
  auto add = [&](std::string name) {
    bool known = name.empty() || std::ranges::find(names, name, &Reference::name) != names.end();
    if (!known) names.push_back({"parent", std::move(name), "vhd"});
  };
  // Relative names first: they still hold when the chain was moved. `Mac ` is an alias that only a
  // Macintosh can read.
  for (auto wanted : {code("W2ru"), code("Wi2r"), code("MacX"), code("W2ku"), code("Wi2k")}) {
    for (std::size_t i = 0; i < locators; ++i) {
      auto at = at_locators + i * locator_bytes;
      Locator locator{be<std::uint32_t>(bytes, at), be<std::uint32_t>(bytes, at + 8),
                      be<std::uint64_t>(bytes, at + 16)};
      if (locator.code != wanted) continue;
      auto name = read_name(file, locator);
      if (!name) {
        warnings.push_back(fmt::format("parent locator {}: {}", i, name.error().message));
      } else if (wanted == code("W2ru") || wanted == code("Wi2r")) {
        add(with_slashes(*std::move(name)));
      } else {
        add(wanted == code("MacX") ? without_scheme(*name) : *std::move(name));
      }
    }
  }
  add(from_utf16<std::endian::big>(bytes.subspan(at_parent_name, parent_name_bytes)));
  if (names.empty()) return fail(Code::corrupt, "a differencing disk that names no parent");
  return names;
}

Result<std::shared_ptr<Image>> open_first(const std::vector<Reference>& names,
                                          const OpenOptions& options) {
  auto first = open_parent(names.front(), options);
  for (std::size_t i = 1; !first && i < names.size(); ++i) {
    // Found, and not fit to be read: the other names are of the same file.
    if (first.error().code == Code::corrupt || first.error().code == Code::limit) break;
    if (auto other = open_parent(names[i], options)) return other;
  }
  return first;
}

}  // namespace truce::image::vhd
