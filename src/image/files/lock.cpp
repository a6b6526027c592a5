#include <fcntl.h>

#include <cerrno>

#include "image/place.h"

namespace truce::image {
namespace {

// QEMU, block/file-posix.c: a permission in use is a shared lock on byte 100 + its bit, one that is
// not granted to others a shared lock on byte 200 + its bit; each looks for the other's.
constexpr off_t in_use = 100, not_granted = 200;
constexpr int consistent_read = 0, write_data = 1, resize_file = 3;

bool held_by_others(int fd, off_t byte) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool set_lock(int fd, off_t byte, short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

Result<void> lock_image(const DiskFile& file, Use use) {
  if (file.block_device()) return {};
  int fd = file.descriptor();
  std::vector<off_t> ours{in_use + consistent_read, not_granted + write_data,
                          not_granted + resize_file};
  std::vector<off_t> theirs{not_granted + consistent_read, in_use + write_data,
                            in_use + resize_file};
  if (use == Use::write) {
    ours.insert(ours.end(),
                {in_use + write_data, in_use + resize_file, not_granted + consistent_read});
    theirs.insert(theirs.end(),
                  {in_use + consistent_read, not_granted + write_data, not_granted + resize_file});
  }
  // Ours first, then a look at theirs: of two that come at once at least one sees the other.
  for (auto byte : ours) {
    if (!set_lock(fd, byte, F_RDLCK)) return {};  // this file system has no such locks
  }
  for (auto byte : theirs) {
    if (!held_by_others(fd, byte)) continue;
    for (auto held : ours) set_lock(fd, held, F_UNLCK);
    return fail(Code::conflict, "{}: is in use by another program (a running machine?){}",
                file.name(),
                use == Use::read ? " that writes to it: stop it, or take a snapshot and read that"
                                 : ": stop it first");
  }
  return {};
}

}  // namespace truce::image
