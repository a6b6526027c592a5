#include "own_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace truce {
namespace {

using Path = std::filesystem::path;

// Where the new root is built, in the program's own mount namespace: a folder that every host has
// and no rule names.
constexpr const char* site = "/proc";

bool below(const Path& path, const Path& folder) {
  auto [end, rest] = std::ranges::mismatch(folder, path);
  return end == folder.end();
}

struct Wish {
  Path path;
  bool writable = false;
};

// Whether another wish shows it already in the same way: itself, or the nearest one above it.
bool covered(const Wish& wish, const std::vector<Wish>& wishes) {
  const Wish* nearest = nullptr;
  for (const auto& other : wishes) {
    if (other.path == wish.path && other.writable && !wish.writable) return true;
    if (other.path == wish.path || !below(wish.path, other.path)) continue;
    bool nearer = nearest == nullptr || below(other.path, nearest->path);
    if (nearer) nearest = &other;
  }
  return nearest != nullptr && nearest->writable == wish.writable;
}

std::uint64_t attributes_of(const Wish& wish, bool device) {
  std::uint64_t attributes = MOUNT_ATTR_NOSUID;
  if (!wish.writable) return attributes | MOUNT_ATTR_RDONLY;
  attributes |= MOUNT_ATTR_NOEXEC;
  return device ? attributes : attributes | MOUNT_ATTR_NODEV;
}

std::vector<Wish> wishes_of(const FileRules& rules) {
  std::vector<Wish> all;
  for (const auto& path : rules.read_only) all.push_back({path.lexically_normal(), false});
  for (const auto& path : rules.read_write) all.push_back({path.lexically_normal(), true});
  std::vector<Wish> kept;
  for (const auto& wish : all) {
    bool twice = std::ranges::any_of(kept, [&](const Wish& other) {
      return other.path == wish.path && other.writable == wish.writable;
    });
    if (!twice && !covered(wish, all)) kept.push_back(wish);
  }
  std::ranges::sort(kept, {}, [](const Wish& wish) { return wish.path.native().size(); });
  return kept;
}

}  // namespace

Result<OwnRoot> OwnRoot::plan(const FileRules& rules) {
  OwnRoot root;
  auto wishes = wishes_of(rules);
  std::set<std::string> folders;
  for (const auto& wish : wishes) {
    if (!wish.path.is_absolute())
      return fail(Code::internal, "'{}' is no absolute path", wish.path.string());
    struct stat status{};
    if (::stat(wish.path.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;
      return fail_errno(errno, "stat " + wish.path.string());
    }
    Place place{.source = wish.path.string(), .target = site + wish.path.string()};
    place.folder = S_ISDIR(status.st_mode);
    bool device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) || below(wish.path, "/dev");
    place.attributes = attributes_of(wish, device);
    std::error_code ec;
    if (std::filesystem::is_symlink(wish.path, ec)) {  // such as /lib into /usr
      auto real = std::filesystem::canonical(wish.path, ec);
      bool shown =
          std::ranges::any_of(wishes, [&](const Wish& other) { return below(real, other.path); });
      if (!ec && shown) place.link = std::filesystem::read_symlink(wish.path, ec).string();
    }
    for (auto above = wish.path.parent_path(); above.has_relative_path();
         above = above.parent_path())
      folders.insert(site + above.string());
    root.places_.push_back(std::move(place));
  }
  root.folders_.assign(folders.begin(), folders.end());
  return root;
}

// A place that cannot be made where something shows already is there: the mount tells.
bool OwnRoot::show(const Place& place) const {
  if (!place.link.empty()) return ::symlink(place.link.c_str(), place.target.c_str()) == 0;
  if (place.folder) {
    ::mkdir(place.target.c_str(), 0755);
  } else {
    int made = ::open(place.target.c_str(),
                      O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (made >= 0) ::close(made);
  }
  if (::mount(place.source.c_str(), place.target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return false;
  mount_attr wanted{};
  wanted.attr_set = place.attributes;
  return ::mount_setattr(AT_FDCWD, place.target.c_str(), AT_RECURSIVE, &wanted, sizeof wanted) == 0;
}

bool OwnRoot::enter() const {
  // Nothing that is mounted here shall appear on the host.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::mount("truce", site, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=256k") != 0)
    return false;
  auto mask = ::umask(022);  // folders are passed through by the program's user
  for (const auto& folder : folders_) {
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return false;
  }
  for (const auto& place : places_) {
    if (!show(place)) return false;
  }
  ::umask(mask);
  // The old root is put over the new one, and taken off again.
  if (::chdir(site) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return false;
  }
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  return ::mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof read_only) == 0;
}

}  // namespace truce
