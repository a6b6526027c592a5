#include "body.h"

#include <charconv>

namespace truce::http {

namespace {
constexpr std::size_t longest_size_line = 256;
constexpr std::size_t largest_trailer = 8 * 1024;
}  // namespace

BodyDecoder::BodyDecoder(Framing framing, std::uint64_t length, Bytes largest)
    : framing_(framing),
      state_(State::data),
      left_(length),
      room_(largest.count),
      largest_(largest) {
  if (framing == Framing::chunked) state_ = State::size_line;
  if (framing == Framing::none || (framing == Framing::length && length == 0)) state_ = State::done;
  if (framing == Framing::until_close) left_ = std::numeric_limits<std::uint64_t>::max();
}

Result<void> BodyDecoder::feed(std::string_view& bytes, std::string& body) {
  while (!bytes.empty() && !done()) {
    if (state_ == State::data || state_ == State::chunk) {
      auto usable = std::min<std::uint64_t>(left_, bytes.size());
      if (usable > room_)
        return fail(Code::limit, "the body is larger than {}", to_string(largest_));
      take_data(bytes, body, state_ == State::data ? State::done : State::chunk_end);
      continue;
    }
    TRY(bool complete, take_line(bytes));
    if (!complete) continue;
    TRY_VOID(end_line());
    line_.clear();
  }
  return {};
}

void BodyDecoder::take_data(std::string_view& bytes, std::string& body, State next) {
  auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  body += bytes.substr(0, count);
  bytes.remove_prefix(count);
  room_ -= count;
  if (framing_ != Framing::until_close) left_ -= count;
  if (left_ == 0) state_ = next;
}

// Moves bytes to line_ until its CRLF, which is left out; whether it has come.
Result<bool> BodyDecoder::take_line(std::string_view& bytes) {
  auto longest = state_ == State::trailer ? largest_trailer : longest_size_line;
  auto end = bytes.find('\n');
  bool complete = end != std::string_view::npos;
  auto part = bytes.substr(0, complete ? end + 1 : end);
  if (line_.size() + part.size() > longest) {
    return fail(Code::invalid, "a line between the body's chunks is too long");
  }
  line_ += part;
  bytes.remove_prefix(part.size());
  if (!complete) return false;
  line_.pop_back();
  bool has_return = !line_.empty() && line_.back() == '\r';
  if (has_return) line_.pop_back();
  if (!has_return || !is_valid_field("x", line_)) {
    return fail(Code::invalid, "a line between the body's chunks is malformed");
  }
  return true;
}

Result<void> BodyDecoder::end_line() {
  if (state_ == State::size_line) return end_size_line();
  if (state_ == State::chunk_end) {
    if (!line_.empty()) return fail(Code::invalid, "a chunk of the body is longer than it says");
    state_ = State::size_line;
    return {};
  }
  trailer_size_ += line_.size() + 2;
  if (trailer_size_ > largest_trailer)
    return fail(Code::invalid, "the body's trailer is too large");
  if (line_.empty()) state_ = State::done;
  return {};
}

Result<void> BodyDecoder::end_size_line() {
  std::uint64_t size = 0;
  const auto* begin = line_.data();
  const auto* end = begin + line_.size();
  auto [after, ec] = std::from_chars(begin, end, size, 16);
  if (ec != std::errc() || (after != end && *after != ';')) {
    return fail(Code::invalid, "the size of a chunk is malformed");
  }
  if (size > room_) return fail(Code::limit, "the body is larger than {}", to_string(largest_));
  left_ = size;
  state_ = size == 0 ? State::trailer : State::chunk;
  return {};
}

}  // namespace truce::http
