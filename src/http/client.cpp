#include "http/client.h"

#include <array>

#include "connect.h"
#include "message.h"
#include "parser.h"
#include "sse.h"
#include "web_socket.h"

namespace truce::http {

namespace {

constexpr std::size_t longest_refusal = 64 * 1024;
constexpr Bytes endless = {std::uint64_t{1} << 62};

using Fields = std::map<std::string, std::string>;
using Answers = ResponseParser::Answers;
using Progress = ResponseParser::Progress;

struct Message {
  std::string method;
  std::string target;
  std::string body;
  Fields fields;
};

// Why an exchange failed, and whether the server can have seen the request.
struct Failure {
  Error error;
  bool unanswered = false;  ///< not one byte of an answer came
};

Result<void> check(const Message& message) {
  auto is_plain = [](char c) { return c > 0x20 && c != 0x7f; };
  if (!message.target.starts_with('/') || !std::ranges::all_of(message.target, is_plain)) {
    return fail(Code::invalid, "'{}' is not a request's address", message.target);
  }
  if (!is_valid_field(message.method, "")) {
    return fail(Code::invalid, "'{}' is not a method", message.method);
  }
  for (const auto& [name, value] : message.fields) {
    if (!is_valid_field(name, value)) {
      return fail(Code::invalid, "the header field '{}' cannot be sent", name);
    }
  }
  return {};
}

bool has(const Fields& fields, std::string_view name) {
  return std::ranges::any_of(fields,
                             [&](const auto& field) { return same_name(field.first, name); });
}

std::string head_of(const Message& message, const std::string& authority) {
  auto head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", message.method, message.target, authority);
  for (const auto& [name, value] : message.fields) head += fmt::format("{}: {}\r\n", name, value);
  bool has_body = !message.body.empty();
  if (has_body && !has(message.fields, "content-type"))
    head += "Content-Type: application/json\r\n";
  if (has_body || (message.method != "GET" && message.method != "HEAD")) {
    head += fmt::format("Content-Length: {}\r\n", message.body.size());
  }
  return head + "\r\n";
}

Async<error_code> write_all(Wire& wire, std::string_view bytes) {
  while (!bytes.empty()) {
    auto [ec, n] =
        co_await wire.async_write_some(asio::buffer(bytes.data(), bytes.size()), as_result);
    if (ec) co_return ec;
    bytes.remove_prefix(n);
  }
  co_return error_code();
}

Async<error_code> write_request(Wire& wire, Message message, std::string authority) {
  constexpr std::size_t small_body = 32 * 1024;
  auto head = head_of(message, authority);
  if (message.body.size() <= small_body) co_return co_await write_all(wire, head + message.body);
  if (auto ec = co_await write_all(wire, head)) co_return ec;
  co_return co_await write_all(wire, message.body);
}

// Reads on until the parser has progressed from `from`: `body` when all body bytes so far are in
// it.
Async<Result<Progress>> read_on(Wire& wire, ResponseParser& parser) {
  auto [ec, n] = co_await wire.async_read_some(parser.space(), as_result);
  parser.received(n);
  if (!ec) co_return parser.parse();
  if (parser.end()) co_return Progress::complete;
  co_return fail(Code::unavailable, "the connection ended before the answer did: {}", ec.message());
}

}  // namespace

// Where an answer's body goes, piece by piece, and what is kept of one that says no.
struct Client::Pieces {
  OnPiece sink;
  Duration longest_silence;
  std::string refusal = {};

  Result<void> take(const Response& head, std::string piece) {
    if (head.status == 200 || head.status == 206) return sink(head, std::move(piece));
    refusal.append(piece, 0, longest_refusal - std::min(longest_refusal, refusal.size()));
    return {};
  }
};

struct Client::State {
  State(asio::any_io_executor l, Endpoint e) : loop(std::move(l)), endpoint(std::move(e)) {}

  Async<std::expected<Response, Failure>> exchange(std::unique_ptr<Wire> wire, Message message,
                                                   Pieces* pieces);
  Async<Result<Response>> send(Message message, Pieces* pieces);
  Message with_token(Message message) const;
  [[nodiscard]] std::string authority() const;

