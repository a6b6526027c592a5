#include "rings.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "merging.h"

namespace truce::metrics {
namespace {

constexpr std::string_view layout = R"(
  CREATE TABLE IF NOT EXISTS about(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS objects(id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB UNIQUE);
)";
// A table for each level: what is appended to a table fills its pages.
constexpr std::string_view level_layout =
    "CREATE TABLE IF NOT EXISTS level{}(slot INTEGER, id INTEGER, cells BLOB,"
    " PRIMARY KEY(slot, id)) WITHOUT ROWID";
constexpr std::string_view version = "1";

std::int64_t slot_at(Level level, Time time) {
  auto step = shape_of(level).step;
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()) / step;
}

constexpr Level levels[]{Level::hour, Level::day, Level::week, Level::month, Level::year};

Cells cells_of(const Sample& sample) {
  Cells cells;
  for (auto value : sample.values) {
    bool known = std::isfinite(value);
    cells.push_back(known ? Cell{value, value, 1} : Cell());
  }
  return cells;
}

}  // namespace

struct Rings::Statements {
  struct OfLevel {
    store::Statement put, forget, get;
  };
  std::vector<OfLevel> levels;  ///< by Level
  store::Statement add_object, remove_object;

  OfLevel& of(Level level) { return levels[static_cast<std::size_t>(level)]; }
};

Rings::Rings(std::filesystem::path file, Kind kind)
    : file_(std::move(file)), kind_(std::move(kind)) {}

Result<std::unique_ptr<Rings>> Rings::open(std::filesystem::path file, Kind kind) {
  auto rings = std::unique_ptr<Rings>(new Rings(std::move(file), std::move(kind)));
  auto begun = rings->begin();
  if (!begun) return std::unexpected(std::move(begun).error().within(rings->file_.string()));
  return rings;
}

Result<void> Rings::begin() {
  auto begun = read_file();
  return begun || begun.error().code != Code::corrupt ? begun : begin_anew(begun.error());
}

Result<void> Rings::read_file() {
  statements_.reset();
  database_.reset();
  ids_.clear();
  TRY(database_, store::Database::open(file_));
  // A power loss costs the last samples, never the file: they are not worth a flush each.
  TRY_VOID(database_->execute(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
      "PRAGMA journal_size_limit=16777216;"));
  TRY_VOID(database_->execute(std::string(layout)));
  for (auto level : levels)
    TRY_VOID(database_->execute(fmt::format(level_layout, static_cast<int>(level))));
  TRY_VOID(check_kind());
  TRY_VOID(add_merging(*database_));
  return prepare();
}

// What the file holds is told by a row; a new file gets it.
Result<void> Rings::check_kind() {
  auto wanted = fmt::format("{} {}", version, fmt::join(kind_.quantities, ","));
  TRY(auto found, database_->ask("SELECT value FROM about WHERE name='kind'"));
  if (found.empty()) {
    TRY(auto insert, database_->prepare("INSERT INTO about VALUES('kind', ?)"));
    insert.bind(1, wanted);
    return insert.run();
  }
  if (found == wanted) return {};
  return fail(Code::corrupt, "it is of another version or other quantities: {}", found);
}

Result<void> Rings::prepare() {
  auto& db = *database_;
  std::vector<Statements::OfLevel> of_levels;
  for (auto level : levels) {
    auto table = fmt::format("level{}", static_cast<int>(level));
    TRY(auto put,
        db.prepare(fmt::format("INSERT INTO {} VALUES(?1, ?2, ?3)"
                               " ON CONFLICT DO UPDATE SET cells = merge(cells, excluded.cells)",
                               table)));
    TRY(auto forget, db.prepare(fmt::format("DELETE FROM {} WHERE slot <= ?1", table)));
    TRY(auto get,
        db.prepare(fmt::format("SELECT cells FROM {} WHERE slot = ?1 AND id = ?2", table)));
    of_levels.push_back({std::move(put), std::move(forget), std::move(get)});
  }
  TRY(auto add_object, db.prepare("INSERT INTO objects(name) VALUES(?1)"));
  TRY(auto remove_object, db.prepare("DELETE FROM objects WHERE id = ?1"));
  TRY(auto objects, db.prepare("SELECT id, name FROM objects"));
  while (true) {
    TRY(auto row, objects.step());
    if (!row) break;
    ids_[std::string(objects.bytes(1))] = objects.number(0);
  }
  statements_ = std::make_shared<Statements>(
      Statements{std::move(of_levels), std::move(add_object), std::move(remove_object)});
  return {};
}

Result<void> Rings::begin_anew(const Error& why) {
  spdlog::warn("metrics: {}: {}; it is put aside, and a new one is begun", file_.string(),
               why.message);
  statements_.reset();
  database_.reset();
  std::error_code ec;
  for (const auto* side : {"-wal", "-shm"}) std::filesystem::remove(file_.string() + side, ec);
  std::filesystem::rename(file_, file_.string() + ".aside", ec);
  if (ec) return fail(Code::io, "put it aside: {}", ec.message());
  return read_file();
}

