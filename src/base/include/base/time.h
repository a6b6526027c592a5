#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce {

using namespace std::chrono_literals;
using Duration = std::chrono::milliseconds;

/// Wall-clock time with a resolution of one millisecond.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// The wall clock. Pure modules take a Time instead of calling this.
Time now();

/// ISO 8601 in UTC: `2026-11-22T11:13:47.120Z`.
std::string to_string(Time time);
Result<Time> parse_time(std::string_view text);

}  // namespace truce
