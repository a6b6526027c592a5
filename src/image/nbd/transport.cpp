#include "nbd/transport.h"

#include <algorithm>
#include <cstring>

namespace truce::image::nbd {
namespace {

// What is cheaper to move to the front than to receive in two parts because of it.
constexpr std::size_t cheap_move = 4096;

}  // namespace

Result<bool> Inbox::need(std::size_t count, Transport::Patience patience) {
  auto have = end_ - begin_;
  if (have >= count) return true;
  TRUCE_ASSERT(count <= capacity, "more than the buffer holds");
  if (begin_ > 0 && (have <= cheap_move || count > capacity - begin_)) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, have);
    begin_ = 0;
    end_ = have;
  }
  while (end_ - begin_ < count) {
    bool inside_message = end_ > begin_;
    TRY(auto got, transport_.receive({bytes_.get() + end_, capacity - end_},
                                     inside_message ? Transport::Patience::limited : patience));
    if (got == 0 && inside_message)
      return fail(Code::corrupt, "the connection ended in the middle of a message");
    if (got == 0) return false;
    end_ += got;
  }
  return true;
}

Result<void> Inbox::need_rest(std::size_t count) {
  TRY(bool there, need(count, Transport::Patience::limited));
  if (!there) return fail(Code::corrupt, "the connection ended in the middle of a message");
  return {};
}

Result<void> Inbox::skip(std::uint64_t count) {
  while (count > 0) {
    if (ready().empty()) TRY_VOID(need_rest(1));
    auto part = std::min<std::uint64_t>(count, ready().size());
    drop(part);
    count -= part;
  }
  return {};
}

}  // namespace truce::image::nbd
