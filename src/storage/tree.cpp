#include "tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <set>

#include "base/file.h"
#include "qcow2_disk.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

// Calls `visit(path, stat)` for each regular file below `folder`. What vanishes meanwhile is passed
// by.
template <class Visit>
Result<void> each_file(const fs::path& folder, Visit visit) {
  std::error_code ec;
  auto options = fs::directory_options::skip_permission_denied;
  for (auto entry = fs::recursive_directory_iterator(folder, options, ec);
       !ec && entry != fs::recursive_directory_iterator(); entry.increment(ec)) {
    struct stat status{};
    if (::lstat(entry->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      visit(entry->path(), status);
    }
  }
  if (ec && ec != std::errc::no_such_file_or_directory) {
    return fail_errno(ec.value(), "list " + folder.string());
  }
  return {};
}

}  // namespace

bool is_inside(const fs::path& path, const fs::path& folder) {
  auto relative = path.lexically_normal().lexically_relative(folder);
  return !relative.empty() && *relative.begin() != ".." && relative != ".";
}

Result<void> sync_path(const fs::path& path) {
  TRY(auto fd, open_file(path, O_RDONLY));
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "fsync " + path.string());
  return {};
}

Result<void> remove_unfinished(const fs::path& folder) {
  std::error_code ec;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    auto name = entry.path().filename().string();
    if (name.starts_with(".new-") || name.starts_with(".seed-")) found.push_back(entry.path());
  }
  if (ec) return fail_errno(ec.value(), "list " + folder.string());
  for (const auto& path : found) TRY_VOID(remove_sealed(path));
  return {};
}

std::string made_prefix(const std::string& host) {
  return fmt::format(".new-{}+", host);
}

std::string lock_name(const std::string& host) {
  return host.empty() ? ".lock" : ".lock-" + host;
}

Result<void> remove_sealed(const fs::path& folder) {
  std::error_code ec;
  if (fs::is_directory(fs::symlink_status(folder, ec))) {
    fs::permissions(folder, fs::perms::owner_all, ec);
  }
  return remove_tree(folder);
}

Result<std::optional<std::string>> find_user(const fs::path& vms, const fs::path& folder) {
  std::optional<std::string> user;
  auto inside = folder.string() + "/";
  TRY_VOID(each_file(vms, [&](const fs::path& path, const struct stat&) {
    if (user || path.string().starts_with(inside)) return;
    auto facts = look_at_qcow2(path);
    if (facts && facts->backing.starts_with(inside)) user = path.lexically_relative(vms).string();
  }));
  return user;
}

Result<Capacity> measure(const std::vector<fs::path>& plain, const fs::path& vms) {
  constexpr std::uint64_t block = 512;  // stat(2), st_blocks
  Capacity capacity{};
  std::map<std::string, Bytes> images;
  std::set<std::string> backings;
  for (const auto& folder : plain) {
    TRY_VOID(each_file(folder, [&](const fs::path&, const struct stat& status) {
      capacity.used.count += static_cast<std::uint64_t>(status.st_blocks) * block;
    }));
  }
  TRY_VOID(each_file(vms, [&](const fs::path& path, const struct stat& status) {
    capacity.used.count += static_cast<std::uint64_t>(status.st_blocks) * block;
    if (path.extension() != ".qcow2") return;
    if (auto facts = look_at_qcow2(path)) {
      images[path.string()] = facts->virtual_size;
      backings.insert(facts->backing);
    }
  }));
  // Of a disk with snapshots below it only the top counts.
  for (const auto& [path, size] : images) {
    if (!backings.contains(path)) capacity.allocated.count += size.count;
  }
  return capacity;
}

}  // namespace truce::storage
