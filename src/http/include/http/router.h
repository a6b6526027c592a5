#pragma once

#include <string_view>
#include <vector>

#include "http/http.h"

namespace truce::http {

/// Finds the row of a path pattern such as `/v1/vms/{name}/start`. `Row` is the caller's index.
class Router {
 public:
  /// Rows are found in no particular order; two that could match the same path are a broken
  /// promise, but a literal segment wins over a parameter (`/v1/vms/all` over `/v1/vms/{name}`).
  void add(std::string_view method, std::string_view pattern, std::size_t row);

  struct Match {
    std::size_t row = 0;
    std::map<std::string, std::string> parameters;
  };
  /// not_found: no pattern matches the path. unsupported: one does, for other methods (named in the
  /// message; answered as 405).
  [[nodiscard]] Result<Match> find(std::string_view method, std::string_view path) const;

  /// The methods that some pattern has for this path, in order: `GET, PUT`.
  [[nodiscard]] std::string methods_of(std::string_view path) const;

  /// The answer where find() fails: 404, or 405 with `Allow`.
  [[nodiscard]] Response refusal(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    std::size_t row;
  };
  std::vector<Route> routes_;
};

}  // namespace truce::http
