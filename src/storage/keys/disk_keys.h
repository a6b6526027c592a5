// Which key each disk of a machine is encrypted with, and the keys themselves.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "storage/keys.h"

namespace truce::storage {

using SecretsByDisk = std::map<std::string, SecretPtr>;

class DiskKeys {
 public:
  /// `keys` outlives it; null: none can be had.
  explicit DiskKeys(Keys* keys) : keys_(keys) {}

  /// The key of a disk by what is noted in its machine's home; null for one that is not encrypted.
  Async<Result<SecretPtr>> of(std::filesystem::path home, std::string disk) const;
  /// Those of all disks of a machine that are encrypted.
  Async<Result<SecretsByDisk>> of_machine(std::filesystem::path home) const;
  /// Says of an error that it is about the key of a disk, and where that was looked for.
  [[nodiscard]] Error about_key(Error error, const std::filesystem::path& home,
                                const std::string& disk) const;

 private:
  Keys* keys_;
};

}  // namespace truce::storage
