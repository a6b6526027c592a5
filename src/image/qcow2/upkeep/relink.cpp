#include "qcow2/upkeep/relink.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::qcow2 {
namespace {

constexpr std::size_t v2_bytes = 72, header_length_at = 100, backing_at = 8;
// [qcow2] Header extensions.
constexpr std::uint32_t end_of_extensions = 0, backing_format = 0xe2792aca,
                        feature_names = 0x6803f857;

/// The header with its extensions but that of the backing format, whose new one comes first, and
/// without the names of features when `brief`. What is read here was checked by read_header().
std::vector<std::byte> rewritten(View old, const Header& header, std::string_view format,
                                 bool brief) {
  std::size_t length = header.version == 2 ? v2_bytes : be<std::uint32_t>(old, header_length_at);
  auto name_at = be<std::uint64_t>(old, backing_at);
  auto end = name_at == 0 ? old.size() : std::min<std::uint64_t>(name_at, old.size());
  auto head = old.first(length);
  std::vector<std::byte> bytes(head.begin(), head.end());
  if (!format.empty()) append_extension(bytes, backing_format, std::as_bytes(std::span(format)));
  for (std::uint64_t at = length; at <= end && end - at >= 8;) {
    auto type = be<std::uint32_t>(old, at), size = be<std::uint32_t>(old, at + 4);
    if (type == end_of_extensions || !inside(at + 8, size, end)) break;
    if (type != backing_format && !(brief && type == feature_names))
      append_extension(bytes, type, old.subspan(at + 8, size));
    at += 8 + round_up(size, 8);
  }
  append_extension(bytes, end_of_extensions, {});
  return bytes;
}

}  // namespace

std::string name_for_qemu(std::string_view format) {
  return format == "vhd" ? "vpc" : std::string(format);
}

Result<void> write_backing(File& file, const Header& header, const Parent* parent) {
  auto name = parent == nullptr ? std::string() : parent->name;
  auto format = parent == nullptr ? std::string() : name_for_qemu(parent->description.format);
  if (name.size() > longest_backing_name)
    return fail(Code::invalid, "the backing file's name is longer than {} bytes",
                longest_backing_name);
  auto room = std::min(file.size(), header.geometry.cluster_size());
  std::vector<std::byte> old(room);
  TRY_VOID(file.read(0, old));
  auto bytes = rewritten(old, header, format, false);
  if (bytes.size() + name.size() > room) bytes = rewritten(old, header, format, true);
  if (bytes.size() + name.size() > room) {
    return fail(Code::limit,
                "{}: the backing file's name does not fit into the first cluster of {} bytes",
                file.name(), room);
  }
  put_be<std::uint64_t>(bytes, backing_at, name.empty() ? 0 : bytes.size());
  put_be<std::uint32_t>(bytes, backing_at + 8, static_cast<std::uint32_t>(name.size()));
  auto text = std::as_bytes(std::span(name));
  bytes.insert(bytes.end(), text.begin(), text.end());
  TRY_VOID(file.write(0, bytes));
  return file.flush();
}

}  // namespace truce::image::qcow2
