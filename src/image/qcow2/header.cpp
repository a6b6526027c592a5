#include "qcow2/header.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::size_t v2_bytes = 72, v3_bytes = 104, written_v3_bytes = 112;
constexpr std::size_t compression_at = 104;
constexpr std::size_t feature_name_bytes = 48;
constexpr std::size_t encryption_at = 32;
constexpr std::uint32_t encrypted_by_luks = 2;

/// [qcow2] Header extensions.
namespace extension {
constexpr std::uint32_t end = 0, backing_format = 0xe2792aca, feature_names = 0x6803f857,
                        bitmaps = 0x23852875, data_file = 0x44415441, encryption = 0x0537be77;
}  // namespace extension

struct FeatureName {
  std::uint8_t type, bit;
  std::string_view name;
};
/// Written into new images, so that a program that lacks one can name it.
constexpr std::array<FeatureName, 8> feature_names{{{0, 0, "dirty bit"},
                                                    {0, 1, "corrupt bit"},
                                                    {0, 2, "external data file"},
                                                    {0, 3, "compression type"},
                                                    {0, 4, "extended L2 entries"},
                                                    {1, 0, "lazy refcounts"},
                                                    {2, 0, "bitmaps"},
                                                    {2, 1, "raw external data"}}};

std::string text(View bytes) {
  std::string made;
  for (auto byte : bytes) made += static_cast<char>(byte);
  return made;
}

/// Bytes of the first cluster: they are read once, every field is taken from here.
struct Reader {
  std::vector<std::byte> bytes;
  Header header;
  std::uint64_t length = v2_bytes;  ///< of the header without its extensions
  std::uint64_t backing_offset = 0;
  bool luks = false;
  std::string names_of_unknown;  ///< by the feature name table

  Result<void> fixed_fields();
  Result<void> version_3_fields();
  Result<void> backing_name();
  Result<void> extensions();
  Result<void> take_extension(std::uint32_t type, View content);
  void name_unknown_features(View table);
  [[nodiscard]] Result<void> known_features() const;
  [[nodiscard]] Result<void> tables(std::uint64_t file_size) const;
};

Result<void> Reader::fixed_fields() {
  if (bytes.size() < v2_bytes || be<std::uint32_t>(bytes, 0) != magic)
    return fail(Code::corrupt, "it does not begin with a header of qcow2");
  header.version = be<std::uint32_t>(bytes, 4);
  if (header.version != 2 && header.version != 3)
    return fail(Code::unsupported, "version {} of the format; known are 2 and 3", header.version);
  backing_offset = be<std::uint64_t>(bytes, 8);
  header.geometry.cluster_bits = be<std::uint32_t>(bytes, 20);
  if (header.geometry.cluster_bits < smallest_cluster_bits ||
      header.geometry.cluster_bits > largest_cluster_bits) {
    return fail(Code::corrupt, "clusters of 2^{} bytes; legal are 2^9 to 2^21",
                header.geometry.cluster_bits);
  }
  header.size = be<std::uint64_t>(bytes, field::size);
  auto method = be<std::uint32_t>(bytes, encryption_at);
  if (method != 0 && method != encrypted_by_luks) {
    return fail(Code::unsupported, "the disk is encrypted ({})",
                method == 1 ? "AES" : "an unknown method");
  }
  luks = method == encrypted_by_luks;
  header.l1_entries = be<std::uint32_t>(bytes, field::l1_entries);
  header.l1_offset = be<std::uint64_t>(bytes, field::l1_offset);
  header.refcount_table_offset = be<std::uint64_t>(bytes, field::refcount_table_offset);
  header.refcount_table_clusters = be<std::uint32_t>(bytes, field::refcount_table_clusters);
  header.snapshot_count = be<std::uint32_t>(bytes, field::snapshot_count);
  header.snapshots_offset = be<std::uint64_t>(bytes, field::snapshots_offset);
  return {};
}

