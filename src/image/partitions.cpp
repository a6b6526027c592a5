#include "image/partitions.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image {
namespace {

constexpr std::size_t most_partitions = 1024, most_logical = 128;

bool has_text(View bytes, std::size_t at, std::string_view text) {
  return bytes.size() >= at + text.size() &&
         std::ranges::equal(bytes.subspan(at, text.size()), std::as_bytes(std::span(text)));
}

/// Looks at the tables of one disk for what lies beyond a new end.
class CutOff {
 public:
  CutOff(Image& disk, std::uint64_t size)
      : disk_(disk), size_(size), sector_(disk.description().sector_size) {}

  Result<std::vector<std::string>> find() {
    TRY(auto first, bytes_at(0, sector_));
    bool signed_ = first.size() >= 512 && le<std::uint16_t>(first, 510) == 0xaa55;
    TRY(auto second, bytes_at(sector_, 512));
    if (has_text(second, 0, "EFI PART")) {
      TRY_VOID(gpt(second));
    } else if (signed_ && !has_text(first, 3, "NTFS    ") && has_partitions(first)) {
      TRY_VOID(mbr(first));
    } else {
      TRY_VOID(file_system(first));
    }
    return std::move(lost_);
  }

 private:
  /// Bytes of the disk; fewer, or none, where it ends.
  Result<std::vector<std::byte>> bytes_at(std::uint64_t offset, std::uint64_t length) {
    auto end = disk_.size();
    std::vector<std::byte> bytes(offset >= end ? 0 : std::min(length, end - offset));
    if (!bytes.empty()) TRY_VOID(disk_.read(offset, bytes));
    return bytes;
  }

  void range(const std::string& what, std::uint64_t start, std::uint64_t length) {
    auto end = start > ~std::uint64_t{0} - length ? ~std::uint64_t{0} : start + length;
    if (length == 0 || end <= size_) return;
    lost_.push_back(
        start >= size_
            ? fmt::format("{} (bytes {} to {}) lies beyond the new end", what, start, end)
            : fmt::format("{} (bytes {} to {}) is cut off", what, start, end));
  }
  [[nodiscard]] std::uint64_t bytes_of(std::uint64_t sectors) const {
    return sectors > ~std::uint64_t{0} / sector_ ? ~std::uint64_t{0} : sectors * sector_;
  }

  static bool has_partitions(View sector) {
    for (std::size_t i = 0; i < 4; ++i) {
      auto flag = std::to_integer<unsigned>(sector[446 + i * 16]);
      if (flag != 0 && flag != 0x80) return false;
    }
    for (std::size_t i = 0; i < 4; ++i)
      if (sector[446 + i * 16 + 4] != std::byte{}) return true;
    return false;
  }

  Result<void> mbr(View sector) {
    for (std::size_t i = 0; i < 4; ++i) {
      auto entry = sector.subspan(446 + i * 16, 16);
      auto type = std::to_integer<unsigned>(entry[4]);
      if (type == 0) continue;
      auto start = bytes_of(le<std::uint32_t>(entry, 8));
      range(fmt::format("partition {}", i + 1), start, bytes_of(le<std::uint32_t>(entry, 12)));
      if (type == 0x05 || type == 0x0f || type == 0x85) TRY_VOID(logical(start));
    }
    return {};
  }

  /// A chain of tables, each with one partition and where the next is.
  Result<void> logical(std::uint64_t extended) {
    auto at = extended;
    for (unsigned number = 5; number < 5 + most_logical; ++number) {
      TRY(auto sector, bytes_at(at, 512));
      if (sector.size() < 512 || le<std::uint16_t>(sector, 510) != 0xaa55) return {};
      auto entry = View(sector).subspan(446, 16), next = View(sector).subspan(462, 16);
      if (entry[4] != std::byte{})
        range(fmt::format("partition {}", number), at + bytes_of(le<std::uint32_t>(entry, 8)),
              bytes_of(le<std::uint32_t>(entry, 12)));
      if (next[4] == std::byte{}) return {};
      at = extended + bytes_of(le<std::uint32_t>(next, 8));
    }
    return {};
  }

