#include <openssl/evp.h>

#include <array>

#include "base/random.h"
#include "base/result.h"

namespace truce {

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  int ok = EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr);
  TRUCE_ASSERT(ok == 1, "SHA-256 failed");
  return to_hex({digest.data(), size});
}

}  // namespace truce
