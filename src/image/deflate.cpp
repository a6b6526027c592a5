#include "deflate.h"

namespace truce::image {

std::size_t Deflater::bound(std::size_t length) {
  // ISA-L stores what does not compress in pieces of at most 64 KiB with five bytes each, too.
  return libdeflate_zlib_compress_bound(nullptr, length) + 64;
}

Result<std::size_t> Deflater::pack(View content, Span into) {
  return level_ == fast ? pack_fast(wrapping_, content, into) : pack_thoroughly(content, into);
}

Result<std::size_t> Deflater::pack_thoroughly(View content, Span into) {
  Compressor compressor;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      compressor = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!compressor) compressor.reset(libdeflate_alloc_compressor(level_));
  if (!compressor) return fail(Code::limit, "no memory to compress");
  auto compress =
      wrapping_ == Wrapping::zlib ? libdeflate_zlib_compress : libdeflate_deflate_compress;
  auto length =
      compress(compressor.get(), content.data(), content.size(), into.data(), into.size());
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(compressor));
  return length;
}

}  // namespace truce::image
