#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"

namespace truce::http {

/// Reads a stream of server-sent events, given in pieces of any size.
/// Source: WHATWG HTML, "Server-sent events", 9.2.5 and 9.2.6. `id` and `retry` are ignored.
class SseParser {
 public:
  /// An event (and so a line) may be this large.
  static constexpr std::size_t largest_event = 4 * 1024 * 1024;

  /// The events that `piece` completes. Code::limit: one that is too large; then the stream is
  /// lost.
  Result<std::vector<ServerEvent>> feed(std::string_view piece);

 private:
  void end_line(std::vector<ServerEvent>& out);

  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;  // the last byte was '\r': a '\n' that follows belongs to it
  bool at_start_ = true;
};

}  // namespace truce::http
