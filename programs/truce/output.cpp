#include "output.h"

#include <boost/json.hpp>
#include <ctime>

#include "base/bytes.h"
#include "base/time.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view nothing = "-";

/// Two digits after the point, where there is something to be said by them.
std::string shown_number(double number) {
  auto text = fmt::format("{:.2f}", number);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string shown_scalar(const json::value& value, Kind kind) {
  if (kind == Kind::bytes && value.is_number()) {
    return truce::to_string(Bytes{value.to_number<std::uint64_t>()});
  }
  if (kind == Kind::share && value.is_number()) {
    return fmt::format("{:.0f}%", 100 * value.to_number<double>());
  }
  if (kind == Kind::number && value.is_number()) return shown_number(value.to_number<double>());
  if (const auto* truth = value.if_bool()) return *truth ? "yes" : "no";
  if (const auto* text = value.if_string()) {
    if (text->empty()) return std::string(nothing);
    auto time = kind == Kind::time ? parse_time(*text) : Result<Time>(fail(Code::invalid, ""));
    return time ? local_time(*time) : printable(*text);
  }
  return value.is_null() ? std::string(nothing) : printable(json::serialize(value));
}

const ShownField* find_field(const ShownObject* object, std::string_view name) {
  if (object == nullptr) return nullptr;
  for (const auto& field : object->fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

/// A nested object on one line: `id 0, size 3GiB, clone linked`.
std::string one_line(const json::value& value, std::string_view schema) {
  const auto* object = value.if_object();
  const auto* shown = find_shown(schema);
  if (object == nullptr || shown == nullptr) return printable(json::serialize(value));
  std::string out;
  for (const auto& field : shown->fields) {
    const auto* member = object->if_contains(field.name);
    if (member == nullptr) continue;
    auto text = shown_value(*member, field);
    if (text == nothing) continue;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", field.name, text);
  }
  return out;
}

std::string member_text(const json::value& object, std::string_view name) {
  const auto* fields = object.if_object();
  const auto* value = fields == nullptr ? nullptr : fields->if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// For programs: bytes and times stay as the API has them.
std::string csv_value(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (value.is_null()) return {};
  const auto* array = value.if_array();
  bool scalars = array != nullptr && std::ranges::none_of(*array, [](const json::value& item) {
                   return item.is_structured();
                 });
  if (!scalars) return json::serialize(value);
  std::string out;
  for (const auto& item : *array) out += (out.empty() ? "" : ";") + csv_value(item);
  return out;
}

std::string csv_cells(const json::value& object, std::span<const std::string_view> names) {
  std::vector<std::string> cells;
  for (auto name : names) {
    const auto* fields = object.if_object();
    const auto* value = fields == nullptr ? nullptr : fields->if_contains(name);
    cells.push_back(value == nullptr ? std::string() : csv_value(*value));
  }
  return csv_line(cells);
}

std::string csv(std::span<const json::value> objects, std::span<const std::string_view> names) {
  auto out = csv_line({names.begin(), names.end()});
  for (const auto& object : objects) out += csv_cells(object, names);
  return out;
}

std::string field_lines(const json::value& object, const ShownObject& shown) {
  std::vector<TableRow> rows;
  for (const auto& field : shown.fields) {
    const auto* fields = object.if_object();
    const auto* value = fields == nullptr ? nullptr : fields->if_contains(field.name);
    if (value == nullptr) continue;
    if (field.kind == Kind::list && field.item == Kind::object && !value->get_array().empty()) {
      std::string title(field.name);
      for (const auto& item : value->get_array()) {
        rows.push_back({std::exchange(title, ""), one_line(item, field.object)});
      }
    } else {
      rows.push_back({std::string(field.name), shown_value(*value, field)});
    }
  }
  auto widths = table_widths({{}, {}}, rows);
  std::string out;
  for (const auto& row : rows) out += table_line({{}, {}}, widths, row);
  return out;
}

}  // namespace

std::string local_time(Time time) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  localtime_r(&seconds, &fields);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", fields.tm_year + 1900,
                     fields.tm_mon + 1, fields.tm_mday, fields.tm_hour, fields.tm_min,
                     fields.tm_sec);
}

std::string shown_value(const json::value& value, const ShownField& field) {
  if (field.kind == Kind::object) return one_line(value, field.object);
  std::string out;
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array) {
      auto text = field.item == Kind::object ? one_line(item, field.object)
                                             : shown_scalar(item, field.item);
      out += (out.empty() ? "" : ", ") + text;
    }
    return out.empty() ? std::string(nothing) : out;
  }
  if (const auto* object = value.if_object()) {
    for (const auto& entry : *object) {
      out += fmt::format("{}{}={}", out.empty() ? "" : ", ", printable(entry.key()),
                         shown_scalar(entry.value(), field.item));
    }
    return out.empty() ? std::string(nothing) : out;
  }
  return shown_scalar(value, field.kind);
}

