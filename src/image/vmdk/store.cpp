#include "vmdk/store.h"

namespace truce::image::vmdk {

Result<void> Store::decode(std::uint64_t, Span) {
  return fail(Code::internal, "nothing is compressed here");
}

Result<void> Store::write(std::uint64_t, View, const Below&) {
  return fail(Code::internal, "an extent is written that cannot be");
}

Result<void> Store::write_zeroes(std::uint64_t, std::uint64_t, const Below&) {
  return fail(Code::internal, "an extent is written that cannot be");
}

Result<void> Store::forget() {
  return fail(Code::unsupported, "what this kind of extent stores cannot be forgotten");
}

Result<void> Store::resize(std::uint64_t) {
  return fail(Code::unsupported, "an extent of this kind keeps the size that it was made with");
}

Result<void> Store::check(Depth, CheckReport&) {
  return {};
}

}  // namespace truce::image::vmdk
