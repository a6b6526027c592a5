#include "nbd/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace truce::image::nbd {
namespace {

constexpr std::size_t parts_at_once = 128;

timeval as_timeval(std::chrono::milliseconds time) {
  return {.tv_sec = time.count() / 1000, .tv_usec = time.count() % 1000 * 1000};
}

}  // namespace

SocketTransport::SocketTransport(Fd socket, const TlsContext* tls,
                                 std::chrono::milliseconds stalled)
    : socket_(std::move(socket)), tls_(tls), stalled_(stalled) {
  auto time = as_timeval(stalled);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

Transport::Security SocketTransport::security() const {
  if (ssl_) return Security::secure;
  if (tls_ == nullptr) return Security::plain;
  return tls_->demand() == Tls::Demand::required ? Security::tls_required : Security::tls_offered;
}

Result<void> SocketTransport::wait(short events, Patience patience) {
  pollfd waiting{.fd = socket_.get(), .events = events, .revents = 0};
  auto time = patience == Patience::limited ? static_cast<int>(stalled_.count()) : -1;
  int ready = ::poll(&waiting, 1, time);
  while (ready < 0 && errno == EINTR) ready = ::poll(&waiting, 1, time);
  if (ready < 0) return fail_errno(errno, "poll");
  if (ready == 0) return fail(Code::timeout, "the client was silent for {} ms", stalled_.count());
  return {};
}

// A peer that may be silent is waited for in recv(); one that may not, in poll() where that is
// needed.
Result<std::size_t> SocketTransport::receive(Span into, Patience patience) {
  if (ssl_) return receive_secure(into, patience);
  for (;;) {
    int flags = patience == Patience::limited ? MSG_DONTWAIT : 0;
    auto got = ::recv(socket_.get(), into.data(), into.size(), flags);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) {
      TRY_VOID(wait(POLLIN, patience));
    } else if (errno != EINTR) {
      return fail_errno(errno, "receive");
    }
  }
}

Result<void> SocketTransport::send(std::span<const View> parts) {
  if (ssl_) {
    // Small parts go into one record with what follows.
    std::vector<std::byte> together;
    constexpr std::size_t record = 16384;
    for (auto part : parts) {
      if (together.size() + part.size() > record && !together.empty()) {
        TRY_VOID(send_secure(together));
        together.clear();
      }
      if (part.size() >= record) {
        TRY_VOID(send_secure(part));
      } else {
        together.insert(together.end(), part.begin(), part.end());
      }
    }
    return send_secure(together);
  }
  std::array<iovec, parts_at_once> vectors{};
  while (!parts.empty()) {
    auto count = std::min(parts.size(), vectors.size());
    for (std::size_t i = 0; i < count; ++i)
      vectors[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    for (std::size_t first = 0; first < count;) {
      msghdr message{};
      message.msg_iov = &vectors[first];
      message.msg_iovlen = count - first;
      auto sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN)
        return fail(Code::timeout, "the client took nothing for {} ms", stalled_.count());
      if (sent < 0) return fail_errno(errno, "send");
      auto left = static_cast<std::size_t>(sent);
      for (; first < count && left >= vectors[first].iov_len; ++first)
        left -= vectors[first].iov_len;
      if (first == count) break;
      vectors[first].iov_base = static_cast<std::byte*>(vectors[first].iov_base) + left;
      vectors[first].iov_len -= left;
    }
    parts = parts.subspan(count);
  }
  return {};
}

void SocketTransport::abort() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

void SocketTransport::end_receiving() {
  ::shutdown(socket_.get(), SHUT_RD);
}

}  // namespace truce::image::nbd
