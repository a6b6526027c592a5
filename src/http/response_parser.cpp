#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/text.h"
#include "body.h"
#include "message.h"
#include "parser.h"

namespace truce::http {

namespace beast = boost::beast;

namespace {
constexpr std::size_t response_piece = 64 * 1024;
constexpr std::uint32_t header_limit = 64 * 1024;
constexpr int most_interim_answers = 8;  // 1xx: "wait" can be said a few times, not for ever
}  // namespace

struct ResponseParser::State {
  State(Answers a, Bytes largest) : answers(a), largest_body(largest) { reset(); }

  void reset() {
    parser.emplace();
    parser->header_limit(header_limit);
    parser->body_limit(largest_body.count);
    parser->skip(answers == Answers::head);
    decoder.reset();
  }

  Result<void> parse_head();

  Answers answers;
  Bytes largest_body;
  beast::flat_buffer buffer{2 * response_piece};
  std::optional<beast::http::response_parser<beast::http::empty_body>> parser;
  std::optional<BodyDecoder> decoder;  // once the head is known
  std::string body;
  int interim_answers = 0;
  bool any_byte = false;
};

ResponseParser::ResponseParser(Answers answers, Bytes largest_body)
    : state_(std::make_unique<State>(answers, largest_body)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

asio::mutable_buffer ResponseParser::space() {
  auto& buffer = state_->buffer;
  return buffer.prepare(std::min(response_piece, buffer.max_size() - buffer.size()));
}

void ResponseParser::received(std::size_t bytes) {
  state_->buffer.commit(bytes);
  if (bytes > 0) state_->any_byte = true;
}

// The head, by Beast. Nothing when more bytes are needed.
Result<void> ResponseParser::State::parse_head() {
  boost::system::error_code ec;
  buffer.consume(parser->put(buffer.data(), ec));
  if (ec == beast::http::error::need_more && buffer.size() < buffer.max_size()) return {};
  if (ec == beast::http::error::body_limit) {
    return fail(Code::limit, "the answer is larger than {}", to_string(largest_body));
  }
  if (ec) return fail(Code::corrupt, "the answer is not correct HTTP: {}", ec.message());
  if (!parser->is_header_done()) return {};
  auto coding = parser->get()[beast::http::field::transfer_encoding];
  if (!coding.empty() && !same_name(std::string_view(coding), "chunked")) {
    return fail(Code::corrupt, "the answer's transfer coding is not chunked");
  }
  auto status = parser->get().result_int();
  bool bodiless = answers == Answers::head || status < 200 || status == 204 || status == 304;
  auto framing = bodiless                   ? Framing::none
                 : parser->chunked()        ? Framing::chunked
                 : parser->content_length() ? Framing::length
                                            : Framing::until_close;
  decoder.emplace(framing, parser->content_length().value_or(0), largest_body);
  return {};
}

Result<ResponseParser::Progress> ResponseParser::parse() {
  auto& s = *state_;
  while (s.buffer.size() > 0) {
    if (!s.decoder) {
      TRY_VOID(s.parse_head());
      if (!s.decoder) return Progress::more;
    }
    std::string_view bytes(static_cast<const char*>(s.buffer.cdata().data()), s.buffer.size());
    if (auto fed = s.decoder->feed(bytes, s.body); !fed) {
      auto error = std::move(fed).error().within("the answer");
      if (error.code == Code::invalid) error.code = Code::corrupt;
      return std::unexpected(std::move(error));
    }
    s.buffer.consume(s.buffer.size() - bytes.size());
    if (!s.decoder->done()) return Progress::body;
    if (status() >= 200 || status() == 101) return Progress::complete;
    if (++s.interim_answers > most_interim_answers) {
      return fail(Code::corrupt, "the server sends nothing but interim answers");
    }
    s.reset();
  }
  return s.decoder ? Progress::body : Progress::more;
}

bool ResponseParser::end() {
  if (!state_->decoder) return false;
  return state_->decoder->done() || state_->decoder->ends_with_connection();
}

bool ResponseParser::started() const {
  return state_->any_byte;
}

bool ResponseParser::keep_alive() const {
  return state_->parser->keep_alive() && state_->buffer.size() == 0;
}

int ResponseParser::status() const {
  return static_cast<int>(state_->parser->get().result_int());
}

std::string ResponseParser::take_body() {
  return std::exchange(state_->body, {});
}

Response ResponseParser::head() const {
  Response response;
  response.status = status();
  response.content_type.clear();
  for (const auto& field : state_->parser->get().base()) {
    auto name = lower_case(std::string_view(field.name_string()));
    auto [at, added] = response.headers.try_emplace(name, field.value());
    if (!added) at->second.append(", ").append(std::string_view(field.value()));
  }
  if (auto type = response.headers.find("content-type"); type != response.headers.end()) {
    response.content_type = type->second;
  }
  return response;
}

Response ResponseParser::take() {
  auto response = head();
  response.body = take_body();
  return response;
}

}  // namespace truce::http
