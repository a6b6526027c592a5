#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "base/text.h"
#include "body.h"
#include "message.h"
#include "parser.h"

namespace truce::http {

namespace beast = boost::beast;

namespace {

using Parser = beast::http::request_parser<beast::http::empty_body>;
using Fields = beast::http::request_header<>;

constexpr std::size_t read_size = 16 * 1024;

std::unexpected<Refusal> refuse(int status, Code code, std::string message) {
  return std::unexpected(Refusal{status, Error{code, std::move(message), {}}});
}

std::unexpected<Refusal> refuse(const boost::system::error_code& ec, const Limits& limits) {
  using beast::http::error;
  if (ec == error::header_limit || ec == error::buffer_overflow) {
    return refuse(
        431, Code::limit,
        fmt::format("the request's header fields are larger than {}", to_string(limits.headers)));
  }
  if (ec == error::body_limit) {
    return refuse(413, Code::limit,
                  fmt::format("the request's body is larger than {}", to_string(limits.body)));
  }
  return refuse(400, Code::invalid,
                fmt::format("the request is not correct HTTP: {}", ec.message()));
}

std::expected<void, Refusal> read_fields(const Fields& message, Request& request) {
  for (const auto& field : message) {
    std::string_view name = field.name_string();
    std::string_view value = field.value();
    if (!is_valid_field(name, value)) {
      return refuse(400, Code::invalid, "a header field has a control character");
    }
    auto [at, added] = request.headers.try_emplace(lower_case(name), value);
    if (added) continue;
    if (at->first == "host" || at->first == "authorization" || at->first == "content-type") {
      return refuse(400, Code::invalid, fmt::format("'{}' is given twice", at->first));
    }
    at->second += at->first == "cookie" ? "; " : ", ";  // RFC 9110 5.3, RFC 6265 5.4
    at->second += value;
  }
  return {};
}

// The key of a correct WebSocket upgrade (RFC 6455 4.2.1), else nothing.
std::string web_socket_key(const Fields& message) {
  using beast::http::field;
  using beast::http::token_list;
  auto key = message[field::sec_websocket_key];
  bool correct = message.version() == 11 && message.method() == beast::http::verb::get &&
                 token_list{message[field::connection]}.exists("upgrade") &&
                 token_list{message[field::upgrade]}.exists("websocket") &&
                 message[field::sec_websocket_version] == "13" && key.size() == 24;
  return correct ? std::string(key) : std::string();
}

}  // namespace

struct RequestParser::State {
  explicit State(const Limits& l) : limits(l), buffer(l.headers.count + read_size) { reset(); }

  void reset() {
    parser.emplace();
    parser->header_limit(static_cast<std::uint32_t>(
        std::min<std::uint64_t>(limits.headers.count, std::numeric_limits<std::uint32_t>::max())));
    parser->body_limit(limits.body.count);
    head = {};
    request = {};
    body.reset();
  }

  // Some clients end a body with one line end too many (RFC 9112 2.2).
  void skip_empty_lines() {
    std::string_view bytes(static_cast<const char*>(buffer.cdata().data()), buffer.size());
    while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    buffer.consume(buffer.size() - bytes.size());
  }

  std::expected<void, Refusal> parse_head();
  std::expected<void, Refusal> read_head();

  Limits limits;
  beast::flat_buffer buffer;
  std::optional<Parser> parser;
  Head head;
  Request request;
  std::optional<BodyDecoder> body;  // once the head is known
};

std::expected<void, Refusal> RequestParser::State::read_head() {
  const auto& message = parser->get();
  head.http11 = message.version() == 11;
  head.keep_alive = parser->keep_alive();
  request.method = message.method_string();
  if (auto read = read_fields(message, request); !read) return read;
  if (head.http11 && !request.headers.contains("host")) {
    return refuse(400, Code::invalid, "the request has no Host field");
  }
  // Another coding than `chunked` leaves it open where the request ends (RFC 9112 6.3).
  if (auto coding = request.headers.find("transfer-encoding");
      coding != request.headers.end() && (!same_name(coding->second, "chunked") || !head.http11)) {
    return refuse(501, Code::unsupported, "the only transfer coding that is understood is chunked");
  }
  if (auto expect = request.headers.find("expect"); expect != request.headers.end()) {
    if (!same_name(expect->second, "100-continue")) {
      return refuse(417, Code::unsupported,
                    fmt::format("the expectation '{}' is not understood", expect->second));
    }
    if (head.http11) head.expect = Expect::go_ahead;
  }
  if (auto decoded = decode_target(std::string_view(message.target()), request); !decoded) {
    return std::unexpected(Refusal{400, std::move(decoded).error()});
  }
  head.web_socket_key = web_socket_key(message);
  head.head_only = request.method == "HEAD";
  if (head.head_only) request.method = "GET";
  return {};
}

RequestParser::RequestParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

asio::mutable_buffer RequestParser::space() {
  auto& buffer = state_->buffer;
  return buffer.prepare(std::min(read_size, buffer.max_size() - buffer.size()));
}

void RequestParser::received(std::size_t bytes) {
  state_->buffer.commit(bytes);
}

bool RequestParser::started() const {
  return state_->buffer.size() > 0 || state_->parser->got_some();
}

std::size_t RequestParser::buffered() const {
  return state_->buffer.size();
}

const RequestParser::Head& RequestParser::head() const {
  return state_->head;
}

// The head, by Beast. Nothing when more bytes are needed.
std::expected<void, Refusal> RequestParser::State::parse_head() {
  if (!parser->got_some()) skip_empty_lines();
  if (buffer.size() == 0) return {};
  boost::system::error_code ec;
  buffer.consume(parser->put(buffer.data(), ec));
  if (ec == beast::http::error::need_more) {
    if (buffer.size() < buffer.max_size()) return {};
    ec = beast::http::error::header_limit;
  }
  if (ec) return refuse(ec, limits);
  if (!parser->is_header_done()) return {};
  if (auto read = read_head(); !read) return read;
  auto framing = parser->chunked()          ? Framing::chunked
                 : parser->content_length() ? Framing::length
                                            : Framing::none;
  body.emplace(framing, parser->content_length().value_or(0), limits.body);
  return {};
}

std::expected<RequestParser::Progress, Refusal> RequestParser::parse() {
  auto& s = *state_;
  if (!s.body) {
    if (auto head = s.parse_head(); !head) return std::unexpected(std::move(head).error());
    if (!s.body) return Progress::more;
    if (!s.body->done()) return Progress::headers;
  }
  std::string_view bytes(static_cast<const char*>(s.buffer.cdata().data()), s.buffer.size());
  if (auto fed = s.body->feed(bytes, s.request.body); !fed) {
    auto error = std::move(fed).error().within("the request");
    return std::unexpected(Refusal{error.code == Code::limit ? 413 : 400, std::move(error)});
  }
  s.buffer.consume(s.buffer.size() - bytes.size());
  return s.body->done() ? Progress::complete : Progress::more;
}

Request RequestParser::take() {
  auto& s = *state_;
  TRUCE_ASSERT(s.body && s.body->done(), "a request was taken before it was complete");
  auto request = std::move(s.request);
  auto head = std::move(s.head);  // stays known while the request is answered
  s.reset();
  s.head = std::move(head);
  return request;
}

}  // namespace truce::http
