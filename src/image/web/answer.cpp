#include "web/answer.h"

#include <algorithm>
#include <charconv>

namespace truce::image::web {
namespace {

constexpr std::size_t longest_value = 1024, longest_head = 65536;
constexpr std::uint64_t largest_total = INT64_MAX;

bool same_word(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes";
  text = trimmed(text);
  if (text.size() <= unit.size() || !same_word(text.substr(0, unit.size()), unit)) return {};
  if (text[unit.size()] != ' ') return {};
  text = trimmed(text.substr(unit.size()));
  auto slash = text.find('/');
  if (slash == text.npos) return {};
  ContentRange range;
  auto part = text.substr(0, slash), total = text.substr(slash + 1);
  if (total != "*") {
    range.total = number(total);
    if (!range.total || *range.total > largest_total) return {};
  }
  if (part == "*") return range.total ? std::optional(range) : std::nullopt;
  auto dash = part.find('-');
  if (dash == part.npos) return {};
  auto first = number(part.substr(0, dash)), last = number(part.substr(dash + 1));
  if (!first || !last || *first > *last) return {};
  if (range.total && *last >= *range.total) return {};
  range.part = {*first, *last};
  return range;
}

void Answer::add(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    *this = {};
    auto space = line.find(' ');
    auto code = space == line.npos ? line.npos : line.find_first_not_of(' ', space);
    if (code != line.npos) status_ = static_cast<int>(number(line.substr(code, 3)).value_or(0));
    return;
  }
  bytes_ += line.size();
  if (bytes_ > longest_head) sound_ = false;
  auto colon = line.find(':');
  if (colon == line.npos) return;
  field(line.substr(0, colon), trimmed(line.substr(colon + 1)));
}

void Answer::field(std::string_view name, std::string_view value) {
  auto keep = [&](std::string& into) {
    if (value.size() > longest_value || (!into.empty() && into != value)) sound_ = false;
    into = value.substr(0, longest_value);
  };
  if (same_word(name, "content-range")) {
    keep(range_text_);
    auto range = parse_content_range(range_text_);
    version_.total = range ? range->total.value_or(0) : 0;
  } else if (same_word(name, "etag")) {
    keep(version_.etag);
  } else if (same_word(name, "last-modified")) {
    keep(version_.modified);
  } else if (same_word(name, "content-encoding")) {
    encoded_ = encoded_ || !same_word(value, "identity");
  }
}

bool Answer::redirects() const {
  return status_ == 301 || status_ == 302 || status_ == 303 || status_ == 307 || status_ == 308;
}

Result<void> Answer::check_status() const {
  switch (status_) {
    case 206:
      return {};
    case 200:
      return fail(Code::unsupported,
                  "the server gives no ranges, only the whole: download it first");
    case 401:
    case 403:
    case 407:
      return fail(Code::forbidden,
                  "the server refuses (status {}): --header-file can hold the "
                  "credentials that it wants",
                  status_);
    case 404:
    case 410:
      return fail(Code::not_found, "the server has nothing there (status {})", status_);
    case 412:
      return fail(Code::conflict, "it has changed while it was read");
    case 416:
      return fail(Code::corrupt, "the server says that the range is beyond its end");
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return fail(Code::unavailable, "the server cannot answer now (status {})", status_);
    default:
      return fail(Code::unsupported, "the server answers with status {}", status_);
  }
}

Result<void> Answer::check_version(const Version& expected) const {
  if (version_ == expected) return {};
  if (version_.total != expected.total) {
    return fail(Code::conflict, "it has changed while it was read: from {} bytes to {}",
                expected.total, version_.total);
  }
  return fail(Code::conflict, "it has changed while it was read ({})",
              version_.etag != expected.etag ? "another ETag" : "another Last-Modified");
}

Result<void> Answer::check(std::uint64_t first, std::uint64_t last, const Version* expected) const {
  TRY_VOID(check_status());
  if (!sound_) return fail(Code::corrupt, "the head of the server's answer contradicts itself");
  if (encoded_) return fail(Code::unsupported, "the server gives it only compressed");
  auto range = parse_content_range(range_text_);
  if (!range || !range->part)
    return fail(Code::corrupt, "the server does not say which range it gives");
  if (!range->total) return fail(Code::unsupported, "the server does not say how long it is");
  if (expected != nullptr) TRY_VOID(check_version(*expected));
  // The very first answer may be short: how long the object is was not known.
  auto end = expected == nullptr ? std::min(last, *range->total - 1) : last;
  if (range->part->first != first || range->part->last != end) {
    return fail(Code::corrupt, "the server gives bytes {} to {}, asked for were {} to {}",
                range->part->first, range->part->last, first, end);
  }
  return {};
}

}  // namespace truce::image::web
