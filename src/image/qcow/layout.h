// What stands in a QCOW file of version 1. Facts are from "The QCOW Image Format", M. McLoughlin
// 2008, cited as [QCOW], and from what qemu-img writes. All numbers are big-endian.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "image/file.h"

namespace truce::image::qcow {

constexpr std::uint64_t header_bytes = 48;
constexpr std::uint32_t longest_name = 1023;  ///< of the backing file: what QEMU takes
constexpr std::uint64_t compressed_flag = 1ULL << 63;

struct Header {
  std::uint64_t name_offset = 0;  ///< of the backing file; 0: there is none
  std::uint32_t name_bytes = 0;
  std::uint64_t size = 0;
  std::uint32_t cluster_bits = 0;  ///< 9..16
  std::uint32_t l2_bits = 0;       ///< of the number of entries in a second-level table, 6..13
  std::uint64_t l1_offset = 0;

  [[nodiscard]] std::uint64_t cluster_bytes() const { return 1ULL << cluster_bits; }
  [[nodiscard]] std::uint64_t l2_entries() const { return 1ULL << l2_bits; }
  /// Of the guest's disk, by one second-level table.
  [[nodiscard]] std::uint64_t l2_reach() const { return 1ULL << (cluster_bits + l2_bits); }
  [[nodiscard]] std::uint64_t l1_entries() const;
  /// Where the tables' fixed part ends: nothing else may lie before.
  [[nodiscard]] std::uint64_t l1_end() const { return l1_offset + l1_entries() * 8; }
};

bool has_magic(View head);
/// Reads and checks the header: the first-level table lies in the file.
Result<Header> read_header(const File& file);
Result<std::string> backing_name(const File& file, const Header& header);
std::array<std::byte, header_bytes> make_header(const Header& header);

}  // namespace truce::image::qcow
