// Parts of a file, as requests name them (RFC 9110 13 and 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/http.h"

namespace truce::http {

/// `length` bytes from `first` on.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

/// The part of `size` bytes that a Range field names; inside of it, and not empty. Nothing where
/// the field is to be passed by (RFC 9110 14.2): malformed, another unit than bytes, several parts.
/// Code::invalid: the part begins behind the end, which is answered by 416.
Result<std::optional<ByteRange>> parse_range(std::string_view field, std::uint64_t size);

/// A file that is sent, but for its content: Range and If-Range of the request are obeyed, and the
/// answer is 200, 206 or 416 with all its fields. `etag` without quotes. The caller gives the
/// answer a stream of the range, where it has one.
struct FileAnswer {
  Response response;
  std::optional<ByteRange> range;  ///< to be sent; none: the answer has no content
};
FileAnswer answer_file(const Request& request, std::uint64_t size, std::string_view etag);

}  // namespace truce::http
