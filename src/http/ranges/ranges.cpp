#include "http/ranges.h"

#include <algorithm>
#include <charconv>

#include "message.h"

namespace truce::http {

namespace {

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Digits and nothing else; nothing too when the number is too large to be one.
std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<std::optional<ByteRange>> parse_range(std::string_view field, std::uint64_t size) {
  auto equals = field.find('=');
  if (equals == field.npos || !same_name(field.substr(0, equals), "bytes")) return std::nullopt;
  auto range = trimmed(field.substr(equals + 1));
  auto dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  auto from = number(range.substr(0, dash)), to = number(range.substr(dash + 1));
  bool has_from = dash > 0, has_to = dash + 1 < range.size();
  if ((has_from && !from) || (has_to && !to) || (!has_from && !has_to)) return std::nullopt;
  if (from && to && *to < *from) return std::nullopt;
  auto length = from ? 0 : std::min(*to, size);  // the last bytes of the file
  auto first = from ? *from : size - length;
  if (first >= size) {
    return fail(Code::invalid, "the range begins at {}, and the file has {} bytes", first, size);
  }
  auto last = from && to ? std::min(*to, size - 1) : size - 1;
  return ByteRange{first, last - first + 1};
}

FileAnswer answer_file(const Request& request, std::uint64_t size, std::string_view etag) {
  auto quoted = fmt::format("\"{}\"", etag);
  auto asked = field_of(request, "range"), only_if = field_of(request, "if-range");
  // A date, or what the file was once: the whole of it as it is now.
  if (!only_if.empty() && only_if != quoted) asked.clear();
  auto part = parse_range(asked, size);
  FileAnswer answer;
  auto& response = answer.response;
  if (!part) {
    response = problem(416, part.error());
    response.headers["Content-Range"] = fmt::format("bytes */{}", size);
    return answer;
  }
  answer.range = part->value_or(ByteRange{0, size});
  response.content_type = "application/octet-stream";
  response.length = answer.range->length;
  response.headers["Accept-Ranges"] = "bytes";
  response.headers["ETag"] = quoted;
  if (*part) {
    response.status = 206;
    response.headers["Content-Range"] =
        fmt::format("bytes {}-{}/{}", (*part)->first, (*part)->first + (*part)->length - 1, size);
  }
  return answer;
}

}  // namespace truce::http
