#include "base/frames.h"

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace truce {

Async<Result<std::string>> read_frame(UnixSocket& socket, Bytes limit) {
  std::array<unsigned char, 4> head{};
  auto [ec, size] = co_await asio::async_read(socket, asio::buffer(head), as_result);
  if (ec) co_return fail(Code::unavailable, "connection closed: {}", ec.message());
  std::size_t length = 0;
  for (unsigned char byte : head) length = length << 8U | byte;
  if (length > limit.count) {
    co_return fail(Code::limit, "a message of {} bytes is over the limit of {}", length,
                   to_string(limit));
  }
  std::string message(length, '\0');
  auto [body_ec, got] = co_await asio::async_read(socket, asio::buffer(message), as_result);
  if (body_ec) co_return fail(Code::unavailable, "connection closed: {}", body_ec.message());
  co_return message;
}

Async<Result<void>> write_frame(UnixSocket& socket, std::string message) {
  auto length = message.size();
  std::array<unsigned char, 4> head{};
  for (std::size_t i = 4; i-- > 0; length >>= 8U) head[i] = static_cast<unsigned char>(length);
  std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(message)};
  auto [ec, size] = co_await asio::async_write(socket, parts, as_result);
  if (ec) co_return fail(Code::unavailable, "connection closed: {}", ec.message());
  co_return Result<void>{};
}

namespace {
Async<void> pump(UnixSocket& from, UnixSocket& to) {
  std::array<char, 16384> buffer{};
  while (true) {
    auto [ec, size] = co_await from.async_read_some(asio::buffer(buffer), as_result);
    if (ec) co_return;
    auto [write_ec, written] =
        co_await asio::async_write(to, asio::buffer(buffer.data(), size), as_result);
    if (write_ec) co_return;
  }
}
}  // namespace

Async<void> splice(UnixSocket& a, UnixSocket& b) {
  co_await (pump(a, b) || pump(b, a));
}

Result<Fd> blocking_end(UnixSocket socket) {
  boost::system::error_code ec;
  socket.native_non_blocking(false, ec);
  Fd end;
  if (!ec) end = Fd(socket.release(ec));
  if (ec) return fail(Code::unavailable, "the connection has ended: {}", ec.message());
  return end;
}

Async<Result<UnixSocket>> connect_unix(std::string path) {
  UnixSocket socket(co_await asio::this_coro::executor);
  if (path.size() >= 108)
    co_return fail(Code::invalid, "{}: longer than a socket's path may be", path);
  auto [ec] =
      co_await socket.async_connect(asio::local::stream_protocol::endpoint(path), as_result);
  if (ec) co_return fail(Code::unavailable, "connect {}: {}", path, ec.message());
  co_return std::move(socket);
}

}  // namespace truce
