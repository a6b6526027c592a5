#include "text_formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace truce::cli {
namespace json = boost::json;
namespace {

void write_json(std::string& out, const json::value& value, int depth);

template <class Items, class Write>
void write_items(std::string& out, const Items& items, char open, char close, int depth,
                 Write write) {
  out += open;
  bool first = true;
  for (const auto& item : items) {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(static_cast<std::size_t>(2 * depth + 2), ' ');
    write(item);
  }
  if (!first) {
    out += '\n';
    out.append(static_cast<std::size_t>(2 * depth), ' ');
  }
  out += close;
}

void write_json(std::string& out, const json::value& value, int depth) {
  if (const auto* object = value.if_object()) {
    write_items(out, *object, '{', '}', depth, [&](const auto& entry) {
      out += json::serialize(json::string(entry.key())) + ": ";
      write_json(out, entry.value(), depth + 1);
    });
  } else if (const auto* array = value.if_array()) {
    write_items(out, *array, '[', ']', depth,
                [&](const json::value& item) { write_json(out, item, depth + 1); });
  } else {
    out += json::serialize(value);
  }
}

/// Whether a YAML reader takes the text as this string when it stands bare.
bool plain_in_yaml(std::string_view text) {
  constexpr std::array<std::string_view, 11> special{"true", "false", "null", "yes", "no", "on",
                                                     "off",  "y",     "n",    "nan", "inf"};
  if (text.empty() || text.back() == ':') return false;
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (!letter(text.front())) return text.front() == '/';
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (std::ranges::find(special, lower) != special.end()) return false;
  return std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || std::string_view("-./@:+").contains(c);
  });
}

std::string yaml_scalar(const json::value& value) {
  const auto* text = value.if_string();
  if (text != nullptr && plain_in_yaml(*text)) return std::string(*text);
  return json::serialize(value);
}

bool is_block(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

void write_yaml(std::string& out, const json::value& value, std::size_t indent, bool continued);

void write_yaml_value(std::string& out, const json::value& value, std::size_t indent) {
  if (is_block(value)) {
    out += '\n';
    write_yaml(out, value, indent, false);
  } else {
    out += " " + yaml_scalar(value) + "\n";
  }
}

/// `continued`: the first line stands behind "- " already.
void write_yaml(std::string& out, const json::value& value, std::size_t indent, bool continued) {
  auto begin_line = [&] {
    if (!continued) out.append(indent, ' ');
    continued = false;
  };
  if (const auto* object = value.if_object()) {
    for (const auto& entry : *object) {
      begin_line();
      out += yaml_scalar(json::string(entry.key())) + ":";
      write_yaml_value(out, entry.value(), indent + 2);
    }
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) {
      begin_line();
      out += "-";
      if (is_block(item)) {
        out += ' ';
        write_yaml(out, item, indent + 2, true);
      } else {
        write_yaml_value(out, item, indent + 2);
      }
    }
  }
}

}  // namespace

std::string pretty_json(const json::value& value) {
  std::string out;
  write_json(out, value, 0);
  return out + "\n";
}

std::string yaml(const json::value& value) {
  if (!is_block(value)) return yaml_scalar(value) + "\n";
  std::string out;
  write_yaml(out, value, 0, false);
  return out;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string out;
  for (const auto& cell : cells) {
    if (&cell != &cells.front()) out += ',';
    if (cell.find_first_of(",\"\r\n") == std::string::npos) {
      out += cell;
      continue;
    }
    out += '"';
    for (char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    out += '"';
  }
  return out + "\r\n";
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++seen > width) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;  // U+0080 to U+009F, two bytes in UTF-8
    out += (c < 0x20 || c == 0x7f || c1) ? '?' : text[i];
  }
  return out;
}

std::vector<std::size_t> table_widths(const std::vector<TableColumn>& columns,
                                      const std::vector<TableRow>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& column : columns) widths.push_back(display_width(column.title));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  return widths;
}

std::string table_line(const std::vector<TableColumn>& columns,
                       const std::vector<std::size_t>& widths, const TableRow& row) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    auto width = display_width(row[i]);
    std::string room(widths[i] > width ? widths[i] - width : 0, ' ');
    out +=
        (i == 0 ? "" : "  ") + (columns[i].align == Align::right ? room + row[i] : row[i] + room);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string table(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows) {
  auto widths = table_widths(columns, rows);
  TableRow titles;
  for (const auto& column : columns) titles.push_back(column.title);
  auto out = table_line(columns, widths, titles);
  for (const auto& row : rows) out += table_line(columns, widths, row);
  return out;
}

}  // namespace truce::cli
