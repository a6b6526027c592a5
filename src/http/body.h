#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "message.h"

namespace truce::http {

/// Cuts one message's body out of the bytes that follow its head (RFC 9112 6 and 7.1). Strict: what
/// two programs could read differently is an error. Trailer fields are dropped.
/// Our own, because Beast 1.81 runs into an assertion on some malformed last chunks.
class BodyDecoder {
 public:
  /// `length` counts only for Framing::length.
  BodyDecoder(Framing framing, std::uint64_t length, Bytes largest);

  /// Appends to `body` what belongs to it and removes from `bytes` what was used: all, unless the
  /// body is done. invalid: malformed; limit: larger than `largest`. Then it is of no more use.
  Result<void> feed(std::string_view& bytes, std::string& body);
  /// Whether the whole body has been seen (never, when only the connection's end ends it).
  [[nodiscard]] bool done() const { return state_ == State::done; }
  [[nodiscard]] bool ends_with_connection() const { return framing_ == Framing::until_close; }

 private:
  enum class State { data, size_line, chunk, chunk_end, trailer, done };

  void take_data(std::string_view& bytes, std::string& body, State next);
  Result<bool> take_line(std::string_view& bytes);
  Result<void> end_size_line();
  Result<void> end_line();

  Framing framing_;
  State state_;
  std::uint64_t left_;  // bytes of the body, or of the present chunk, to come
  std::uint64_t room_;  // bytes that the body may still grow by
  std::string line_;
  std::size_t trailer_size_ = 0;
  Bytes largest_;
};

}  // namespace truce::http
