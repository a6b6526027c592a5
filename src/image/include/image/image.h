// An open disk image, whatever its format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "image/file.h"

namespace truce::image {

/// What stands behind a range of the guest's disk.
enum class Kind : std::uint8_t {
  data,        ///< bytes as they are, in `file` at `offset`
  compressed,  ///< bytes that must be decoded: read() them
  zero,        ///< said to be zeros
  hole,        ///< nothing is stored, here or in a parent: reads as zeros
};

/// A range of the guest's disk. Bytes.
struct Extent {
  std::uint64_t start = 0, length = 0;
  Kind kind = Kind::hole;
  const File* file = nullptr;  ///< for data, where they can be read without the format's help
  std::uint64_t offset = 0;    ///< in `file`
};

/// Another file that an image refers to, as it is named inside.
struct Reference {
  std::string role;    ///< `backing file`, `data file`, `extent`, `parent`
  std::string name;    ///< as written in the image: not to be trusted
  std::string format;  ///< where the image says so
};

struct Snapshot {
  std::string id, name;
  std::int64_t created = 0;         ///< seconds since 1970, 0 when not known
  std::uint64_t size = 0;           ///< of the disk then
  std::uint64_t machine_state = 0;  ///< bytes of saved memory
};

/// Which parts of a disk were written to since it was made; persistent in the image.
struct Bitmap {
  std::string name;
  std::uint64_t granularity = 0;  ///< bytes of the disk for each bit
  bool enabled = false;           ///< writes are recorded
  bool inconsistent = false;      ///< out of date: good for nothing but to be removed
};

/// What `truce image info` shows. Nothing in it was needed to be opened but the one file.
struct Description {
  std::string format, variant;   ///< `vhd`, `dynamic`
  std::uint64_t size = 0;        ///< of the guest's disk
  std::uint64_t block_size = 0;  ///< unit of allocation; 0 when there is none
  std::uint32_t sector_size = 512;
  bool compressed = false;
  /// Cylinders/heads/sectors, where the image has others than any program would give a disk of its
  /// size: a conversion loses them.
  std::string geometry;
  std::vector<Reference> references;
  std::vector<Snapshot> snapshots;
  std::vector<Bitmap> bitmaps;
  std::vector<std::pair<std::string, std::string>> details;  ///< of the format: name, value
  std::vector<std::string> warnings;  ///< what a careful reader would want to know
};

/// What was found wrong, one line each; lists are cut at `listed_limit`, counts are not.
struct CheckReport {
  static constexpr std::size_t listed_limit = 1000;
  std::uint64_t leaks = 0, corruptions = 0;
  std::vector<std::string> problems;
  void leak(std::string what);
  void corruption(std::string what);
};

/// Writing into an image that exists. After any crash the image opens, and what was written before
/// the last flush() that ended well is there; what was written after it is there or not, block by
/// block.
class Writable {
 public:
  virtual ~Writable() = default;
  virtual Result<void> write(std::uint64_t offset, View from) = 0;
  /// Frees what it can; the range reads as zeros.
  virtual Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) = 0;
  /// Grows, or shrinks (what lies beyond is lost).
  virtual Result<void> resize(std::uint64_t size) = 0;
  virtual Result<void> flush() = 0;
  /// Flushes and marks the image as cleanly closed. Nothing may follow.
  virtual Result<void> close() = 0;
};

class Image;
struct Parent;

/// An image as one that stands, or can stand, on another. What is here hides what is there.
class Layer {
 public:
  virtual ~Layer() = default;
  /// A range that is stored in the image itself, or that shows what is under it.
  struct Held {
    std::uint64_t length = 0;
    bool here = false;
  };
  /// The range that begins at `offset`, at most `length` long, which lies in the disk.
  virtual Result<Held> held(std::uint64_t offset, std::uint64_t length) = 0;
  /// Writes the name of another parent into the image, or with null that it has none; after a crash
  /// it is the old one or the new one. What is stored stays: the caller has seen to it that the
  /// disk is the same. The image was opened for writing (the old parent may be ignored), has
  /// nothing to flush, and is opened anew afterwards.
  virtual Result<void> stand_on(const Parent* parent) = 0;
  /// `parent`, open for writing, is about to get what is stored here. Where the format can, it gets
  /// an identity that this image knows and no other one on it, so that they see that it changes.
  virtual Result<void> announce_change(Image& /*parent*/) { return {}; }
  /// Forgets all that is stored here: the parent, which has the same, is seen. After a crash some
  /// of it may still be here. The image was opened for writing.
  virtual Result<void> forget() = 0;
};

