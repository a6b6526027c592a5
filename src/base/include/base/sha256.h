// SHA-256 of what comes piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace truce {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  /// Of all bytes so far, as lower-case hexadecimal. Nothing comes after it.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace truce
