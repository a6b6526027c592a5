// What the small program is linked without. It never comes here: small.cpp hands such words over.
#include "base/result.h"
#include "deflate.h"
#include "images/reach.h"

namespace truce::image {

Result<std::size_t> pack_fast(Deflater::Wrapping, View, Span) {
  return fail(Code::internal, "the fastest compression is not in this program");
}

}  // namespace truce::image

namespace truce::cli {

Result<std::shared_ptr<image::File>> open_address(const std::string&, image::DiskFile::Access,
                                                  const Invocation&, image::NetworkRules&) {
  return fail(Code::internal, "the network is not in this program");
}

}  // namespace truce::cli
