#include "vmdk/descriptor.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "vmdk/layout.h"

namespace truce::image::vmdk {
namespace {

using Type = ExtentLine::Type;

/// Kinds of disks that are read. `custom` and those of whole devices are not.
constexpr std::array<std::string_view, 12> create_types{
    "monolithicSparse",   "streamOptimized",    "monolithicFlat",   "twoGbMaxExtentSparse",
    "twoGbMaxExtentFlat", "2GbMaxExtentSparse", "2GbMaxExtentFlat", "vmfs",
    "vmfsSparse",         "seSparse",           "vmfsThin",         "vmfsPreallocated"};

struct TypeName {
  std::string_view name;
  Type type;
};
constexpr std::array<TypeName, 6> type_names{{{"FLAT", Type::flat},
                                              {"SPARSE", Type::sparse},
                                              {"ZERO", Type::zero},
                                              {"VMFS", Type::flat},
                                              {"VMFSSPARSE", Type::cowd},
                                              {"SESPARSE", Type::sesparse}}};

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Takes the first line off `text`.
std::string_view next_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return trim(line);
}

/// Takes the first word off `line`.
std::string_view next_word(std::string_view& line) {
  auto end = line.find_first_of(blanks);
  auto word = line.substr(0, end);
  line = end == line.npos ? std::string_view{} : trim(line.substr(end));
  return word;
}

bool same_word(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

template <class T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What may stand in a message: foreign text, cut and without control characters.
std::string shown(std::string_view text) {
  std::string safe(text.substr(0, 80));
  std::ranges::replace_if(safe, [](unsigned char c) { return c < 32 || c == 127; }, '?');
  return safe;
}

Result<ExtentLine> parse_extent(std::string_view line) {
  ExtentLine extent;
  auto whole = line;
  auto access = next_word(line);
  if (access == "NOACCESS") return fail(Code::unsupported, "an extent without access");
  extent.writable = access == "RW";
  auto sectors = parse_number<std::uint64_t>(next_word(line));
  auto type = std::ranges::find(type_names, next_word(line), &TypeName::name);
  if (!sectors) return fail(Code::corrupt, "the extent '{}' has no size", shown(whole));
  if (type == type_names.end())
    return fail(Code::unsupported, "the extent '{}' is of no kind that is known", shown(whole));
  extent.sectors = *sectors;
  extent.type = type->type;
  if (extent.type == Type::zero) return extent;
  auto close = line.starts_with('"') ? line.find('"', 1) : line.npos;
  if (close == line.npos || close == 1)
    return fail(Code::corrupt, "the extent '{}' names no file", shown(whole));
  extent.name = line.substr(1, close - 1);
  line = trim(line.substr(close + 1));
  auto offset = next_word(line);
  if (offset.empty()) return extent;
  auto number = parse_number<std::uint64_t>(offset);
  if (!number) return fail(Code::corrupt, "the extent '{}' begins nowhere", shown(whole));
  extent.offset = *number;
  return extent;
}

struct Field {
  std::string_view name, value;
};

Field parse_field(std::string_view line) {
  auto equals = line.find('=');
  if (equals == line.npos) return {};
  auto value = trim(line.substr(equals + 1));
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
    value = value.substr(1, value.size() - 2);
  return {trim(line.substr(0, equals)), value};
}

/// Keeps what is known; each may stand there once.
class Fields {
 public:
  Result<void> take(const Field& field) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!same_word(field.name, names[i])) continue;
      if (found_[i]) return fail(Code::corrupt, "the descriptor has two lines '{}'", names[i]);
      found_[i] = field.value;
    }
    return {};
  }
  enum Name {
    version,
    content_id,
    parent_id,
    create_type,
    parent_name,
    adapter_type,
    hw_version,
    cylinders,
    heads,
    track
  };
  [[nodiscard]] std::optional<std::string_view> get(Name name) const { return found_[name]; }

 private:
  static constexpr std::array<std::string_view, 10> names{"version",
                                                          "CID",
                                                          "parentCID",
                                                          "createType",
                                                          "parentFileNameHint",
                                                          "ddb.adapterType",
                                                          "ddb.virtualHWVersion",
                                                          "ddb.geometry.cylinders",
                                                          "ddb.geometry.heads",
                                                          "ddb.geometry.sectors"};
  std::array<std::optional<std::string_view>, names.size()> found_;
};

