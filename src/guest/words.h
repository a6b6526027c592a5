// Lines and words of a guest's texts. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace truce::guest {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Calls for each line, without its end.
template <class Work>
void each_line(std::string_view text, Work work) {
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    work(line);
  }
}

}  // namespace truce::guest
