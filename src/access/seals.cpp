#include "access/seals.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/base64.h"
#include "base/random.h"

namespace truce::access {
namespace {

// AES-256-GCM [NIST SP 800-38D]. Random nonces of 96 bits are good for 2^32 texts of one key.
constexpr std::size_t key_size = 32, nonce_size = 12, tag_size = 16;
constexpr std::size_t most_keys = 16;
constexpr std::size_t id_size = 16;  // characters
constexpr std::string_view version = "v1.";

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int size_of(std::string_view text) {
  return static_cast<int>(text.size());
}

Cipher new_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  TRUCE_ASSERT(cipher, "OpenSSL has memory for a cipher");
  return cipher;
}

char digit(unsigned value) {
  return static_cast<char>(value < 10 ? '0' + value : 'a' + (value - 10));
}

int value_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Not by to_hex() and the like: their strings would keep what is in them.
Result<SecretPtr> key_in(std::string_view line) {
  auto wrong = fail(Code::corrupt, "it is no list of sealing keys");
  if (line.size() != 2 * key_size) return wrong;
  auto key = std::make_shared<Secret>(key_size);
  for (std::size_t i = 0; i < key_size; ++i) {
    int high = value_of(line[2 * i]), low = value_of(line[2 * i + 1]);
    if (high < 0 || low < 0) return wrong;
    key->bytes()[i] = static_cast<std::byte>(high * 16 + low);
  }
  return key;
}

std::unexpected<Error> set_it_again(Code code, std::string_view why, std::string_view place) {
  return fail(code, "the secret {} {}: set it again", place, why);
}

}  // namespace

Seals::Key Seals::key_of(SecretPtr bytes) {
  // The id is told to others: nothing about the key can be seen from it.
  auto named = Secret("truce sealing key " + std::string(key_size, '\0'));
  auto end = named.bytes().last(key_size);
  std::ranges::copy(bytes->bytes(), end.begin());
  return {sha256_hex(named.text()).substr(0, id_size), std::move(bytes)};
}

Seals Seals::fresh() {
  auto random = random_bytes(key_size);
  Seals seals;
  seals.keys_.push_back(key_of(std::make_shared<Secret>(std::string_view(random))));
  OPENSSL_cleanse(random.data(), random.size());
  return seals;
}

Result<Seals> Seals::read(std::string_view text) {
  Seals seals;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    if (seals.keys_.size() == most_keys) return fail(Code::corrupt, "it has too many sealing keys");
    TRY(auto key, key_in(text.substr(0, end)));
    seals.keys_.push_back(key_of(std::move(key)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (seals.keys_.empty()) return fail(Code::corrupt, "it has no sealing key");
  return seals;
}

SecretPtr Seals::text() const {
  auto text = std::make_shared<Secret>(keys_.size() * (2 * key_size + 1));
  auto* at = text->bytes().data();
  for (const auto& key : keys_) {
    for (auto byte : key.bytes->bytes()) {
      *at++ = static_cast<std::byte>(digit(std::to_integer<unsigned>(byte) >> 4U));
      *at++ = static_cast<std::byte>(digit(std::to_integer<unsigned>(byte) & 15U));
    }
    *at++ = static_cast<std::byte>('\n');
  }
  return text;
}

std::vector<std::string> Seals::ids() const {
  std::vector<std::string> ids;
  for (const auto& key : keys_) ids.push_back(key.id);
  return ids;
}

Result<bool> Seals::take(const Seals& others) {
  auto all = others.keys_;
  for (const auto& own : keys_)
    if (std::ranges::find(all, own.id, &Key::id) == all.end()) all.push_back(own);
  if (all.size() > most_keys)
    return fail(Code::limit, "there are more than {} sealing keys", most_keys);
  bool other = !std::ranges::equal(all, keys_, {}, &Key::id, &Key::id);
  keys_ = std::move(all);
  return other;
}

Result<std::string> Seals::seal(std::string_view secret, std::string_view place) const {
  if (secret.size() > longest_sealed_secret)
    return fail(Code::invalid, "must have at most {} bytes", longest_sealed_secret);
  const auto& key = keys_.front();
  auto sealed = random_bytes(nonce_size) + std::string(secret.size() + tag_size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  auto cipher = new_cipher();
  int size = 0;
  bool done =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key.bytes->text()),
                         out) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(place), size_of(place)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), out + nonce_size, &size, bytes_of(secret), size_of(secret)) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), out + nonce_size + secret.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size,
                          out + nonce_size + secret.size()) == 1;
  TRUCE_ASSERT(done, "AES-256-GCM is available");
  return fmt::format("{}{}.{}", version, key.id, base64_encode(sealed));
}

Result<SecretPtr> Seals::open(std::string_view sealed, std::string_view place) const {
  auto changed = set_it_again(Code::corrupt, "is not what was stored for it", place);
  if (!sealed.starts_with(version) || sealed.size() < version.size() + id_size + 1) return changed;
  auto id = sealed.substr(version.size(), id_size);
  auto key = std::ranges::find(keys_, id, &Key::id);
  if (key == keys_.end())
    return set_it_again(Code::precondition,
                        "was sealed with a key that the managers do not have (any more)", place);
  auto data = base64_decode(sealed.substr(version.size() + id_size + 1));
  if (!data || data->size() < nonce_size + tag_size) return changed;
  auto size = data->size() - nonce_size - tag_size;
  auto secret = std::make_shared<Secret>(size);
  auto* in = reinterpret_cast<unsigned char*>(data->data());
  auto* out = reinterpret_cast<unsigned char*>(secret->bytes().data());
  auto cipher = new_cipher();
  int got = 0;
  bool right =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key->bytes->text()),
                         in) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &got, bytes_of(place), size_of(place)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), out, &got, in + nonce_size, static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, in + nonce_size + size) ==
          1 &&
      EVP_DecryptFinal_ex(cipher.get(), out + size, &got) == 1;
  if (!right) return changed;
  return secret;
}

}  // namespace truce::access
