// The table of formats.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "image/builder.h"
#include "image/image.h"
#include "image/repair.h"

namespace truce::image {

/// What stands at a file's two ends, for telling formats apart.
struct Probe {
  View head;               ///< at most the first 64 KiB
  View tail;               ///< the last 512 bytes, shorter when the file is
  std::uint64_t size = 0;  ///< of the file
};

/// A choice that a format offers when an image is made: `-o name=value`.
struct Option {
  std::string_view name, fallback, values, help;  ///< values: `a|b|c`, or empty when free
};

/// One row of the table.
struct Format {
  std::string_view name;   ///< `vhdx`
  std::string_view title;  ///< for people
  bool (*matches)(const Probe& probe);
  Result<std::unique_ptr<Image>> (*open)(std::shared_ptr<File> file, const OpenOptions& options);
  /// Null: is only read.
  Result<std::unique_ptr<Builder>> (*build)(std::shared_ptr<File> file,
                                            const BuildOptions& options);
  std::span<const Option> options;
  /// Whether a new image can stand on one of the format; null: on none.
  bool (*stands_on)(std::string_view parent_format) = nullptr;
  /// Null: images are not mended.
  Result<Repaired> (*repair)(std::shared_ptr<File> file, const RepairOptions& options) = nullptr;
  /// Whether a whole image may lie in a block device, which is longer than the image: not one that
  /// is found by its end, or lies in several files.
  enum class Fits { anywhere, files_only } fits = Fits::anywhere;
  /// Whether an image says how large the sectors of its disk are; else they have 512 bytes.
  enum class Sectors { always_512, told } sectors = Sectors::always_512;
  /// Of a new image of the format, made of a disk with sectors of `wanted` bytes.
  [[nodiscard]] std::uint32_t sector_size(std::uint32_t wanted) const {
    return sectors == Sectors::told ? wanted : 512;
  }
};

std::span<const Format* const> formats();
/// Null when there is none of that name. `vpc` and `vdi`... other programs' names are known, too.
const Format* find_format(std::string_view name);

/// By content, never by name. What has no known magic is raw; a file with two different ones is
/// Code::precondition: the user must say which he means.
Result<const Format*> detect(const File& file);

/// The format of that name, or the detected one where `name` is empty; Code::invalid for a name
/// that there is not.
Result<const Format*> format_of(const File& file, std::string_view name);

/// Opens with the named format, or the detected one when `format` is empty. A format found by
/// content is never `raw` where the user did not say so for a disk that a guest could have written:
/// that choice is the caller's, by giving `format`.
Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options = {},
                                    std::string_view format = {});

/// Begins a new image; checks the options by the format's table, so that a wrong name or value is
/// Code::invalid and says which there are.
Result<std::unique_ptr<Builder>> build(const Format& format, std::shared_ptr<File> file,
                                       const BuildOptions& options);

}  // namespace truce::image
