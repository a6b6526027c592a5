// Digests of packages' members.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "image/package.h"

namespace truce::image::package {

/// A digest over bytes as they come; not for ManifestDigest::none.
class RunningDigest {
 public:
  static Result<RunningDigest> start(ManifestDigest digest);
  void add(View bytes);
  /// Hexadecimal, in small letters. Nothing may follow.
  std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

/// The same of a whole piece.
Result<std::string> digest_of(ManifestDigest digest, View bytes);

/// xxHash-64 with seed 0. [xxHash specification 0.1.1, XXH64]
std::uint64_t xxh64(View bytes);

}  // namespace truce::image::package
