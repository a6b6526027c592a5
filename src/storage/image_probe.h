// Judges a disk image from outside by its bytes, before any program is let near it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace truce::storage {

enum class ImageKind { iso, qcow2, raw, vmdk, vdi, vhd, vhdx };

/// The name by which qemu-img knows it; an ISO is `raw`.
std::string_view qemu_format(ImageKind kind);

/// The parts of a file that tell what it is.
struct ImageBytes {
  std::string_view head;  ///< the first `probe_head_size` bytes
  std::string_view tail;  ///< the last 512
  std::uint64_t size = 0;
};
inline constexpr std::size_t probe_head_size = 1 << 20;

/// What kind of image this is, by content alone. Refuses an image that refers to another file
/// (backing file, data file, parent, extents), one that is visibly cut off (Code::corrupt), and
/// what shows no sign of being a disk at all.
Result<ImageKind> classify_image(const ImageBytes& bytes);

/// classify_image() of an open file, which must be a regular one.
Result<ImageKind> probe_image(const Fd& file);

/// What a qcow2 file says of itself. Source: QEMU, docs/interop/qcow2.txt.
struct Qcow2Header {
  Bytes virtual_size;
  std::string backing;  ///< empty when it stands alone
  bool data_file = false, encrypted = false;
};
/// Code::unsupported for another format, Code::corrupt for a broken header.
Result<Qcow2Header> parse_qcow2_header(std::string_view head);
Result<Qcow2Header> read_qcow2_header(const std::filesystem::path& path);

}  // namespace truce::storage
