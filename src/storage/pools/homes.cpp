#include "storage/homes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/random.h"
#include "names.h"
#include "pools/copy_blocks.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

// Disks are not of the home; what is being made is nobody's.
bool of_home(const fs::path& name) {
  return name.extension() != ".qcow2" && !name.filename().string().starts_with('.');
}

// All of a home at its outermost level, the mark that it is one last.
Result<std::vector<fs::path>> entries_of_home(const fs::path& home) {
  std::vector<fs::path> names;
  std::error_code ec;
  for (auto at = fs::directory_iterator(home, ec); !ec && at != fs::directory_iterator();
       at.increment(ec)) {
    if (of_home(at->path())) names.push_back(at->path().filename());
  }
  if (ec) return fail_errno(ec.value(), "list " + home.string());
  std::ranges::sort(names, {},
                    [](const auto& name) { return std::pair(name == provisioned_mark, name); });
  return names;
}

// With its owner: the machine's user goes on with it.
Result<void> give_as(const fs::path& from, const fs::path& to, const struct stat& status) {
  if (::geteuid() == 0 && ::lchown(to.c_str(), status.st_uid, status.st_gid) != 0)
    return fail_errno(errno, "chown " + to.string());
  if (::chmod(to.c_str(), status.st_mode & 07777) != 0)
    return fail_errno(errno, "chmod " + to.string() + " as " + from.string());
  return sync_path(to);
}

// The machine's user owns folders of its home: what is neither a file nor a folder there is none of
// ours.
Result<void> copy_entry(const fs::path& from, const fs::path& to) {
  struct stat status{};
  if (::lstat(from.c_str(), &status) != 0) return fail_errno(errno, "stat " + from.string());
  std::error_code ec;
  if (S_ISDIR(status.st_mode)) {
    TRY_VOID(make_folder(to, 0700));
    std::vector<fs::path> names;
    for (auto at = fs::directory_iterator(from, ec); !ec && at != fs::directory_iterator();
         at.increment(ec)) {
      if (of_home(at->path())) names.push_back(at->path().filename());
    }
    if (ec) return fail_errno(ec.value(), "list " + from.string());
    for (const auto& name : names) TRY_VOID(copy_entry(from / name, to / name));
    return give_as(from, to, status);
  }
  if (!S_ISREG(status.st_mode)) return {};
  TRY_VOID(remove_tree(to));
  Watch watch;
  TRY_VOID(copy_blocks(from, to, watch));
  return give_as(from, to, status);
}

// Layers of disks that stay lie in a folder of the home.
Result<void> remove_entry(const fs::path& path) {
  std::error_code ec;
  if (!fs::is_directory(fs::symlink_status(path, ec))) return remove_tree(path);
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(path, ec)) {
    if (of_home(entry.path())) entries.push_back(entry.path());
  }
  for (const auto& entry : entries) TRY_VOID(remove_entry(entry));
  fs::remove(path, ec);  // where nothing of it is left
  return {};
}

}  // namespace

fs::path Homes::of(const std::string& vm_uuid) const {
  std::error_code ec;
  auto folder = fs::read_symlink(links_ / vm_uuid, ec);
  return ec ? vms_ / vm_uuid : folder;
}

Result<void> Homes::put(const std::string& vm_uuid, const fs::path& folder) const {
  TRY_VOID(check_vm_uuid(vm_uuid));
  std::error_code ec;
  if (fs::read_symlink(links_ / vm_uuid, ec) == folder) return {};
  // The mark of a machine whose disks are made; its folder alone holds disks of the first pool.
  auto old = vms_ / vm_uuid / provisioned_mark;
  if (fs::exists(old, ec))
    return fail(Code::conflict, "the home of {} is in {}", vm_uuid, old.parent_path().string());
  return link(vm_uuid, folder);
}

Result<void> Homes::bring(const std::string& vm_uuid, const fs::path& folder) const {
  TRY_VOID(check_vm_uuid(vm_uuid));
  auto old = vms_ / vm_uuid;
  if (of(vm_uuid) != old) return {};
  TRY(auto names, entries_of_home(old));
  for (const auto& name : names) TRY_VOID(copy_entry(old / name, folder / name));
  TRY_VOID(sync_path(folder));
  TRY_VOID(link(vm_uuid, folder));
  // From here on nobody looks at these. The mark goes first: without it this is no home.
  TRY_VOID(remove_tree(old / provisioned_mark));
  for (const auto& name : names) TRY_VOID(remove_entry(old / name));
  std::error_code ec;
  fs::remove(old, ec);  // where nothing of it is left
  return {};
}

Result<void> Homes::link(const std::string& vm_uuid, const fs::path& folder) const {
  TRY_VOID(make_folder(links_, 0711));
  auto link = links_ / vm_uuid;
  std::error_code ec;
  auto made = links_ / (".new-" + random_hex(8));
  fs::create_symlink(folder, made, ec);
  if (ec) return fail_errno(ec.value(), "link " + made.string());
  fs::rename(made, link, ec);
  if (ec) return fail_errno(ec.value(), "rename to " + link.string());
  return sync_path(links_);
}

Result<void> Homes::forget(const std::string& vm_uuid) const {
  TRY_VOID(check_vm_uuid(vm_uuid));
  return remove_tree(links_ / vm_uuid);
}

bool Homes::is_elsewhere(const std::string& vm_uuid) const {
  std::error_code ec;
  return fs::is_symlink(links_ / vm_uuid, ec);
}

std::vector<std::string> Homes::elsewhere() const {
  std::vector<std::string> uuids;
  std::error_code ec;
  for (auto at = fs::directory_iterator(links_, ec); !ec && at != fs::directory_iterator();
       at.increment(ec)) {
    auto name = at->path().filename().string();
    if (at->is_symlink() && check_vm_uuid(name)) uuids.push_back(name);
  }
  std::ranges::sort(uuids);
  return uuids;
}

}  // namespace truce::storage
