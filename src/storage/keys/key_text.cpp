#include "keys/key_text.h"

#include <algorithm>

#include "names.h"
#include "storage/keys.h"

namespace truce::storage {

Result<void> check_key_name(std::string_view name) {
  // Not an option of the program that is asked for it.
  if (check_pool_name(name) && !name.starts_with('-')) return {};
  return fail(
      Code::invalid,
      "'{}' is not the name of a key: letters, digits, - and _, at most 64 of them, and no - "
      "at the beginning",
      name);
}

Result<SecretPtr> as_key(std::unique_ptr<Secret> read) {
  auto text = read->text();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.empty()) return fail(Code::invalid, "it is empty");
  if (text.size() > longest_key)
    return fail(Code::limit, "it has more than {} characters", longest_key);
  if (text.size() < shortest_key)
    return fail(Code::invalid,
                "it has {} characters, at least {} are needed: make one with openssl rand -base64 "
                "32",
                text.size(), shortest_key);
  bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) {
    return fail(Code::invalid,
                "it is no line of printable characters: make one with openssl rand -base64 32");
  }
  read->shorten(text.size());
  return SecretPtr(std::move(read));
}

}  // namespace truce::storage
