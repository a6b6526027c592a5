// The bytes of a connection, between its local socket and the other host.
#include <poll.h>

#include <array>
#include <boost/asio/write.hpp>

#include "connection.h"
#include "hello.h"
#include "relays_inner.h"

namespace truce::link {

namespace {

/// Grows while it is filled, so that bulk goes in large pieces and a quiet connection costs little.
class Buffer {
 public:
  std::span<char> room() {
    if (bytes_.size() != size_) bytes_ = std::string(size_, '\0');
    return bytes_;
  }
  std::string_view first(std::size_t count) {
    quiet_ = count < size_ / 8 ? quiet_ + 1 : 0;
    if (count == size_ && size_ < largest) size_ *= 2;
    if (quiet_ == 64) size_ = smallest;
    return std::string_view(bytes_).substr(0, count);
  }

 private:
  static constexpr std::size_t smallest = 16UL * 1024;
  static constexpr std::size_t largest = 256UL * 1024;
  std::string bytes_;
  std::size_t size_ = smallest;
  int quiet_ = 0;  ///< so many reads in a row needed much less
};

bool hung_up(int fd) {
  pollfd poll{fd, 0, 0};
  return ::poll(&poll, 1, 0) == 1 && (poll.revents & POLLHUP) != 0;
}

}  // namespace

void Connection::begin(Fd local) {
  boost::system::error_code ec;
  local_.assign(asio::local::stream_protocol(), local.get(), ec);
  if (ec || closed_) return close();
  static_cast<void>(local.release());
  // One system call brings several records.
  SSL_set_read_ahead(tls_.get(), 1);
  SSL_set_default_read_buffer_len(tls_.get(), 128UL * 1024);
  limit(std::chrono::duration_cast<Duration>(ends_ - now()));
  asio::co_spawn(strand_, run(shared_from_this()), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
}

Async<void> Connection::run(std::shared_ptr<Connection> self) {
  co_await (self->carry_in() && self->carry_out());
  self->close();
}

Async<void> Connection::carry_in() {
  Buffer buffer;
  while (true) {
    auto got = co_await read_some(buffer.room());
    if (!got) co_return close();
    if (*got == 0) break;
    auto bytes = buffer.first(*got);
    if (gone_) continue;
    auto [ec, size] = co_await asio::async_write(local_, asio::buffer(bytes), as_result);
    if (closed_) co_return;
    if (ec) gone_ = true;
  }
  received_ = true;
  watch_.cancel();
  boost::system::error_code ignored;  // it may be gone
  local_.shutdown(UnixSocket::shutdown_send, ignored);
}

Async<void> Connection::carry_out() {
  Buffer buffer;
  while (true) {
    auto room = buffer.room();
    auto [ec, size] =
        co_await local_.async_read_some(asio::buffer(room.data(), room.size()), as_result);
    if (closed_) co_return;
    if (ec == asio::error::eof) break;
    if (ec == asio::error::connection_reset) {  // it was closed before it had read all
      gone_ = true;
      break;
    }
    if (ec) co_return close();
    if (!co_await write(buffer.first(size))) co_return close();
  }
  if (!co_await end_writing()) co_return close();
  co_await watch_local();
}

/// All has been sent. While the other side still writes, somebody has to be there who reads it: a
/// socket that is closed looks as one whose writer has ended until something is written to it.
Async<void> Connection::watch_local() {
  while (!closed_ && !received_) {
    gone_ = gone_ || hung_up(local_.native_handle());
    watch_.expires_after(gone_ ? relays_.settings.patience : 1s);
    auto [ec] = co_await watch_.async_wait(as_result);
    if (gone_ && !ec) co_return close();
  }
}

void Connection::answer(Result<void> verdict, Fd local) {
  asio::co_spawn(strand_,
                 answer_and_go_on(shared_from_this(), std::move(verdict), std::move(local)),
                 [](std::exception_ptr e) {
                   if (e) std::rethrow_exception(e);
                 });
}

Async<void> Connection::answer_and_go_on(std::shared_ptr<Connection> self, Result<void> verdict,
                                         Fd local) {
  auto said = co_await self->write_text(answer_of(verdict));
  if (!said) co_return self->close();
  if (!verdict) co_return self->part();
  self->begin(std::move(local));
}

void Connection::part() {
  if (closed_) return;
  limit(1s);
  asio::co_spawn(strand_, linger(shared_from_this()), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
}

/// A socket that is closed with something unread takes back what was written to it last.
Async<void> Connection::linger(std::shared_ptr<Connection> self) {
  boost::system::error_code ec;
  self->socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  std::array<char, 4096> unread{};
  for (std::size_t all = 0; !ec && all < 64UL * 1024;) {
    std::size_t size = 0;
    std::tie(ec, size) = co_await self->socket_.async_read_some(asio::buffer(unread), as_result);
    all += size;
  }
  self->close();
}

}  // namespace truce::link
