#include "store_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "base/log.h"
#include "base/random.h"
#include "wal.h"

namespace truce::store {

namespace {

// The log is moved into the database once it has this many frames (8 MiB).
constexpr int tidy_frames = 1'000;

void append(std::string& bytes, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
}

std::uint64_t checksum(std::string_view bytes) {
  auto hex = sha256_hex(bytes);
  std::uint64_t number = 0;
  std::from_chars(hex.data(), hex.data() + 16, number, 16);
  return number;
}

// SQLite's integers are signed; the bits are kept.
std::int64_t stored(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

// While a file is judged, SQL that SQLite does not understand means that the tables are not ours.
Error damaged(Error error) {
  if (error.code == Code::internal) error.code = Code::corrupt;
  return error;
}

Error with_advice(Error error, const std::filesystem::path& file) {
  auto name = file.string();
  if (!error.message.starts_with(name)) error.message = fmt::format("{}: {}", name, error.message);
  if (error.code == Code::corrupt) {
    error.message += fmt::format(
        ". To restore a backup, move {0}, {0}-wal and {0}.answered away and put the backup at {0}",
        name);
  }
  return error;
}

Result<void> sync_folder_of(const std::filesystem::path& file) {
  TRY(auto folder, open_file(file.has_parent_path() ? file.parent_path() : ".", O_RDONLY));
  if (::fsync(folder.get()) != 0) return fail_errno(errno, "fsync the folder of " + file.string());
  return {};
}

// SQLite would make the file readable for all, and would drop the log of an empty one.
Result<void> make_or_check_file(const std::filesystem::path& file, std::uint64_t log_frames) {
  {
    TRY(auto created, open_file(file, O_RDWR | O_CREAT));
  }
  std::error_code ec;
  auto size = std::filesystem::file_size(file, ec);
  if (ec) return fail_errno(ec.value(), "stat " + file.string());
  if (size == 0 && log_frames > 0) {
    return fail(Code::corrupt, "the file is gone or empty, but its log has {} frames", log_frames);
  }
  return sync_folder_of(file);
}

}  // namespace

std::uint64_t checksum_of(const Seal& seal) {
  std::string bytes;
  append(bytes, static_cast<std::uint64_t>(seal.version));
  append(bytes, static_cast<std::uint64_t>(seal.revision));
  append(bytes, static_cast<std::uint64_t>(seal.entries));
  append(bytes, seal.digest);
  return checksum(bytes);
}

std::uint64_t checksum_of(const Entry& entry) {
  std::string bytes;
  bytes.reserve(entry.key.size() + entry.value.size() + 24);
  append(bytes, entry.key.size());
  append(bytes, static_cast<std::uint64_t>(entry.created));
  append(bytes, static_cast<std::uint64_t>(entry.modified));
  bytes += entry.key;
  bytes += entry.value;
  return checksum(bytes);
}

Result<StoreFile::Opened> StoreFile::open(const std::filesystem::path& given) {
  std::error_code ec;
  auto path = std::filesystem::weakly_canonical(given, ec);
  if (ec) return fail_errno(ec.value(), "open " + given.string());
  auto open_checked = [&]() -> Result<Opened> {
    TRY(auto hold, Hold::take(path));
    TRY(auto mark, AnsweredMark::open(path));
    TRY(auto log_frames, count_wal_frames(path.string() + "-wal"));
    TRY_VOID(make_or_check_file(path, log_frames));
    TRY(auto database, Database::open(path));
    Opened opened;
    opened.file.reset(new StoreFile(path, std::move(hold), std::move(mark), std::move(database)));
    auto& file = *opened.file;
    TRY_VOID(file.configure());
    TRY(opened.entries, file.load());
    TRY_VOID(file.start_log_anew(log_frames));
    TRY_VOID(file.prepare_statements());
    if (file.mark_.revision() != file.seal_.revision) file.mark_answered(file.seal_.revision);
    opened.revision = file.seal_.revision;
    return opened;
  };
  auto opened = open_checked();
  if (!opened) return std::unexpected(with_advice(damaged(std::move(opened).error()), path));
  return opened;
}

Result<void> StoreFile::configure() {
  sqlite3_busy_timeout(database_.get(), 0);
  sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  TRY_VOID(database_.execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"));
  TRY_VOID(database_.execute(fmt::format("PRAGMA page_size = {}", page_size)));
  // Alone with the file, SQLite needs no shared memory beside it.
  TRY_VOID(database_.execute("PRAGMA locking_mode = EXCLUSIVE"));
  TRY(auto mode, database_.ask("PRAGMA journal_mode = WAL"));
  if (mode != "wal") return fail(Code::io, "the file system cannot hold a log (mode {})", mode);
  TRY_VOID(database_.execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864"));
  auto remember_frames = [](void* frames, sqlite3*, const char*, int count) {
    *static_cast<int*>(frames) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.get(), remember_frames,
                   &log_frames_);  // instead of SQLite's own tidying
  return {};
}

Result<void> StoreFile::make_tables() {
  return database_.execute(fmt::format(
      "BEGIN IMMEDIATE;"
      "CREATE TABLE seal (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL,"
      " revision INTEGER NOT NULL, entries INTEGER NOT NULL, digest INTEGER NOT NULL,"
      " checksum INTEGER NOT NULL);"
      "CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL,"
      " modified INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;"
      "INSERT INTO seal VALUES (1, {}, 0, 0, 0, {});"
      "COMMIT",
      schema_version, stored(checksum_of(Seal{}))));
}

Result<Entries> StoreFile::load() {
  TRY(auto tables, database_.ask("SELECT count(*) FROM sqlite_schema"));
  if (tables == "0") {
    TRY_VOID(check_mark());
    TRY_VOID(make_tables());
    return Entries{};
  }
  TRY(auto verdict, database_.ask("PRAGMA quick_check(1)"));
  if (verdict != "ok") return fail(Code::corrupt, "{}", verdict);
  TRY(seal_, read_seal());
  TRY(auto entries, read_entries());
  TRY_VOID(check_mark());
  return entries;
}

// The mark is written after the transaction it names, so it can never be ahead of a sound file.
Result<void> StoreFile::check_mark() const {
  if (mark_.revision() <= seal_.revision) return {};
  return fail(Code::corrupt, "revision {} was answered, but the file ends at revision {}",
              mark_.revision(), seal_.revision);
}

Result<Seal> StoreFile::read_seal() {
  TRY(auto row, database_.prepare("SELECT version, revision, entries, digest, checksum FROM seal"));
  TRY(auto found, row.step());
  if (!found) return fail(Code::corrupt, "the table 'seal' is empty");
  Seal seal{.version = row.number(0),
            .revision = row.number(1),
            .entries = row.number(2),
            .digest = static_cast<std::uint64_t>(row.number(3))};
  if (stored(checksum_of(seal)) != row.number(4)) {
    return fail(Code::corrupt, "the row in the table 'seal' does not have its checksum");
  }
  if (seal.version > schema_version) {
    return fail(Code::unsupported,
                "a newer Truce made this store (version {}, this program knows {}): use that one",
                seal.version, schema_version);
  }
  return seal;
}

Result<Entries> StoreFile::read_entries() const {
  TRY(auto row,
      database_.prepare("SELECT key, value, created, modified, checksum FROM entry ORDER BY key"));
  Entries entries;
  std::uint64_t digest = 0;
  while (true) {
    TRY(auto found, row.step());
    if (!found) break;
    Entry entry{.key = std::string(row.bytes(0)),
                .value = std::string(row.bytes(1)),
                .created = row.number(2),
                .modified = row.number(3)};
    auto sum = checksum_of(entry);
    if (stored(sum) != row.number(4)) {
      return fail(Code::corrupt, "the entry '{}' (number {}) does not have its checksum", entry.key,
                  entries.size() + 1);
    }
    digest += sum;
    auto key = entry.key;
    entries.emplace_hint(entries.end(), std::move(key), std::move(entry));
  }
  auto count = static_cast<std::int64_t>(entries.size());
  if (count != seal_.entries || digest != seal_.digest) {
    return fail(Code::corrupt,
                "at revision {} there were {} entries, {} are here, or some are older",
                seal_.revision, seal_.entries, count);
  }
  return entries;
}

// Each run has a log of its own, so nothing unfinished of an earlier one can confuse a later check.
Result<void> StoreFile::start_log_anew(std::uint64_t frames) {
  int replayed = 0;
  auto status = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                          &replayed, nullptr);
  if (status == SQLITE_OK && frames > 0 && std::cmp_not_equal(replayed, frames)) {
    return fail(Code::corrupt, "its log has {} sound frames, but {} were replayed", frames,
                replayed);
  }
  if (status == SQLITE_OK) {
    status = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                       nullptr, nullptr);
  }
  if (status == SQLITE_OK) return {};
  auto error = last_error(database_.get());
  if (error.code != Code::io) return std::unexpected(std::move(error));
  spdlog::warn("{}: its log stays long: {}", path_.string(),
               error.message);  // no room: still sound
  return {};
}

Result<void> StoreFile::prepare_statements() {
  TRY(auto begin, database_.prepare("BEGIN IMMEDIATE"));
  TRY(auto find, database_.prepare("SELECT checksum FROM entry WHERE key = ?1"));
  TRY(auto put, database_.prepare("REPLACE INTO entry VALUES (?1, ?2, ?3, ?4, ?5)"));
  TRY(auto erase, database_.prepare("DELETE FROM entry WHERE key = ?1"));
  TRY(auto seal, database_.prepare("REPLACE INTO seal VALUES (1, ?1, ?2, ?3, ?4, ?5)"));
  TRY(auto commit, database_.prepare("COMMIT"));
  statements_.emplace(std::move(begin), std::move(find), std::move(put), std::move(erase),
                      std::move(seal), std::move(commit));
  return {};
}

Result<void> StoreFile::write(Revision revision, const std::vector<const Change*>& changes) {
  auto seal = seal_;
  seal.revision = revision;
  auto written = write_transaction(changes, seal);
  if (written) {
    seal_ = seal;
    mark_answered(revision);
    return {};
  }
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    if (auto undone = database_.execute("ROLLBACK"); !undone) {
      spdlog::error("{}: rollback: {}", path_.string(), undone.error().message);
    }
  }
  // Whatever of it reached the log goes with the log, which also gives room back to a full disk.
  sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return std::unexpected(std::move(written).error().within(path_.string()));
}

Result<void> StoreFile::write_transaction(const std::vector<const Change*>& changes, Seal& seal) {
  TRY_VOID(statements_->begin.run());
  for (const auto* change : changes) TRY_VOID(write_change(*change, seal));
  TRY_VOID(write_seal(seal));
  return statements_->commit.run();
}

Result<void> StoreFile::write_change(const Change& change, Seal& seal) {
  auto& find = statements_->find;
  find.bind(1, change.key);
  auto found = find.step();
  if (found && *found) {
    --seal.entries;
    seal.digest -= static_cast<std::uint64_t>(find.number(0));
  }
  find.reset();
  if (!found) return std::unexpected(std::move(found).error());
  if (!change.entry) {
    statements_->erase.bind(1, change.key);
    return statements_->erase.run();
  }
  const auto& entry = *change.entry;
  auto sum = checksum_of(entry);
  ++seal.entries;
  seal.digest += sum;
  auto& put = statements_->put;
  put.bind(1, entry.key);
  put.bind(2, entry.value);
  put.bind(3, entry.created);
  put.bind(4, entry.modified);
  put.bind(5, stored(sum));
  return put.run();
}

Result<void> StoreFile::write_seal(const Seal& seal) {
  auto& put = statements_->seal;
  put.bind(1, seal.version);
  put.bind(2, seal.revision);
  put.bind(3, seal.entries);
  put.bind(4, stored(seal.digest));
  put.bind(5, stored(checksum_of(seal)));
  return put.run();
}

void StoreFile::mark_answered(Revision revision) {
  auto marked = mark_.set(revision);
  if (!marked && !mark_fails_) spdlog::warn("{}: {}", path_.string(), marked.error().message);
  mark_fails_ = !marked;  // the commit is durable all the same; only a check is lost
}

void StoreFile::tidy() {
  if (log_frames_ < tidy_frames) return;
  auto status = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                          &log_frames_, nullptr);
  if (status != SQLITE_OK && !tidy_fails_) {
    spdlog::warn("{}: its log grows: {}", path_.string(), last_error(database_.get()).message);
  }
  tidy_fails_ = status != SQLITE_OK;
  log_frames_ = 0;  // until the next commit counts them again
}

Result<void> StoreFile::backup(const std::filesystem::path& path) {
  std::error_code ec;
  if (std::filesystem::exists(path, ec)) {
    return fail(Code::conflict, "backup {}: the file exists already", path.string());
  }
  auto partial = path.string() + ".partial";
  TRY_VOID(remove_tree(partial));
  TRY(auto file,
      open_file(partial, O_RDWR | O_CREAT | O_EXCL));  // SQLite would make it readable for all
  auto copy = [&]() -> Result<void> {
    TRY(auto vacuum, database_.prepare("VACUUM INTO CAST(?1 AS TEXT)"));
    vacuum.bind(1, partial);
    TRY_VOID(vacuum.run());
    if (::fsync(file.get()) != 0) return fail_errno(errno, "fsync");
    if (::rename(partial.c_str(), path.c_str()) != 0) return fail_errno(errno, "rename");
    return sync_folder_of(path);
  };
  auto copied = copy();
  if (copied) return {};
  ::unlink(partial.c_str());
  return std::unexpected(std::move(copied).error().within("backup " + path.string()));
}

}  // namespace truce::store
