// What an operation of the API is, as data; the rows are in operations.h.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::model {

/// What the caller's role must allow.
enum class Permission { none, view, operate, administer };

enum class Operation : int;

enum class QueryType { text, name, integer, boolean, choice };

/// A parameter behind the `?` of a request.
struct QueryParameter {
  std::string_view name;
  QueryType type = QueryType::text;
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::string_view default_value = {};
  std::span<const std::string_view> choices = {};  ///< of QueryType::choice
};

struct OperationRow {
  Operation operation{};
  std::string_view id;      ///< `list_vms`
  std::string_view method;  ///< upper case
  std::string_view path;    ///< `/v1/vms/{name}`
  std::string_view summary;
  Permission permission = Permission::administer;
  bool audit = false;         ///< the request is recorded as an event
  std::string_view request;   ///< schema of the body, or empty
  std::string_view response;  ///< schema of the answer, or empty
  int status = 200;           ///< of success
  bool list = false;          ///< answers a page and can be watched (`watch`, `since`)
  std::span<const QueryParameter> query = {};
};

/// Whether the query of a request is one that the operation knows. Code::invalid with the field
/// (`?limit`): unknown parameter, not an integer, out of range, not one of the choices.
Result<void> check_query(const OperationRow& row, const std::map<std::string, std::string>& query);

}  // namespace truce::model
