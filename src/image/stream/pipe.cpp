#include "stream/pipe.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace truce::image {

namespace {

/// Whether the descriptor gives or takes something, or has ended, within `milliseconds`.
bool ready(int fd, short events, int milliseconds) {
  pollfd asked{.fd = fd, .events = events, .revents = 0};
  return ::poll(&asked, 1, milliseconds) == 1;
}

}  // namespace

void PipeReader::unread(View bytes) {
  again_.assign(bytes.begin(), bytes.end());
  again_at_ = 0;
  position_ -= bytes.size();
}

// At least a byte; 0 at the end. A signal may reach another thread than the one that waits here.
Result<std::size_t> PipeReader::next(Span into) {
  constexpr int look_around = 200;
  while (true) {
    bool comes = ready(fd_, POLLIN, look_around);
    if (cancelled_ != nullptr && *cancelled_) return fail(Code::cancelled, "cancelled");
    if (!comes) continue;
    auto count = ::read(fd_, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR && errno != EAGAIN) return fail_errno(errno, name_);
  }
}

Result<std::size_t> PipeReader::some(Span into) {
  auto length = std::min(into.size(), again_.size() - again_at_);
  std::copy_n(again_.begin() + static_cast<std::ptrdiff_t>(again_at_), length, into.begin());
  again_at_ += length;
  while (length < into.size()) {
    TRY(auto count, next(into.subspan(length)));
    if (count == 0) break;
    length += count;
  }
  position_ += length;
  return length;
}

Result<void> PipeReader::all(Span into) {
  TRY(auto got, some(into));
  if (got == into.size()) return {};
  return fail(Code::corrupt, "{}: the stream ends at byte {}, {} more were to come", name_,
              position_, into.size() - got);
}

Result<void> PipeReader::skip(std::uint64_t length) {
  std::vector<std::byte> bytes(std::min<std::uint64_t>(length, 65536));
  while (length > 0) {
    auto part = Span(bytes).first(std::min<std::uint64_t>(length, bytes.size()));
    TRY_VOID(all(part));
    length -= part.size();
  }
  return {};
}

std::unexpected<Error> PipeFile::going_back() const {
  return fail(Code::unsupported, "{}: a pipe is written from its beginning to its end only", name_);
}

Result<void> PipeFile::read(std::uint64_t, Span) const {
  return going_back();
}

Result<void> PipeFile::write(std::uint64_t offset, View from) {
  if (offset != position_) return going_back();
  while (!from.empty()) {
    auto count = ::write(fd_, from.data(), from.size());
    if (count < 0 && errno == EAGAIN) (void)ready(fd_, POLLOUT, -1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0 && errno == EPIPE)
      return fail(Code::io, "{}: broken pipe: its reader ended before the image did", name_);
    if (count < 0) return fail_errno(errno, name_);
    from = from.subspan(static_cast<std::size_t>(count));
    position_ += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> PipeFile::write_zeroes(std::uint64_t offset, std::uint64_t length) {
  return write_zeroes_in_pieces(*this, offset, length);
}

Result<void> PipeFile::resize(std::uint64_t size) {
  if (size < position_) return going_back();
  return write_zeroes(position_, size - position_);
}

}  // namespace truce::image
