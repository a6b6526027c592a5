// Which blocks of a disk have a place, as a list of runs in few bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "image/file.h"

namespace truce::image::resume {

struct BlockRun {
  std::uint64_t first = 0, count = 0;
};

/// Adds a run that begins at `gap` blocks behind the last one.
void add_run(std::vector<std::byte>& list, std::uint64_t gap, std::uint64_t count);

/// The runs of a list, in ascending order.
class BlockRuns {
 public:
  explicit BlockRuns(View list) : rest_(list) {}
  /// None at the end; Code::corrupt for what add_run() does not write.
  Result<std::optional<BlockRun>> next();

 private:
  Result<std::uint64_t> number();
  View rest_;
  std::uint64_t at_ = 0;
};

/// A digest of the places that blocks were given, in their order: `file` by its number.
std::uint64_t with_place(std::uint64_t digest, std::uint64_t block, std::size_t file,
                         std::uint64_t offset);

}  // namespace truce::image::resume
