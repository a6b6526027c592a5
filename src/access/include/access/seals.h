// Secrets at rest: passwords of other systems are stored sealed, with keys that are not in the
// store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace truce::access {

inline constexpr std::size_t longest_sealed_secret = 64 * 1024;  ///< bytes

/// The keys of an estate's managers. The first one seals, all of them open: so two that come
/// together, each with a key of its own, lose nothing.
class Seals {
 public:
  /// One new random key.
  static Seals fresh();
  /// What text() has said. Code::corrupt: it is something else.
  static Result<Seals> read(std::string_view text);

  /// All keys, one a line, for a file of mode 0600 or another manager. A secret itself.
  [[nodiscard]] SecretPtr text() const;
  /// Who the keys are, which is no secret; that of the first one first.
  [[nodiscard]] std::vector<std::string> ids() const;
  /// Takes the keys of `others`, whose first one seals from now on. Returns whether anything is
  /// another now. Code::limit: these would be too many.
  Result<bool> take(const Seals& others);

  /// A text for the store. `place` says whose secret it is, such as `platforms/prod/password`; only
  /// with the same word can it be opened, so that a sealed text is good in its own place alone.
  /// Code::invalid: the secret is longer than longest_sealed_secret.
  [[nodiscard]] Result<std::string> seal(std::string_view secret, std::string_view place) const;
  /// Code::precondition: sealed with a key that is not among these, as in a backup that was put
  /// back on another host; Code::corrupt: it was changed, or belongs to another place. Both say
  /// that the secret has to be set again.
  [[nodiscard]] Result<SecretPtr> open(std::string_view sealed, std::string_view place) const;

 private:
  Seals() = default;
  struct Key {
    std::string id;
    SecretPtr bytes;
  };
  static Key key_of(SecretPtr bytes);
  std::vector<Key> keys_;  // at least one
};

}  // namespace truce::access
