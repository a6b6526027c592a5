// XVA, the package of XenServer and XCP-ng: a tar of `ova.xml` and of disks in chunks of 1 MiB.
// [xen-api, ocaml/xapi/stream_vdi.ml], [XenAPI reference]
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/package.h"

namespace truce::image::package {

/// A disk's chunk inside the archive.
struct XvaChunk {
  std::uint64_t start = 0;   ///< on the guest's disk
  std::uint64_t offset = 0;  ///< in the archive
  std::uint32_t length = 0;
};

/// The disk named `name`, of `size` bytes, whose chunks lie in `file` in ascending order; what has
/// no chunk is zero.
std::unique_ptr<Image> open_xva_disk(std::shared_ptr<File> file, std::string name,
                                     std::uint64_t size,
                                     std::shared_ptr<const std::vector<XvaChunk>> chunks);

/// What `ova.xml` says.
struct OvaXml {
  Appliance appliance;
  std::vector<std::string> warnings;
};
Result<OvaXml> parse_ova_xml(std::string_view text, const PackageOptions& options,
                             std::string_view name);
/// Sets the disks' ids; they sort as the disks do.
std::string write_ova_xml(Appliance& appliance);

constexpr std::uint64_t xva_chunk_size = 1 << 20;

/// The parts of `Ref:3/00000012.checksum`.
struct XvaName {
  std::string disk;
  std::uint64_t number = 0;
  std::string checksum;  ///< `checksum`, `xxhash` or empty: a chunk
};
/// None when the name is none of a disk's member.
std::optional<XvaName> parse_xva_name(std::string_view name);

}  // namespace truce::image::package
