#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "message.h"
#include "parser.h"

namespace truce::http {

namespace beast = boost::beast;

namespace {
constexpr std::size_t read_size = 64 * 1024;
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
  }

  Answers answers;
  Bytes largest_body;
  beast::flat_buffer buffer{2 * read_size};
  std::optional<beast::http::response_parser<beast::http::string_body>> parser;
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
  return buffer.prepare(std::min(read_size, buffer.max_size() - buffer.size()));
}

void ResponseParser::received(std::size_t bytes) {
  state_->buffer.commit(bytes);
  if (bytes > 0) state_->any_byte = true;
}

Result<ResponseParser::Progress> ResponseParser::parse() {
  auto& s = *state_;
  while (true) {
    if (s.parser->is_done()) {
      int status = s.parser->get().result_int();
      if (status >= 200 || status == 101) return Progress::complete;
      if (++s.interim_answers > most_interim_answers) {
        return fail(Code::corrupt, "the server sends nothing but interim answers");
      }
      s.reset();
    }
    auto waits = s.parser->is_header_done() ? Progress::body : Progress::more;
    if (s.buffer.size() == 0) return waits;
    boost::system::error_code ec;
    try {
      s.buffer.consume(s.parser->put(s.buffer.data(), ec));
    } catch (const std::exception& error) {  // the parser makes room for what Content-Length says
      return fail(Code::limit, "the answer does not fit into memory: {}", error.what());
    }
    if (ec == beast::http::error::need_more && s.buffer.size() < s.buffer.max_size()) return waits;
    if (ec == beast::http::error::body_limit) {
      return fail(Code::limit, "the answer is larger than {}", to_string(s.largest_body));
    }
    if (ec) return fail(Code::corrupt, "the answer is not correct HTTP: {}", ec.message());
  }
}

bool ResponseParser::end() {
  if (!state_->parser->got_some()) return false;
  boost::system::error_code ec;
  if (!state_->parser->is_done()) state_->parser->put_eof(ec);
  return !ec && state_->parser->is_done();
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
  return std::exchange(state_->parser->get().body(), {});
}

Response ResponseParser::take() {
  Response response;
  response.status = status();
  response.content_type.clear();
  for (const auto& field : state_->parser->get().base()) {
    std::string name(std::string_view(field.name_string()));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    auto [at, added] = response.headers.try_emplace(name, field.value());
    if (!added) at->second.append(", ").append(std::string_view(field.value()));
  }
  if (auto type = response.headers.find("content-type"); type != response.headers.end()) {
    response.content_type = type->second;
  }
  response.body = take_body();
  return response;
}

}  // namespace truce::http
