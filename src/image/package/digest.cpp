#include "package/digest.h"

#include <array>
#include <bit>

#include "base/random.h"
#include "byte_order.h"

namespace truce::image::package {
namespace {

const EVP_MD* algorithm(ManifestDigest digest) {
  switch (digest) {
    case ManifestDigest::none:
      break;
    case ManifestDigest::sha1:
      return EVP_sha1();
    case ManifestDigest::sha256:
      return EVP_sha256();
    case ManifestDigest::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87, prime2 = 0xC2B2AE3D27D4EB4F,
                        prime3 = 0x165667B19E3779F9, prime4 = 0x85EBCA77C2B2AE63,
                        prime5 = 0x27D4EB2F165667C5;

std::uint64_t round_of(std::uint64_t lane, std::uint64_t input) {
  return std::rotl(lane + input * prime2, 31) * prime1;
}

/// The lanes of the stripes of 32 bytes, brought together; `bytes` is what is left.
std::uint64_t stripes(View& bytes) {
  std::array<std::uint64_t, 4> lanes{prime1 + prime2, prime2, 0, std::uint64_t{0} - prime1};
  for (; bytes.size() >= 32; bytes = bytes.subspan(32)) {
    for (std::size_t i = 0; i < 4; ++i)
      lanes[i] = round_of(lanes[i], le<std::uint64_t>(bytes, i * 8));
  }
  std::uint64_t sum = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
                      std::rotl(lanes[3], 18);
  for (auto lane : lanes) sum = (sum ^ round_of(0, lane)) * prime1 + prime4;
  return sum;
}

}  // namespace

Result<RunningDigest> RunningDigest::start(ManifestDigest digest) {
  RunningDigest running;
  running.context_.reset(EVP_MD_CTX_new());
  const auto* type = algorithm(digest);
  if (!running.context_ || type == nullptr ||
      EVP_DigestInit_ex(running.context_.get(), type, nullptr) != 1) {
    return fail(Code::internal, "OpenSSL has no such digest");
  }
  return running;
}

void RunningDigest::add(View bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string RunningDigest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned length = 0;
  EVP_DigestFinal_ex(context_.get(), bytes.data(), &length);
  return to_hex({bytes.data(), length});
}

Result<std::string> digest_of(ManifestDigest digest, View bytes) {
  TRY(auto running, RunningDigest::start(digest));
  running.add(bytes);
  return running.finish();
}

std::uint64_t xxh64(View bytes) {
  auto size = bytes.size();
  auto sum = (size >= 32 ? stripes(bytes) : prime5) + size;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8))
    sum = std::rotl(sum ^ round_of(0, le<std::uint64_t>(bytes, 0)), 27) * prime1 + prime4;
  if (bytes.size() >= 4) {
    sum = std::rotl(sum ^ le<std::uint32_t>(bytes, 0) * prime1, 23) * prime2 + prime3;
    bytes = bytes.subspan(4);
  }
  for (auto byte : bytes)
    sum = std::rotl(sum ^ std::to_integer<std::uint64_t>(byte) * prime5, 11) * prime1;
  sum = (sum ^ sum >> 33) * prime2;
  sum = (sum ^ sum >> 29) * prime3;
  return sum ^ sum >> 32;
}

}  // namespace truce::image::package