Result<void> fill(Descriptor& made, const Fields& fields, std::string_view text) {
  auto version = fields.get(Fields::version);
  if (!version) return fail(Code::corrupt, "the descriptor has no version");
  if (*version < "1" || *version > "3" || version->size() != 1)
    return fail(Code::unsupported, "a descriptor of version {}", shown(*version));
  auto type = fields.get(Fields::create_type);
  if (!type) return fail(Code::corrupt, "the descriptor has no createType");
  if (std::ranges::find(create_types, *type) == create_types.end())
    return fail(Code::unsupported, "a disk of createType '{}'", shown(*type));
  auto content_id = parse_number<std::uint32_t>(fields.get(Fields::content_id).value_or(""), 16);
  auto parent_id =
      parse_number<std::uint32_t>(fields.get(Fields::parent_id).value_or("ffffffff"), 16);
  if (!content_id || !parent_id) return fail(Code::corrupt, "CID or parentCID is no number");
  made.content_id = *content_id;
  made.parent_id = *parent_id;
  made.create_type = *type;
  made.parent_name = fields.get(Fields::parent_name).value_or("");
  made.adapter_type = shown(fields.get(Fields::adapter_type).value_or(""));
  made.hw_version = shown(fields.get(Fields::hw_version).value_or(""));
  made.cylinders = shown(fields.get(Fields::cylinders).value_or(""));
  made.heads = shown(fields.get(Fields::heads).value_or(""));
  made.track = shown(fields.get(Fields::track).value_or(""));
  // QEMU writes no leading zeros.
  auto digits = *fields.get(Fields::content_id);
  made.content_id_at = static_cast<std::size_t>(digits.data() - text.data());
  made.content_id_digits = digits.size();
  // One without the other would give a disk that lacks what its parent holds.
  if (made.has_parent() && made.parent_name.empty())
    return fail(Code::corrupt, "it has the parent {:08x}, but does not name its file",
                made.parent_id);
  if (!made.has_parent() && !made.parent_name.empty())
    return fail(Code::corrupt, "it names the parent '{}', but parentCID says that there is none",
                shown(made.parent_name));
  return {};
}

struct Geometry {
  std::uint64_t cylinders;
  unsigned heads, sectors;
};

Geometry geometry_of(std::uint64_t sectors, std::string_view adapter) {
  // [VDF] "The Disk Database": what a BIOS of the adapter computes.
  constexpr std::uint64_t gib_sectors = 1 << 21;
  if (adapter == "ide") return {std::min<std::uint64_t>(sectors / (16 * 63), 16383), 16, 63};
  if (sectors < gib_sectors) return {sectors / (64 * 32), 64, 32};
  if (sectors < 2 * gib_sectors) return {sectors / (128 * 32), 128, 32};
  return {sectors / (255 * 63), 255, 63};
}

std::string line_of(const ExtentLine& extent, std::string_view create_type) {
  auto flat = extent.type == Type::flat;
  if (flat && create_type == "vmfs")
    return fmt::format("RW {} VMFS \"{}\"\n", extent.sectors, extent.name);
  return fmt::format("RW {} {} \"{}\"{}\n", extent.sectors, flat ? "FLAT" : "SPARSE", extent.name,
                     flat ? fmt::format(" {}", extent.offset) : "");
}

std::string hint_of(std::string_view parent_name) {
  return fmt::format("parentFileNameHint=\"{}\"\n", parent_name);
}

}  // namespace

std::string with_parent(std::string_view text, std::uint32_t parent_id, std::string_view name) {
  std::string made;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size() - 1);
    auto line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    auto field = parse_field(trim(line)).name;
    if (same_word(field, "parentFileNameHint")) continue;
    if (!same_word(field, "parentCID")) {
      made += line;
      continue;
    }
    made += fmt::format("parentCID={:08x}\n", parent_id);
    if (!name.empty()) made += hint_of(name);
  }
  return made;
}

Result<std::uint32_t> content_id_of(const Parent& parent) {
  for (const auto& [key, value] : parent.description.details) {
    if (key != content_id_row) continue;
    auto id = parse_number<std::uint32_t>(value, 16);
    if (id && *id != Descriptor::no_parent) return *id;
  }
  return fail(Code::invalid, "the parent '{}' has no content id", parent.name);
}