  // UEFI Specification, "GUID Partition Table (GPT) Disk Layout".
  Result<void> gpt(View header) {
    auto entries_at = bytes_of(le<std::uint64_t>(header, 72));
    std::uint64_t count = std::min<std::uint64_t>(le<std::uint32_t>(header, 80), most_partitions);
    auto entry_bytes = le<std::uint32_t>(header, 84);
    if (entry_bytes < 128 || entry_bytes > 4096)
      return fail(Code::corrupt, "the partition table has entries of {} bytes", entry_bytes);
    for (std::uint64_t i = 0; i < count; ++i) {
      TRY(auto entry, bytes_at(entries_at + i * entry_bytes, 128));
      if (entry.size() < 128) break;
      if (all_zero(View(entry).first(16))) continue;
      auto first = le<std::uint64_t>(entry, 32), last = le<std::uint64_t>(entry, 40);
      if (last < first) continue;
      range(fmt::format("partition {}{}", i + 1, name_of(entry)), bytes_of(first),
            bytes_of(last - first + 1));
    }
    auto backup = bytes_of(le<std::uint64_t>(header, 32));
    if (backup >= size_ || backup + sector_ > size_)
      lost_.push_back(
          fmt::format("the backup partition table (at byte {}) is lost: afterwards "
                      "write it anew (sgdisk -e)",
                      backup));
    return {};
  }

  /// ` 'name'`, of which only plain characters are shown.
  static std::string name_of(View entry) {
    std::string name;
    for (std::size_t i = 56; i < 128; i += 2) {
      auto unit = le<std::uint16_t>(entry, i);
      if (unit == 0) break;
      name += unit >= ' ' && unit <= '~' ? static_cast<char>(unit) : '?';
    }
    return name.empty() ? name : " '" + name + "'";
  }

  Result<void> file_system(View first) {
    TRY(auto super, bytes_at(1024, 1024));
    if (super.size() == 1024 && le<std::uint16_t>(super, 56) == 0xef53) {
      auto blocks = std::uint64_t{le<std::uint32_t>(super, 4)};
      if ((le<std::uint32_t>(super, 96) & 0x80) != 0)
        blocks |= std::uint64_t{le<std::uint32_t>(super, 336)} << 32;
      auto shift = std::min<std::uint32_t>(le<std::uint32_t>(super, 24), 6) + 10;
      range("the ext file system", 0,
            blocks > ~std::uint64_t{0} >> shift ? ~std::uint64_t{0} : blocks << shift);
    }
    if (has_text(first, 0, "XFSB")) {
      auto blocks = be<std::uint64_t>(first, 8), size = std::uint64_t{be<std::uint32_t>(first, 4)};
      range("the XFS file system", 0,
            size == 0 || blocks > ~std::uint64_t{0} / size ? ~std::uint64_t{0} : blocks * size);
    }
    if (has_text(first, 3, "NTFS    ")) {
      auto sectors = le<std::uint64_t>(first, 40),
           size = std::uint64_t{le<std::uint16_t>(first, 11)};
      range("the NTFS file system", 0,
            size == 0 || sectors >= ~std::uint64_t{0} / size ? ~std::uint64_t{0}
                                                             : (sectors + 1) * size);
    }
    TRY(auto btrfs, bytes_at(65536, 4096));
    if (has_text(btrfs, 64, "_BHRfS_M") && btrfs.size() >= 0x78 + 8)
      range("the btrfs file system", 0, le<std::uint64_t>(btrfs, 0x70));
    return {};
  }

  Image& disk_;
  std::uint64_t size_, sector_;
  std::vector<std::string> lost_;
};

}  // namespace

Result<std::vector<std::string>> cut_off(Image& disk, std::uint64_t size) {
  return CutOff(disk, size).find();
}

}  // namespace truce::image
