// The header of a qcow2 image and its extensions. Facts from QEMU's docs/interop/qcow2.txt, cited
// as [qcow2] with the section's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/file.h"

namespace truce::image::qcow2 {

constexpr std::uint32_t magic = 0x514649fb;  // "QFI\xfb"
constexpr std::uint32_t smallest_cluster_bits = 9, largest_cluster_bits = 21;
// What QEMU opens at most; a larger table is damage or an attack.
constexpr std::uint64_t largest_l1_bytes = std::uint64_t{32} << 20;
constexpr std::uint64_t largest_refcount_table_bytes = std::uint64_t{8} << 20;
constexpr std::uint32_t largest_snapshot_count = 65536;
constexpr std::size_t longest_backing_name = 1023;

/// Bits of the three fields of features ([qcow2] Header).
namespace feature {
constexpr std::uint64_t dirty = 1, corrupt = 2, data_file = 4, compression = 8, extended_l2 = 16;
constexpr std::uint64_t known_incompatible = 31;
constexpr std::uint64_t lazy_refcounts = 1;              // compatible
constexpr std::uint64_t bitmaps = 1, raw_data_file = 2;  // autoclear
}  // namespace feature

/// Bits of entries in L1 and L2 tables ([qcow2] Cluster mapping).
namespace entry {
constexpr std::uint64_t offset_mask = 0x00fffffffffffe00;
constexpr std::uint64_t copied = std::uint64_t{1} << 63, compressed = std::uint64_t{1} << 62,
                        zero = 1;
constexpr std::uint64_t l1_reserved = 0x7f000000000001ff, l2_reserved = 0x3f000000000001fe;
}  // namespace entry

/// Byte positions that are rewritten in place ([qcow2] Header); all lie in the first sector.
namespace field {
constexpr std::size_t size = 24, l1_entries = 36, l1_offset = 40, refcount_table_offset = 48,
                      refcount_table_clusters = 56, snapshot_count = 60, snapshots_offset = 64,
                      incompatible = 72, autoclear = 88;
}  // namespace field

enum class Compression : std::uint8_t { zlib = 0, zstd = 1 };

/// Sizes that follow from the size of a cluster and the kind of L2 entries.
struct Geometry {
  std::uint32_t cluster_bits = 16;
  bool extended = false;  ///< L2 entries have a bitmap of subclusters
  [[nodiscard]] std::uint64_t cluster_size() const { return std::uint64_t{1} << cluster_bits; }
  [[nodiscard]] std::uint32_t entry_bytes() const { return extended ? 16 : 8; }
  [[nodiscard]] std::uint64_t table_entries() const { return cluster_size() / entry_bytes(); }
  /// Bytes of the guest's disk that one L2 table describes.
  [[nodiscard]] std::uint64_t table_span() const { return table_entries() << cluster_bits; }
  /// Unit of allocation within a cluster.
  [[nodiscard]] std::uint64_t subcluster_size() const {
    return extended ? cluster_size() / 32 : cluster_size();
  }
  [[nodiscard]] std::uint64_t round_down(std::uint64_t offset) const {
    return offset & ~(cluster_size() - 1);
  }
  [[nodiscard]] bool aligned(std::uint64_t offset) const { return round_down(offset) == offset; }
};

/// [qcow2] Bitmaps extension.
struct BitmapsExtension {
  std::uint32_t count = 0;
  std::uint64_t directory_size = 0, directory_offset = 0;
};

/// [qcow2] Full disk encryption header pointer: where the header of LUKS lies.
struct EncryptionExtension {
  std::uint64_t offset = 0, length = 0;
};

/// All that the header and its extensions say; the values are within their bounds.
struct Header {
  std::uint32_t version = 3;
  Geometry geometry;
  std::uint64_t size = 0;  ///< of the guest's disk
  std::uint32_t l1_entries = 0;
  std::uint64_t l1_offset = 0;
  std::uint64_t refcount_table_offset = 0;
  std::uint32_t refcount_table_clusters = 0;
  std::uint32_t snapshot_count = 0;
  std::uint64_t snapshots_offset = 0;
  std::uint64_t incompatible = 0, compatible = 0, autoclear = 0;
  std::uint32_t refcount_order = 4;
  Compression compression = Compression::zlib;
  std::string backing_file, backing_format, data_file;
  std::optional<BitmapsExtension> bitmaps;
  std::optional<EncryptionExtension> encryption;  ///< absent: the disk is stored in plain text

  [[nodiscard]] bool external_data() const { return (incompatible & feature::data_file) != 0; }
  [[nodiscard]] bool bitmaps_consistent() const {
    return bitmaps.has_value() && (autoclear & feature::bitmaps) != 0;
  }
  [[nodiscard]] std::uint64_t refcount_bits() const { return std::uint64_t{1} << refcount_order; }
  /// Clusters whose refcounts stand in one refcount block.
  [[nodiscard]] std::uint64_t refcount_block_entries() const {
    return geometry.cluster_size() * 8 / refcount_bits();
  }
  [[nodiscard]] std::uint64_t refcount_table_bytes() const {
    return std::uint64_t{refcount_table_clusters} << geometry.cluster_bits;
  }
};

/// Reads and checks the header. Code::unsupported names a feature that is not known, or an
/// encryption other than LUKS.
Result<Header> read_header(const File& file);

/// The first cluster's beginning as it is stored; Code::invalid when the names do not fit into it.
Result<std::vector<std::byte>> header_bytes(const Header& header);

/// [qcow2] Header extensions: appends one, padded to 8 bytes.
void append_extension(std::vector<std::byte>& bytes, std::uint32_t type, View content);

}  // namespace truce::image::qcow2
