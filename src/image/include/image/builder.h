// How a whole new image is written in one pass: the format says where bytes go, a mover puts them
// there, the tables and, last of all, the header follow.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/file.h"
#include "image/image.h"

namespace truce::image {

/// Where a block's bytes shall lie.
struct Place {
  File* file = nullptr;
  std::uint64_t offset = 0;
};

/// A format that keeps blocks as they are. The mover writes nothing where the guest's disk is zero:
/// what place() gives is a hole until it is written.
class Placing {
 public:
  virtual ~Placing() = default;
  /// Called once for each block that holds data, in ascending order. Blocks that follow one another
  /// are given places that follow one another where the format allows.
  virtual Result<Place> place(std::uint64_t block) = 0;
  /// Where the whole disk will lie, where that is in one file byte for byte: what is put there
  /// needs no place().
  virtual std::optional<Place> whole() { return std::nullopt; }
};

/// A format that keeps blocks encoded, one after another.
class Packing {
 public:
  virtual ~Packing() = default;
  /// The block as it will be stored. Called from several threads at once. The last block of a disk
  /// may be short.
  [[nodiscard]] virtual Result<std::vector<std::byte>> encode(std::uint64_t block,
                                                              View content) const = 0;
  /// Stores what encode() gave, in ascending order.
  virtual Result<void> append(std::uint64_t block, View encoded) = 0;
  /// All that append() has come to know. Given to restore() of a new builder with the same options,
  /// over the file as it was then (flushed, and cut to its size then), it goes on from there.
  [[nodiscard]] virtual std::vector<std::byte> state() const { return {}; }
  /// Code::corrupt when it is not what state() gave; Code::unsupported where a format has none.
  virtual Result<void> restore(View) {
    return fail(Code::unsupported, "images of this format cannot be continued");
  }
};

/// Exactly one of placing() and packing() is not null. Until finish() has ended the file has no
/// valid header. Memory stays bounded whatever the size: tables that are complete are written out.
class Builder {
 public:
  virtual ~Builder() = default;
  /// Bytes of the guest's disk in one block; a power of two of at least 4,096.
  [[nodiscard]] virtual std::uint64_t block_size() const = 0;
  virtual Placing* placing() { return nullptr; }
  virtual Packing* packing() { return nullptr; }
  /// Writes the tables, flushes if `durable`, then the header. The caller flushes and renames.
  enum class Durability { none, durable };
  virtual Result<void> finish(Durability durability) = 0;
};

/// The image that a new one shall stand on, as it is now.
struct Parent {
  std::string name;         ///< how the new one names it: relative to its own folder, or absolute
  std::string path;         ///< absolute
  Description description;  ///< its size, and by what its children know it again
};

struct BuildOptions {
  std::uint64_t size = 0;  ///< of the guest's disk, bytes
  std::uint32_t sector_size = 512;
  /// By the rows of the format's `options`; the caller has checked names, and values where the row
  /// lists them.
  std::map<std::string, std::string, std::less<>> options;
  Neighbours* neighbours = nullptr;  ///< for formats of several files; outlives the builder
  std::optional<Parent> parent;      ///< what is not written is read from there

  /// The option's value, or `otherwise` when it was not given.
  [[nodiscard]] std::string get(std::string_view name, std::string_view otherwise) const;
};

}  // namespace truce::image
