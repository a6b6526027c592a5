// Measured values as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace truce::cli {

/// A value with its unit, for people: `12.3%`, `1.5GiB`, `2.0MiB/s`, `14.0/s`; `-` for a negative
/// one, which is not known.
std::string shown_quantity(double value, std::string_view unit);

/// Bars of at most `width` characters, each the average of as many steps; a space where nothing is
/// known. The highest bar is the largest of the values, or of `whole` where they are all smaller.
std::string chart(const std::vector<double>& values, std::size_t width, double whole = 0);

/// The table of a series: a row for each quantity of which something is known.
std::string series_table(const model::Series& series, std::size_t chart_width);

/// A line for each step: its time, and average and maximum of each quantity; empty where unknown.
std::string series_csv(const model::Series& series);

/// The screen of `truce vm top`: a line on what is shown, then the machines as they come.
std::vector<std::string> top_lines(const model::UsageList& list, std::string_view sorted_by);

}  // namespace truce::cli
