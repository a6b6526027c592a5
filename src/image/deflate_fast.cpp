// Apart from deflate.cpp: Debian has ISA-L as a shared library only, and the small program does
// without.
#include <isa-l/igzip_lib.h>

#include "deflate.h"

namespace truce::image {

Result<std::size_t> pack_fast(Deflater::Wrapping wrapping, View content, Span into) {
  // Level 1 finds most of what level 3 finds in half of the time.
  thread_local std::vector<std::uint8_t> scratch(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  ::isal_deflate_stateless_init(&stream);
  stream.level = 1;
  stream.level_buf = scratch.data();
  stream.level_buf_size = static_cast<std::uint32_t>(scratch.size());
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  stream.gzip_flag = wrapping == Deflater::Wrapping::zlib ? IGZIP_ZLIB : IGZIP_DEFLATE;
  // The library's interface takes bytes that it may not change as ones that it may.
  auto* from = const_cast<std::byte*>(content.data());
  stream.next_in = reinterpret_cast<std::uint8_t*>(from);
  stream.avail_in = static_cast<std::uint32_t>(content.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(into.data());
  stream.avail_out = static_cast<std::uint32_t>(into.size());
  switch (::isal_deflate_stateless(&stream)) {
    case COMP_OK:
      return stream.total_out;
    case STATELESS_OVERFLOW:
      return 0;
    default:
      return fail(Code::internal, "ISA-L refused to compress");
  }
}

}  // namespace truce::image