Result<void> Rings::add(Time time, const std::vector<Sample>& samples) {
  if (!database_ || !statements_) TRY_VOID(begin());  // the last beginning failed
  bool too_many = false;
  TRY_VOID(database_->execute("BEGIN IMMEDIATE"));
  auto written = write(time, samples, too_many);
  if (written) written = database_->execute("COMMIT");
  if (!written) {
    auto error = std::move(written).error();
    (void)database_->execute("ROLLBACK");  // SQLite may have done that already
    // From here on what is counted on is what the file has.
    TRY_VOID(error.code == Code::corrupt ? begin_anew(error) : begin());
    return std::unexpected(std::move(error));
  }
  if (too_many) return fail(Code::limit, "there are more than {} objects", kind_.most_objects);
  return {};
}

Result<void> Rings::write(Time time, const std::vector<Sample>& samples, bool& too_many) {
  std::vector<std::pair<Id, std::string>> rows;
  for (const auto& sample : samples) {
    if (!ids_.contains(sample.object) && ids_.size() >= kind_.most_objects) {
      too_many = true;
      continue;
    }
    TRY(auto id, id_of(sample.object));
    rows.emplace_back(id, to_bytes(cells_of(sample)));
  }
  std::ranges::sort(rows);  // as they lie in the file
  for (auto level : levels) {
    auto slot = slot_at(level, time);
    TRY_VOID(forget(level, slot - shape_of(level).slots));
    for (const auto& [id, cells] : rows) TRY_VOID(put(level, slot, id, cells));
  }
  return {};
}

Result<void> Rings::put(Level level, std::int64_t slot, Id id, std::string_view cells) {
  auto& row = statements_->of(level).put;
  row.bind(1, slot);
  row.bind(2, id);
  row.bind(3, cells);
  return row.run();
}

Result<void> Rings::forget(Level level, std::int64_t until) {
  auto& rows = statements_->of(level).forget;
  rows.bind(1, until);
  return rows.run();
}

Result<Rings::Id> Rings::id_of(const std::string& object) {
  auto found = ids_.find(object);
  if (found != ids_.end()) return found->second;
  statements_->add_object.bind(1, object);
  TRY_VOID(statements_->add_object.run());
  return ids_[object] = sqlite3_last_insert_rowid(database_->get());
}

Cells Rings::cells(Level level, std::int64_t slot, Id id) {
  auto& get = statements_->of(level).get;
  get.bind(1, slot);
  get.bind(2, id);
  auto row = get.step();
  if (!row) spdlog::warn("metrics: {}: {}", file_.string(), row.error().message);
  auto found = row && *row ? from_bytes(get.bytes(0)) : Cells();
  get.reset();
  return found;
}

Series Rings::series(std::string_view object, Level level, Time now) {
  const auto& shape = shape_of(level);
  auto first = slot_at(level, now) - shape.slots + 1;
  Series series{Time(std::chrono::seconds(first * shape.step.count())), shape.step, {}};
  auto length = static_cast<std::size_t>(shape.slots);
  series.lines.resize(kind_.quantities.size(),
                      {std::vector<float>(length, -1), std::vector<float>(length, -1)});
  auto id = ids_.find(std::string(object));
  if (id == ids_.end() || !statements_) return series;
  for (std::size_t i = 0; i < length; ++i) {
    auto known = cells(level, first + static_cast<std::int64_t>(i), id->second);
    known.resize(series.lines.size());
    for (std::size_t line = 0; line < series.lines.size(); ++line) {
      if (known[line].count == 0) continue;
      series.lines[line].average[i] = known[line].mean;
      series.lines[line].maximum[i] = known[line].most;
    }
  }
  return series;
}

Result<void> Rings::keep_only(const std::set<std::string>& objects) {
  if (!statements_) return {};
  TRY_VOID(database_->execute("BEGIN IMMEDIATE"));
  std::vector<std::string> gone;
  auto& remove = statements_->remove_object;
  for (const auto& [name, id] : ids_) {
    if (objects.contains(name)) continue;
    remove.bind(1, id);
    auto removed = remove.run();
    if (!removed) {
      (void)database_->execute("ROLLBACK");
      return removed;
    }
    gone.push_back(name);
  }
  TRY_VOID(database_->execute("COMMIT"));
  for (const auto& name : gone) ids_.erase(name);
  return {};
}

std::uint64_t Rings::largest_file(std::size_t objects, std::size_t quantities) {
  // A row: cells, its key and SQLite's own; the WAL beside it is not counted.
  constexpr std::uint64_t key = 24, first = 128 * 1024;
  std::uint64_t rows = 0;
  for (const auto& shape : level_shapes) rows += static_cast<std::uint64_t>(shape.slots) + 1;
  return first + rows * objects * (quantities * 10 + key) * 6 / 5;
}

}  // namespace truce::metrics
