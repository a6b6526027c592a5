#include "qcow2/codec.h"

#include <libdeflate.h>
#include <zstd.h>

namespace truce::image::qcow2 {
namespace {

std::unexpected<Error> no_memory() {
  return fail(Code::unavailable, "no memory for a codec");
}

Pool<libdeflate_decompressor>::Owned make_inflater() {
  return {libdeflate_alloc_decompressor(), libdeflate_free_decompressor};
}
Pool<ZSTD_CCtx_s>::Owned make_compressing() {
  return {ZSTD_createCCtx(), [](ZSTD_CCtx_s* context) { ZSTD_freeCCtx(context); }};
}
Pool<ZSTD_DCtx_s>::Owned make_decompressing() {
  return {ZSTD_createDCtx(), [](ZSTD_DCtx_s* context) { ZSTD_freeDCtx(context); }};
}

}  // namespace

Decoder::Decoder(Compression compression)
    : compression_(compression), inflaters_(make_inflater), contexts_(make_decompressing) {}

Result<void> Decoder::decode(View from, Span into) {
  return compression_ == Compression::zlib ? inflate(from, into) : unzstd(from, into);
}

Result<void> Decoder::inflate(View from, Span into) {
  auto inflater = inflaters_.take();
  if (!inflater) return no_memory();
  std::size_t made = 0, used = 0;
  auto result = libdeflate_deflate_decompress_ex(inflater.get(), from.data(), from.size(),
                                                 into.data(), into.size(), &used, &made);
  inflaters_.give_back(std::move(inflater));
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
    return fail(Code::corrupt, "it decodes to more than a cluster of {} bytes", into.size());
  if (result != LIBDEFLATE_SUCCESS) return fail(Code::corrupt, "it is no deflate stream");
  if (made != into.size())
    return fail(Code::corrupt, "it decodes to {} bytes, a cluster has {}", made, into.size());
  return {};
}

// Frame by frame into the cluster itself: no window is allocated, whatever a frame asks for.
Result<void> Decoder::unzstd(View from, Span into) {
  auto context = contexts_.take();
  if (!context) return no_memory();
  auto decode_all = [&]() -> Result<void> {
    while (!into.empty()) {
      auto frame = ZSTD_findFrameCompressedSize(from.data(), from.size());
      if (ZSTD_isError(frame) != 0 || frame == 0)
        return fail(Code::corrupt, "it is no zstd frame: {}", ZSTD_getErrorName(frame));
      auto made = ZSTD_decompressDCtx(context.get(), into.data(), into.size(), from.data(), frame);
      if (ZSTD_isError(made) != 0)
        return fail(Code::corrupt, "its zstd frame does not decode: {}", ZSTD_getErrorName(made));
      from = from.subspan(frame);
      into = into.subspan(made);
    }
    return {};
  };
  auto result = decode_all();
  contexts_.give_back(std::move(context));
  return result;
}

Encoder::Encoder(Compression compression, int level)
    : compression_(compression),
      level_(level),
      deflater_(Deflater::Wrapping::none, level),
      contexts_(make_compressing) {}

Result<std::vector<std::byte>> Encoder::encode(View cluster) {
  std::vector<std::byte> encoded(cluster.size() - 1);
  TRY(auto size, compression_ == Compression::zlib ? deflater_.pack(cluster, encoded)
                                                   : zstd(cluster, encoded));
  encoded.resize(size);
  return encoded;
}

Result<std::size_t> Encoder::zstd(View cluster, Span into) {
  auto context = contexts_.take();
  if (!context) return no_memory();
  auto size = ZSTD_compressCCtx(context.get(), into.data(), into.size(), cluster.data(),
                                cluster.size(), level_);
  contexts_.give_back(std::move(context));
  return ZSTD_isError(size) != 0 ? 0 : size;
}

}  // namespace truce::image::qcow2
