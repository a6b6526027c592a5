// Compressed clusters: raw deflate or zstd.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "deflate.h"
#include "image/file.h"
#include "qcow2/header.h"

struct libdeflate_decompressor;
struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace truce::image::qcow2 {

/// Things that are costly to make and used by one thread at a time.
template <class T>
class Pool {
 public:
  using Owned = std::unique_ptr<T, void (*)(T*)>;
  explicit Pool(std::function<Owned()> make) : make_(std::move(make)) {}
  /// One that nobody uses; null when there is no memory for another.
  Owned take() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) return make_();
    auto taken = std::move(free_.back());
    free_.pop_back();
    return taken;
  }
  void give_back(Owned owned) {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(owned));
  }

 private:
  std::function<Owned()> make_;
  std::mutex mutex_;
  std::vector<Owned> free_;
};

/// Decodes clusters; from several threads at once.
class Decoder {
 public:
  explicit Decoder(Compression compression);
  /// Fills all of `into`, one cluster, from the beginning of `from`; what follows in it is not of
  /// this cluster. Code::corrupt when it does not come to exactly one cluster.
  Result<void> decode(View from, Span into);

 private:
  Result<void> inflate(View from, Span into);
  Result<void> unzstd(View from, Span into);

  Compression compression_;
  Pool<libdeflate_decompressor> inflaters_;
  Pool<ZSTD_DCtx_s> contexts_;
};

/// Encodes clusters; from several threads at once.
class Encoder {
 public:
  /// `level`: Deflater's, or of zstd.
  Encoder(Compression compression, int level);
  /// `cluster` encoded; empty when that would not be shorter.
  Result<std::vector<std::byte>> encode(View cluster);

 private:
  Result<std::size_t> zstd(View cluster, Span into);

  Compression compression_;
  int level_;
  Deflater deflater_;
  Pool<ZSTD_CCtx_s> contexts_;
};

}  // namespace truce::image::qcow2