Result<void> Reader::version_3_fields() {
  if (bytes.size() < v3_bytes) return fail(Code::corrupt, "the header is cut off");
  header.incompatible = be<std::uint64_t>(bytes, field::incompatible);
  header.compatible = be<std::uint64_t>(bytes, 80);
  header.autoclear = be<std::uint64_t>(bytes, field::autoclear);
  header.refcount_order = be<std::uint32_t>(bytes, 96);
  length = be<std::uint32_t>(bytes, 100);
  if (length < v3_bytes || length % 8 != 0 || length > bytes.size()) {
    return fail(Code::corrupt,
                "the header says it is {} bytes long; it must be a multiple of 8 from {} to the "
                "first cluster's end",
                length, v3_bytes);
  }
  if (header.refcount_order > 6)
    return fail(Code::corrupt, "refcounts of 2^{} bits; legal are 1 to 64", header.refcount_order);
  return {};
}

Result<void> Reader::backing_name() {
  if (backing_offset == 0) return {};
  auto name_length = be<std::uint32_t>(bytes, 16);
  if (name_length > longest_backing_name || backing_offset < length ||
      !inside(backing_offset, name_length, bytes.size())) {
    return fail(Code::corrupt,
                "the backing file's name ({} bytes at {}) does not lie in the first cluster behind "
                "the header, or is longer than {}",
                name_length, backing_offset, longest_backing_name);
  }
  header.backing_file = text(View(bytes).subspan(backing_offset, name_length));
  return {};
}

void Reader::name_unknown_features(View table) {
  for (; table.size() >= feature_name_bytes; table = table.subspan(feature_name_bytes)) {
    auto bit = std::to_integer<unsigned>(table[1]);
    if (table[0] != std::byte{0} || bit > 63) continue;
    if ((header.incompatible & ~feature::known_incompatible & (std::uint64_t{1} << bit)) == 0)
      continue;
    auto name = text(table.subspan(2, feature_name_bytes - 2));
    name.resize(std::min(name.find('\0'), name.size()));
    names_of_unknown += fmt::format("{}'{}'", names_of_unknown.empty() ? "" : ", ", name);
    if (names_of_unknown.size() > 4096) return;
  }
}

Result<void> Reader::take_extension(std::uint32_t type, View content) {
  switch (type) {
    case extension::backing_format:
      header.backing_format = text(content);
      break;
    case extension::data_file:
      header.data_file = text(content);
      break;
    case extension::feature_names:
      name_unknown_features(content);
      break;
    case extension::bitmaps:
      if (content.size() != 24) {
        return fail(Code::corrupt, "the bitmaps extension is {} bytes long, it must be 24",
                    content.size());
      }
      header.bitmaps =
          BitmapsExtension{be<std::uint32_t>(content, 0), be<std::uint64_t>(content, 8),
                           be<std::uint64_t>(content, 16)};
      break;
    case extension::encryption:
      if (content.size() != 16) {
        return fail(Code::corrupt, "the encryption extension is {} bytes long, it must be 16",
                    content.size());
      }
      header.encryption =
          EncryptionExtension{be<std::uint64_t>(content, 0), be<std::uint64_t>(content, 8)};
      break;
    default:
      break;  // may be ignored
  }
  return {};
}

Result<void> Reader::extensions() {
  auto end = backing_offset == 0 ? bytes.size() : backing_offset;
  for (auto at = length; at <= end && end - at >= 8;) {
    auto type = be<std::uint32_t>(bytes, at);
    auto size = be<std::uint32_t>(bytes, at + 4);
    if (type == extension::end) break;
    at += 8;
    if (!inside(at, size, end)) {
      return fail(Code::corrupt, "header extension {:#x} at {}: {} bytes reach beyond {}", type,
                  at - 8, size, end);
    }
    TRY_VOID(take_extension(type, View(bytes).subspan(at, size)));
    at += round_up(size, 8);
  }
  return {};
}

Result<void> Reader::known_features() const {
  if (auto unknown = header.incompatible & ~feature::known_incompatible; unknown != 0) {
    return fail(Code::unsupported, "it uses features that are not known here: bits {:#x} ({})",
                unknown, names_of_unknown.empty() ? "without names" : names_of_unknown);
  }
  return {};
}

