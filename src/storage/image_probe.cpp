#include "image_probe.h"

#include <algorithm>
#include <cstdint>

#include "image/formats.h"

namespace truce::storage {

namespace {

// Numbers at an offset; 0 beyond the end, so that short input never passes a check by accident.
template <class T>
T little(std::string_view bytes, std::size_t at) {
  if (at + sizeof(T) > bytes.size()) return 0;
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>(value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

struct Seen {
  std::string_view head;
  std::uint64_t size = 0;  ///< of the file
};

bool has(std::string_view bytes, std::size_t at, std::string_view magic) {
  return at <= bytes.size() && bytes.substr(at).starts_with(magic);
}

Result<std::string> judge_iso(const Seen& bytes) {
  // ECMA-119, 8.4: the primary volume descriptor is sector 16.
  std::uint64_t blocks = little<std::uint32_t>(bytes.head, 32768 + 80);
  std::uint64_t block_size = little<std::uint16_t>(bytes.head, 32768 + 128);
  if (blocks * block_size > bytes.size) {
    return fail(Code::corrupt, "the ISO is cut off: it says {} bytes and has {}",
                blocks * block_size, bytes.size);
  }
  return std::string(iso_kind);
}

// A raw disk has no header: it must show a partition table or a file system, all inside the file.
Result<std::string> judge_raw(const Seen& bytes) {
  bool table = has(bytes.head, 510, "\x55\xaa");
  bool ext = has(bytes.head, 1080, "\x53\xef");
  if ((!table && !ext) || bytes.size % 512 != 0) {
    return fail(Code::invalid,
                "no disk image: neither an ISO, a package (OVA, XVA), qcow2, VMDK, VDI, VHD, VHDX, "
                "QCOW or QED, nor a raw disk with a partition table or an ext file system");
  }
  std::uint64_t end = 0;  // in sectors
  for (std::size_t entry = 446; table && !ext && entry < 510; entry += 16) {
    constexpr unsigned char gpt = 0xee;  // spans a disk that may have been larger
    if (bytes.head[entry + 4] == 0 || static_cast<unsigned char>(bytes.head[entry + 4]) == gpt)
      continue;
    end = std::max(end, std::uint64_t{little<std::uint32_t>(bytes.head, entry + 8)} +
                            little<std::uint32_t>(bytes.head, entry + 12));
  }
  // UEFI, 5.3.2: the sector of the other header.
  if (has(bytes.head, 512, "EFI PART")) end = little<std::uint64_t>(bytes.head, 512 + 32) + 1;
  if (ext) {
    std::uint64_t blocks = little<std::uint32_t>(bytes.head, 1024 + 4);
    auto log_size = std::min(little<std::uint32_t>(bytes.head, 1024 + 24), 6U);
    end = blocks << (log_size + 1);
  }
  if (end > bytes.size / 512) {
    return fail(Code::corrupt, "the disk is cut off: its content ends at sector {}, the file at {}",
                end, bytes.size / 512);
  }
  return std::string("raw");
}

}  // namespace

Result<std::string> probe_image(const image::File& file) {
  TRY(const auto* format, image::detect(file));
  if (format->name != "raw") return std::string(format->name);
  constexpr std::uint64_t looked_at = 65536;
  std::string head(std::min(file.size(), looked_at), '\0');
  TRY_VOID(file.read(0, std::as_writable_bytes(std::span(head))));
  const Seen seen{head, file.size()};
  if (has(head, 32769, "CD001")) return judge_iso(seen);
  if (has(head, 257, "ustar")) return std::string(package_kind);
  if (has(head, 0, "LUKS\xba\xbe"))
    return fail(Code::unsupported, "the image is encrypted: decrypt it first");
  return judge_raw(seen);
}

}  // namespace truce::storage
