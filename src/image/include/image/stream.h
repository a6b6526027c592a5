// Disks that come or go in order, byte after byte: through pipes.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "image/convert.h"
#include "image/formats.h"

namespace truce::image {

/// What an Image also is that comes through a pipe: extents are asked for in ascending order, and
/// each byte of them is read once.
class ReadOnce {
 public:
  virtual ~ReadOnce() = default;
};

/// A disk that comes once, from its beginning to its end.
class Stream {
 public:
  virtual ~Stream() = default;
  /// What stands in the disk from `start` on: as it came.
  struct Piece {
    std::uint64_t start = 0, length = 0;  ///< bytes of the disk
    std::vector<std::byte> bytes;
  };
  [[nodiscard]] virtual const Description& description() const = 0;
  /// Whether description().size is that of the disk: otherwise only the end will tell.
  [[nodiscard]] virtual bool size_known() const = 0;
  /// The next piece that is not known to be zero, in ascending order; none at the end, which has
  /// been checked to be one: Code::corrupt for a stream that was cut off. At most 2 MiB.
  virtual Result<std::optional<Piece>> next() = 0;
  /// The content of a piece, from several threads at once. `into` has its length.
  [[nodiscard]] virtual Result<void> decode(const Piece& piece, Span into) const = 0;
};

struct StreamOptions {
  std::string format;                 ///< `raw` or `vmdk`; empty: by the first bytes
  std::optional<std::uint64_t> size;  ///< of a raw disk; the stream must have exactly so many bytes
  const std::atomic<bool>* cancelled = nullptr;  ///< looked at while nothing comes
};

/// Reads a descriptor that need not be sought in, which stays open elsewhere. Code::unsupported for
/// formats whose tables may lie anywhere: raw and streamOptimized VMDK come in order.
Result<std::unique_ptr<Stream>> open_stream(int fd, const std::string& name,
                                            const StreamOptions& options = {});

/// A stream of known size as an image that can be read once, in ascending order, as convert() and
/// compare() do: extents are asked for in order, from anywhere on, and of each every byte is read
/// once, soon after.
Result<std::unique_ptr<Image>> image_of(std::unique_ptr<Stream> stream);

/// A stream of any size, known or not, as a raw disk. `written` is told how far it is.
Result<std::uint64_t> store_raw(Stream& from, File& to,
                                const std::function<Result<void>(std::uint64_t)>& written);

/// The same into a new file in the folder that has no name and is gone when it is closed.
Result<std::shared_ptr<File>> store_nameless(
    Stream& from, const std::filesystem::path& folder,
    const std::function<Result<void>(std::uint64_t)>& written);

/// A new image into a descriptor that need not be sought in: raw, and streamOptimized VMDK.
/// Code::unsupported for others.
Result<std::unique_ptr<Builder>> build_in_order(const Format& format, int fd,
                                                const std::string& name,
                                                const BuildOptions& options);

}  // namespace truce::image
