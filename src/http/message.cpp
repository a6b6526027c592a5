#include "message.h"

#include <algorithm>
#include <array>

namespace truce::http {

namespace {

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

enum class Plus { literal, space };

Result<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::space) c = ' ';
    if (c == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) {
        return fail(Code::invalid,
                    "the address has a '%' that two hexadecimal digits do not follow");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      return fail(Code::invalid, "the address has a control character (byte {})", byte);
    }
    out.push_back(c);
  }
  if (!is_utf8(out)) return fail(Code::invalid, "the address is not UTF-8");
  return out;
}

Result<std::string> decode_path(std::string_view raw) {
  std::string path;
  for (std::size_t at = 0; at < raw.size();) {
    auto end = std::min(raw.find('/', at + 1), raw.size());
    TRY(auto segment, decode(raw.substr(at + 1, end - at - 1), Plus::literal));
    if (segment.find('/') != std::string::npos) {
      return fail(Code::invalid, "the address has an encoded '/': it cannot be part of a name");
    }
    if (segment == "." || segment == "..") {
      return fail(Code::invalid, "the address has a '{}' segment: write it in full", segment);
    }
    path += '/';
    path += segment;
    at = end;
  }
  return path;
}

Result<void> decode_query(std::string_view raw, std::map<std::string, std::string>& query) {
  while (!raw.empty()) {
    auto part = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(part.size() + 1, raw.size()));
    if (part.empty()) continue;
    auto equals = part.find('=');
    TRY(auto key, decode(part.substr(0, equals), Plus::space));
    std::string value;
    if (equals != std::string_view::npos) {
      TRY(value, decode(part.substr(equals + 1), Plus::space));
    }
    auto [at, added] = query.try_emplace(std::move(key), std::move(value));
    if (!added) return fail(Code::invalid, "'{}' is given twice in the query", at->first);
  }
  return {};
}

constexpr bool is_token(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != std::string_view::npos;
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Written by head_of() itself: a handler that sets one is mistaken.
bool is_reserved(std::string_view name) {
  constexpr std::array reserved = {"connection", "content-length", "content-type",
                                   "transfer-encoding"};
  return std::ranges::any_of(reserved, [&](auto* other) { return same_name(name, other); });
}

bool has_field(const Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers,
                             [&](const auto& field) { return same_name(field.first, name); });
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto byte = [&](std::size_t at) -> unsigned {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    unsigned first = byte(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0U) != 0x80) return false;
    }
    unsigned second = byte(i + 1);  // the shortest form only, no surrogates, at most U+10FFFF
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return false;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return false;
    i += length;
  }
  return true;
}

bool is_valid_field(std::string_view name, std::string_view value) {
  auto is_text = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 ? byte != 0x7f : c == '\t';
  };
  return !name.empty() && std::ranges::all_of(name, is_token) &&
         std::ranges::all_of(value, is_text);
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Result<void> decode_target(std::string_view target, Request& request) {
  // Absolute form (RFC 9112 3.2.2): what a client sends to a proxy, and servers must accept.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    auto slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    break;
  }
  if (!target.starts_with('/')) return fail(Code::invalid, "the address does not begin with '/'");
  if (target.find('#') != std::string_view::npos) {
    return fail(Code::invalid, "the address has a '#': encode it as %23");
  }
  auto question = target.find('?');
  TRY(request.path, decode_path(target.substr(0, question)));
  request.query.clear();
  if (question == std::string_view::npos) return {};
  return decode_query(target.substr(question + 1), request.query);
}

Result<std::string> head_of(const Response& response, Framing framing, bool keep_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  auto out = std::back_inserter(head);
  if (framing != Framing::none) {
    if (!is_valid_field("content-type", response.content_type)) {
      return fail(Code::invalid, "the answer's content type cannot be sent");
    }
    fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
  }
  if (framing == Framing::length) {
    fmt::format_to(out, "Content-Length: {}\r\n", response.length.value_or(response.body.size()));
  }
  if (framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  for (const auto& [name, value] : response.headers) {
    if (!is_valid_field(name, value) || is_reserved(name)) {
      return fail(Code::invalid, "the answer's field '{}' cannot be sent", name);
    }
    fmt::format_to(out, "{}: {}\r\n", name, value);
  }
  if (!has_field(response, "x-content-type-options")) head += "X-Content-Type-Options: nosniff\r\n";
  if (!has_field(response, "cache-control")) head += "Cache-Control: no-store\r\n";
  head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

const std::string& field_of(const Request& request, const char* name) {
  static const std::string none;
  auto found = request.headers.find(name);
  return found == request.headers.end() ? none : found->second;
}

}  // namespace truce::http
