// What the small program is linked without. It never comes here: small.cpp hands such words over.
#include "base/result.h"
#include "deflate.h"
#include "luks/luks.h"

namespace truce::image {

Result<std::size_t> pack_fast(Deflater::Wrapping, View, Span) {
  return fail(Code::internal, "the fastest compression is not in this program");
}

namespace luks {

Result<NewHeader> make(const Secret&) {
  return fail(Code::internal, "encryption is not in this program");
}

Result<std::unique_ptr<Secret>> unlock(const File&, std::uint64_t, std::uint64_t, const Secret&) {
  return fail(Code::internal, "encryption is not in this program");
}

// After unlock() only.
std::shared_ptr<File> decrypted(std::shared_ptr<File> file, std::unique_ptr<Secret>) {
  return file;
}

}  // namespace luks
}  // namespace truce::image
