#include "nbd/disk.h"

#include <sys/uio.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "nbd/wire.h"

namespace truce::image::nbd {
namespace {

// How far ahead an extent is asked for that will be remembered, at most and at least.
constexpr std::uint64_t farthest = std::uint64_t{1} << 30U;
constexpr std::uint64_t nearest = std::uint64_t{1} << 16U;
constexpr std::array<std::byte, 65536> zeroes{};

// File systems that punch holes without writing (statfs(2)): ext4, XFS, btrfs, tmpfs.
constexpr std::array<long, 4> quick_to_zero = {0xef53, 0x58465342, 0x9123683e, 0x01021994};

// Only a raw disk in a file: an image's own tables may need more than a hole.
bool zeroes_at_once(Image& image) {
  if (image.description().format != "raw" || image.size() == 0) return false;
  auto first = image.extent(0, image.size());
  for (std::uint64_t at = 0; first && first->kind != Kind::data;
       first = image.extent(at, image.size() - at)) {
    at += first->length;
    if (at >= image.size()) return false;
  }
  if (!first || first->file == nullptr || first->file->descriptor() < 0) return false;
  struct statfs system{};
  if (::fstatfs(first->file->descriptor(), &system) != 0) return false;
  return std::ranges::find(quick_to_zero, system.f_type) != quick_to_zero.end();
}

}  // namespace

Result<std::unique_ptr<Disk>> Disk::open(ExportOptions options) {
  if (options.image == nullptr)
    return fail(Code::invalid, "export '{}' has no image", options.name);
  if (options.name.size() > longest_string || options.description.size() > longest_string)
    return fail(Code::invalid, "an export's name or description has more than {} bytes",
                longest_string);
  std::unique_ptr<Disk> disk(new Disk(std::move(options)));
  auto& image = *disk->options_.image;
  disk->size_ = image.size();
  disk->tables_ = !image.whole();
  disk->flags_ = has_flags | flag_df | flag_multi_conn | flag_flush | flag_fua;
  if (disk->options_.access == ExportOptions::Access::read_only) {
    disk->flags_ |= flag_read_only;
    return disk;
  }
  disk->writable_ = image.writable();
  if (disk->writable_ == nullptr) {
    return fail(Code::invalid, "export '{}': this {} image was not opened for writing",
                disk->options_.name, image.description().format);
  }
  disk->flags_ |= flag_trim | flag_write_zeroes;
  if (zeroes_at_once(image)) disk->flags_ |= flag_fast_zero;
  // A raw disk is its file, and files stand writes beside reads; others have tables that change.
  if (image.description().format != "raw") disk->sharing_ = Sharing::turns;
  return disk;
}

std::shared_lock<std::shared_mutex> Disk::reading() {
  return sharing_ == Sharing::free ? std::shared_lock<std::shared_mutex>() : turns_.shared();
}

std::unique_lock<std::shared_mutex> Disk::writing() {
  return sharing_ == Sharing::free ? std::unique_lock<std::shared_mutex>() : turns_.alone();
}

Result<void> Disk::read(std::uint64_t offset, Span into) {
  auto turn = reading();
  return options_.image->read(offset, into);
}

Result<Extent> Disk::extent(std::uint64_t offset, std::uint64_t length) {
  auto turn = reading();
  return options_.image->extent(offset, length);
}

Result<void> Disk::write(std::uint64_t offset, View from) {
  auto turn = writing();
  if (sharing_ == Sharing::turns) ++generation_;
  return writable_->write(offset, from);
}

Result<void> Disk::write_zeroes(std::uint64_t offset, std::uint64_t length, Zeroing zeroing) {
  if (zeroing == Zeroing::may_free) {
    auto turn = writing();
    if (sharing_ == Sharing::turns) ++generation_;
    return writable_->write_zeroes(offset, length);
  }
  while (length > 0) {
    auto part = std::min<std::uint64_t>(length, zeroes.size());
    TRY_VOID(write(offset, View(zeroes).first(part)));
    offset += part;
    length -= part;
  }
  return {};
}

Result<void> Disk::flush() {
  if (read_only()) return {};
  auto turn = writing();
  return writable_->flush();
}

Result<void> Disk::close() {
  if (read_only()) return {};
  auto turn = writing();
  return writable_->close();
}

// In a file that others write, what was data may be read as data for good: a hole in it reads as
// zeros. What was a hole may have become data, and tables may have moved it.
bool Disk::current(const Remembered& remembered) const {
  if (read_only()) return true;
  if (sharing_ == Sharing::free) return remembered.extent.kind == Kind::data;
  return remembered.generation == generation_;
}

Result<Extent> Disk::extent(std::uint64_t offset, std::uint64_t length, Remembered& remembered) {
  auto turn = reading();
  if (!remembered.holds(offset) || !current(remembered)) {
    // Who reads in order is asked for again soon, who reads here and there is not.
    bool in_order = offset == remembered.extent.start + remembered.extent.length;
    remembered.ahead = in_order ? std::min(remembered.ahead * 2, farthest)
                                : std::max(remembered.ahead / 2, nearest);
    auto ahead = tables_ ? remembered.ahead : farthest;
    TRY(remembered.extent,
        options_.image->extent(offset, std::min(size_ - offset, std::max(length, ahead))));
    remembered.generation = generation_;
  }
  auto extent = remembered.extent;
  auto skipped = offset - extent.start;
  extent.start = offset;
  extent.offset += skipped;
  extent.length = std::min(extent.length - skipped, length);
  return extent;
}

bool Disk::read_at_once(std::uint64_t offset, Span into, const Remembered& remembered) {
  auto turn = reading();
  const auto& extent = remembered.extent;
  if (extent.kind != Kind::data || extent.file == nullptr || !current(remembered)) return false;
  int descriptor = extent.file->descriptor();
  auto at = extent.offset + (offset - extent.start);
  if (descriptor < 0) return false;
  iovec target{into.data(), into.size()};
  auto got = ::preadv2(descriptor, &target, 1, static_cast<off_t>(at), RWF_NOWAIT);
  return got == static_cast<ssize_t>(into.size());
}

}  // namespace truce::image::nbd
