// How an answer of the API is shown.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "base/time.h"
#include "invocation.h"
#include "text_formats.h"

namespace truce::cli {

/// A time as people here write it, to the second.
std::string local_time(Time time);

/// A value for people: `2GiB`, local time, `42%`, `10.0.0.4, fd00::4`, `-` for nothing.
std::string shown_value(const boost::json::value& value, const ShownField& field);

/// A page: all items, as a table of the command's columns, CSV of the same, JSON, YAML, or names.
std::string shown_page(const boost::json::value& page, const CommandRow& row, Style style,
                       bool quiet);

/// One object: a line for each of its fields, JSON, YAML, CSV, or its name.
std::string shown_object(const boost::json::value& object, std::string_view schema, Style style,
                         bool quiet);

/// The columns of a command's table, and one object as a row of it.
std::vector<TableColumn> columns_of(const CommandRow& row);
TableRow row_of(const boost::json::value& object, const CommandRow& row);

}  // namespace truce::cli
