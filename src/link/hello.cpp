#include "hello.h"

#include <algorithm>

namespace truce::link {

namespace {
std::string with_length(std::string_view text) {
  text = text.substr(0, 255);
  return static_cast<char>(text.size()) + std::string(text);
}
}  // namespace

bool is_service_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

std::string hello_of(std::string_view service) {
  TRUCE_ASSERT(is_service_name(service), "a service has a proper name");
  return with_length(service);
}

std::string answer_of(const Result<void>& verdict) {
  if (verdict) return with_length({});
  return with_length(
      fmt::format("{} {}", to_string(verdict.error().code), verdict.error().message));
}

Result<void> parse_answer(std::string_view text) {
  if (text.empty()) return {};
  auto space = text.find(' ');
  std::string why(space == text.npos ? std::string_view("no reason given")
                                     : text.substr(space + 1));
  for (char& c : why) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return fail(parse_code(text.substr(0, space)), "{}", why);
}

}  // namespace truce::link
