#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "loop.h"

namespace truce::sim {

/// What happened, a line each; costs nothing while it is off.
class Trace {
 public:
  Trace(const Loop& loop, bool on) : loop_(loop), on_(on) {}
  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    if (!on_) return;
    lines_.push_back(fmt::format("{:10.6f}  ", static_cast<double>(loop_.now().count()) / 1e6) +
                     fmt::format(format, std::forward<Args>(args)...));
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  const Loop& loop_;
  bool on_;
  std::vector<std::string> lines_;
};

}  // namespace truce::sim
