#include "codec.h"

#include <boost/json/parse.hpp>
#include <cmath>

#include "formats.h"

namespace truce::model {
namespace {

constexpr std::int64_t no_minimum = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t no_maximum = std::numeric_limits<std::int64_t>::max();

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// An integer, also when it is written as 4.0 or 4e3: JSON has one kind of number.
std::optional<std::int64_t> integer_of(const boost::json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_uint64();
      number != nullptr && std::in_range<std::int64_t>(*number)) {
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* number = value.if_double()) {
    if (std::abs(*number) <= 9007199254740992.0 && std::trunc(*number) == *number) {
      return static_cast<std::int64_t>(*number);
    }
  }
  return std::nullopt;
}

template <class Show>
Result<void> check_range(std::int64_t number, const FieldRule& rule, const Place& place,
                         Show show) {
  if (number >= rule.minimum && number <= rule.maximum) return {};
  if (rule.minimum != no_minimum && rule.maximum != no_maximum) {
    return wrong(place,
                 fmt::format("must be from {} to {}", show(rule.minimum), show(rule.maximum)));
  }
  if (number < rule.minimum)
    return wrong(place, fmt::format("must be at least {}", show(rule.minimum)));
  return wrong(place, fmt::format("must be at most {}", show(rule.maximum)));
}

std::string joined(std::span<const std::string_view> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

void append_escaped(std::string& out, std::string_view key) {
  for (char c : key) {  // RFC 6901
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string pointer(const Place& place) {
  if (place.outer == nullptr) return {};
  auto text = pointer(*place.outer) + '/';
  if (place.key.data() == nullptr) return text + std::to_string(place.index);
  append_escaped(text, place.key);
  return text;
}

std::unexpected<Error> wrong(const Place& place, std::string message) {
  return fail_field(pointer(place), std::move(message));
}

std::unexpected<Error> wrong_count(const Place& place, std::size_t count, const FieldRule& rule) {
  if (count < rule.min_items) {
    return wrong(place, fmt::format("must have at least {} items", rule.min_items));
  }
  return wrong(place, fmt::format("must have at most {} items, not {}", rule.max_items, count));
}

std::unexpected<Error> wrong_field(const Place& place, std::string_view key,
                                   std::span<const std::string_view> known) {
  return wrong(Place{&place, key}, not_known(key, known));
}

Result<void> check_key(std::string_view key, const FieldRule& rule, const Place& place) {
  if (key.empty()) return wrong(place, "must not have an empty key");
  if (characters(key) <= rule.max_key_length) return {};
  return wrong(place, fmt::format("must have keys of at most {} characters", rule.max_key_length));
}

Result<void> read_value(const boost::json::value& value, std::string& out, const FieldRule& rule,
                        const Place& place) {
  const auto* text = value.if_string();
  if (text == nullptr) return wrong(place, "must be a string");
  auto length = characters(*text);
  if (length < rule.min_length) {
    return wrong(place, fmt::format("must have at least {} characters", rule.min_length));
  }
  auto problem = format_problem(rule.format, *text);
  if (!problem.empty()) return wrong(place, std::string(problem));
  if (length > rule.max_length) {
    return wrong(place,
                 fmt::format("must have at most {} characters, not {}", rule.max_length, length));
  }
  out.assign(text->data(), text->size());
  return {};
}

Result<void> read_value(const boost::json::value& value, std::int64_t& out, const FieldRule& rule,
                        const Place& place) {
  auto number = integer_of(value);
  if (!number) return wrong(place, "must be an integer");
  TRY_VOID(check_range(*number, rule, place, [](std::int64_t n) { return n; }));
  out = *number;
  return {};
}

Result<void> read_value(const boost::json::value& value, Bytes& out, const FieldRule& rule,
                        const Place& place) {
  auto number = integer_of(value);
  if (!number || *number < 0) return wrong(place, "must be a number of bytes");
  TRY_VOID(check_range(*number, rule, place, [](std::int64_t n) {
    return truce::to_string(Bytes{static_cast<std::uint64_t>(n)});
  }));
  out.count = static_cast<std::uint64_t>(*number);
  return {};
}

Result<void> read_value(const boost::json::value& value, double& out, const FieldRule&,
                        const Place& place) {
  if (!value.is_number()) return wrong(place, "must be a number");
  out = value.to_number<double>();
  return {};
}

Result<void> read_value(const boost::json::value& value, bool& out, const FieldRule&,
                        const Place& place) {
  const auto* truth = value.if_bool();
  if (truth == nullptr) return wrong(place, "must be true or false");
  out = *truth;
  return {};
}

Result<void> read_value(const boost::json::value& value, Time& out, const FieldRule&,
                        const Place& place) {
  const auto* text = value.if_string();
  auto time = parse_time(text == nullptr ? std::string_view() : std::string_view(*text));
  if (!time) return wrong(place, "must be a time in UTC such as 2026-11-22T11:13:47.120Z");
  out = *time;
  return {};
}

Result<std::size_t> read_choice(const boost::json::value& value,
                                std::span<const std::string_view> names, const Place& place) {
  const auto* text = value.if_string();
  if (text != nullptr) {
    auto found = std::ranges::find(names, std::string_view(*text));
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  return wrong(place, fmt::format("must be one of {}", joined(names)));
}

Result<boost::json::value> parse_json(std::string_view text, Bytes limit) {
  if (text.size() > limit.count) {
    return fail(Code::limit, "is longer than {}", truce::to_string(limit));
  }
  boost::json::parse_options options;
  options.max_depth = 32;
  boost::json::error_code error;
  auto value = boost::json::parse(text, error, {}, options);
  if (error) return fail(Code::invalid, "is not JSON: {}", error.message());
  return value;
}

}  // namespace truce::model
