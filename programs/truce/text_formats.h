// JSON values and tables as text.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace truce::cli {

/// JSON, indented by two, with a newline at the end.
std::string pretty_json(const boost::json::value& value);

/// YAML 1.2 in block style; strings are quoted where a reader could take them for something else.
std::string yaml(const boost::json::value& value);

/// One line of RFC 4180 CSV.
std::string csv_line(const std::vector<std::string>& cells);

enum class Align { left, right };
struct TableColumn {
  std::string title;
  Align align = Align::left;
};
using TableRow = std::vector<std::string>;

/// Columns as wide as their widest cell, two spaces between, no spaces at the end of lines.
std::string table(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows);
/// The widths that table() would use, to write later rows below it.
std::vector<std::size_t> table_widths(const std::vector<TableColumn>& columns,
                                      const std::vector<TableRow>& rows);
std::string table_line(const std::vector<TableColumn>& columns,
                       const std::vector<std::size_t>& widths, const TableRow& row);

/// Characters that a terminal would obey become '?': names and messages may come from a guest.
std::string printable(std::string_view text);

/// The first `width` characters of a text.
std::string cut(std::string_view text, std::size_t width);

/// How many characters (code points) a text has.
std::size_t display_width(std::string_view text);

}  // namespace truce::cli