  asio::any_io_executor loop;
  Endpoint endpoint;
  std::unique_ptr<Wire> kept;  // null while a request is under way
};

Message Client::State::with_token(Message message) const {
  if (!endpoint.token.empty() && !has(message.fields, "authorization")) {
    message.fields["Authorization"] = "Bearer " + endpoint.token;
  }
  return message;
}

std::string Client::State::authority() const {
  auto location = parse_location(endpoint.url);
  return location ? location->authority() : "localhost";
}

// The wire is kept for the next request only after a whole answer: a cancelled exchange drops it.
Async<std::expected<Response, Failure>> Client::State::exchange(std::unique_ptr<Wire> wire,
                                                                Message message, Pieces* pieces) {
  auto answers = message.method == "HEAD" ? Answers::head : Answers::get;
  ResponseParser parser(answers, pieces ? endless : endpoint.largest_answer);
  auto sent = co_await write_request(*wire, std::move(message), authority());
  // A server that refuses a large body answers and closes while we still write: read that answer.
  auto progress = Result<Progress>(Progress::more);
  while (progress && *progress != Progress::complete) {
    progress = pieces ? co_await within(pieces->longest_silence, read_on(*wire, parser), "answer")
                      : co_await read_on(*wire, parser);
    if (!pieces || !progress || *progress == Progress::more) continue;
    if (auto taken = pieces->take(parser.head(), parser.take_body()); !taken)
      progress = std::unexpected(std::move(taken).error());
  }
  if (!progress) {
    auto error = std::move(progress).error().within(endpoint.url);
    if (sent)
      error = {Code::unavailable, fmt::format("{}: send: {}", endpoint.url, sent.message()), {}};
    co_return std::unexpected(Failure{std::move(error), !parser.started()});
  }
  if (parser.keep_alive() && !sent) kept = std::move(wire);
  co_return parser.take();
}

Client::Client(asio::any_io_executor loop, Endpoint endpoint)
    : state_(std::make_unique<State>(std::move(loop), std::move(endpoint))) {}
Client::~Client() = default;

Async<Result<Response>> Client::send(std::string method, std::string target, std::string body,
                                     std::map<std::string, std::string> headers) {
  auto& s = *state_;
  co_return co_await s.send(
      {std::move(method), std::move(target), std::move(body), std::move(headers)}, nullptr);
}

Async<Result<Response>> Client::send(std::string method, std::string target, std::string body,
                                     std::map<std::string, std::string> headers,
                                     Duration longest_silence, OnPiece on_piece) {
  Pieces pieces{std::move(on_piece), longest_silence};
  CO_TRY(auto answer,
         co_await state_->send(
             {std::move(method), std::move(target), std::move(body), std::move(headers)}, &pieces));
  answer.body = std::move(pieces.refusal);
  co_return answer;
}

Async<Result<Response>> Client::State::send(Message message, Pieces* pieces) {
  message = with_token(std::move(message));
  CO_TRY_VOID(check(message));
  auto wire = std::move(kept);
  if (wire && wire->is_stale()) wire.reset();
  if (wire) {
    constexpr std::array repeatable = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    bool repeat = std::ranges::find(repeatable, message.method) != repeatable.end();
    auto answer = co_await exchange(std::move(wire), message, pieces);
    if (answer) co_return std::move(*answer);
    if (!repeat || !answer.error().unanswered) co_return std::unexpected(answer.error().error);
  }
  CO_TRY(auto fresh, co_await connect_pinned(loop, endpoint));
  auto answer = co_await exchange(std::move(fresh), std::move(message), pieces);
  if (answer) co_return std::move(*answer);
  co_return std::unexpected(answer.error().error);
}

Async<Result<Response>> Client::receive(std::string target,
                                        std::map<std::string, std::string> headers,
                                        OnPiece on_piece) {
  constexpr auto longest_silence = 60s;
  auto& s = *state_;
  auto message = s.with_token({"GET", std::move(target), {}, std::move(headers)});
  CO_TRY_VOID(check(message));
  CO_TRY(auto wire, co_await connect_pinned(s.loop, s.endpoint));
  if (auto ec = co_await write_request(*wire, std::move(message), s.authority())) {
    co_return fail(Code::unavailable, "{}: send: {}", s.endpoint.url, ec.message());
  }
  ResponseParser parser(Answers::get, endless);
  std::optional<Response> head;
  std::string refusal;
  auto progress = Progress::more;
  while (progress != Progress::complete) {
    CO_TRY(progress,
           co_await within(longest_silence, read_on(*wire, parser), std::string(s.endpoint.url)));
    if (progress == Progress::more) continue;
    if (!head) head = parser.head();
    auto piece = parser.take_body();
    if (head->status == 200 || head->status == 206) {
      CO_TRY_VOID(on_piece(*head, std::move(piece)));
    } else if (refusal.size() < longest_refusal) {
      refusal += piece;
    }
  }
  head->body = std::move(refusal);
  co_return *std::move(head);
}

Async<Result<void>> Client::events(std::string target, std::function<bool(ServerEvent)> on_event) {
  auto& s = *state_;
  auto message = s.with_token({"GET", target, {}, {{"Accept", "text/event-stream"}}});
  CO_TRY_VOID(check(message));
  CO_TRY(auto wire, co_await connect_pinned(s.loop, s.endpoint));
  if (auto ec = co_await write_request(*wire, std::move(message), s.authority())) {
    co_return fail(Code::unavailable, "{}: send: {}", s.endpoint.url, ec.message());
  }
  ResponseParser parser(Answers::get, endless);
  SseParser events;
  std::string refusal;
  auto progress = Progress::more;
  while (progress != Progress::complete) {
    CO_TRY(progress, co_await read_on(*wire, parser));
    if (progress == Progress::more) continue;
    auto piece = parser.take_body();
    if (parser.status() != 200) {
      refusal.append(piece, 0, longest_refusal - std::min(longest_refusal, refusal.size()));
      continue;
    }
    CO_TRY(auto complete, events.feed(piece));
    for (auto& event : complete) {
      if (!on_event(std::move(event))) co_return Result<void>();
    }
  }
  if (parser.status() != 200) co_return std::unexpected(error_of(parser.status(), refusal));
  co_return fail(Code::unavailable, "{}{}: the server ended the stream", s.endpoint.url, target);
}

Async<Result<std::unique_ptr<WebSocket>>> Client::web_socket(std::string target) {
  auto& s = *state_;
  auto message = s.with_token({"GET", target, {}, {}});
  CO_TRY_VOID(check(message));
  CO_TRY(auto wire, co_await connect_pinned(s.loop, s.endpoint));
  co_return co_await request_web_socket(std::move(wire), s.authority(), std::move(target),
                                        std::move(message.fields));
}

}  // namespace truce::http
