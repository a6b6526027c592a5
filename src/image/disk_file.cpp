#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "image/file.h"

namespace truce::image {
namespace {

constexpr std::uint64_t largest_offset = INT64_MAX;

off_t as_offset(std::uint64_t offset) {
  return static_cast<off_t>(offset);
}

}  // namespace

Result<std::shared_ptr<DiskFile>> DiskFile::open(const std::filesystem::path& path, Access access) {
  // O_NONBLOCK: a FIFO must not hold us; look() refuses it.
  int flags = (access == Access::read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK;
  TRY(auto fd, open_file(path, flags));
  return adopt(std::move(fd), path.string());
}

Result<std::shared_ptr<DiskFile>> DiskFile::create(const std::filesystem::path& path,
                                                   std::string name) {
  auto fd = open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (!fd && errno == EEXIST)
    return fail(Code::conflict, "{}: there is a file of that name already", path.string());
  if (!fd) return std::unexpected(std::move(fd).error());
  return adopt(*std::move(fd), name.empty() ? path.string() : std::move(name));
}

Result<std::shared_ptr<DiskFile>> DiskFile::adopt(Fd fd, std::string name) {
  std::shared_ptr<DiskFile> file(new DiskFile(std::move(fd), std::move(name)));
  TRY_VOID(file->look());
  return file;
}

Result<void> DiskFile::look() {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return fail_errno(errno, name_);
  identity_ = {status.st_dev, status.st_ino};
  if (S_ISBLK(status.st_mode)) {
    std::uint64_t bytes = 0;
    if (::ioctl(fd_.get(), BLKGETSIZE64, &bytes) != 0) return fail_errno(errno, name_);
    device_size_ = bytes;
  } else if (!S_ISREG(status.st_mode)) {
    return fail(Code::invalid, "{}: is neither a file nor a block device", name_);
  }
  return {};
}

std::uint64_t DiskFile::size() const {
  if (device_size_) return *device_size_;
  struct stat status{};
  return ::fstat(fd_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

Result<void> DiskFile::read(std::uint64_t offset, Span into) const {
  while (!into.empty()) {
    if (offset > largest_offset) break;
    auto count = ::pread(fd_.get(), into.data(), into.size(), as_offset(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("{}: read at {}", name_, offset));
    if (count == 0) break;
    into = into.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  if (into.empty()) return {};
  return fail(Code::corrupt, "{}: the file ends at byte {}, {} more were to be read", name_, offset,
              into.size());
}

Result<void> DiskFile::write(std::uint64_t offset, View from) {
  while (!from.empty()) {
    if (offset > largest_offset) return fail_errno(EFBIG, name_);
    auto count = ::pwrite(fd_.get(), from.data(), from.size(), as_offset(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno(errno, fmt::format("{}: write at {}", name_, offset));
    from = from.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> write_zeroes_in_pieces(File& file, std::uint64_t offset, std::uint64_t length) {
  std::vector<std::byte> zeroes(std::min<std::uint64_t>(length, 1 << 20));
  while (length > 0) {
    auto part = std::min<std::uint64_t>(length, zeroes.size());
    TRY_VOID(file.write(offset, View(zeroes).first(part)));
    offset += part;
    length -= part;
  }
  return {};
}

Result<void> DiskFile::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  auto end = size();
  if (offset >= end) return {};
  length = std::min(length, end - offset);
  // Devices do this in whole blocks only, the rest is written.
  constexpr std::uint64_t device_unit = 4096;
  auto lead = device_size_ ? (device_unit - offset % device_unit) % device_unit : 0;
  if (lead > 0 && length > lead) {
    TRY_VOID(write(offset, std::vector<std::byte>(lead)));
    return write_zeroes(offset + lead, length - lead);
  }
  auto tail = device_size_ ? length % device_unit : 0;
  if (tail > 0 && length > tail) {
    TRY_VOID(write(offset + length - tail, std::vector<std::byte>(tail)));
    length -= tail;
  }
  int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd_.get(), punch, as_offset(offset), as_offset(length)) == 0) return {};
  int zero = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd_.get(), zero, as_offset(offset), as_offset(length)) == 0) return {};
  return write_zeroes_in_pieces(*this, offset, length);
}

Result<void> DiskFile::resize(std::uint64_t size) {
  if (device_size_) {
    if (size <= *device_size_) return {};
    return fail(Code::limit, "{}: the device has {} bytes, {} are needed", name_, *device_size_,
                size);
  }
  if (size > largest_offset) return fail_errno(EFBIG, name_);
  if (::ftruncate(fd_.get(), as_offset(size)) != 0) return fail_errno(errno, name_);
  return {};
}

Result<void> DiskFile::flush() {
  if (::fdatasync(fd_.get()) != 0) return fail_errno(errno, fmt::format("{}: flush", name_));
  return {};
}

Result<Run> DiskFile::run(std::uint64_t offset, std::uint64_t length) const {
  if (device_size_) return Run{length, true};
  auto data = ::lseek(fd_.get(), as_offset(offset), SEEK_DATA);
  if (data < 0 && errno == ENXIO) {
    // Nothing more up to the end: of a file that has become shorter that must not pass for zeros.
    auto end = size();
    if (offset <= end && length <= end - offset) return Run{length, false};
    return fail(Code::corrupt, "{}: the file ends at byte {} now, it was longer", name_, end);
  }
  if (data < 0) return Run{length, true};  // the file system does not tell
  auto first = static_cast<std::uint64_t>(data);
  if (first > offset) return Run{std::min(length, first - offset), false};
  auto hole = ::lseek(fd_.get(), as_offset(offset), SEEK_HOLE);
  if (hole < 0) return Run{length, true};
  return Run{std::min(length, static_cast<std::uint64_t>(hole) - offset), true};
}

}  // namespace truce::image
