#include "merging.h"

#include "cells.h"

namespace truce::metrics {
namespace {

std::string_view bytes_of(sqlite3_value* value) {
  const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
  auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return data ? std::string_view(data, size) : std::string_view();
}

void merge(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  auto cells = from_bytes(bytes_of(values[0]));
  add(cells, from_bytes(bytes_of(values[1])));
  auto bytes = to_bytes(cells);
  sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

}  // namespace

Result<void> add_merging(store::Database& database) {
  auto* db = database.get();
  auto status = sqlite3_create_function_v2(db, "merge", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                           nullptr, merge, nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return std::unexpected(store::last_error(db));
  return {};
}

}  // namespace truce::metrics
