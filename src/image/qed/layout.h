// What stands in a QED file. Facts are from "QED Image File Format Specification"
// (qemu.org/docs/master/interop/qed_spec.html), cited as [QED]. All numbers are little-endian.
#pragma once

#include <cstdint>
#include <string>

#include "image/file.h"

namespace truce::image::qed {

constexpr std::uint64_t header_bytes = 64;
constexpr std::uint64_t zero_entry = 1;  ///< in a second-level table: the cluster is zero

/// [QED] Header: features.
constexpr std::uint64_t has_backing = 1, needs_check = 2, backing_is_raw = 4;

struct Header {
  std::uint64_t cluster_bytes = 0;  ///< 4 KiB to 64 MiB
  std::uint64_t table_entries = 0;  ///< of each table, of both levels
  std::uint64_t header_end = 0;     ///< what the header has for itself
  std::uint64_t features = 0;
  std::uint64_t l1_offset = 0;
  std::uint64_t size = 0;
  std::uint32_t name_offset = 0, name_bytes = 0;  ///< of the backing file

  [[nodiscard]] std::uint64_t table_bytes() const { return table_entries * 8; }
  /// Of the guest's disk, by one second-level table.
  [[nodiscard]] std::uint64_t l2_reach() const { return table_entries * cluster_bytes; }
  [[nodiscard]] std::uint64_t l1_used() const { return (size + l2_reach() - 1) / l2_reach(); }
};

bool has_magic(View head);
/// Reads and checks the header: the first-level table lies in the file.
Result<Header> read_header(const File& file);
Result<std::string> backing_name(const File& file, const Header& header);

}  // namespace truce::image::qed
