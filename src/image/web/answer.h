// What an HTTP server answers to a request for a range. Pure: it sees lines, no sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::image::web {

/// [RFC 9110, 14.4] `bytes 0-99/1000`; `bytes */1000` has no range; `*` as a length is unknown.
struct ContentRange {
  struct Part {
    std::uint64_t first = 0, last = 0;
  };
  std::optional<Part> part;
  std::optional<std::uint64_t> total;
};
/// None where the text is of another form, or its numbers make no sense.
std::optional<ContentRange> parse_content_range(std::string_view text);

/// Which version of an object bytes belong to.
struct Version {
  std::uint64_t total = 0;
  std::string etag, modified;  ///< as the server gives them, or empty
  bool operator==(const Version&) const = default;
  /// Whether the ETag may stand in If-Match. [RFC 9110, 8.8.3]
  [[nodiscard]] bool strong() const { return !etag.empty() && !etag.starts_with("W/"); }
};

/// The head of an answer, line by line.
class Answer {
 public:
  /// A line of the head, with or without its end. A status line begins anew.
  void add(std::string_view line);

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const Version& version() const { return version_; }
  /// That it is `first` to `last` of the object, and of `expected` if that is known. Codes:
  /// unavailable (worth another try), conflict (changed), not_found, forbidden, unsupported (no
  /// ranges), corrupt.
  [[nodiscard]] Result<void> check(std::uint64_t first, std::uint64_t last,
                                   const Version* expected) const;
  [[nodiscard]] bool redirects() const;

 private:
  void field(std::string_view name, std::string_view value);
  [[nodiscard]] Result<void> check_status() const;
  [[nodiscard]] Result<void> check_version(const Version& expected) const;

  int status_ = 0;
  std::size_t bytes_ = 0;
  bool sound_ = true;  // no field twice with two values, none beyond its bound
  bool encoded_ = false;
  std::string range_text_;
  Version version_;
};

}  // namespace truce::image::web
