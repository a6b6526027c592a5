#include "store/database.h"

#include <system_error>

namespace truce::store {

Error last_error(sqlite3* db) {
  auto status = sqlite3_extended_errcode(db);
  auto text = std::string(sqlite3_errmsg(db));
  if (auto number = sqlite3_system_errno(db); number != 0) {
    text += fmt::format(" ({})", std::generic_category().message(number));
  }
  switch (status & 0xff) {
    case SQLITE_FULL:
      return {Code::io, "the disk is full; later commits work once there is room", {}};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return {Code::io, std::move(text), {}};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::corrupt, std::move(text), {}};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::conflict, "another program uses it", {}};
    case SQLITE_NOMEM:
      return {Code::limit, "not enough memory", {}};
    default:
      return {Code::internal, fmt::format("SQLite {}: {}", status, text), {}};
  }
}

void Statement::bind(int index, std::int64_t number) {
  auto status = sqlite3_bind_int64(statement_.get(), index, number);
  TRUCE_ASSERT(status == SQLITE_OK, "a statement has no such parameter");
}

void Statement::bind(int index, std::string_view bytes) {
  // A null pointer would be SQL's NULL.
  auto status = sqlite3_bind_blob64(statement_.get(), index, bytes.empty() ? "" : bytes.data(),
                                    bytes.size(), nullptr);
  TRUCE_ASSERT(status == SQLITE_OK, "a statement has no such parameter");
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return std::unexpected(last_error(sqlite3_db_handle(statement_.get())));
  }
}

Result<void> Statement::run() {
  auto stepped = step();
  reset();
  if (!stepped) return std::unexpected(std::move(stepped).error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data ? std::string_view(data, size) : std::string_view();
}

Result<Database> Database::open(const std::filesystem::path& file) {
  sqlite3* raw = nullptr;
  auto flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
               SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  auto status = sqlite3_open_v2(file.c_str(), &raw, flags, nullptr);
  if (!raw) return fail(Code::limit, "{}: not enough memory", file.string());
  Database database(raw);
  if (status != SQLITE_OK) return std::unexpected(last_error(raw));
  return database;
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(last_error(db_.get()));
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    return std::unexpected(last_error(db_.get()));
  }
  return Statement(statement);
}

Result<std::string> Database::ask(std::string_view sql) {
  TRY(auto statement, prepare(sql));
  TRY(auto row, statement.step());
  return row ? std::string(statement.bytes(0)) : std::string();
}

}  // namespace truce::store
