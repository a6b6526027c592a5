#include "files/cleared_file.h"

#include <algorithm>
#include <cstring>

#include "byte_order.h"

namespace truce::image {

std::uint64_t ClearedFile::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

Result<void> ClearedFile::check_room(std::uint64_t end) const {
  auto room = below_->size();
  if (end <= room) return {};
  return fail(Code::limit, "{}: has room for {} bytes, {} are needed", name(), room, end);
}

// Everything before `end` that was not written becomes zero, and one run.
Result<void> ClearedFile::zero_gaps(std::uint64_t end) const {
  if (end == 0) return {};
  std::uint64_t at = 0;
  auto next = settled_.begin();
  while (at < end) {
    auto gap_end = next == settled_.end() ? end : std::min(end, next->first);
    if (at < gap_end) TRY_VOID(below_->write_zeroes(at, gap_end - at));
    at = std::max(at, gap_end);
    if (next == settled_.end() || next->first > at) break;
    at = std::max(at, next->second);
    next = settled_.erase(next);
  }
  settled_[0] = at;
  return {};
}

// Adds a run and joins those that it touches.
Result<void> ClearedFile::note(std::uint64_t start, std::uint64_t end) {
  size_ = std::max(size_, end);
  auto next = settled_.upper_bound(start);
  if (next != settled_.begin()) {
    auto before = std::prev(next);
    if (before->second >= start) {
      start = before->first;
      end = std::max(end, before->second);
      next = settled_.erase(before);
    }
  }
  while (next != settled_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = settled_.erase(next);
  }
  settled_[start] = end;
  if (settled_.size() <= most_runs) return {};
  // The lower half: those that are still written lie near the end mostly.
  return zero_gaps(std::next(settled_.begin(), most_runs / 2)->first);
}

Result<void> ClearedFile::write(std::uint64_t offset, View from) {
  if (from.empty()) return {};
  if (offset > INT64_MAX) return fail_errno(EFBIG, name());
  TRY_VOID(check_room(offset + from.size()));
  {
    std::lock_guard lock(mutex_);
    TRY_VOID(note(offset, offset + from.size()));
  }
  return below_->write(offset, from);
}

Result<void> ClearedFile::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  std::lock_guard lock(mutex_);
  if (offset >= size_) return {};
  length = std::min(length, size_ - offset);
  TRY_VOID(note(offset, offset + length));
  return below_->write_zeroes(offset, length);
}

Result<void> ClearedFile::resize(std::uint64_t size) {
  TRY_VOID(check_room(size));
  std::lock_guard lock(mutex_);
  if (size < size_) {  // what grows again later is empty again
    settled_.erase(settled_.lower_bound(size), settled_.end());
    if (!settled_.empty())
      std::prev(settled_.end())->second = std::min(std::prev(settled_.end())->second, size);
  }
  size_ = size;
  return {};
}

Result<void> ClearedFile::settle() {
  std::lock_guard lock(mutex_);
  return zero_gaps(size_);
}

Result<void> ClearedFile::read(std::uint64_t offset, Span into) const {
  {
    std::lock_guard lock(mutex_);
    if (!inside(offset, into.size(), size_))
      return fail(Code::corrupt, "{}: a read beyond the end", name());
    TRY_VOID(zero_gaps(offset + into.size()));
  }
  return below_->read(offset, into);
}

Result<void> ClearedFile::flush() {
  TRY_VOID(settle());
  return below_->flush();
}

Result<Run> ClearedFile::run(std::uint64_t, std::uint64_t length) const {
  return Run{length, true};
}

}  // namespace truce::image
