// What is kept on disk of a conversion at work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/file.h"

namespace truce::image::resume {

struct Checkpoint {
  std::uint64_t origin = 0, choices = 0;  ///< digests: of the source, of format and options
  std::uint64_t end = 0;                  ///< all of the guest's disk before this is done
  std::uint64_t done = 0;                 ///< bytes that the source holds there
  std::uint64_t places = 0;               ///< digest of the places given
  std::vector<std::byte> blocks;          ///< see BlockRuns
  std::vector<std::byte> packing;         ///< state of a builder that packs
  /// A file of the unfinished target; the first is the image itself.
  struct Part {
    std::uint64_t inode = 0;
    std::uint64_t end = 0;  ///< of what can be trusted
  };
  std::vector<Part> parts;
};

/// Larger ones are not written.
inline constexpr std::size_t longest_checkpoint = 64 << 20;

std::vector<std::byte> write_checkpoint(const Checkpoint& checkpoint);
/// Code::corrupt where it is not what was written.
Result<Checkpoint> parse_checkpoint(View content);

}  // namespace truce::image::resume
