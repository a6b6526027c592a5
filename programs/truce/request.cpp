#include "request.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "model/platform_address.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

/// `30d`, `12h`, `2026-12-31`, or a full time.
Result<Time> read_time(const std::string& text, Time now) {
  std::int64_t count = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  std::string_view unit(end, text.data() + text.size());
  constexpr std::int64_t most = 100'000;
  if (ec == std::errc() && count > 0 && count < most) {
    if (unit == "d") return now + std::chrono::days(count);
    if (unit == "h") return now + std::chrono::hours(count);
    if (unit == "m") return now + std::chrono::minutes(count);
  }
  for (auto candidate :
       {text, text + "T00:00:00.000Z", text.substr(0, text.size() - 1) + ".000Z"}) {
    if (auto time = parse_time(candidate)) return *time;
  }
  return fail(Code::invalid,
              "'{}' is not a time; write for example 30d, 12h, 2026-12-31 or 2026-12-31T18:00:00Z",
              text);
}

template <class Number>
Result<Number> read_number(const std::string& text) {
  Number number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool finite = std::isfinite(static_cast<double>(number));
  if (ec != std::errc() || end != text.data() + text.size() || !finite) {
    return fail(Code::invalid, "'{}' is not a number", text);
  }
  return number;
}

Result<json::value> read_list(const Input& input, const std::vector<std::string>& values,
                              const Surroundings& surroundings) {
  json::array out;
  for (const auto& value : values) {
    if (!input.file) {
      if (!value.empty()) out.emplace_back(value);  // one empty text stands for an empty list
      continue;
    }
    TRY(auto content, surroundings.read_file(value));
    std::string_view left = content;
    while (!left.empty()) {
      auto line = left.substr(0, left.find('\n'));
      left.remove_prefix(std::min(left.size(), line.size() + 1));
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
      if (!line.empty() && line.front() != '#') out.emplace_back(line);
    }
  }
  return out;
}

Result<json::value> read_map(const std::vector<std::string>& values) {
  json::object out;
  for (const auto& value : values) {
    if (value.empty()) continue;
    auto equal = value.find('=');
    if (equal == std::string::npos || equal == 0) {
      return fail(Code::invalid, "'{}' is not KEY=VALUE", value);
    }
    out[value.substr(0, equal)] = value.substr(equal + 1);
  }
  return out;
}

Result<json::value> read_value(const Input& input, const std::vector<std::string>& values,
                               const Surroundings& surroundings) {
  const auto& text = values.front();
  switch (input.kind) {
    case Kind::list:
      return read_list(input, values, surroundings);
    case Kind::map:
      return read_map(values);
    case Kind::boolean:
      return json::value(text != "false");
    case Kind::integer: {
      TRY(auto number, read_number<std::int64_t>(text));
      return json::value(number);
    }
    case Kind::number:
    case Kind::share: {
      TRY(auto number, read_number<double>(text));
      return json::value(number);
    }
    case Kind::bytes: {
      TRY(auto bytes, parse_bytes(text));
      return json::value(bytes.count);
    }
    case Kind::time: {
      TRY(auto time, read_time(text, surroundings.now));
      return json::value(truce::to_string(time));
    }
    default:
      break;
  }
  if (!input.file) return json::value(text);
  TRY(auto content, surroundings.read_file(text));
  if (input.secret) {  // editors and echo end a line that is not part of it
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
  }
  return json::value(content);
}

/// Whether a platform's address was given that needs no password.
bool is_needless(const Invocation& invocation) {
  auto url = invocation.given.find("address");
  return invocation.row->path == "/v1/platforms" && url != invocation.given.end() &&
         !model::needs_password(url->second.front());
}

Result<json::value> asked(const Invocation& invocation, const Input& input,
                          const Surroundings& surroundings) {
  if (is_needless(invocation)) return json::value("");
  TRY(auto secret, surroundings.ask_secret(input.name));
  return json::value(secret);
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// PLATFORM/VM names a machine of a platform of others, which has paths of its own.
void fill_path(std::string& path, std::string_view name, const std::string& value) {
  auto hole = fmt::format("{{{}}}", name);
  auto machine = "/v1/vms/" + hole;
  auto slash = value.find('/');
  auto platform = value.substr(0, slash);
  if (slash != std::string::npos && is_name(platform) && path.starts_with(machine)) {
    path = fmt::format("/v1/platforms/{}/vms/{}{}", platform,
                       percent_encoded(value.substr(slash + 1)), path.substr(machine.size()));
    return;
  }
  path.replace(path.find(hole), hole.size(), percent_encoded(value));
}

std::string query_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return json::serialize(value);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-._~").contains(c);
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string Outgoing::target() const {
  std::string out = path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    out += fmt::format("{}{}={}", separator, percent_encoded(name), percent_encoded(value));
    separator = '&';
  }
  return out;
}

Result<Outgoing> make_request(const Invocation& invocation, const Surroundings& surroundings) {
  const auto& row = *invocation.row;
  Outgoing out{.method = std::string(row.method), .path = std::string(row.path)};
  json::object body;
  bool has_body = false;
  for (const auto& input : row.inputs) {
    if (input.where == Where::local) continue;
    has_body = has_body || input.where == Where::body;
    auto found = invocation.given.find(input.flag);
    bool absent = found == invocation.given.end();
    if (absent && !(input.secret && input.required)) continue;
    auto value = absent ? asked(invocation, input, surroundings)
                        : read_value(input, found->second, surroundings);
    if (!value) {
      auto shown = (input.word ? "" : "--") + std::string(input.flag);
      return std::unexpected(std::move(value).error().within(shown));
    }
    if (input.where == Where::body) {
      auto slash = input.name.find('/');  // a field of an object in the body
      if (slash == input.name.npos) {
        body[input.name] = *std::move(value);
      } else {
        auto& object = body[input.name.substr(0, slash)];
        if (!object.is_object()) object.emplace_object();
        object.get_object()[input.name.substr(slash + 1)] = *std::move(value);
      }
    } else if (input.where == Where::query) {
      out.query[std::string(input.name)] = query_text(*value);
    } else {
      if (query_text(*value).empty()) return fail(Code::invalid, "{} is empty", input.flag);
      fill_path(out.path, input.name, query_text(*value));
    }
  }
  if (has_body) out.body = json::serialize(body);
  return out;
}

std::string option_of_field(const CommandRow& row, std::string_view field) {
  bool query = field.starts_with('?');
  if (!query && !field.starts_with('/')) return std::string(field);
  auto name = field.substr(1);
  for (const auto& input : row.inputs) {
    bool here = input.where == (query ? Where::query : Where::body);
    bool same = name == input.name || (!query && name.starts_with(std::string(input.name) + "/"));
    if (here && same) return (input.word ? "" : "--") + std::string(input.flag);
  }
  return std::string(field);
}

}  // namespace truce::cli
