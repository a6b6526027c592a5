// The ways in which bytes get from one file into another, from the cheapest on.
#pragma once

#include <atomic>
#include <cstdint>

#include "image/convert.h"
#include "image/file.h"

namespace truce::image {

/// Bytes of one file that shall stand in another.
struct Move {
  const File* from = nullptr;
  std::uint64_t from_offset = 0;
  File* to = nullptr;
  std::uint64_t to_offset = 0;
  std::uint64_t length = 0;
};

/// Moves by the cheapest way that works; what the file system has refused once is not tried again.
/// Used by several threads.
class Mover {
 public:
  /// Durable: the disk is set to work on what was copied while the rest is being copied, so that
  /// the flush at the end finds little left to do.
  explicit Mover(Builder::Durability durability) : durability_(durability) {}
  /// The two ranges do not overlap.
  Result<void> move(Move move);
  /// Shares the whole range with what the source has as holes; `stored` bytes of it are counted.
  /// False where the file system does not: nothing was moved then.
  Result<bool> share_all(const Move& move, std::uint64_t stored);
  /// Whether sharing was not refused for good so far.
  [[nodiscard]] bool may_share() const { return share_; }
  /// Whether it has come to reading and writing, as between file systems of two kinds.
  [[nodiscard]] bool kernel_refused() const { return !kernel_; }
  /// Adds what was moved so far.
  void add_to(Moved& moved) const;

 private:
  Result<bool> share(const Move& move, std::uint64_t stored);
  Result<void> copy(Move move);
  void begin_writing(const Move& copied) const;
  Result<void> copy_through(Move move);

  Builder::Durability durability_;
  std::atomic<bool> share_ = true, kernel_ = true;
  std::atomic<std::uint64_t> shared_ = 0, by_kernel_ = 0, through_ = 0;
};

}  // namespace truce::image
