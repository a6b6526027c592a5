#include "http/router.h"

#include <set>

namespace truce::http {

namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_parameter(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

// Whether `a` has a literal at the leftmost segment where only one of the two has.
bool is_more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (is_parameter(a[i]) != is_parameter(b[i])) return is_parameter(b[i]);
  }
  return false;
}

bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (is_parameter(a[i]) != is_parameter(b[i])) return false;
    if (!is_parameter(a[i]) && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, std::size_t row) {
  TRUCE_ASSERT(pattern.starts_with('/'), "a route's pattern begins with '/'");
  auto segments = split(pattern);
  for (const auto& segment : segments) {
    TRUCE_ASSERT(!is_parameter(segment) || (segment.size() > 2 && segment.ends_with('}')),
                 "a parameter of a route is written {name}");
  }
  for (const auto& route : routes_) {
    TRUCE_ASSERT(route.method != method || !same_shape(route.segments, segments),
                 "two routes match the same path");
  }
  routes_.push_back({std::string(method), std::move(segments), row});
}

Result<Router::Match> Router::find(std::string_view method, std::string_view path) const {
  if (!path.starts_with('/')) return fail(Code::not_found, "there is no {}", path);
  auto segments = split(path);
  const Route* best = nullptr;
  for (const auto& route : routes_) {
    if (route.method != method || !matches(route.segments, segments)) continue;
    if (best == nullptr || is_more_literal(route.segments, best->segments)) best = &route;
  }
  if (best == nullptr) {
    auto others = methods_of(path);
    if (others.empty()) return fail(Code::not_found, "there is no {}", path);
    return fail(Code::unsupported, "{} cannot be asked of {}: it takes {}", method, path, others);
  }
  Match match{best->row, {}};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& name = best->segments[i];
    if (is_parameter(name)) match.parameters[name.substr(1, name.size() - 2)] = segments[i];
  }
  return match;
}

std::string Router::methods_of(std::string_view path) const {
  if (!path.starts_with('/')) return {};
  auto segments = split(path);
  std::set<std::string_view> methods;
  for (const auto& route : routes_) {
    if (matches(route.segments, segments)) methods.insert(route.method);
  }
  return fmt::format("{}", fmt::join(methods, ", "));
}

Response Router::refusal(std::string_view method, std::string_view path) const {
  auto found = find(method, path);
  TRUCE_ASSERT(!found, "a refusal was asked for where find() succeeds");
  if (found.error().code != Code::unsupported) return problem(found.error());
  auto response = problem(405, found.error());
  response.headers["Allow"] = methods_of(path);
  return response;
}

}  // namespace truce::http
