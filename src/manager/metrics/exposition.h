// The text format of Prometheus, version 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats).
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace truce::manager {

/// One line a sample; all names begin with `truce_`.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins a family; its samples follow. `type` is counter or gauge.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP truce_{} {}\n# TYPE truce_{} {}\n", name,
                   help, name, type);
  }
  template <class Number>
  void sample(Labels labels, Number value) {
    fmt::format_to(std::back_inserter(text_), "truce_{}", name_);
    add(labels);
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
  std::string take() { return std::move(text_); }

 private:
  void add(Labels labels) {
    char before = '{';
    for (const auto& [key, value] : labels) {
      fmt::format_to(std::back_inserter(text_), "{}{}=\"", before, key);
      for (char c : value) {
        if (c == '\\' || c == '"') text_ += '\\';
        if (c == '\n') {
          text_ += "\\n";
        } else {
          text_ += c;
        }
      }
      text_ += '"';
      before = ',';
    }
    if (labels.size() > 0) text_ += '}';
  }

  std::string text_;
  std::string name_;
};

}  // namespace truce::manager
