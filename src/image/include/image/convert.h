// From any image into a new one of any format.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/builder.h"
#include "image/image.h"

namespace truce::image {

/// How bytes came into the new image. The sum of all is what was stored in the old one.
struct Moved {
  std::uint64_t shared = 0;   ///< nothing moved: both files have the same blocks (reflink)
  std::uint64_t kernel = 0;   ///< copied by the kernel, from file to file
  std::uint64_t through = 0;  ///< read and written by us, decoded or encoded on the way
  std::uint64_t zeroes = 0;   ///< read, found to be zero, left out
};

/// How far a conversion is. Bytes of the source that are stored.
struct Progress {
  std::uint64_t done = 0, total = 0;
};

enum class Moving {
  automatic,  ///< share where the file system can, let the kernel copy where it can, else `copy`
  copy,       ///< read all, leave out what is zero, write: blocks of its own, and only those needed
};

/// Where a block lies in the new image.
struct Placed {
  std::uint64_t block = 0;
  Place place;
};

/// Told how far a conversion is, so that another one can go on from there.
class Checkpoints {
 public:
  virtual ~Checkpoints() = default;
  struct Start {
    std::uint64_t at = 0;    ///< of the guest's disk: what lies before is done
    std::uint64_t done = 0;  ///< bytes that the source stores there
  };
  [[nodiscard]] virtual Start start() const = 0;
  struct Reached {
    std::uint64_t end = 0;       ///< of the guest's disk: all before is in the target
    std::uint64_t stored = 0;    ///< bytes of the source that have come to it
    std::vector<Placed> placed;  ///< blocks that have come to it, in ascending order
  };
  /// Called in ascending order, by one thread at a time; a builder that packs is at rest then.
  virtual void reached(const Reached& reached) = 0;
  /// May take its time; other threads go on. An error ends the conversion.
  virtual Result<void> settle() = 0;
};

struct ConvertOptions {
  unsigned threads = 0;  ///< 0: as many as the machine has processors, at most 16
  Moving moving = Moving::automatic;
  Builder::Durability durability = Builder::Durability::durable;
  std::function<void(const Progress&)> progress;  ///< called from one thread at a time
  const std::atomic<bool>* cancelled = nullptr;   ///< looked at between pieces
  Checkpoints* checkpoints = nullptr;             ///< outlives the conversion
};

/// Fills `to` with the content of `from`, whose size it has, and finishes it. Memory: about 8 MiB a
/// thread. Errors: Code::cancelled, and those of the image and of the files.
Result<Moved> convert(Image& from, Builder& to, const ConvertOptions& options);

/// How much a disk holds, by its extents.
struct Usage {
  std::uint64_t stored = 0;  ///< bytes that are data or compressed
  std::uint64_t zeroes = 0;  ///< bytes that are said to be zero
};
Result<Usage> usage(Image& image);

/// What is lost when an image becomes one of another format: a line each.
std::vector<std::string> losses(const Description& from, std::string_view format,
                                std::uint32_t sector_size);

struct CompareOptions {
  unsigned threads = 0;
  std::function<void(const Progress&)> progress;
  const std::atomic<bool>* cancelled = nullptr;
};

/// The first byte of the disks that differs; none when they hold the same. Of disks of two sizes
/// the rest of the longer one counts as the same when it is zero.
Result<std::optional<std::uint64_t>> compare(Image& a, Image& b, const CompareOptions& options);

}  // namespace truce::image
