#include "http/cookies.h"

#include "message.h"

namespace truce::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string_view> cookie_of(std::string_view field, std::string_view name) {
  std::optional<std::string_view> found;
  while (!field.empty()) {
    auto pair = field.substr(0, field.find(';'));
    field.remove_prefix(std::min(pair.size() + 1, field.size()));
    auto equals = pair.find('=');
    if (equals == pair.npos || trimmed(pair.substr(0, equals)) != name) continue;
    if (found) return std::nullopt;
    auto value = trimmed(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    found = value;
  }
  return found;
}

bool same_site(const Request& request) {
  auto origin = request.headers.find("origin");
  if (origin == request.headers.end()) return true;
  auto host = request.headers.find("host");
  constexpr std::string_view scheme = "https://";
  std::string_view sent = origin->second;
  return host != request.headers.end() && sent.starts_with(scheme) &&
         same_name(sent.substr(scheme.size()), host->second);
}

}  // namespace truce::http
