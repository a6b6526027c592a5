#include "base/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "base/random.h"
#include "base/result.h"

namespace truce {

struct Sha256::State {
  State() {
    TRUCE_ASSERT(context && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1,
                 "SHA-256 is available");
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  int ok = EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
  TRUCE_ASSERT(ok == 1, "SHA-256 failed");
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  int ok = EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  TRUCE_ASSERT(ok == 1, "SHA-256 failed");
  return to_hex({digest.data(), size});
}

std::string sha256_hex(std::string_view data) {
  Sha256 digest;
  digest.update(data);
  return digest.finish();
}

}  // namespace truce
