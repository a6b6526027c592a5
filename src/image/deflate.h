// Compresses blocks of a disk as deflate streams.
#pragma once

#include <libdeflate.h>

#include <memory>
#include <mutex>
#include <vector>

#include "image/file.h"

namespace truce::image {

/// From several threads at once.
class Deflater {
 public:
  enum class Wrapping {
    none,  ///< RFC 1951
    zlib,  ///< RFC 1950: two bytes before, Adler-32 behind
  };
  /// The level of ISA-L: about twice as quick as level 1, for 3 % more bytes.
  static constexpr int fast = 0;
  /// `level`: `fast`, or libdeflate's 1 to 12.
  Deflater(Wrapping wrapping, int level) : wrapping_(wrapping), level_(level) {}
  /// How many bytes of `into` are filled; 0 when the stream does not fit.
  Result<std::size_t> pack(View content, Span into);
  /// What a stream of `length` bytes never exceeds.
  static std::size_t bound(std::size_t length);

 private:
  struct Free {
    void operator()(libdeflate_compressor* one) const { libdeflate_free_compressor(one); }
  };
  using Compressor = std::unique_ptr<libdeflate_compressor, Free>;
  Result<std::size_t> pack_thoroughly(View content, Span into);

  Wrapping wrapping_;
  int level_;
  std::mutex mutex_;
  std::vector<Compressor> idle_;
};

/// Deflater::pack by ISA-L.
Result<std::size_t> pack_fast(Deflater::Wrapping wrapping, View content, Span into);

}  // namespace truce::image
