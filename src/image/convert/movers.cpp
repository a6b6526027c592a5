#include "convert/movers.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace truce::image {
namespace {

constexpr std::uint64_t copied_at_once = std::uint64_t{256} << 10;
constexpr std::uint64_t largest_copy = std::uint64_t{1} << 30;
constexpr std::uint64_t durable_copy = std::uint64_t{8} << 20;  // what the disk is given at once
constexpr std::uint64_t sharing_unit = 4096;  // the block size of XFS and btrfs as they are made

bool not_possible_here(int error) {
  return error == EXDEV || error == EOPNOTSUPP || error == EINVAL || error == ENOTTY ||
         error == ENOSYS || error == EPERM || error == EBADF || error == ETXTBSY;
}

}  // namespace

// Holes come over as holes; where the ends are not whole blocks it is left to those who know what
// is stored there, but for the end of the source's file, which may be shared as it is.
Result<bool> Mover::share_all(const Move& move, std::uint64_t stored) {
  bool whole_blocks =
      move.length % sharing_unit == 0 || move.from_offset + move.length == move.from->size();
  if (!share_ || !whole_blocks || move.from_offset % sharing_unit != 0 ||
      move.to_offset % sharing_unit != 0)
    return false;
  return share(move, stored);
}

Result<void> Mover::move(Move whole) {
  if (whole.from->descriptor() < 0 || whole.to->descriptor() < 0) return copy_through(whole);
  if (!share_) return copy(whole);
  // Shared are whole blocks: where both sides are equally aligned, all but the two ends.
  auto lead = (sharing_unit - whole.from_offset % sharing_unit) % sharing_unit;
  bool aligned = whole.from_offset % sharing_unit == whole.to_offset % sharing_unit;
  if (!aligned || whole.length < lead + sharing_unit) return copy(whole);
  auto middle = (whole.length - lead) / sharing_unit * sharing_unit;
  Move inner{whole.from, whole.from_offset + lead, whole.to, whole.to_offset + lead, middle};
  TRY(bool done, share(inner, inner.length));
  if (!done) return copy(whole);
  if (lead > 0) TRY_VOID(copy({whole.from, whole.from_offset, whole.to, whole.to_offset, lead}));
  auto rest = whole.length - lead - middle;
  if (rest == 0) return {};
  return copy({whole.from, inner.from_offset + middle, whole.to, inner.to_offset + middle, rest});
}

Result<bool> Mover::share(const Move& move, std::uint64_t stored) {
  file_clone_range range{};
  range.src_fd = move.from->descriptor();
  range.src_offset = move.from_offset;
  range.src_length = move.length;
  range.dest_offset = move.to_offset;
  if (::ioctl(move.to->descriptor(), FICLONERANGE, &range) == 0) {
    shared_ += stored;
    return true;
  }
  if (not_possible_here(errno)) {
    // Of one range only (EINVAL) or of this pair of files for good.
    if (errno != EINVAL) share_ = false;
    return false;
  }
  return fail_errno(errno,
                    fmt::format("{}: share blocks with {}", move.to->name(), move.from->name()));
}

// Only a hint: what it does not do, or fails to do, the flush does and tells.
void Mover::begin_writing(const Move& copied) const {
  constexpr std::uint64_t worth_it = std::uint64_t{1} << 20;
  if (durability_ != Builder::Durability::durable || copied.length < worth_it) return;
  ::sync_file_range(copied.to->descriptor(), static_cast<off64_t>(copied.to_offset),
                    static_cast<off64_t>(copied.length), SYNC_FILE_RANGE_WRITE);
}

Result<void> Mover::copy(Move move) {
  auto most = durability_ == Builder::Durability::durable ? durable_copy : largest_copy;
  while (kernel_ && move.length > 0) {
    auto from = static_cast<off64_t>(move.from_offset);
    auto to = static_cast<off64_t>(move.to_offset);
    auto count = ::copy_file_range(move.from->descriptor(), &from, move.to->descriptor(), &to,
                                   std::min(move.length, most), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && !not_possible_here(errno)) {
      return fail_errno(errno, fmt::format("{}: copy from {}", move.to->name(), move.from->name()));
    }
    if (count < 0) kernel_ = false;
    if (count <= 0) break;  // 0: the end of the file, or one that the kernel cannot read this way
    auto done = static_cast<std::uint64_t>(count);
    by_kernel_ += done;
    begin_writing({move.from, move.from_offset, move.to, move.to_offset, done});
    move.from_offset += done;
    move.to_offset += done;
    move.length -= done;
  }
  return copy_through(move);
}

Result<void> Mover::copy_through(Move move) {
  std::vector<std::byte> buffer(std::min(move.length, copied_at_once));
  while (move.length > 0) {
    auto part = Span(buffer).first(std::min<std::uint64_t>(move.length, buffer.size()));
    TRY_VOID(move.from->read(move.from_offset, part));
    TRY_VOID(move.to->write(move.to_offset, part));
    through_ += part.size();
    move.from_offset += part.size();
    move.to_offset += part.size();
    move.length -= part.size();
  }
  return {};
}

void Mover::add_to(Moved& moved) const {
  moved.shared += shared_;
  moved.kernel += by_kernel_;
  moved.through += through_;
}

}  // namespace truce::image
