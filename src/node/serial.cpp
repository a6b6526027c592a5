#include "serial.h"

#include <fcntl.h>

#include <array>
#include <boost/asio/write.hpp>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"

namespace truce::node {
namespace {

constexpr std::size_t recent_limit = 64 * 1024;
constexpr std::size_t file_limit = 1024 * 1024;
constexpr std::size_t client_queue_limit = 1024 * 1024;
constexpr std::size_t replayed = 4096;

std::string last_bytes(const std::string& text, std::size_t bytes) {
  return text.size() <= bytes ? text : text.substr(text.size() - bytes);
}

}  // namespace

/// Somebody attached: what they have not been sent yet, bounded.
struct SerialLine::Client {
  Client(UnixSocket s, asio::any_io_executor loop) : socket(std::move(s)), news(std::move(loop)) {}
  UnixSocket socket;
  std::string queue;
  Wakeup news;
  bool closed = false;
};

SerialLine::SerialLine(std::filesystem::path log) : log_(std::move(log)) {
  if (auto old = read_file(log_)) {
    recent_ = last_bytes(*old, recent_limit);
    file_size_ = old->size();
  }
}

void SerialLine::keep(std::string_view output) {
  recent_.append(output);
  // Cut seldom: an erase at the front moves all that follows.
  if (recent_.size() > 2 * recent_limit) recent_.erase(0, recent_.size() - recent_limit);
  if (file_size_ + output.size() > file_limit) {
    file_.close();
    std::error_code ec;
    std::filesystem::rename(log_, log_.string() + ".1", ec);
    if (ec) spdlog::warn("{}: {}", log_.string(), ec.message());
    file_size_ = 0;
  }
  if (!file_.is_open()) {
    // What a console shows may be secret: the file is not for everybody.
    (void)open_file(log_, O_WRONLY | O_CREAT, 0600);
    file_.open(log_, std::ios::app | std::ios::binary);
  }
  file_.write(output.data(), static_cast<std::streamsize>(output.size()));
  file_.flush();
  file_size_ += output.size();
}

Async<void> SerialLine::follow(std::shared_ptr<SerialLine> self, std::string socket_path) {
  TRUCE_ASSERT(self.get() == this, "a line holds itself");
  auto connected = co_await connect_unix(socket_path);
  if (!connected) {
    spdlog::warn("serial line: {}", connected.error().message);
    co_return;
  }
  line_ = std::move(*connected);
  std::array<char, 4096> buffer{};
  while (true) {
    auto [ec, size] = co_await line_->async_read_some(asio::buffer(buffer), as_result);
    if (ec) break;
    keep({buffer.data(), size});
    for (auto& client : clients_) {
      if (client->queue.size() + size > client_queue_limit) client->closed = true;
      client->queue.append(buffer.data(), size);
      client->news.wake();
    }
  }
  line_.reset();
  for (auto& client : clients_) {
    client->closed = true;
    client->news.wake();
  }
}

Async<void> SerialLine::send(std::shared_ptr<Client> client) {
  while (true) {
    auto piece = std::exchange(client->queue, {});
    if (piece.empty() && client->closed) co_return;
    if (piece.empty()) {
      co_await client->news.wait();
      continue;
    }
    auto [ec, size] = co_await asio::async_write(client->socket, asio::buffer(piece), as_result);
    if (ec) co_return;
  }
}

Async<void> SerialLine::receive(std::shared_ptr<Client> client) {
  std::array<char, 4096> buffer{};
  while (true) {
    auto [ec, size] = co_await client->socket.async_read_some(asio::buffer(buffer), as_result);
    if (ec || !line_) co_return;
    auto [write_ec, written] =
        co_await asio::async_write(*line_, asio::buffer(buffer.data(), size), as_result);
    if (write_ec) co_return;
  }
}

Async<void> SerialLine::attach(std::shared_ptr<SerialLine> self, UnixSocket client_socket) {
  TRUCE_ASSERT(self.get() == this, "a line holds itself");
  auto client =
      std::make_shared<Client>(std::move(client_socket), co_await asio::this_coro::executor);
  client->queue = tail(replayed);
  client->closed = !line_;
  auto place = clients_.insert(clients_.end(), client);
  co_await (send(client) || receive(client));
  clients_.erase(place);
}

void SerialLine::forget() {
  recent_.clear();
  file_.close();
  file_size_ = 0;
  for (const auto& file : {log_.string(), log_.string() + ".1"}) {
    if (auto gone = remove_tree(file); !gone) spdlog::warn("{}", gone.error().message);
  }
}

std::string SerialLine::tail(std::size_t bytes) const {
  return last_bytes(recent_, bytes);
}

}  // namespace truce::node
