#include "sse.h"

namespace truce::http {

Result<std::vector<ServerEvent>> SseParser::feed(std::string_view piece) {
  std::vector<ServerEvent> out;
  while (!piece.empty()) {
    if (after_return_) {
      after_return_ = false;
      if (piece.front() == '\n') {
        piece.remove_prefix(1);
        continue;
      }
    }
    auto end = piece.find_first_of("\r\n");
    line_ += piece.substr(0, end);
    if (line_.size() + event_.data.size() > largest_event) {
      return fail(Code::limit, "the server sent an event of more than {} bytes", largest_event);
    }
    if (end == std::string_view::npos) break;
    after_return_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    end_line(out);
  }
  return out;
}

void SseParser::end_line(std::vector<ServerEvent>& out) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  std::string_view line = line_;
  if (at_start_ && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  at_start_ = false;
  if (line.empty()) {
    if (has_data_) out.push_back(std::move(event_));
    event_ = {};
    has_data_ = false;
  } else {
    auto colon = line.find(':');
    auto name = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") event_.event = value;
    if (name == "data") {
      if (has_data_) event_.data += '\n';
      event_.data += value;
      has_data_ = true;
    }
  }
  line_.clear();
}

}  // namespace truce::http
