#include "deflate.h"

#include <zlib.h>

#include "support.h"

namespace truce::image {
namespace {

/// By zlib, which is not what packed it.
Content unpacked(View packed, std::size_t size, Deflater::Wrapping wrapping) {
  Content content(size + 1);
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, wrapping == Deflater::Wrapping::zlib ? 15 : -15), Z_OK);
  Content from(packed.begin(), packed.end());
  stream.next_in = reinterpret_cast<Bytef*>(from.data());
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  stream.avail_out = static_cast<uInt>(content.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  content.resize(stream.total_out);
  EXPECT_EQ(stream.avail_in, 0U);
  ::inflateEnd(&stream);
  return content;
}

Content noise(std::size_t size) {
  std::mt19937_64 random(5);
  Content content(size);
  for (auto& byte : content) byte = static_cast<std::byte>(random());
  return content;
}

TEST(Deflate, every_level_is_unpacked_by_zlib) {
  for (auto wrapping : {Deflater::Wrapping::none, Deflater::Wrapping::zlib}) {
    for (int level : {Deflater::fast, 1, 2, 6, 12}) {
      Deflater deflater(wrapping, level);
      for (std::size_t size : {1U, 512U, 65535U, 65536U, 2U << 20U}) {
        for (const auto& content : {sparse_content(size, 3), noise(size), Content(size)}) {
          Content packed(Deflater::bound(size));
          auto length = deflater.pack(content, packed);
          ASSERT_TRUE(length && *length > 0) << "level " << level << ", " << size << " bytes";
          EXPECT_TRUE(unpacked(View(packed).first(*length), size, wrapping) == content);
        }
      }
    }
  }
}

TEST(Deflate, what_does_not_fit_is_said_to_have_no_length) {
  auto content = noise(65536);
  for (int level : {Deflater::fast, 2}) {
    Deflater deflater(Deflater::Wrapping::none, level);
    Content packed(content.size() - 1);
    EXPECT_EQ(deflater.pack(content, packed).value(), 0U) << "level " << level;
  }
}

}  // namespace
}  // namespace truce::image
