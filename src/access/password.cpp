#include "access/password.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/random.h"

namespace truce::access {
namespace {

constexpr std::size_t hash_size = 32;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool first_of_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
}

/// What a PHC string of a cost begins with.
std::string front_of(HashCost cost) {
  return fmt::format("$argon2id$v={}$m={},t={},p={}$", static_cast<int>(ARGON2_VERSION_13),
                     cost.memory_kib, cost.passes, cost.lanes);
}

}  // namespace

Result<void> check_password(std::string_view password, std::string_view user) {
  if (std::ranges::count_if(password, first_of_character) <
      static_cast<std::ptrdiff_t>(shortest_password)) {
    return fail(Code::invalid, "must have at least {} characters", shortest_password);
  }
  if (std::ranges::equal(password, user, {}, lower, lower))
    return fail(Code::invalid, "must be something else than the user's name");
  return {};
}

std::string hash_password(std::string_view password, std::string_view salt, HashCost cost) {
  std::string phc(argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes,
                                    static_cast<std::uint32_t>(salt.size()), hash_size, Argon2_id),
                  '\0');
  int status = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, password.data(),
                                     password.size(), salt.data(), salt.size(), hash_size,
                                     phc.data(), phc.size());
  TRUCE_ASSERT(status == ARGON2_OK, argon2_error_message(status));
  phc.resize(phc.find('\0'));
  return phc;
}

Verdict check_hash(const std::string& phc, std::string_view password) {
  bool right = argon2id_verify(phc.c_str(), password.data(), password.size()) == ARGON2_OK;
  return {right, !phc.starts_with(front_of(present_cost))};
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(),
                    digest.data(), &size);
  TRUCE_ASSERT(done != nullptr, "HMAC-SHA-256 is available");
  return to_hex({digest.data(), size});
}

}  // namespace truce::access
