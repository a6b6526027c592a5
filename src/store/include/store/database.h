// SQLite's C interface with owners and Results. Used by one thread at a time.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace truce::store {

/// One prepared statement; reset() before it is used again.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  void bind(int index, std::int64_t number);
  /// Binds bytes, which must live until reset().
  void bind(int index, std::string_view bytes);
  /// True: there is a row to read. False: done.
  Result<bool> step();
  /// Runs a statement that yields no row that is wanted, and resets it.
  Result<void> run();
  void reset();
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;  ///< valid until the next step

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static Result<Database> open(const std::filesystem::path& file);
  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row.
  Result<std::string> ask(std::string_view sql);
  [[nodiscard]] sqlite3* get() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  explicit Database(sqlite3* db) : db_(db) {}
  std::unique_ptr<sqlite3, Close> db_;
};

/// The database's last failure. Code::io: the disk is full or fails; Code::corrupt; Code::conflict:
/// somebody else has it open; Code::internal: SQLite does not understand us.
Error last_error(sqlite3* db);

}  // namespace truce::store
