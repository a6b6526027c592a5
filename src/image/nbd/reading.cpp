// How reads are answered: holes as such, data that is in memory at once, the rest by workers.
#include <algorithm>
#include <cstring>

#include "nbd/session.h"

namespace truce::image::nbd {
namespace {

// Below this length a hole is sent as zeros: telling it apart costs more.
constexpr std::uint32_t sparse_from = 32768;
constexpr std::uint64_t data_piece = std::uint64_t{256} << 10U;

}  // namespace

// None when the limit is reached and that must not be waited for: others wait for what this thread
// has held back, so it is sent first.
std::optional<Buffer> Session::buffer(std::size_t size, Waiting waiting) {
  auto taken = buffers_.try_take(size);
  if (taken || waiting == Waiting::refused) return taken;
  outbox_.flush();
  return buffers_.take(size);
}

void Session::read(const Request& request) {
  bool in_parts =
      replies_.structured() && (request.flags & command_df) == 0 && request.length >= sparse_from;
  std::optional<std::uint64_t> waits_from = request.offset;
  if (in_parts)
    waits_from = read_parts(request, request.offset, remembered_, Waiting::refused);
  else if (read_whole(request, remembered_, Waiting::refused))
    waits_from = std::nullopt;
  if (!waits_from) return;
  hand_over([this, request, in_parts, from = *waits_from] {
    Disk::Remembered remembered;
    if (in_parts)
      read_parts(request, from, remembered, Waiting::allowed);
    else
      read_whole(request, remembered, Waiting::allowed);
    outbox_.flush();
  });
}

// A chunk for each extent, large ones in several. Gives where it stopped because going on would
// have meant to wait.
std::optional<std::uint64_t> Session::read_parts(const Request& request, std::uint64_t from,
                                                 Disk::Remembered& remembered, Waiting waiting) {
  for (auto at = from; at < request.end();) {
    auto extent = disk_.extent(at, request.end() - at, remembered);
    if (!extent) {
      replies_.failed_at(request, told(extent.error()), at);
      return std::nullopt;
    }
    bool empty = extent->kind == Kind::hole || extent->kind == Kind::zero;
    auto length = empty ? extent->length : std::min(extent->length, data_piece);
    auto last = at + length == request.end() ? Replies::Last::yes : Replies::Last::no;
    if (empty) {
      replies_.hole(request, at, static_cast<std::uint32_t>(length), last);
    } else {
      auto bytes = buffer(length, waiting);
      if (!bytes) return at;
      if (!disk_.read_at_once(at, bytes->bytes(), remembered)) {
        if (waiting == Waiting::refused) return at;
        auto done = disk_.read(at, bytes->bytes());
        if (!done) {
          replies_.failed_at(request, told(done.error()), at);
          return std::nullopt;
        }
      }
      replies_.data(request, at, *std::move(bytes), last);
    }
    at += length;
  }
  return std::nullopt;
}

// One answer with all bytes. False when it would have had to wait.
bool Session::read_whole(const Request& request, Disk::Remembered& remembered, Waiting waiting) {
  auto bytes = buffer(request.length, waiting);
  if (!bytes) return false;
  if (request.length == 0) {
    replies_.done(request);
    return true;
  }
  if (waiting == Waiting::allowed) {
    auto done = disk_.read(request.offset, bytes->bytes());
    if (!done) {
      bytes.reset();
      replies_.failed(request, told(done.error()));
      return true;
    }
    replies_.data(request, request.offset, *std::move(bytes), Replies::Last::yes);
    return true;
  }
  for (auto at = request.offset; at < request.end();) {
    auto extent = disk_.extent(at, request.end() - at, remembered);
    if (!extent) return false;  // the workers find it again, and tell
    auto part = bytes->bytes().subspan(at - request.offset, extent->length);
    if (extent->kind == Kind::hole || extent->kind == Kind::zero)
      std::memset(part.data(), 0, part.size());
    else if (!disk_.read_at_once(at, part, remembered))
      return false;
    at += extent->length;
  }
  replies_.data(request, request.offset, *std::move(bytes), Replies::Last::yes);
  return true;
}

}  // namespace truce::image::nbd
