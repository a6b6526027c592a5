// What is put into a history and what comes out of it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/time.h"

namespace truce::metrics {

/// How far back, and so how fine.
enum class Level : std::uint8_t { hour, day, week, month, year };

/// A level is a ring of slots: a new one takes the place of the oldest.
struct LevelShape {
  std::chrono::seconds step;  ///< how long a slot is
  int slots;
};

/// By Level.
inline constexpr std::array level_shapes{
    LevelShape{std::chrono::seconds(10), 360}, LevelShape{std::chrono::minutes(2), 720},
    LevelShape{std::chrono::minutes(15), 672}, LevelShape{std::chrono::hours(1), 744},
    LevelShape{std::chrono::hours(12), 732}};

constexpr const LevelShape& shape_of(Level level) {
  return level_shapes[static_cast<std::size_t>(level)];
}

/// A value that is not known.
inline constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

/// What was measured of one object at one time.
struct Sample {
  std::string object;         ///< what stays when it is renamed: a uuid
  std::vector<float> values;  ///< in the order of Kind::quantities; unknown where it is
};

/// One kind of objects, which all have the same quantities.
struct Kind {
  std::string name;                     ///< its file is `<name>.db`
  std::vector<std::string> quantities;  ///< 1 to 64
  std::size_t most_objects = 65536;     ///< what comes beyond that is not kept
};

/// One quantity over time: a value for each slot, -1 where nothing was measured.
struct Line {
  std::vector<float> average, maximum;
};

struct Series {
  Time start;  ///< where the first slot begins; the last one is that of the present
  std::chrono::seconds step{};
  std::vector<Line> lines;  ///< in the order of Kind::quantities
};

}  // namespace truce::metrics
