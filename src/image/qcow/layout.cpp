#include "qcow/layout.h"

#include "byte_order.h"

namespace truce::image::qcow {
namespace {

constexpr std::uint32_t magic = 0x514649FB;  // "QFI\xFB"
constexpr std::uint32_t version = 1;
constexpr std::uint64_t largest_size = 1ULL << 56;

enum : std::size_t {
  at_version = 4,
  at_name_offset = 8,
  at_name_bytes = 16,
  at_size = 24,
  at_cluster_bits = 32,
  at_l2_bits = 33,
  at_encryption = 36,
  at_l1_offset = 40,
};

}  // namespace

std::uint64_t Header::l1_entries() const {
  return divide_up(size, l2_reach());
}

bool has_magic(View head) {
  return head.size() >= 8 && be<std::uint32_t>(head, 0) == magic &&
         be<std::uint32_t>(head, at_version) == version;
}

Result<Header> read_header(const File& file) {
  std::array<std::byte, header_bytes> bytes;
  TRY_VOID(file.read(0, bytes));
  if (!has_magic(bytes)) return fail(Code::corrupt, "header: no magic of version 1");
  Header header{.name_offset = be<std::uint64_t>(bytes, at_name_offset),
                .name_bytes = be<std::uint32_t>(bytes, at_name_bytes),
                .size = be<std::uint64_t>(bytes, at_size),
                .cluster_bits = std::to_integer<std::uint32_t>(bytes[at_cluster_bits]),
                .l2_bits = std::to_integer<std::uint32_t>(bytes[at_l2_bits]),
                .l1_offset = be<std::uint64_t>(bytes, at_l1_offset)};
  if (auto method = be<std::uint32_t>(bytes, at_encryption); method != 0) {
    return fail(Code::unsupported, "the disk is encrypted (method {}): decrypt it with qemu-img",
                method);
  }
  if (header.cluster_bits < 9 || header.cluster_bits > 16)
    return fail(Code::corrupt, "header: 2^{} bytes a cluster, 9 to 16 are legal",
                header.cluster_bits);
  if (header.l2_bits < 6 || header.l2_bits > 13)
    return fail(Code::corrupt, "header: 2^{} entries a table, 6 to 13 are legal", header.l2_bits);
  if (header.size > largest_size)
    return fail(Code::limit, "header: a disk of {} bytes, {} at most", header.size, largest_size);
  auto table = header.l1_entries() * 8;
  if (header.l1_offset % 8 != 0 || header.l1_offset < header_bytes ||
      !inside(header.l1_offset, table, file.size())) {
    return fail(Code::corrupt, "header: a table of {} bytes at {}, in a file of {}", table,
                header.l1_offset, file.size());
  }
  return header;
}

Result<std::string> backing_name(const File& file, const Header& header) {
  if (header.name_bytes == 0 || header.name_bytes > longest_name ||
      !inside(header.name_offset, header.name_bytes, file.size())) {
    return fail(Code::corrupt, "header: a backing file's name of {} bytes at {}", header.name_bytes,
                header.name_offset);
  }
  std::string name(header.name_bytes, '\0');
  TRY_VOID(file.read(header.name_offset, std::as_writable_bytes(std::span(name))));
  return name;
}

std::array<std::byte, header_bytes> make_header(const Header& header) {
  std::array<std::byte, header_bytes> bytes{};
  put_be<std::uint32_t>(bytes, 0, magic);
  put_be<std::uint32_t>(bytes, at_version, version);
  put_be<std::uint64_t>(bytes, at_size, header.size);
  bytes[at_cluster_bits] = static_cast<std::byte>(header.cluster_bits);
  bytes[at_l2_bits] = static_cast<std::byte>(header.l2_bits);
  put_be<std::uint64_t>(bytes, at_l1_offset, header.l1_offset);
  return bytes;
}

}  // namespace truce::image::qcow
