#include "metrics/chart.h"

#include <algorithm>
#include <cmath>

#include "output.h"

namespace truce::cli {
namespace {

// One decimal of the largest unit, so that columns are narrow and do not jump.
std::string rough_bytes(double count) {
  constexpr const char* units[]{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (count >= 1000 && unit + 1 < std::size(units)) {
    count /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}B", count) : fmt::format("{:.1f}{}", count, units[unit]);
}

std::string rate(Bytes bytes) {
  return rough_bytes(static_cast<double>(bytes.count)) + "/s";
}

std::string size(Bytes bytes) {
  return bytes.count == 0 ? "-" : rough_bytes(static_cast<double>(bytes.count));
}

struct Sum {
  double sum = 0, most = -1, last = -1;
  std::size_t count = 0;
};

Sum sum_of(const model::SeriesLine& line) {
  Sum all;
  for (auto value : line.average) {
    if (value < 0) continue;
    all.sum += value;
    all.last = value;
    ++all.count;
  }
  for (auto value : line.maximum) all.most = std::max(all.most, value);
  return all;
}

std::string cell(double value) {
  return value < 0 ? std::string() : fmt::format("{}", value);
}

}  // namespace

std::string shown_quantity(double value, std::string_view unit) {
  if (value < 0) return "-";
  if (unit == "percent") return fmt::format("{:.1f}%", value);
  if (unit == "bytes") return rough_bytes(value);
  if (unit == "bytes/s") return rough_bytes(value) + "/s";
  return fmt::format("{:.1f}{}", value, unit);
}

std::string chart(const std::vector<double>& values, std::size_t width, double whole) {
  constexpr const char* bars[]{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  auto count = std::min(width, values.size());
  std::vector<double> means(count, -1);
  for (std::size_t i = 0; i < count; ++i) {
    double sum = 0;
    std::size_t known = 0;
    for (auto at = i * values.size() / count; at < (i + 1) * values.size() / count; ++at) {
      if (values[at] < 0) continue;
      sum += values[at];
      ++known;
    }
    if (known > 0) means[i] = sum / static_cast<double>(known);
  }
  for (auto mean : means) whole = std::max(whole, mean);
  std::string out;
  for (auto mean : means) {
    auto part = whole > 0 ? mean / whole : 0;
    auto bar = static_cast<std::size_t>(std::clamp(std::ceil(part * 8) - 1, 0.0, 7.0));
    out += mean < 0 ? " " : bars[bar];
  }
  return out;
}

std::string series_table(const model::Series& series, std::size_t chart_width) {
  std::vector<TableColumn> columns{{"QUANTITY"},
                                   {"NEWEST", Align::right},
                                   {"AVERAGE", Align::right},
                                   {"LARGEST", Align::right},
                                   {"OVER TIME"}};
  std::vector<TableRow> rows;
  for (const auto& line : series.lines) {
    auto all = sum_of(line);
    if (all.count == 0) continue;
    rows.push_back({printable(line.name), shown_quantity(all.last, line.unit),
                    shown_quantity(all.sum / static_cast<double>(all.count), line.unit),
                    shown_quantity(all.most, line.unit), chart(line.average, chart_width)});
  }
  if (rows.empty()) return "nothing was measured in this time\n";
  return table(columns, rows);
}

std::string series_csv(const model::Series& series) {
  std::vector<std::string> head{"time"};
  std::size_t steps = 0;
  for (const auto& line : series.lines) {
    head.push_back(line.name);
    head.push_back(line.name + "_max");
    steps = std::max(steps, line.average.size());
  }
  auto out = csv_line(head);
  for (std::size_t i = 0; i < steps; ++i) {
    auto time = series.start + std::chrono::seconds(series.step_seconds) * static_cast<long>(i);
    std::vector<std::string> cells{to_string(time)};
    for (const auto& line : series.lines) {
      cells.push_back(i < line.average.size() ? cell(line.average[i]) : std::string());
      cells.push_back(i < line.maximum.size() ? cell(line.maximum[i]) : std::string());
    }
    out += csv_line(cells);
  }
  return out;
}

std::vector<std::string> top_lines(const model::UsageList& list, std::string_view sorted_by) {
  std::vector<std::string> lines{fmt::format("{} machines, measured {}, by {}", list.vms,
                                             list.time ? local_time(*list.time) : std::string("-"),
                                             sorted_by)};
  std::vector<TableColumn> columns{{"NAME"},
                                   {"HOST"},
                                   {"CPU%", Align::right},
                                   {"CPUS", Align::right},
                                   {"MEMORY", Align::right},
                                   {"GUEST", Align::right},
                                   {"SIZE", Align::right},
                                   {"READ", Align::right},
                                   {"WRITE", Align::right},
                                   {"IOPS", Align::right},
                                   {"RECEIVE", Align::right},
                                   {"SEND", Align::right}};
  std::vector<TableRow> rows;
  for (const auto& usage : list.items) {
    rows.push_back(
        {printable(usage.name), printable(usage.host), fmt::format("{:.1f}", usage.cpu_percent),
         fmt::format("{}", usage.cpus), size(usage.memory), size(usage.memory_guest),
         size(usage.memory_size), rate(usage.disk_read_rate), rate(usage.disk_write_rate),
         fmt::format("{:.0f}", usage.disk_iops), rate(usage.receive_rate), rate(usage.send_rate)});
  }
  auto widths = table_widths(columns, rows);
  TableRow titles;
  for (const auto& column : columns) titles.push_back(column.title);
  rows.insert(rows.begin(), std::move(titles));
  for (const auto& row : rows) {
    auto line = table_line(columns, widths, row);
    line.pop_back();  // its end
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace truce::cli
