#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "keys/key_text.h"
#include "storage/keys.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

// Whoever can write there could exchange a key, and whoever can read it has it.
Result<void> check_owner(const struct stat& status, const fs::path& path, mode_t others) {
  if (status.st_uid != ::geteuid())
    return fail(Code::forbidden, "{} belongs to user {}: chown root:root {}", path.string(),
                status.st_uid, path.string());
  if ((status.st_mode & others) == 0) return {};
  return fail(Code::forbidden, "others may {} {}: chmod {} {}",
              others == 077 ? "read or write" : "write to", path.string(),
              others == 077 ? "0600" : "go-w", path.string());
}

Result<Fd> open_key(const fs::path& path) {
  struct stat status{};
  if (::stat(path.parent_path().c_str(), &status) == 0)
    TRY_VOID(check_owner(status, path.parent_path(), 022));
  auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file && file.error().code == Code::not_found)
    return fail(Code::not_found, "there is no file {}: put the key there (chmod 0600)",
                path.string());
  if (!file) return file;
  if (::fstat(file->get(), &status) != 0) return fail_errno(errno, "stat " + path.string());
  if (!S_ISREG(status.st_mode)) return fail(Code::forbidden, "{} is not a file", path.string());
  TRY_VOID(check_owner(status, path, 077));
  return file;
}

Result<SecretPtr> read_key(const fs::path& path) {
  TRY(auto file, open_key(path));
  auto bytes = std::make_unique<Secret>(longest_key + 2);
  std::size_t size = 0;
  while (size < bytes->bytes().size()) {
    auto rest = bytes->bytes().subspan(size);
    auto got = ::read(file.get(), rest.data(), rest.size());
    if (got < 0) return fail_errno(errno, "read " + path.string());
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes->shorten(size);
  auto key = as_key(std::move(bytes));
  if (!key) return std::unexpected(std::move(key).error().within(path.string()));
  return key;
}

}  // namespace

std::string FolderKeys::place(const std::string& name) const {
  return (folder_ / name).string();
}

Async<Result<SecretPtr>> FolderKeys::find(std::string name) {
  CO_TRY_VOID(check_key_name(name));
  auto key = co_await run_blocking(threads_, [path = folder_ / name] { return read_key(path); });
  if (!key) co_return std::unexpected(std::move(key).error().within(fmt::format("key '{}'", name)));
  co_return key;
}

void FakeKeys::add(const std::string& name, std::string_view key) {
  keys_[name] = std::make_shared<const Secret>(key);
}

std::string FakeKeys::place(const std::string& name) const {
  return "memory of " + name;
}

Async<Result<SecretPtr>> FakeKeys::find(std::string name) {
  CO_TRY_VOID(check_key_name(name));
  auto found = keys_.find(name);
  if (found == keys_.end()) co_return fail(Code::not_found, "key '{}': there is none", name);
  co_return found->second;
}

}  // namespace truce::storage
