// The source, cut into pieces that can be moved independently of one another.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "image/image.h"

namespace truce::image {

/// A range of the guest's disk and what is stored in it. Holes and zeros are not listed.
struct Window {
  std::uint64_t ticket = 0;  ///< 0, 1, 2 … in ascending order of `start`
  std::uint64_t start = 0, length = 0;
  std::vector<Extent> stored;
};

/// Gives windows that begin and end on multiples of `unit` (the end of the disk apart), so that a
/// block of that size is in one window only. Ranges in which nothing is stored are left out.
class Windows {
 public:
  /// Whether an extent must be held in memory on its way.
  using Held = std::function<bool(const Extent&)>;
  /// A window ends at the first multiple of `unit` after `held_length` bytes that must be held, or
  /// `length` bytes, or `extents_limit` extents.
  Windows(Image& image, std::uint64_t unit, Held held)
      : image_(image), unit_(unit), held_(std::move(held)) {}
  /// Before the first window: leaves out what lies before `start`, a multiple of the unit, and
  /// gives shorter windows, so that little is lost with one that is not finished.
  void go_on_from(std::uint64_t start) {
    at_ = start;
    longest_ = std::uint64_t{4} << 20;
  }

  static constexpr std::uint64_t held_length = std::uint64_t{512} << 10;
  static constexpr std::uint64_t length = std::uint64_t{256} << 20;
  static constexpr std::size_t extents_limit = 4096;
  /// The next one, none at the end of the disk. From any thread.
  Result<std::optional<Window>> next();

 private:
  Result<std::uint64_t> fill(Window& window, std::uint64_t end);
  Result<void> look_ahead(std::uint64_t end);

  Image& image_;
  std::uint64_t unit_;
  Held held_;
  std::mutex mutex_;
  std::uint64_t at_ = 0, tickets_ = 0, longest_ = length;
  Extent ahead_;  // the first stored extent that is not in a window yet; length 0: none
};

}  // namespace truce::image
