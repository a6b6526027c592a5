// Where things stand in the files of a VMDK. [VDF]: VMware "Virtual Disk Format 5.0"; [libvmdk]:
// its working document "VMWare Virtual Disk Format"; seSparse: as QEMU's series of 2019 (Sam
// Eiderman) describes what ESXi 6.5 writes. Numbers are little-endian; positions are in sectors of
// 512 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "image/file.h"

namespace truce::image::vmdk {

inline constexpr std::uint64_t sector_bytes = 512;
inline constexpr std::uint32_t hosted_magic = 0x564d444b;    // "KDMV"
inline constexpr std::uint32_t cowd_magic = 0x44574f43;      // "COWD"
inline constexpr std::uint64_t sesparse_magic = 0xcafebabe;  // the constant header
inline constexpr std::uint64_t descriptor_limit = 65536;     // bytes of text
// [VDF]: extents of a disk that is split, 2 GiB less 64 KiB at most.
inline constexpr std::uint64_t largest_split_extent = (std::uint64_t{2} << 30) - 65536;

// [VDF] "Hosted Sparse Extent Header": flags.
inline constexpr std::uint32_t flag_newlines = 1, flag_redundant = 2, flag_zeroed = 4,
                               flag_compressed = 1 << 16, flag_markers = 1 << 17;
inline constexpr std::uint64_t hosted_entries = 512;  // numGTEsPerGT
inline constexpr std::uint64_t directory_at_end = ~std::uint64_t{0};
inline constexpr std::uint16_t compression_deflate = 1;
// [VDF] "Zeroed-Grain Table Entry"
inline constexpr std::uint32_t zeroed_entry = 1;
inline constexpr std::size_t unclean_at = 72;  // byte of the hosted header

// [VDF] "Stream-Optimized Compressed Sparse Extents": types of metadata markers.
enum class Marker : std::uint32_t { end_of_stream = 0, table = 1, directory = 2, footer = 3 };
// A grain marker: where the grain stands in the disk (8), bytes that follow (4), then those.
inline constexpr std::size_t grain_marker_bytes = 12;

/// [VDF] "Hosted Sparse Extent Header": one sector, the same for a footer.
struct HostedHeader {
  std::uint32_t version = 1, flags = 0;
  std::uint64_t capacity = 0, grain = 0;  // sectors
  std::uint64_t descriptor = 0, descriptor_size = 0;
  std::uint64_t redundant_directory = 0, directory = 0, overhead = 0;
  bool unclean = false;
  std::uint16_t compression = 0;

  [[nodiscard]] bool compressed() const { return (flags & flag_compressed) != 0; }
  [[nodiscard]] std::uint64_t tables() const;  ///< entries of the directory
};

using Sector = std::array<std::byte, sector_bytes>;

/// Checks all that can be seen in the header alone.
Result<HostedHeader> parse_hosted(View sector);
Sector write_hosted(const HostedHeader& header);
/// A metadata marker, alone in its sector: `sectors` of its content follow.
Sector write_marker(Marker type, std::uint64_t sectors);

/// The two levels of tables of a sparse extent, and the entries in them. Positions in bytes.
struct Tables {
  enum class Dialect { hosted, cowd, sesparse } dialect = Dialect::hosted;
  std::uint64_t size = 0;     // of the part of the guest's disk
  std::uint64_t grain = 0;    // bytes
  std::uint64_t entries = 0;  // of a table
  std::uint64_t directory = 0, redundant_directory = 0;
  std::uint64_t overhead = 0;
  std::array<std::uint64_t, 4> metadata_start{}, metadata_end{};  // no grain is here
  bool zeroed = false, compressed = false;
  bool unclean = false;   // the last writer did not end
  bool writable = false;  // a kind that is written in place
  std::uint64_t tables_start = 0, tables_end = 0, grains_start = 0, grains_end = 0;  // seSparse

  [[nodiscard]] std::size_t entry_bytes() const { return dialect == Dialect::sesparse ? 8 : 4; }
  [[nodiscard]] std::uint64_t span() const { return grain * entries; }  ///< of a table
  [[nodiscard]] std::uint64_t count() const;                            ///< of tables
  [[nodiscard]] bool in_metadata(std::uint64_t offset, std::uint64_t length) const;
};

/// An extent as it is opened: its tables, and for a hosted one its header.
struct SparseLayout {
  Tables tables;
  HostedHeader header;
  std::vector<std::string> warnings;
};

/// Reads the headers of a sparse extent of any kind, the footer where there is one, and checks that
/// the directory is inside the file.
Result<SparseLayout> read_sparse_layout(const File& file);

}  // namespace truce::image::vmdk
