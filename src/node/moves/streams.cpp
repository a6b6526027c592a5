#include "moves/streams.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>

namespace truce::node {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;
constexpr std::size_t pairs_limit = 64;

struct Pair {
  UnixSocket one, other;
};

using Lost = std::function<void()>;

// Until `from` has closed; then `to` is told that nothing more comes. With `lost`, that is called
// when `to` takes no more, and what comes then is thrown away.
Async<void> pump(std::shared_ptr<Pair> pair, UnixSocket& from, UnixSocket& to, Lost lost) {
  std::vector<char> buffer(buffer_size);
  boost::system::error_code ignored;
  bool swallows = false;
  while (true) {
    auto [ec, size] = co_await from.async_read_some(asio::buffer(buffer), as_result);
    if (ec) break;
    if (swallows) continue;
    auto [write_ec, written] =
        co_await asio::async_write(to, asio::buffer(buffer.data(), size), as_result);
    if (!write_ec) continue;
    if (!lost) {
      from.shutdown(UnixSocket::shutdown_both, ignored);
      break;
    }
    lost();
    swallows = true;
  }
  to.shutdown(UnixSocket::shutdown_send, ignored);
}

Fd second(UnixSocket& socket) {
  return Fd(::fcntl(socket.native_handle(), F_DUPFD_CLOEXEC, 0));
}

}  // namespace

void Streams::break_told(Open& open) {
  std::lock_guard lock(open.mutex);
  for (const auto& socket : open.told) ::shutdown(socket.get(), SHUT_RDWR);
}

void Streams::carry(UnixSocket one, UnixSocket other, Loss loss) {
  if (++pairs_ > pairs_limit) return;
  boost::system::error_code ec;
  auto strand = asio::make_strand(threads_.get_executor());
  asio::local::stream_protocol protocol;
  {
    std::lock_guard lock(open_->mutex);
    if (open_->ended) return;
    auto& sockets = loss == Loss::is_told ? open_->told : open_->swallowed;
    sockets.push_back(second(one));
    sockets.push_back(second(other));
  }
  auto first = one.release(ec);
  auto last = ec ? -1 : other.release(ec);
  if (ec) return;
  auto pair = std::make_shared<Pair>(UnixSocket(strand, protocol, first),
                                     UnixSocket(strand, protocol, last));
  // `open` is held: what is shut down from outside must not be another socket by then.
  auto run = [](std::shared_ptr<Pair> sockets, std::shared_ptr<Open> open,
                Loss way) -> Async<void> {
    Lost lost;
    if (way == Loss::swallowed) lost = [&open] { break_told(*open); };
    co_await (pump(sockets, sockets->one, sockets->other, std::move(lost)) &&
              pump(sockets, sockets->other, sockets->one, {}));
  };
  asio::co_spawn(strand, run(pair, open_, loss), [](std::exception_ptr) {});
}

void Streams::swallow(UnixSocket one) {
  UnixSocket other(one.get_executor()), nobody(one.get_executor());
  boost::system::error_code ec;
  asio::local::connect_pair(other, nobody, ec);
  nobody.close(ec);
  carry(std::move(one), std::move(other), Loss::swallowed);
}

void Streams::end() {
  std::lock_guard lock(open_->mutex);
  open_->ended = true;
  for (auto* sockets : {&open_->told, &open_->swallowed}) {
    for (const auto& socket : *sockets) ::shutdown(socket.get(), SHUT_RDWR);
    sockets->clear();
  }
}

Doorway::~Doorway() {
  boost::system::error_code ignored;
  acceptor_->close(ignored);
  ::unlink(path_.c_str());
}

Result<void> Doorway::open(Scope& scope, Take take) {
  ::unlink(path_.c_str());
  if (path_.string().size() > 100)
    return fail(Code::invalid, "{}: longer than a socket's path may be", path_.string());
  boost::system::error_code ec;
  acceptor_->open(asio::local::stream_protocol(), ec);
  auto old_mask = ::umask(0177);
  if (!ec) acceptor_->bind(asio::local::stream_protocol::endpoint(path_.string()), ec);
  ::umask(old_mask);
  if (!ec) acceptor_->listen(32, ec);
  if (ec) return fail(Code::io, "listen on {}: {}", path_.string(), ec.message());
  auto run = [](std::shared_ptr<Acceptor> acceptor, Take each) -> Async<void> {
    while (true) {
      auto [failed, socket] = co_await acceptor->async_accept(as_result);
      if (failed) co_return;
      co_await each(std::move(socket));
    }
  };
  scope.spawn(run(acceptor_, std::move(take)));
  return {};
}

}  // namespace truce::node
