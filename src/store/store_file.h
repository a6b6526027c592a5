// A store's file: what is kept on disk, and how it is checked when it is opened.
#pragma once

#include <filesystem>

#include "ledger.h"
#include "side_files.h"
#include "store/database.h"

namespace truce::store {

/// The version of the tables that this program writes; it refuses newer ones.
inline constexpr std::int64_t schema_version = 1;

/// The one row that is written with each transaction, and seals it.
struct Seal {
  std::int64_t version = schema_version;
  Revision revision = 0;
  std::int64_t entries = 0;
  std::uint64_t digest = 0;  ///< the sum of all rows' checksums
};

std::uint64_t checksum_of(const Seal& seal);
std::uint64_t checksum_of(const Entry& entry);

/// The database with its two side files. Blocks; used by one thread at a time.
class StoreFile {
 public:
  struct Opened {
    std::unique_ptr<StoreFile> file;
    Revision revision = 0;
    Entries entries;
  };

  /// Opens or makes the file and checks all that it holds. Code::conflict: in use; Code::corrupt:
  /// something that was answered is damaged or gone; Code::unsupported: a newer program made it.
  static Result<Opened> open(const std::filesystem::path& file);
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  /// Makes `changes` durable as one transaction that ends at `revision`. On an error nothing of it
  /// remains.
  Result<void> write(Revision revision, const std::vector<const Change*>& changes);
  /// Moves the log into the database when it has grown. A failure costs nothing: tried again later.
  void tidy();
  /// Code::conflict when `path` exists.
  Result<void> backup(const std::filesystem::path& path);

 private:
  StoreFile(std::filesystem::path path, Hold hold, AnsweredMark mark, Database database)
      : path_(std::move(path)),
        hold_(std::move(hold)),
        mark_(std::move(mark)),
        database_(std::move(database)) {}

  Result<void> configure();
  Result<void> make_tables();
  Result<Entries> load();
  Result<Seal> read_seal();
  Result<Entries> read_entries() const;
  Result<void> check_mark() const;
  Result<void> start_log_anew(std::uint64_t frames);
  Result<void> prepare_statements();
  Result<void> write_transaction(const std::vector<const Change*>& changes, Seal& seal);
  Result<void> write_change(const Change& change, Seal& seal);
  Result<void> write_seal(const Seal& seal);
  void mark_answered(Revision revision);

  struct Statements {
    Statement begin, find, put, erase, seal, commit;
  };

  std::filesystem::path path_;
  Hold hold_;
  AnsweredMark mark_;
  mutable Database database_;
  std::optional<Statements> statements_;  // go before the database
  Seal seal_;
  int log_frames_ = 0;
  bool mark_fails_ = false;
  bool tidy_fails_ = false;
};

}  // namespace truce::store
