#include "access/second_factor.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "access/password.h"
#include "base/random.h"

namespace truce::access {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr auto step_length = 30s;

/// A code as it was meant: what people put between, and whether they held shift, does not count.
std::string meant(std::string_view typed) {
  std::string out;
  for (char c : typed) {
    if (c == ' ' || c == '-') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

}  // namespace

std::string base32_encode(std::string_view bytes) {
  std::string out;
  unsigned held = 0, bits = 0;
  for (char c : bytes) {
    held = (held << 8U) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += alphabet[(held >> (bits - 5)) & 31U];
    held &= 0xffU;
  }
  if (bits > 0) out += alphabet[(held << (5 - bits)) & 31U];
  return out;
}

Result<std::string> base32_decode(std::string_view text) {
  std::string out;
  unsigned held = 0, bits = 0;
  for (char c : meant(text)) {
    auto value = alphabet.find(c);
    if (value == alphabet.npos) return fail(Code::invalid, "is not base 32");
    held = (held << 5U) | static_cast<unsigned>(value);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((held >> bits) & 0xffU);
    held &= (1U << bits) - 1;
  }
  return out;
}

std::string totp_code(std::string_view secret, std::int64_t step) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[counter.size() - 1 - i] =
        static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (8 * i));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  auto* done = HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(),
                    counter.size(), digest.data(), &size);
  TRUCE_ASSERT(done != nullptr && size == 20, "HMAC-SHA-1 is available");
  std::size_t at = digest[19] & 15U;
  auto number = (digest[at] & 0x7fU) << 24U | digest[at + 1] << 16U | digest[at + 2] << 8U |
                static_cast<unsigned>(digest[at + 3]);
  return fmt::format("{:06}", number % 1'000'000);
}

std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, Time at,
                                      std::int64_t last_step) {
  auto present = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()) / step_length;
  auto digits = meant(code);
  std::optional<std::int64_t> found;
  for (auto step : {present - 1, present, present + 1}) {
    // All three are always looked at: the time tells nothing.
    if (same_secret(totp_code(secret, step), digits) && step > last_step) found = step;
  }
  return found;
}

std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view user) {
  return fmt::format(
      "otpauth://totp/{0}:{1}?secret={2}&issuer={0}&algorithm=SHA1&digits=6&period=30", issuer,
      user, secret);
}

std::string paper_code(std::string_view random) {
  auto text = base32_encode(random);
  for (std::size_t at = 4; at < text.size(); at += 5) text.insert(at, "-");
  return text;
}

std::string paper_code_sha256(std::string_view typed) {
  return sha256_hex(meant(typed));
}

}  // namespace truce::access
