#include "web_socket.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "message.h"

namespace truce::http {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

constexpr auto handshake_limit = 10s;
constexpr auto client_idle = 60s;

using Stream = websocket::stream<Wire&, false>;  // no compression: it is bytes of consoles

Error error_from(const error_code& ec, std::string_view what) {
  if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) {
    return {Code::limit,
            fmt::format("{}: a message is larger than {} bytes", what, largest_message),
            {}};
  }
  if (ec == beast::error::timeout) {
    return {Code::cancelled, fmt::format("{}: the other side has gone silent", what), {}};
  }
  return {Code::cancelled, fmt::format("{}: {}", what, ec.message()), {}};
}

// Marks that a write is under way, until it has ended in whatever way.
class Writing {
 public:
  explicit Writing(bool& flag) : flag_(flag) { flag_ = true; }
  ~Writing() { flag_ = false; }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

 private:
  bool& flag_;
};

class BeastSocket final : public WebSocket {
 public:
  BeastSocket(std::unique_ptr<Wire> owned, Wire& wire, Duration idle)
      : owned_(std::move(owned)), stream_(wire) {
    stream_.set_option(websocket::stream_base::timeout{handshake_limit, idle, true});
    stream_.read_message_max(largest_message);
    stream_.binary(true);
  }

  Async<Result<std::string>> read() override {
    beast::flat_buffer buffer;
    auto [ec, n] = co_await stream_.async_read(buffer, as_result);
    if (ec) co_return std::unexpected(error_from(ec, "read from the WebSocket"));
    auto bytes = buffer.cdata();
    co_return std::string(static_cast<const char*>(bytes.data()), bytes.size());
  }

  Async<Result<void>> write(std::string message) override {
    if (message.size() > largest_message) {
      co_return fail(Code::limit, "a WebSocket's message is larger than {} bytes", largest_message);
    }
    TRUCE_ASSERT(!writing_, "two coroutines write to one WebSocket at once");
    Writing writing(writing_);
    auto [ec, n] = co_await stream_.async_write(asio::buffer(message), as_result);
    if (ec) co_return std::unexpected(error_from(ec, "write to the WebSocket"));
    co_return Result<void>();
  }

  Async<void> close(std::string reason) override {
    if (!stream_.is_open()) co_return;
    constexpr std::size_t longest_reason = 120;  // a control frame has 125 bytes, 2 are the code
    while (reason.size() > longest_reason || !is_utf8(reason)) reason.pop_back();
    websocket::close_reason why(websocket::close_code::normal, reason);
    co_await stream_.async_close(why, as_result);
  }

  Stream& stream() { return stream_; }

 private:
  std::unique_ptr<Wire> owned_;
  Stream stream_;
  bool writing_ = false;
};

}  // namespace

Async<Result<std::unique_ptr<WebSocket>>> accept_web_socket(
    Wire& wire, std::string key, std::map<std::string, std::string> fields, Duration idle) {
  using beast::http::field;
  auto socket = std::make_unique<BeastSocket>(nullptr, wire, idle);
  beast::http::request<beast::http::empty_body> request(beast::http::verb::get, "/", 11);
  request.set(field::host, "truce");
  request.set(field::connection, "upgrade");
  request.set(field::upgrade, "websocket");
  request.set(field::sec_websocket_version, "13");
  request.set(field::sec_websocket_key, key);
  socket->stream().set_option(
      websocket::stream_base::decorator([fields = std::move(fields)](websocket::response_type& r) {
        r.set(field::server, "truce");
        for (const auto& [name, value] : fields) {
          if (is_valid_field(name, value)) r.set(name, value);
        }
      }));
  auto [ec] = co_await socket->stream().async_accept(request, as_result);
  if (ec) co_return std::unexpected(error_from(ec, "open a WebSocket"));
  co_return std::unique_ptr<WebSocket>(std::move(socket));
}

Async<Result<std::unique_ptr<WebSocket>>> request_web_socket(
    std::unique_ptr<Wire> wire, std::string host, std::string target,
    std::map<std::string, std::string> fields) {
  auto& plain = *wire;
  auto socket = std::make_unique<BeastSocket>(std::move(wire), plain, client_idle);
  socket->stream().set_option(
      websocket::stream_base::decorator([fields = std::move(fields)](websocket::request_type& r) {
        r.set(beast::http::field::user_agent, "truce");
        for (const auto& [name, value] : fields) r.set(name, value);
      }));
  websocket::response_type answer;
  auto [ec] = co_await socket->stream().async_handshake(answer, host, target, as_result);
  if (ec == websocket::error::upgrade_declined) {
    co_return std::unexpected(error_of(static_cast<int>(answer.result_int()), answer.body()));
  }
  if (ec) {
    co_return fail(Code::unavailable, "open the WebSocket {}: {}", target, ec.message());
  }
  co_return std::unique_ptr<WebSocket>(std::move(socket));
}

}  // namespace truce::http
