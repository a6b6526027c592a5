// Writing tar archives, byte after byte.
#pragma once

#include <cstdint>
#include <string_view>

#include "image/package.h"

namespace truce::image::package {

/// Writes an archive that every tar reads: ustar headers, sizes of 8 GiB and more in GNU's form.
class TarWriter {
 public:
  TarWriter(Sink& to, std::int64_t modified) : to_(to), modified_(modified) {}
  /// Begins a file of exactly `size` bytes; names of more than 100 bytes are Code::invalid.
  Result<void> begin(std::string_view name, std::uint64_t size);
  /// The next bytes of it.
  Result<void> write(View bytes);
  /// Ends the file, all of whose bytes were written.
  Result<void> end();
  Result<void> file(std::string_view name, View content);
  /// The end mark.
  Result<void> finish();

 private:
  Result<void> pad(std::uint64_t unit);
  Result<void> put(View bytes);

  Sink& to_;
  std::int64_t modified_;
  std::uint64_t written_ = 0, left_ = 0;
};

}  // namespace truce::image::package
