// One kind of objects over a year: an SQLite file with a ring of slots for each level.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <unordered_map>

#include "cells.h"
#include "metrics/series.h"
#include "store/database.h"

namespace truce::metrics {

/// Blocks, for one thread. Rows of a level lie in the order of slot and object: a round of all
/// objects is appended in five runs, and a ring forgets in one. A kill at any moment costs nothing
/// that add() has answered.
class Rings {
 public:
  /// Opens a file or begins it; one that is damaged, or of another version or other quantities, is
  /// renamed to `<file>.aside`, which is logged. Code::io when neither can be.
  static Result<std::unique_ptr<Rings>> open(std::filesystem::path file, Kind kind);

  /// Adds samples of a time. Code::limit when there are too many objects: the others are kept.
  /// Code::corrupt: the file was put aside, and a new one is begun.
  Result<void> add(Time time, const std::vector<Sample>& samples);
  /// All that is known up to `now`; gaps where nothing is.
  Series series(std::string_view object, Level level, Time now);
  /// What other objects had is not seen again, and goes with its slots.
  Result<void> keep_only(const std::set<std::string>& objects);

  [[nodiscard]] std::size_t objects() const { return ids_.size(); }
  /// How large the file of so many objects becomes at most, in bytes.
  static std::uint64_t largest_file(std::size_t objects, std::size_t quantities);

 private:
  using Id = std::int64_t;
  struct Statements;

  Rings(std::filesystem::path file, Kind kind);
  Result<void> begin();
  Result<void> read_file();
  Result<void> check_kind();
  Result<void> prepare();
  Result<void> begin_anew(const Error& why);
  Result<void> write(Time time, const std::vector<Sample>& samples, bool& too_many);
  Result<void> put(Level level, std::int64_t slot, Id id, std::string_view cells);
  Result<void> forget(Level level, std::int64_t until);
  Result<Id> id_of(const std::string& object);
  Cells cells(Level level, std::int64_t slot, Id id);

  std::filesystem::path file_;
  Kind kind_;
  std::optional<store::Database> database_;
  std::shared_ptr<Statements> statements_;
  std::unordered_map<std::string, Id> ids_;
};

}  // namespace truce::metrics