/// Where the tables lie, and that they are no larger than what the format or QEMU allows.
Result<void> Reader::tables(std::uint64_t file_size) const {
  const auto& geometry = header.geometry;
  if (geometry.extended && geometry.cluster_bits < 14)
    return fail(Code::corrupt, "extended L2 entries need clusters of at least 16384 bytes");
  auto l1_bytes = std::uint64_t{header.l1_entries} * 8;
  if (l1_bytes > largest_l1_bytes)
    return fail(Code::limit, "the L1 table has {} entries, at most {} are read", header.l1_entries,
                largest_l1_bytes / 8);
  if (header.l1_entries < divide_up(header.size, geometry.table_span())) {
    return fail(Code::corrupt, "the L1 table is too small: {} entries for a disk of {} bytes",
                header.l1_entries, header.size);
  }
  auto misplaced = [&](std::uint64_t offset, std::uint64_t bytes_of) {
    return !geometry.aligned(offset) || offset < geometry.cluster_size() ||
           !inside(offset, bytes_of, file_size);
  };
  if (header.l1_entries != 0 && misplaced(header.l1_offset, l1_bytes)) {
    return fail(Code::corrupt, "the L1 table ({} bytes at {}) is not aligned or not in the file",
                l1_bytes, header.l1_offset);
  }
  auto table_bytes = header.refcount_table_bytes();
  if (table_bytes > largest_refcount_table_bytes)
    return fail(Code::limit, "the refcount table has {} bytes, at most {} are read", table_bytes,
                largest_refcount_table_bytes);
  if (table_bytes == 0 || misplaced(header.refcount_table_offset, table_bytes)) {
    return fail(Code::corrupt,
                "the refcount table ({} bytes at {}) is not aligned or not in the file",
                table_bytes, header.refcount_table_offset);
  }
  if (luks != header.encryption.has_value())
    return fail(Code::corrupt, "it {} encrypted (LUKS), but says {} its key is",
                luks ? "is" : "is not", luks ? "not where" : "where");
  if (luks && (header.encryption->length == 0 ||
               misplaced(header.encryption->offset, header.encryption->length))) {
    return fail(Code::corrupt,
                "the header of LUKS ({} bytes at {}) is not aligned or not in the file",
                header.encryption->length, header.encryption->offset);
  }
  if (header.snapshot_count > largest_snapshot_count)
    return fail(Code::limit, "{} snapshots, at most {} are read", header.snapshot_count,
                largest_snapshot_count);
  if (header.snapshot_count != 0 && misplaced(header.snapshots_offset, 1)) {
    return fail(Code::corrupt, "the snapshot table at {} is not aligned or not in the file",
                header.snapshots_offset);
  }
  return {};
}

Result<void> compression_type(Reader& reader) {
  auto& header = reader.header;
  auto type =
      reader.length > compression_at ? std::to_integer<unsigned>(reader.bytes[compression_at]) : 0U;
  bool other = (header.incompatible & feature::compression) != 0;
  if (other != (type != 0)) {
    return fail(Code::corrupt, "the compression type is {}, but its feature bit is {}", type,
                other ? "set" : "not set");
  }
  if (type > 1)
    return fail(Code::unsupported, "compression type {}; known are 0 (zlib) and 1 (zstd)", type);
  header.compression = static_cast<Compression>(type);
  return {};
}

View view(std::string_view from) {
  return std::as_bytes(std::span(from));
}

std::vector<std::byte> feature_name_table() {
  std::vector<std::byte> table(feature_names.size() * feature_name_bytes);
  for (std::size_t i = 0; i < feature_names.size(); ++i) {
    auto row = Span(table).subspan(i * feature_name_bytes, feature_name_bytes);
    row[0] = static_cast<std::byte>(feature_names[i].type);
    row[1] = static_cast<std::byte>(feature_names[i].bit);
    std::ranges::copy(view(feature_names[i].name), row.begin() + 2);
  }
  return table;
}

