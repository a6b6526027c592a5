#include "qcow2/describe.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

void describe_references(const Header& header, Description& description) {
  if (header.external_data()) {
    description.references.push_back({"data file", header.data_file, "raw"});
    if (header.data_file.empty())
      description.warnings.emplace_back("its data lies in another file that it does not name");
  }
  if (header.backing_file.empty()) return;
  description.references.push_back({"backing file", header.backing_file, header.backing_format});
  if (header.backing_format.empty()) {
    description.warnings.emplace_back(
        "it does not say which format its backing file has: a guest that wrote the backing file "
        "could choose one");
  }
  if (header.external_data() && (header.autoclear & feature::raw_data_file) != 0)
    description.warnings.emplace_back(
        "its data file is said to be complete, but it has a backing file");
}

void describe_bitmaps(const File& file, const Header& header, Description& description) {
  if (!header.bitmaps) {
    if ((header.autoclear & feature::bitmaps) != 0)
      description.warnings.emplace_back(
          "it is said to have consistent bitmaps, but there are none");
    return;
  }
  auto bitmaps = read_bitmaps(file, header);
  if (!bitmaps) {
    description.warnings.push_back("the list of bitmaps is damaged: " + bitmaps.error().message);
    return;
  }
  for (const auto& row : *bitmaps) {
    description.bitmaps.push_back({.name = row.name,
                                   .granularity = row.granularity(),
                                   .enabled = row.enabled(),
                                   .inconsistent = row.in_use() || !header.bitmaps_consistent()});
    if (row.in_use())
      description.warnings.push_back(
          fmt::format("bitmap '{}' was in use when the image was left", row.name));
  }
  if (!header.bitmaps_consistent())
    description.warnings.emplace_back(
        "its bitmaps are out of date: the image was changed without them");
}

/// Whether the first L2 table has a compressed cluster: a look at two pages at most, damage is
/// none.
bool seems_compressed(const File& file, const Header& header) {
  constexpr std::uint64_t looked_at = 65536;
  auto page = [&](std::uint64_t offset, std::uint64_t bytes) -> std::vector<std::byte> {
    if (offset >= file.size()) return {};
    std::vector<std::byte> content(std::min({bytes, looked_at, file.size() - offset}) / 8 * 8);
    return file.read(offset, content) ? content : std::vector<std::byte>{};
  };
  auto l1 = page(header.l1_offset, std::uint64_t{header.l1_entries} * 8);
  for (std::size_t i = 0; i < l1.size(); i += 8) {
    auto table = be<std::uint64_t>(l1, i) & entry::offset_mask;
    if (table == 0) continue;
    auto entries = page(table, header.geometry.cluster_size());
    for (std::size_t j = 0; j < entries.size(); j += header.geometry.entry_bytes()) {
      if ((be<std::uint64_t>(entries, j) & entry::compressed) != 0) return true;
    }
    return false;
  }
  return false;
}

}  // namespace

Description describe(const File& file, const Header& header, const SnapshotTable& snapshots) {
  Description description;
  description.format = "qcow2";
  description.variant = header.version == 2 ? "compat 0.10" : "compat 1.1";
  description.size = header.size;
  description.block_size = header.geometry.cluster_size();
  description.compressed = seems_compressed(file, header);
  description.details = {
      {"compression", header.compression == Compression::zlib ? "zlib" : "zstd"},
      {"extended L2", header.geometry.extended ? "yes" : "no"},
      {"lazy refcounts", (header.compatible & feature::lazy_refcounts) != 0 ? "yes" : "no"},
      {"refcount bits", fmt::format("{}", header.refcount_bits())},
  };
  if (header.encryption) description.details.emplace_back("encryption", "LUKS");
  if (header.external_data()) {
    description.details.emplace_back(
        "complete data file", (header.autoclear & feature::raw_data_file) != 0 ? "yes" : "no");
  }
  describe_references(header, description);
  describe_bitmaps(file, header, description);
  for (const auto& row : snapshots.rows) description.snapshots.push_back(row.about);
  if ((header.incompatible & feature::dirty) != 0) {
    description.warnings.emplace_back(
        "it was not closed cleanly: its refcounts may be wrong, it is only read");
  }
  if ((header.incompatible & feature::corrupt) != 0)
    description.warnings.emplace_back("it is marked as corrupt: it is only read");
  if (header.size % 512 != 0)
    description.warnings.emplace_back("its size is no multiple of 512 bytes: QEMU would cut it");
  return description;
}

}  // namespace truce::image::qcow2
