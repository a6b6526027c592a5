#include "vmdk/layout.h"

#include <algorithm>
#include <bit>

#include "byte_order.h"

namespace truce::image::vmdk {
namespace {

constexpr std::uint32_t known_flags =
    flag_newlines | flag_redundant | flag_zeroed | flag_compressed | flag_markers;
constexpr std::uint64_t smallest_grain = 8, largest_grain = 4096;   // sectors
constexpr std::uint64_t largest_capacity = std::uint64_t{1} << 54;  // sectors: bytes fit 63 bits

Result<void> check_grain(std::uint64_t grain, std::uint64_t smallest) {
  if (!std::has_single_bit(grain) || grain < smallest || grain > largest_grain) {
    return fail(Code::corrupt, "the grain size is {} sectors: not a power of two from {} to {}",
                grain, smallest, largest_grain);
  }
  return {};
}

Result<void> check_newlines(View sector, std::uint32_t flags) {
  // [VDF]: singleEndLineChar, nonEndLineChar, doubleEndLineChar1 and 2
  constexpr std::array<char, 4> wanted{'\n', ' ', '\r', '\n'};
  for (std::size_t i = 0; (flags & flag_newlines) != 0 && i < wanted.size(); ++i) {
    if (sector[73 + i] != static_cast<std::byte>(wanted[i])) {
      return fail(Code::corrupt,
                  "the header's newline bytes are changed: the file was transferred as text");
    }
  }
  return {};
}

Result<void> check_compression(const HostedHeader& header) {
  bool markers = (header.flags & flag_markers) != 0;
  if (header.compression > compression_deflate)
    return fail(Code::unsupported, "compression method {}", header.compression);
  if (header.compressed() && header.compression == 0)
    return fail(Code::corrupt, "grains are compressed, but by no method");
  if (header.compressed() != markers)
    return fail(Code::unsupported, "compressed grains without markers, or markers without them");
  return {};
}

Result<HostedHeader> read_footer(const File& file, const HostedHeader& header) {
  // [VDF]: footer marker, footer, end-of-stream marker are the last three sectors.
  if (file.size() < 4 * sector_bytes)
    return fail(Code::corrupt, "the footer is missing: the file is cut off");
  std::array<std::byte, 3 * sector_bytes> tail;
  TRY_VOID(file.read(file.size() - tail.size(), tail));
  View marker = View(tail).first(sector_bytes), end = View(tail).last(sector_bytes);
  if (le<std::uint32_t>(marker, 8) != 0 ||
      le<std::uint32_t>(marker, 12) != static_cast<std::uint32_t>(Marker::footer) ||
      le<std::uint32_t>(end, 8) != 0 || le<std::uint32_t>(end, 12) != 0) {
    return fail(Code::corrupt,
                "the header says that the tables follow the data, but there is no footer at the "
                "file's end: is it cut off?");
  }
  auto footer = parse_hosted(View(tail).subspan(sector_bytes, sector_bytes));
  if (!footer) return std::unexpected(std::move(footer).error().within("footer"));
  if (footer->capacity != header.capacity || footer->grain != header.grain ||
      footer->flags != header.flags)
    return fail(Code::corrupt, "header and footer differ in capacity, grain size or flags");
  if (footer->directory == directory_at_end)
    return fail(Code::corrupt, "the footer says that there is another footer");
  footer->descriptor = header.descriptor;
  footer->descriptor_size = header.descriptor_size;
  return *footer;
}

/// The byte where a table that begins at `sector` begins, when all of it is inside the file.
Result<std::uint64_t> place_table(const File& file, std::string_view what, std::uint64_t sector,
                                  std::uint64_t bytes) {
  if (sector == 0 || sector > file.size() / sector_bytes ||
      !inside(sector * sector_bytes, bytes, file.size())) {
    return fail(Code::corrupt, "{}: {} bytes at sector {} are not inside the file of {} bytes",
                what, bytes, sector, file.size());
  }
  return sector * sector_bytes;
}

Result<SparseLayout> hosted_layout(const File& file, View sector) {
  SparseLayout layout;
  TRY(auto header, parse_hosted(sector));
  if (header.directory == directory_at_end) {
    TRY(header, read_footer(file, header));
  }
  auto& tables = layout.tables;
  tables.size = header.capacity * sector_bytes;
  tables.grain = header.grain * sector_bytes;
  tables.entries = hosted_entries;
  tables.zeroed = (header.flags & flag_zeroed) != 0;
  tables.compressed = header.compressed();
  tables.unclean = header.unclean;
  tables.writable = !header.compressed() && header.version < 3;
  tables.metadata_end[0] = sector_bytes;
  auto directory_bytes = header.tables() * 4;
  if (directory_bytes != 0) {
    TRY(tables.directory, place_table(file, "grain directory", header.directory, directory_bytes));
    tables.metadata_start[1] = tables.directory;
    tables.metadata_end[1] = tables.directory + directory_bytes;
    // A stream has no second directory, even where the flag says so (QEMU).
    if ((header.flags & flag_redundant) != 0 && !header.compressed()) {
      TRY(tables.redundant_directory, place_table(file, "redundant grain directory",
                                                  header.redundant_directory, directory_bytes));
      tables.metadata_start[2] = tables.redundant_directory;
      tables.metadata_end[2] = tables.redundant_directory + directory_bytes;
    }
  }
  if (header.descriptor != 0) {
    auto sectors = std::min(header.descriptor_size, file.size() / sector_bytes + 1);
    auto bytes = sectors * sector_bytes;
    TRY(tables.metadata_start[3], place_table(file, "descriptor", header.descriptor, bytes));
    tables.metadata_end[3] = tables.metadata_start[3] + bytes;
  }
  if (header.overhead > file.size() / sector_bytes) {
    return fail(Code::corrupt,
                "the tables reach to sector {}, the file ends at byte {}: it is cut off",
                header.overhead, file.size());
  }
  tables.overhead = header.overhead * sector_bytes;
  if (header.unclean) layout.warnings.push_back("it was not closed cleanly by who wrote it last");
  layout.header = header;
  return layout;
}

Result<SparseLayout> cowd_layout(const File& file, View sector) {
  // [VDF] "ESX Server Sparse Extents"; [libvmdk] "COWD sparse extent data file header": version 4,
  // flags 8, sectors 12, grain 16, directory 20, its entries 24; the header is 2,048 bytes long.
  constexpr std::uint64_t cowd_entries = 4096, header_bytes = 2048;
  auto version = le<std::uint32_t>(sector, 4), flags = le<std::uint32_t>(sector, 8);
  if (version != 1) return fail(Code::unsupported, "a COWD extent of version {}", version);
  if ((flags & ~3U) != 0) return fail(Code::unsupported, "a COWD extent with flags {:#x}", flags);
  std::uint64_t grain = le<std::uint32_t>(sector, 16);
  TRY_VOID(check_grain(grain, 1));
  SparseLayout layout;
  auto& tables = layout.tables;
  tables.dialect = Tables::Dialect::cowd;
  tables.size = le<std::uint32_t>(sector, 12) * sector_bytes;
  tables.grain = grain * sector_bytes;
  tables.entries = cowd_entries;
  auto listed = le<std::uint32_t>(sector, 24);
  if (listed < tables.count()) {
    return fail(Code::corrupt, "the grain directory has {} entries, {} are needed", listed,
                tables.count());
  }
  if (tables.count() != 0) {
    TRY(tables.directory,
        place_table(file, "grain directory", le<std::uint32_t>(sector, 20), tables.count() * 4));
  }
  tables.overhead = tables.metadata_end[0] = header_bytes;
  tables.metadata_start[1] = tables.directory;
  tables.metadata_end[1] = tables.directory + tables.count() * 4;
  return layout;
}

Result<SparseLayout> sesparse_layout(const File& file, View sector) {
  // Numbers of 8 bytes: version 8, capacity 16, grain 24, table 32, flags 40; then pairs of
  // position and size: volatile header 80, journal header 96, journal 112, directory 128, tables
  // 144, free bitmap 160, back map 176, grains 192.
  auto field = [&](std::size_t at) { return le<std::uint64_t>(sector, at); };
  if (field(8) != 0x200000001)
    return fail(Code::unsupported, "seSparse version {:#x}: 2.1 is known", field(8));
  if (field(24) != 8 || field(32) != 64) {
    return fail(Code::unsupported, "seSparse with grains of {} and tables of {} sectors", field(24),
                field(32));
  }
  if (field(40) != 0) return fail(Code::unsupported, "seSparse with flags {:#x}", field(40));
  if (field(16) > largest_capacity)
    return fail(Code::limit, "a disk of {} sectors is too large", field(16));
  SparseLayout layout;
  auto& tables = layout.tables;
  tables.dialect = Tables::Dialect::sesparse;
  tables.size = field(16) * sector_bytes;
  tables.grain = 8 * sector_bytes;
  tables.entries = 64 * sector_bytes / 8;
  TRY(auto volatile_header, place_table(file, "volatile header", field(80), sector_bytes));
  Sector state;
  TRY_VOID(file.read(volatile_header, state));
  if (le<std::uint64_t>(state, 0) != 0xcafecafe)
    return fail(Code::corrupt, "the volatile header has no magic number");
  if (state[24] != std::byte{})
    return fail(Code::unsupported,
                "seSparse with a journal that must be replayed: open it on ESXi");
  auto region = [&](std::string_view what, std::size_t at, std::uint64_t& start,
                    std::uint64_t& end) -> Result<void> {
    auto sectors = std::min(field(at + 8), file.size() / sector_bytes + 1);
    TRY(start, place_table(file, what, field(at), sectors * sector_bytes));
    end = start + sectors * sector_bytes;
    return {};
  };
  std::uint64_t directory_end = 0;
  TRY_VOID(region("grain directory", 128, tables.directory, directory_end));
  if ((directory_end - tables.directory) / 8 < tables.count())
    return fail(Code::corrupt, "the grain directory is too small for the disk");
  TRY_VOID(region("grain tables", 144, tables.tables_start, tables.tables_end));
  // Grains are added at the file's end: how much is said to be reserved does not bind.
  if (field(192) > file.size() / sector_bytes)
    return fail(Code::corrupt, "the grains begin beyond the file's end");
  tables.grains_start = field(192) * sector_bytes;
  tables.grains_end = file.size();
  tables.overhead = tables.grains_start;
  tables.metadata_end[0] = sector_bytes;
  tables.metadata_start[1] = tables.directory;
  tables.metadata_end[1] = directory_end;
  tables.metadata_start[2] = tables.tables_start;
  tables.metadata_end[2] = tables.tables_end;
  return layout;
}

}  // namespace

std::uint64_t HostedHeader::tables() const {
  return divide_up(divide_up(capacity, grain), hosted_entries);
}

std::uint64_t Tables::count() const {
  return divide_up(size, span());
}

bool Tables::in_metadata(std::uint64_t offset, std::uint64_t length) const {
  for (std::size_t i = 0; i < metadata_start.size(); ++i) {
    if (offset < metadata_end[i] && metadata_start[i] < offset + length) return true;
  }
  return false;
}

Result<HostedHeader> parse_hosted(View sector) {
  if (le<std::uint32_t>(sector, 0) != hosted_magic)
    return fail(Code::corrupt, "there is no magic number");
  HostedHeader header;
  header.version = le<std::uint32_t>(sector, 4);
  header.flags = le<std::uint32_t>(sector, 8);
  header.capacity = le<std::uint64_t>(sector, 12);
  header.grain = le<std::uint64_t>(sector, 20);
  header.descriptor = le<std::uint64_t>(sector, 28);
  header.descriptor_size = le<std::uint64_t>(sector, 36);
  auto entries = le<std::uint32_t>(sector, 44);
  header.redundant_directory = le<std::uint64_t>(sector, 48);
  header.directory = le<std::uint64_t>(sector, 56);
  header.overhead = le<std::uint64_t>(sector, 64);
  header.unclean = sector[unclean_at] != std::byte{};
  header.compression = le<std::uint16_t>(sector, 77);
  if (header.version < 1 || header.version > 3)
    return fail(Code::unsupported, "a sparse extent of version {}", header.version);
  if ((header.flags & ~known_flags) != 0)
    return fail(Code::unsupported, "a sparse extent with flags {:#x}", header.flags);
  TRY_VOID(check_newlines(sector, header.flags));
  TRY_VOID(check_compression(header));
  TRY_VOID(check_grain(header.grain, smallest_grain));
  if (entries != hosted_entries)
    return fail(Code::unsupported, "grain tables of {} entries: 512 are known", entries);
  if (header.capacity > largest_capacity)
    return fail(Code::limit, "a disk of {} sectors is too large", header.capacity);
  return header;
}

Sector write_hosted(const HostedHeader& header) {
  Sector sector{};
  put_le<std::uint32_t>(sector, 0, hosted_magic);
  put_le<std::uint32_t>(sector, 4, header.version);
  put_le<std::uint32_t>(sector, 8, header.flags);
  put_le<std::uint64_t>(sector, 12, header.capacity);
  put_le<std::uint64_t>(sector, 20, header.grain);
  put_le<std::uint64_t>(sector, 28, header.descriptor);
  put_le<std::uint64_t>(sector, 36, header.descriptor_size);
  put_le<std::uint32_t>(sector, 44, hosted_entries);
  put_le<std::uint64_t>(sector, 48, header.redundant_directory);
  put_le<std::uint64_t>(sector, 56, header.directory);
  put_le<std::uint64_t>(sector, 64, header.overhead);
  sector[unclean_at] = static_cast<std::byte>(header.unclean);
  put_le<std::uint32_t>(sector, 73, 0x0a0d200a);  // "\n \r\n"
  put_le<std::uint16_t>(sector, 77, header.compression);
  return sector;
}

Sector write_marker(Marker type, std::uint64_t sectors) {
  Sector sector{};
  put_le<std::uint64_t>(sector, 0, sectors);
  put_le<std::uint32_t>(sector, 12, static_cast<std::uint32_t>(type));
  return sector;
}

Result<SparseLayout> read_sparse_layout(const File& file) {
  Sector sector;
  if (file.size() < sector.size()) return fail(Code::corrupt, "the header is cut off");
  TRY_VOID(file.read(0, sector));
  if (le<std::uint32_t>(sector, 0) == hosted_magic) return hosted_layout(file, sector);
  if (le<std::uint32_t>(sector, 0) == cowd_magic) return cowd_layout(file, sector);
  if (le<std::uint64_t>(sector, 0) == sesparse_magic) return sesparse_layout(file, sector);
  return fail(Code::corrupt, "there is no magic number of a sparse extent");
}

}  // namespace truce::image::vmdk
