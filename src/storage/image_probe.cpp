#include "image_probe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace truce::storage {

namespace {

// Numbers at an offset; 0 beyond the end, so that short input never passes a check by accident.
template <class T>
T big(std::string_view bytes, std::size_t at) {
  if (at + sizeof(T) > bytes.size()) return 0;
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}
template <class T>
T little(std::string_view bytes, std::size_t at) {
  if (at + sizeof(T) > bytes.size()) return 0;
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>(value << 8) | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

bool has(std::string_view bytes, std::size_t at, std::string_view magic) {
  return at <= bytes.size() && bytes.substr(at).starts_with(magic);
}

std::unexpected<Error> refers_elsewhere(std::string_view what) {
  return fail(Code::invalid,
              "the image refers to another file ({}): give one that stands alone, made with "
              "'qemu-img convert'",
              what);
}

Result<ImageKind> classify_iso(const ImageBytes& bytes) {
  // ECMA-119, 8.4: the primary volume descriptor is sector 16.
  std::uint64_t blocks = little<std::uint32_t>(bytes.head, 32768 + 80);
  std::uint64_t block_size = little<std::uint16_t>(bytes.head, 32768 + 128);
  if (blocks * block_size > bytes.size) {
    return fail(Code::corrupt, "the ISO is cut off: it says {} bytes and has {}",
                blocks * block_size, bytes.size);
  }
  return ImageKind::iso;
}

Result<ImageKind> classify_qcow2(const ImageBytes& bytes) {
  TRY(auto header, parse_qcow2_header(bytes.head));
  if (!header.backing.empty()) return refers_elsewhere("backing file " + header.backing);
  if (header.data_file) return refers_elsewhere("external data file");
  if (header.encrypted) return fail(Code::unsupported, "the image is encrypted: decrypt it first");
  return ImageKind::qcow2;
}

std::string_view next_line(std::string_view& text) {
  auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  return line;
}

// VMware, "Virtual Disk Format 1.1": the sparse extent header and the descriptor inside it.
Result<ImageKind> classify_vmdk(const ImageBytes& bytes) {
  auto capacity = little<std::uint64_t>(bytes.head, 12);
  auto at = little<std::uint64_t>(bytes.head, 28);
  auto sectors = little<std::uint64_t>(bytes.head, 36);
  // Without a capacity of its own QEMU follows the descriptor to wherever it points.
  if (capacity == 0 || at == 0) return refers_elsewhere("VMDK that is a part of another");
  if (at > bytes.head.size() / 512 || sectors > bytes.head.size() / 512 - at) {
    return fail(Code::corrupt, "the VMDK's descriptor lies outside of the file");
  }
  auto text = bytes.head.substr(at * 512, sectors * 512);
  text = text.substr(0, text.find('\0'));
  int extents = 0;
  bool known_type = false, parent = false;
  while (!text.empty()) {
    auto line = next_line(text);
    if (line.starts_with("RW ") || line.starts_with("RDONLY ") || line.starts_with("NOACCESS ")) {
      ++extents;
      if (!line.contains(" SPARSE ")) return refers_elsewhere("VMDK extent");
    }
    if (line.starts_with("createType")) {
      known_type = line.contains("\"monolithicSparse\"") || line.contains("\"streamOptimized\"");
    }
    if (line.starts_with("parentCID")) parent = !line.contains("ffffffff");
    if (line.starts_with("parentFileNameHint")) parent = true;
  }
  if (parent) return refers_elsewhere("VMDK parent");
  if (!known_type || extents != 1) return refers_elsewhere("VMDK of several files");
  return ImageKind::vmdk;
}

// [MS-VHD] "Hard Disk Footer Format".
Result<ImageKind> classify_vhd(std::string_view footer, const ImageBytes& bytes) {
  constexpr std::uint32_t differencing = 4;
  if (big<std::uint32_t>(footer, 60) == differencing) return refers_elsewhere("VHD parent");
  if (!has(bytes.tail, 0, "conectix")) return fail(Code::corrupt, "the VHD is cut off: no footer");
  return ImageKind::vhd;
}

// VirtualBox, VDICore.h: VDIHEADER1. What lies behind the end would read as zeros.
Result<ImageKind> classify_vdi(const ImageBytes& bytes) {
  std::uint64_t data_at = little<std::uint32_t>(bytes.head, 0x158);
  std::uint64_t block_size = little<std::uint32_t>(bytes.head, 0x178);
  std::uint64_t blocks = little<std::uint32_t>(bytes.head, 0x184);
  if (data_at + blocks * block_size > bytes.size) {
    return fail(Code::corrupt, "the VDI is cut off: it says {} bytes and has {}",
                data_at + blocks * block_size, bytes.size);
  }
  return ImageKind::vdi;
}

// A raw disk has no header: it must show a partition table or a file system, all inside the file.
Result<ImageKind> classify_raw(const ImageBytes& bytes) {
  bool table = has(bytes.head, 510, "\x55\xaa");
  bool ext = has(bytes.head, 1080, "\x53\xef");
  if ((!table && !ext) || bytes.size % 512 != 0) {
    return fail(Code::invalid,
                "no disk image: neither an ISO, qcow2, VMDK, VDI, VHD or VHDX, nor a raw disk with "
                "a partition table or an ext file system");
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
  return ImageKind::raw;
}

Result<void> read_at(const Fd& file, std::uint64_t at, std::string& into) {
  std::size_t done = 0;
  while (done < into.size()) {
    auto got =
        ::pread(file.get(), into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (got < 0) return fail_errno(errno, "read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  into.resize(done);
  return {};
}

}  // namespace

std::string_view qemu_format(ImageKind kind) {
  switch (kind) {
    case ImageKind::qcow2:
      return "qcow2";
    case ImageKind::vmdk:
      return "vmdk";
    case ImageKind::vdi:
      return "vdi";
    case ImageKind::vhd:
      return "vpc";
    case ImageKind::vhdx:
      return "vhdx";
    case ImageKind::iso:
    case ImageKind::raw:
      break;
  }
  return "raw";
}

Result<ImageKind> classify_image(const ImageBytes& bytes) {
  const auto head = bytes.head;
  if (has(head, 32769, "CD001")) return classify_iso(bytes);
  if (has(head, 0, "QFI\xfb")) return classify_qcow2(bytes);
  if (has(head, 0, "KDMV")) return classify_vmdk(bytes);
  if (has(head, 0, "# Disk Descriptor")) return refers_elsewhere("VMDK descriptor");
  if (has(head, 0, "COWD")) return fail(Code::unsupported, "VMDK of the old ESX kind: convert it");
  if (has(head, 0, "QED\0")) return fail(Code::unsupported, "QED images: convert it to qcow2");
  if (has(head, 0, "LUKS\xba\xbe")) {
    return fail(Code::unsupported, "the image is encrypted: decrypt it first");
  }
  // qemu-img itself refuses VDI and VHDX with a parent.
  if (little<std::uint32_t>(head, 64) == 0xbeda107f) return classify_vdi(bytes);
  if (has(head, 0, "vhdxfile")) return ImageKind::vhdx;
  if (has(head, 0, "conectix")) return classify_vhd(head, bytes);
  if (has(bytes.tail, 0, "conectix")) return classify_vhd(bytes.tail, bytes);
  return classify_raw(bytes);
}

Result<ImageKind> probe_image(const Fd& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "stat");
  if (!S_ISREG(status.st_mode)) return fail(Code::invalid, "not a regular file");
  auto size = static_cast<std::uint64_t>(status.st_size);
  std::string head(std::min<std::uint64_t>(size, probe_head_size), '\0');
  std::string tail(std::min<std::uint64_t>(size, 512), '\0');
  TRY_VOID(read_at(file, 0, head));
  TRY_VOID(read_at(file, size - tail.size(), tail));
  return classify_image({head, tail, size});
}

Result<Qcow2Header> parse_qcow2_header(std::string_view head) {
  if (!has(head, 0, "QFI\xfb")) return fail(Code::unsupported, "not a qcow2 image");
  auto version = big<std::uint32_t>(head, 4);
  if (version != 2 && version != 3) return fail(Code::unsupported, "qcow of version {}", version);
  if (head.size() < (version == 2 ? 72U : 104U)) {
    return fail(Code::corrupt, "the qcow2 header is cut off");
  }
  Qcow2Header header;
  header.virtual_size = {big<std::uint64_t>(head, 24)};
  header.encrypted = big<std::uint32_t>(head, 32) != 0;
  constexpr std::uint64_t external_data = 1U << 2;
  if (version == 3) header.data_file = (big<std::uint64_t>(head, 72) & external_data) != 0;
  auto at = big<std::uint64_t>(head, 8);
  auto length = big<std::uint32_t>(head, 16);
  if (at == 0) return header;
  if (length == 0 || length > 1023 || at > head.size() || head.size() - at < length) {
    return fail(Code::corrupt, "the name of the qcow2 backing file lies outside of the header");
  }
  header.backing = head.substr(at, length);
  return header;
}

Result<Qcow2Header> read_qcow2_header(const std::filesystem::path& path) {
  TRY(auto file, open_file(path, O_RDONLY));
  std::string head(64 << 10, '\0');
  TRY_VOID(read_at(file, 0, head));
  auto header = parse_qcow2_header(head);
  if (!header) return std::unexpected(std::move(header).error().within(path.string()));
  return header;
}

}  // namespace truce::storage