std::vector<TableColumn> columns_of(const CommandRow& row) {
  std::vector<TableColumn> out;
  const auto* shown = find_shown(row.shown);
  for (auto name : row.columns) {
    std::string title(name);
    std::ranges::transform(title, title.begin(), [](unsigned char c) {
      return c == '_' ? ' ' : static_cast<char>(std::toupper(c));
    });
    const auto* field = find_field(shown, name);
    bool number = field != nullptr && (field->kind == Kind::bytes || field->kind == Kind::integer ||
                                       field->kind == Kind::number || field->kind == Kind::share);
    out.push_back({title, number ? Align::right : Align::left});
  }
  return out;
}

TableRow row_of(const json::value& object, const CommandRow& row) {
  TableRow out;
  const auto* shown = find_shown(row.shown);
  for (auto name : row.columns) {
    const auto* fields = object.if_object();
    const auto* value = fields == nullptr ? nullptr : fields->if_contains(name);
    const auto* field = find_field(shown, name);
    bool known = value != nullptr && field != nullptr;
    out.push_back(known ? shown_value(*value, *field) : std::string(nothing));
  }
  return out;
}

namespace {

/// Where a list holds what is on platforms of others, too, it says on which.
std::vector<std::string_view> columns_for(const json::array& items, const CommandRow& row) {
  std::vector<std::string_view> names(row.columns.begin(), row.columns.end());
  bool foreign = std::ranges::any_of(items, [](const json::value& item) {
    return item.is_object() && item.get_object().contains("platform");
  });
  if (foreign) names.emplace_back("platform");
  return names;
}

}  // namespace

std::string shown_page(const json::value& page, const CommandRow& given, Style style, bool quiet) {
  const auto& items = page.at("items").as_array();
  auto names = columns_for(items, given);
  auto row = given;
  row.columns = names;
  if (quiet) {
    std::string out;
    for (const auto& item : items) out += printable(member_text(item, "name")) + "\n";
    return out;
  }
  switch (style) {
    case Style::json:
      return pretty_json(page);
    case Style::yaml:
      return yaml(page);
    case Style::csv:
      return csv(items, row.columns);
    case Style::table:
      break;
  }
  std::vector<TableRow> rows;
  for (const auto& item : items) rows.push_back(row_of(item, row));
  return table(columns_of(row), rows);
}

std::string shown_object(const json::value& object, std::string_view schema, Style style,
                         bool quiet) {
  if (quiet) return printable(member_text(object, "name")) + "\n";
  if (style == Style::json) return pretty_json(object);
  if (style == Style::yaml) return yaml(object);
  const auto* shown = find_shown(schema);
  if (shown == nullptr) return pretty_json(object);
  if (style == Style::table) return field_lines(object, *shown);
  std::vector<std::string_view> names;
  for (const auto& field : shown->fields) names.push_back(field.name);
  return csv(std::span(&object, 1), names);
}

}  // namespace truce::cli
