#include "keys/disk_keys.h"

#include "storage/places.h"

namespace truce::storage {

namespace fs = std::filesystem;

Async<Result<SecretPtr>> DiskKeys::of(fs::path home, std::string disk) const {
  CO_TRY(auto name, key_of_disk(home, disk));
  if (name.empty()) co_return nullptr;
  if (keys_ == nullptr)
    co_return fail(Code::unsupported, "{} is encrypted, and no keys can be had here", disk);
  auto key = co_await keys_->find(std::move(name));
  if (!key) co_return std::unexpected(std::move(key).error().within(disk + " is encrypted"));
  co_return key;
}

Async<Result<SecretsByDisk>> DiskKeys::of_machine(fs::path home) const {
  CO_TRY(auto noted, noted_keys(home));
  SecretsByDisk secrets;
  for (const auto& [disk, name] : noted) {
    CO_TRY(secrets[disk], co_await of(home, disk));
  }
  co_return secrets;
}

Error DiskKeys::about_key(Error error, const fs::path& home, const std::string& disk) const {
  auto name = key_of_disk(home, disk);
  if (error.code != Code::forbidden || !name || name->empty() || keys_ == nullptr) return error;
  error.message = fmt::format("{}: key '{}' ({}) does not open it: is it another key by now?", disk,
                              *name, keys_->place(*name));
  return error;
}

}  // namespace truce::storage
