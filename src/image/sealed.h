// Small state of our own in a file: fields in a fixed order, closed by a checksum. What is read may
// have been damaged, or written by somebody else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/file.h"

namespace truce::image {

/// A digest (FNV-1a) for what came about by chance; no protection against those who forge.
[[nodiscard]] std::uint64_t digest_of(View content);
[[nodiscard]] std::uint64_t digest_of(std::string_view content);

/// What a kind of file begins with: its name and its version.
using Mark = std::string_view;

class SealedWriter {
 public:
  explicit SealedWriter(Mark mark);
  void number(std::uint64_t value);
  void bytes(View value);
  void text(std::string_view value);
  /// The whole file. Nothing may follow.
  [[nodiscard]] std::vector<std::byte> seal() &&;

 private:
  std::vector<std::byte> content_;
};

/// Fields in the order in which they were written; Code::corrupt where one is not there or is
/// larger than `limit`.
class SealedReader {
 public:
  /// Code::corrupt when mark or checksum are wrong. `content` must outlive the reader.
  static Result<SealedReader> open(View content, Mark mark);
  Result<std::uint64_t> number();
  Result<View> bytes(std::size_t limit);
  Result<std::string> text(std::size_t limit);
  /// Code::corrupt when something follows.
  [[nodiscard]] Result<void> end() const;

 private:
  explicit SealedReader(View rest) : rest_(rest) {}
  View rest_;
};

}  // namespace truce::image
