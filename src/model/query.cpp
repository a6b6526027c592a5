#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "formats.h"
#include "model/operation_row.h"

namespace truce::model {
namespace {

constexpr QueryParameter watch_parameters[]{
    {.name = "watch", .type = QueryType::boolean},
    {.name = "since", .type = QueryType::integer, .minimum = 0},
};

std::string range(const QueryParameter& parameter) {
  if (parameter.maximum == std::numeric_limits<std::int64_t>::max()) {
    return fmt::format("must be at least {}", parameter.minimum);
  }
  return fmt::format("must be from {} to {}", parameter.minimum, parameter.maximum);
}

/// Empty when the parameter can have this value.
std::string problem(const QueryParameter& parameter, std::string_view value) {
  switch (parameter.type) {
    case QueryType::text:
      return {};
    case QueryType::name:
      return std::string(format_problem(Format::name, value));
    case QueryType::boolean:  // `?watch` alone means yes
      if (value.empty() || value == "true" || value == "false") return {};
      return "must be true or false";
    case QueryType::choice:
      if (std::ranges::find(parameter.choices, value) != parameter.choices.end()) return {};
      return fmt::format("must be one of {}", fmt::join(parameter.choices, ", "));
    case QueryType::integer: {
      std::int64_t number = 0;
      auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (ec != std::errc() || end != value.data() + value.size()) return "must be an integer";
      return number < parameter.minimum || number > parameter.maximum ? range(parameter) : "";
    }
  }
  return {};
}

}  // namespace

Result<void> check_query(const OperationRow& row, const std::map<std::string, std::string>& query) {
  std::vector<QueryParameter> known(row.query.begin(), row.query.end());
  if (row.list) known.insert(known.end(), std::begin(watch_parameters), std::end(watch_parameters));
  for (const auto& [name, value] : query) {
    auto found = std::ranges::find(known, std::string_view(name), &QueryParameter::name);
    if (found == known.end()) {
      std::vector<std::string_view> names;
      for (const auto& parameter : known) names.push_back(parameter.name);
      return fail_field("?" + name, not_known(name, names));
    }
    auto wrong = problem(*found, value);
    if (!wrong.empty()) return fail_field("?" + name, std::move(wrong));
  }
  return {};
}

}  // namespace truce::model
