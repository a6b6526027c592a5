// Bytes that nobody else may see.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace truce {

/// Memory of its own for a key: it is in no core dump, it is not swapped out where that can be had,
/// and it is wiped when it is given up. Never copy what is in it into a string.
class Secret {
 public:
  /// Zeros, to be filled in.
  explicit Secret(std::size_t size);
  /// A copy, for tests and for what is known anyway.
  explicit Secret(std::string_view text);
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] std::span<std::byte> bytes() { return {start_, size_}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {start_, size_}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(start_), size_};
  }
  /// Gives up what lies behind the first `size` bytes.
  void shorten(std::size_t size);

 private:
  std::byte* start_ = nullptr;
  std::size_t size_ = 0, mapped_ = 0;
};

using SecretPtr = std::shared_ptr<const Secret>;

}  // namespace truce
