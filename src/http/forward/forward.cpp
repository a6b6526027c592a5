#include "http/forward.h"

#include <array>
#include <stdexcept>

#include "message.h"
#include "parser.h"
#include "web_socket.h"

namespace truce::http {
namespace {

using Fields = std::map<std::string, std::string>;
using Progress = ResponseParser::Progress;

constexpr Bytes endless = {std::uint64_t{1} << 62};

// What is between two ends of one connection and not for the next (RFC 9110 7.6.1), and what is
// said anew.
constexpr std::array of_one_connection{"connection",
                                       "content-length",
                                       "expect",
                                       "host",
                                       "keep-alive",
                                       "proxy-connection",
                                       "te",
                                       "trailer",
                                       "upgrade",
                                       "transfer-encoding",
                                       "sec-websocket-key",
                                       "sec-websocket-version",
                                       "sec-websocket-extensions",
                                       "sec-websocket-protocol"};

bool is_of_one_connection(const std::string& name) {
  return std::ranges::find(of_one_connection, name) != of_one_connection.end();
}

std::string encoded(std::string_view text, bool slashes) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~' || (slashes && c == '/');
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string target_of(const Request& request) {
  auto target = encoded(request.path, true);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += fmt::format("{}{}={}", separator, encoded(name, false), encoded(value, false));
    separator = '&';
  }
  return target;
}

// Only what the manager may believe: a client's own fields of these names are never passed on.
Fields fields_of(const Request& request) {
  Fields fields;
  for (const auto& [name, value] : request.headers) {
    if (!is_of_one_connection(name) && is_valid_field(name, value)) fields[name] = value;
  }
  const auto& peer = request.peer;
  auto say = [&](const char* name, const std::string& value) {
    fields.erase(name);
    if (!value.empty() && is_valid_field(name, value)) fields[name] = value;
  };
  say(forwarded_for_field, peer.address);
  say(forwarded_network_field, peer.network);
  say(forwarded_administrator_field, peer.administrator);
  say(forwarded_certificate_field, peer.certificate_sha256);
  return fields;
}

std::string host_of(const Request& request) {
  auto found = request.headers.find("host");
  bool usable = found != request.headers.end() && is_valid_field("host", found->second);
  return usable ? found->second : "localhost";
}

Async<Result<void>> write_all(Wire& wire, std::string bytes) {
  std::string_view left = bytes;
  while (!left.empty()) {
    auto [ec, n] =
        co_await wire.async_write_some(asio::buffer(left.data(), left.size()), as_result);
    if (ec) co_return fail(Code::unavailable, "pass the request on: {}", ec.message());
    left.remove_prefix(n);
  }
  co_return Result<void>();
}

/// One answer on its way.
struct Passage {
  Passage(UnixSocket socket, ResponseParser::Answers answers)
      : wire(std::move(socket)), parser(answers, endless) {}

  Async<Result<Progress>> read_on() {
    auto [ec, n] = co_await wire.async_read_some(parser.space(), as_result);
    parser.received(n);
    if (!ec) co_return parser.parse();
    if (ec == asio::error::operation_aborted) co_return fail(Code::cancelled, "cancelled");
    if (parser.end()) co_return Progress::complete;
    co_return fail(Code::unavailable, "the connection ended before the answer did: {}",
                   ec.message());
  }

  Wire wire;
  ResponseParser parser;
};

// Ends without the last bytes when the far side does: the client then sees that the body is cut
// off.
Async<void> pass_body(std::shared_ptr<Passage> passage, BodyWriter& writer) {
  bool complete = false;
  while (true) {
    if (!co_await writer.write(passage->parser.take_body())) co_return;
    if (complete) co_return;
    auto progress = co_await passage->read_on();
    if (!progress && progress.error().code == Code::cancelled) co_return;
    if (!progress) throw std::runtime_error(progress.error().message);
    complete = *progress == Progress::complete;
  }
}

Response head_of_answer(const ResponseParser& parser) {
  auto response = parser.head();
  auto length = response.headers.find("content-length");
  if (length != response.headers.end())
    response.length = std::strtoull(length->second.c_str(), nullptr, 10);
  std::erase_if(response.headers, [](const auto& field) {
    return is_of_one_connection(field.first) || field.first == "content-type";
  });
  return response;
}

Async<void> pump(WebSocket& from, WebSocket& to) {
  while (true) {
    auto message = co_await from.read();
    if (!message || !co_await to.write(std::move(*message))) co_return;
  }
}

Async<void> pass_messages(std::shared_ptr<WebSocket> far, WebSocket& near) {
  co_await (pump(near, *far) || pump(*far, near));
  co_await far->close("");
}

}  // namespace

Async<Result<Response>> forward(UnixSocket socket, Request request) {
  auto target = target_of(request);
  auto fields = fields_of(request);
  auto host = host_of(request);
  if (request.headers.contains("sec-websocket-key")) {
    auto opened =
        co_await request_web_socket(std::make_unique<Wire>(std::move(socket)), std::move(host),
                                    std::move(target), std::move(fields));
    if (!opened) co_return std::unexpected(std::move(opened).error());
    Response response;
    response.socket = [far = std::shared_ptr<WebSocket>(*std::move(opened))](WebSocket& near) {
      return pass_messages(far, near);
    };
    co_return response;
  }
  auto passage = std::make_shared<Passage>(std::move(socket), ResponseParser::Answers::get);
  auto head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", request.method,
                          target, host);
  for (const auto& [name, value] : fields) head += fmt::format("{}: {}\r\n", name, value);
  head += fmt::format("Content-Length: {}\r\n\r\n", request.body.size());
  // One that refuses a large body answers and closes while we still write: that answer is read.
  auto sent = co_await write_all(passage->wire, std::move(head) + std::move(request.body));
  auto progress = Result<Progress>(Progress::more);
  while (progress && *progress == Progress::more) progress = co_await passage->read_on();
  if (!progress) co_return std::unexpected(sent ? progress.error() : sent.error());
  auto response = head_of_answer(passage->parser);
  if (*progress == Progress::complete) {
    response.length.reset();
    response.body = passage->parser.take_body();
    co_return response;
  }
  response.stream = [passage](BodyWriter& writer) { return pass_body(passage, writer); };
  co_return response;
}

}  // namespace truce::http
