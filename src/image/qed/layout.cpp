#include "qed/layout.h"

#include <array>

#include "byte_order.h"

namespace truce::image::qed {
namespace {

constexpr std::uint32_t magic = 0x00444551;  // "QED\0"
constexpr std::uint64_t smallest_cluster = 4096, largest_cluster = 64 << 20;
constexpr std::uint32_t largest_table = 16;  // clusters
constexpr std::uint64_t largest_size = 1ULL << 56;
constexpr std::uint32_t longest_name = 1023;

enum : std::size_t {
  at_cluster_size = 4,
  at_table_size = 8,
  at_header_size = 12,
  at_features = 16,
  at_l1_offset = 40,
  at_size = 48,
  at_name_offset = 56,
  at_name_bytes = 60,
};

Result<void> check_sizes(View bytes) {
  auto cluster = le<std::uint32_t>(bytes, at_cluster_size);
  if (!std::has_single_bit(cluster) || cluster < smallest_cluster || cluster > largest_cluster) {
    return fail(Code::corrupt, "header: a cluster of {} bytes: must be a power of two, {} to {}",
                cluster, smallest_cluster, largest_cluster);
  }
  auto table = le<std::uint32_t>(bytes, at_table_size);
  if (!std::has_single_bit(table) || table > largest_table) {
    return fail(Code::corrupt, "header: a table of {} clusters: must be a power of two to {}",
                table, largest_table);
  }
  if (le<std::uint32_t>(bytes, at_header_size) == 0)
    return fail(Code::corrupt, "header: no cluster for itself");
  auto features = le<std::uint64_t>(bytes, at_features);
  if (auto unknown = features & ~(has_backing | needs_check | backing_is_raw); unknown != 0)
    return fail(Code::unsupported, "header: features {:#x} are not known", unknown);
  return {};
}

Result<void> check_layout(const Header& header, std::uint64_t file_size) {
  if (header.size > largest_size || header.l1_used() > header.table_entries) {
    return fail(Code::corrupt, "header: a disk of {} bytes, tables of {} entries do not reach",
                header.size, header.table_entries);
  }
  if (header.l1_offset % header.cluster_bytes != 0 || header.l1_offset < header.header_end ||
      !inside(header.l1_offset, header.table_bytes(), file_size)) {
    return fail(Code::corrupt, "header: a table of {} bytes at {}, in a file of {}",
                header.table_bytes(), header.l1_offset, file_size);
  }
  return {};
}

}  // namespace

bool has_magic(View head) {
  return head.size() >= 4 && le<std::uint32_t>(head, 0) == magic;
}

Result<Header> read_header(const File& file) {
  std::array<std::byte, header_bytes> bytes;
  TRY_VOID(file.read(0, bytes));
  if (!has_magic(bytes)) return fail(Code::corrupt, "header: no magic");
  TRY_VOID(check_sizes(bytes));
  std::uint64_t cluster = le<std::uint32_t>(bytes, at_cluster_size);
  Header header{.cluster_bytes = cluster,
                .table_entries = le<std::uint32_t>(bytes, at_table_size) * cluster / 8,
                .header_end = le<std::uint32_t>(bytes, at_header_size) * cluster,
                .features = le<std::uint64_t>(bytes, at_features),
                .l1_offset = le<std::uint64_t>(bytes, at_l1_offset),
                .size = le<std::uint64_t>(bytes, at_size),
                .name_offset = le<std::uint32_t>(bytes, at_name_offset),
                .name_bytes = le<std::uint32_t>(bytes, at_name_bytes)};
  TRY_VOID(check_layout(header, file.size()));
  return header;
}

Result<std::string> backing_name(const File& file, const Header& header) {
  if (header.name_bytes == 0 || header.name_bytes > longest_name ||
      !inside(header.name_offset, header.name_bytes, header.header_end)) {
    return fail(Code::corrupt, "header: a backing file's name of {} bytes at {}", header.name_bytes,
                header.name_offset);
  }
  std::string name(header.name_bytes, '\0');
  TRY_VOID(file.read(header.name_offset, std::as_writable_bytes(std::span(name))));
  return name;
}

}  // namespace truce::image::qed