Result<Descriptor> parse_descriptor(std::string_view text, const Limits& limits) {
  if (text.size() > descriptor_limit)
    return fail(Code::limit, "the descriptor has {} bytes, no more than {} are read", text.size(),
                descriptor_limit);
  Descriptor made;
  Fields fields;
  for (auto rest = text; !rest.empty();) {
    auto line = next_line(rest);
    if (line.empty() || line.starts_with('#')) continue;
    auto after = line;
    auto first = next_word(after);
    if (first != "RW" && first != "RDONLY" && first != "NOACCESS") {
      TRY_VOID(fields.take(parse_field(line)));
      continue;
    }
    if (made.extents.size() >= limits.extents)
      return fail(Code::limit, "the disk has more than {} extents", limits.extents);
    TRY(auto extent, parse_extent(line));
    if (__builtin_add_overflow(made.sectors, extent.sectors, &made.sectors) ||
        made.sectors > limits.size / sector_bytes) {
      return fail(Code::limit, "the disk would have more than {} bytes", limits.size);
    }
    made.extents.push_back(std::move(extent));
  }
  TRY_VOID(fill(made, fields, text));
  return made;
}

Result<TextChange> change_extent_size(std::string_view text, std::size_t index,
                                      std::uint64_t sectors) {
  std::size_t comment_end = 0, comment = 0, seen = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    if (line.starts_with('#') && at != 0) {
      comment = at;
      comment_end = end;
    }
    auto after = trim(line);
    auto first = next_word(after);
    bool extent = first == "RW" || first == "RDONLY" || first == "NOACCESS";
    if (extent && seen++ == index) {
      auto number = next_word(after);
      auto number_at = static_cast<std::size_t>(number.data() - text.data());
      auto number_end = number_at + number.size();
      auto digits = fmt::format("{}", sectors);
      auto before = comment_end - comment + number.size();
      if (comment == 0 || before < digits.size() + 1) break;
      std::string made(
          text.substr(comment, std::min(comment_end - comment, before - digits.size())));
      made.resize(before - digits.size(), ' ');
      made += text.substr(comment_end, number_at - comment_end);
      made += digits;
      TRUCE_ASSERT(made.size() == number_end - comment, "the text keeps its length");
      return TextChange{comment, std::move(made)};
    }
    at = end + 1;
  }
  return fail(Code::unsupported,
              "the descriptor has no room for another size: no comment before its extents");
}

bool looks_like_descriptor(View head) {
  std::string text;
  for (auto byte : head.first(std::min<std::size_t>(head.size(), 4096)))
    text.push_back(static_cast<char>(byte));
  for (std::string_view rest = text; !rest.empty();) {
    auto line = next_line(rest);
    if (!line.empty() && !line.starts_with('#'))
      return same_word(parse_field(line).name, "version");
  }
  return false;
}

Result<std::string> write_descriptor(const Descriptor& descriptor) {
  std::string lines;
  for (const auto& extent : descriptor.extents) lines += line_of(extent, descriptor.create_type);
  auto geometry = geometry_of(descriptor.sectors, descriptor.adapter_type);
  auto hint = descriptor.parent_name.empty() ? std::string() : hint_of(descriptor.parent_name);
  auto text = fmt::format(
      "# Disk DescriptorFile\n"
      "version=1\n"
      "encoding=\"UTF-8\"\n"
      "CID={:08x}\n"
      "parentCID={:08x}\n"
      "{}"
      "createType=\"{}\"\n"
      "\n"
      "# Extent description\n"
      "{}"
      "\n"
      "# The Disk Data Base\n"
      "#DDB\n"
      "\n"
      "ddb.adapterType = \"{}\"\n"
      "ddb.geometry.cylinders = \"{}\"\n"
      "ddb.geometry.heads = \"{}\"\n"
      "ddb.geometry.sectors = \"{}\"\n"
      "ddb.virtualHWVersion = \"{}\"\n",
      descriptor.content_id, descriptor.parent_id, hint, descriptor.create_type, lines,
      descriptor.adapter_type, geometry.cylinders, geometry.heads, geometry.sectors,
      descriptor.hw_version);
  if (text.size() > descriptor_limit)
    return fail(Code::limit, "a disk of {} extents: its descriptor would be longer than {} bytes",
                descriptor.extents.size(), descriptor_limit);
  return text;
}

Result<void> check_extent_name(std::string_view name) {
  bool bad = name.empty() || std::ranges::any_of(name, [](unsigned char c) {
               return c < 32 || c == 127 || c == '"';
             });
  if (bad) {
    return fail(Code::invalid,
                "the name '{}' cannot stand in a descriptor: it has a quote or a "
                "control character",
                shown(name));
  }
  return {};
}

}  // namespace truce::image::vmdk
