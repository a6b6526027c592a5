#include "package/gunzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace truce::image::package {
namespace {

constexpr int gzip_only = 15 + 16;  // window bits [zlib manual, inflateInit2]
constexpr std::size_t piece_size = 1 << 18;

struct EndInflate {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

}  // namespace

Result<bool> is_gzip(const File& file) {
  std::array<std::byte, 2> magic{};  // [RFC 1952] 2.3.1
  if (file.size() < 18) return false;
  TRY_VOID(file.read(0, magic));
  return magic[0] == std::byte{0x1f} && magic[1] == std::byte{0x8b};
}

Result<void> gunzip(const File& file, std::uint64_t most,
                    const std::function<Result<void>(View)>& piece) {
  std::unique_ptr<z_stream, EndInflate> stream(new z_stream{});
  if (inflateInit2(stream.get(), gzip_only) != Z_OK)
    return fail(Code::internal, "zlib cannot be started");
  std::vector<std::byte> input(piece_size), output(piece_size);
  std::uint64_t at = 0, made = 0;
  bool between = true;  // members: where the file may end
  bool full = false;    // the output was: there may be more of it without more input
  for (;;) {
    if (stream->avail_in == 0 && !full) {
      auto part = std::min<std::uint64_t>(input.size(), file.size() - at);
      if (part == 0) break;
      TRY_VOID(file.read(at, Span(input).first(part)));
      at += part;
      stream->next_in = reinterpret_cast<Bytef*>(input.data());
      stream->avail_in = static_cast<uInt>(part);
    }
    if (between && *stream->next_in == 0) {  // padding after the last member
      ++stream->next_in;
      --stream->avail_in;
      continue;
    }
    between = false;
    stream->next_out = reinterpret_cast<Bytef*>(output.data());
    stream->avail_out = static_cast<uInt>(output.size());
    int status = inflate(stream.get(), Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return fail(Code::corrupt, "{}: gzip: {} before byte {}", file.name(),
                  stream->msg != nullptr ? stream->msg : "damaged", at);
    }
    auto got = output.size() - stream->avail_out;
    if (got > most - made) {
      return fail(Code::limit, "{}: becomes more than {} bytes when it is inflated", file.name(),
                  most);
    }
    made += got;
    if (got > 0) TRY_VOID(piece(View(output).first(got)));
    full = status != Z_STREAM_END && stream->avail_out == 0;
    if (status != Z_STREAM_END) continue;
    inflateReset(stream.get());
    between = true;
  }
  if (!between) return fail(Code::corrupt, "{}: gzip: the file ends too early", file.name());
  return {};
}

}  // namespace truce::image::package
