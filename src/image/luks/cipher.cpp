#include "luks/cipher.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "byte_order.h"
#include "luks/luks.h"

namespace truce::image::luks {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace

Result<void> cipher(Way way, const Secret& key, std::uint64_t sector, Span bytes) {
  TRUCE_ASSERT(bytes.size() % sector_bytes == 0 && key.bytes().size() == master_bytes,
               "whole sectors, and a key for them");
  std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  int encrypts = way == Way::encrypt ? 1 : 0;
  if (!context || EVP_CipherInit_ex(context.get(), EVP_aes_256_xts(), nullptr,
                                    raw(key.bytes().data()), nullptr, encrypts) != 1)
    return fail(Code::internal, "AES-256 in XTS mode is not available");
  for (; !bytes.empty(); bytes = bytes.subspan(sector_bytes)) {
    std::array<std::byte, 16> tweak{};
    put_le<std::uint64_t>(tweak, 0, sector++);
    int length = 0;
    bool done = EVP_CipherInit_ex(context.get(), nullptr, nullptr, nullptr, raw(tweak.data()),
                                  encrypts) == 1 &&
                EVP_CipherUpdate(context.get(), raw(bytes.data()), &length, raw(bytes.data()),
                                 sector_bytes) == 1;
    if (!done || length != sector_bytes) return fail(Code::internal, "AES-256 failed");
  }
  return {};
}

Result<void> stretch(View key, View salt, std::uint32_t iterations, Span into) {
  bool done = PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(key.data()),
                                static_cast<int>(key.size()), raw(salt.data()),
                                static_cast<int>(salt.size()), static_cast<int>(iterations),
                                EVP_sha256(), static_cast<int>(into.size()), raw(into.data())) == 1;
  if (!done) return fail(Code::internal, "PBKDF2 is not available");
  return {};
}

}  // namespace truce::image::luks
