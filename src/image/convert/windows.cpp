#include "convert/windows.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image {
namespace {

bool is_stored(const Extent& extent) {
  return extent.kind == Kind::data || extent.kind == Kind::compressed;
}

}  // namespace

// Finds the first stored extent that begins before `end`.
Result<void> Windows::look_ahead(std::uint64_t end) {
  while (at_ < end && ahead_.length == 0) {
    TRY(auto extent, image_.extent(at_, image_.size() - at_));
    at_ += extent.length;
    if (is_stored(extent)) ahead_ = extent;
  }
  return {};
}

Result<std::optional<Window>> Windows::next() {
  std::lock_guard lock(mutex_);
  auto size = image_.size();
  TRY_VOID(look_ahead(size));
  if (ahead_.length == 0) return std::nullopt;
  Window window;
  window.start = ahead_.start / unit_ * unit_;
  auto most = std::max(longest_, unit_);
  TRY(auto end, fill(window, std::min(size, (window.start / most + 1) * most)));
  window.length = end - window.start;
  window.ticket = tickets_++;
  return window;
}

/// Where the window ends.
Result<std::uint64_t> Windows::fill(Window& window, std::uint64_t end) {
  std::uint64_t held = 0;
  while (ahead_.length > 0 && ahead_.start < end) {
    auto part = ahead_;
    if (window.stored.size() >= extents_limit) end = std::min(end, round_up(part.start, unit_));
    if (held_(part)) {
      auto room = held < held_length ? held_length - held : 0;
      end = std::min(end, round_up(part.start + std::max<std::uint64_t>(room, 1), unit_));
    }
    if (part.start >= end) break;
    part.length = std::min(part.length, end - part.start);
    if (held_(part)) held += part.length;
    window.stored.push_back(part);
    ahead_.start += part.length;
    ahead_.offset += part.length;
    ahead_.length -= part.length;
    if (ahead_.length > 0) break;
    TRY_VOID(look_ahead(end));
  }
  return end;
}

}  // namespace truce::image