std::vector<std::byte> fixed_bytes(const Header& header) {
  std::vector<std::byte> bytes(header.version == 2 ? v2_bytes : written_v3_bytes);
  put_be<std::uint32_t>(bytes, 0, magic);
  put_be<std::uint32_t>(bytes, 4, header.version);
  put_be<std::uint32_t>(bytes, 20, header.geometry.cluster_bits);
  put_be<std::uint64_t>(bytes, field::size, header.size);
  put_be<std::uint32_t>(bytes, encryption_at, header.encryption ? encrypted_by_luks : 0);
  put_be<std::uint32_t>(bytes, field::l1_entries, header.l1_entries);
  put_be<std::uint64_t>(bytes, field::l1_offset, header.l1_offset);
  put_be<std::uint64_t>(bytes, field::refcount_table_offset, header.refcount_table_offset);
  put_be<std::uint32_t>(bytes, field::refcount_table_clusters, header.refcount_table_clusters);
  put_be<std::uint32_t>(bytes, field::snapshot_count, header.snapshot_count);
  put_be<std::uint64_t>(bytes, field::snapshots_offset, header.snapshots_offset);
  if (header.version == 2) return bytes;
  put_be<std::uint64_t>(bytes, field::incompatible, header.incompatible);
  put_be<std::uint64_t>(bytes, 80, header.compatible);
  put_be<std::uint64_t>(bytes, field::autoclear, header.autoclear);
  put_be<std::uint32_t>(bytes, 96, header.refcount_order);
  put_be<std::uint32_t>(bytes, 100, written_v3_bytes);
  bytes[compression_at] = static_cast<std::byte>(header.compression);
  return bytes;
}

}  // namespace

void append_extension(std::vector<std::byte>& bytes, std::uint32_t type, View content) {
  auto at = bytes.size();
  bytes.resize(at + 8 + round_up(content.size(), 8));
  put_be<std::uint32_t>(bytes, at, type);
  put_be<std::uint32_t>(bytes, at + 4, static_cast<std::uint32_t>(content.size()));
  std::ranges::copy(content, bytes.begin() + static_cast<std::ptrdiff_t>(at + 8));
}

Result<Header> read_header(const File& file) {
  Reader reader;
  auto file_size = file.size();
  reader.bytes.resize(
      std::min<std::uint64_t>(file_size, std::uint64_t{1} << smallest_cluster_bits));
  TRY_VOID(file.read(0, reader.bytes));
  TRY_VOID(reader.fixed_fields());
  auto first_cluster = std::min(file_size, reader.header.geometry.cluster_size());
  if (reader.bytes.size() < first_cluster) {
    reader.bytes.resize(first_cluster);
    TRY_VOID(file.read(0, reader.bytes));
  }
  if (reader.header.version == 3) TRY_VOID(reader.version_3_fields());
  reader.header.geometry.extended = (reader.header.incompatible & feature::extended_l2) != 0;
  TRY_VOID(reader.backing_name());
  TRY_VOID(reader.extensions());
  TRY_VOID(reader.known_features());
  TRY_VOID(compression_type(reader));
  TRY_VOID(reader.tables(file_size));
  return std::move(reader.header);
}

Result<std::vector<std::byte>> header_bytes(const Header& header) {
  auto bytes = fixed_bytes(header);
  if (!header.backing_format.empty())
    append_extension(bytes, extension::backing_format, view(header.backing_format));
  if (!header.data_file.empty())
    append_extension(bytes, extension::data_file, view(header.data_file));
  if (header.encryption) {
    std::vector<std::byte> content(16);
    put_be<std::uint64_t>(content, 0, header.encryption->offset);
    put_be<std::uint64_t>(content, 8, header.encryption->length);
    append_extension(bytes, extension::encryption, content);
  }
  if (header.bitmaps) {
    std::vector<std::byte> content(24);
    put_be<std::uint32_t>(content, 0, header.bitmaps->count);
    put_be<std::uint64_t>(content, 8, header.bitmaps->directory_size);
    put_be<std::uint64_t>(content, 16, header.bitmaps->directory_offset);
    append_extension(bytes, extension::bitmaps, content);
  }
  // The table of names is a courtesy: it is left out where it does not fit.
  auto left = header.geometry.cluster_size();
  auto table = feature_name_table();
  if (header.version == 3 &&
      bytes.size() + 8 + table.size() + 8 + header.backing_file.size() <= left)
    append_extension(bytes, extension::feature_names, table);
  append_extension(bytes, extension::end, {});
  if (!header.backing_file.empty()) {
    put_be<std::uint64_t>(bytes, 8, bytes.size());
    put_be<std::uint32_t>(bytes, 16, static_cast<std::uint32_t>(header.backing_file.size()));
    auto name = view(header.backing_file);
    bytes.insert(bytes.end(), name.begin(), name.end());
  }
  if (bytes.size() > left) {
    return fail(Code::invalid,
                "the names of other files do not fit into the first cluster of {} bytes", left);
  }
  return bytes;
}

}  // namespace truce::image::qcow2