/// read() and extent() may be called from several threads at once while nobody writes. Damaged
/// tables end in Code::corrupt, never in wrong bytes: every offset from the file is checked before
/// it is used.
class Image {
 public:
  virtual ~Image() = default;
  [[nodiscard]] virtual const Description& description() const = 0;
  /// Of the guest's disk.
  [[nodiscard]] std::uint64_t size() const { return description().size; }
  /// Fills all of `into` from the guest's disk; beyond its end: Code::invalid.
  virtual Result<void> read(std::uint64_t offset, Span into) = 0;
  /// The extent that begins at `offset`, at most `length` long, both inside the disk. Neighbours
  /// that could be one extent are joined as far as that costs no more than reading a table; at
  /// least one byte is answered for.
  virtual Result<Extent> extent(std::uint64_t offset, std::uint64_t length) = 0;
  /// The whole disk as one extent of data, where it lies in one file byte for byte; what that has
  /// as a hole is one of the disk, too.
  [[nodiscard]] virtual std::optional<Extent> whole() const { return std::nullopt; }
  /// Follows every table and compares what must agree. Code::unsupported where a format has
  /// nothing to check.
  virtual Result<CheckReport> check() = 0;
  /// The same without what reading finds anyway: no block is decoded.
  virtual Result<CheckReport> check_tables() { return check(); }
  /// Null when the format, this variant or the way it was opened cannot be written.
  virtual Writable* writable() { return nullptr; }
  /// Null when the format keeps no images over others, or this variant cannot.
  virtual Layer* layer() { return nullptr; }
};

/// Bounds that hold whatever an image claims.
struct Limits {
  std::uint64_t size = std::uint64_t{64} << 40;  ///< of a guest's disk
  std::uint32_t extents = 4096;                  ///< files of one image
  std::uint32_t chain = 64;                      ///< images over one another
};

/// Gives the files that an image refers to, by the names that stand in it. What it gives is
/// allowed.
class Neighbours {
 public:
  virtual ~Neighbours() = default;
  /// Code::forbidden when the name may not be followed.
  virtual Result<std::shared_ptr<File>> open(const std::string& name) = 0;
  /// A file that holds part of an image that is written (an extent, the data): to be written, too,
  /// where that is allowed.
  virtual Result<std::shared_ptr<File>> open_part(const std::string& name) { return open(name); }
  /// A new file beside the image (an extent of it); Code::conflict when there is one.
  virtual Result<std::shared_ptr<File>> create(const std::string& name) = 0;
  /// Those of a file that this gave, by the names that stand in it; null: the same.
  virtual Result<std::unique_ptr<Neighbours>> of(const File& /*file*/) { return nullptr; }
};

/// What to do about files that an image refers to.
enum class External {
  refuse,  ///< opening fails and names them
  ignore,  ///< only description() is wanted: nothing else is opened
  follow,  ///< through OpenOptions::neighbours
};

/// A file on the way to the one that is opened, and the one that led to it.
struct Above {
  const File* file = nullptr;
  const Above* next = nullptr;
};

/// Whether writing gives an image a new identity, by which those that stand on it see that it is no
/// longer what they were made over. Kept when what one of them has is moved down into it.
enum class Identity { renewed, kept };

struct OpenOptions {
  External external = External::refuse;
  Neighbours* neighbours = nullptr;  ///< must outlive open(), not the image
  bool read_write = false;
  Limits limits;
  std::uint32_t depth = 0;       ///< how many images stand over this one
  const Above* above = nullptr;  ///< those images, the nearest first: none may come again
  Identity identity = Identity::renewed;
};

/// The error for a reference under External::refuse.
std::unexpected<Error> refused(const Reference& reference);

/// Opens what an image refers to as the parent under it: checks the policy and the depth of the
/// chain. An empty `format` is found by content.
Result<std::shared_ptr<Image>> open_parent(const Reference& reference, const OpenOptions& options);

}  // namespace truce::image
