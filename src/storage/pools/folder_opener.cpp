#include "storage/folder_opener.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "names.h"
#include "pools/pool_mark.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view of_file_system = "lost+found";  // of ext4, in a folder that is mounted

// What does not outlive a reboot, or is no file system of files at all.
constexpr std::pair<long, std::string_view> no_storage[]{
    {TMPFS_MAGIC, "tmpfs"},         {RAMFS_MAGIC, "ramfs"},
    {PROC_SUPER_MAGIC, "proc"},     {SYSFS_MAGIC, "sysfs"},
    {DEBUGFS_MAGIC, "debugfs"},     {TRACEFS_MAGIC, "tracefs"},
    {CGROUP_SUPER_MAGIC, "cgroup"}, {CGROUP2_SUPER_MAGIC, "cgroup2"},
    {DEVPTS_SUPER_MAGIC, "devpts"}, {SECURITYFS_MAGIC, "securityfs"}};

// The folder that a pool's source means, with symbolic links followed.
Result<fs::path> root_of(const model::Pool& pool) {
  fs::path source = pool.source;
  if (!source.is_absolute() || pool.source.contains('\0'))
    return fail(Code::invalid, "'{}' is no absolute path of a folder", pool.source);
  std::error_code ec;
  auto root = fs::weakly_canonical(source, ec);
  if (ec) return fail_errno(ec.value(), pool.source);
  if (!root.has_filename()) root = root.parent_path();
  if (root == root.root_path()) return fail(Code::invalid, "/ cannot be a pool: give a folder");
  return root;
}

fs::path nearest_that_exists(fs::path path) {
  std::error_code ec;
  while (!fs::exists(path, ec) && path.has_relative_path()) path = path.parent_path();
  return path;
}

Result<void> check_file_system(const fs::path& root) {
  auto there = nearest_that_exists(root);
  struct statfs system{};
  if (::statfs(there.c_str(), &system) != 0) return fail_errno(errno, "statfs " + there.string());
  for (auto [magic, name] : no_storage) {
    if (system.f_type != magic) continue;
    return fail(Code::invalid, "{} is on {}, which keeps nothing: give a folder on a disk",
                root.string(), name);
  }
  return {};
}

// Machines run as other users: they pass through every folder above their disks.
Result<void> check_passage(const fs::path& root) {
  if (::geteuid() != 0) return {};
  fs::path at = "/";
  for (const auto& part : root.relative_path()) {
    at /= part;
    struct stat status{};
    if (::stat(at.c_str(), &status) != 0) return {};  // made by us, with the right mode
    if (!S_ISDIR(status.st_mode)) return fail(Code::invalid, "{} is not a folder", at.string());
    if ((status.st_mode & S_IXOTH) != 0) continue;
    return fail(Code::invalid,
                "machines run as other users, who may not pass through {}: chmod o+x {}, or give "
                "another folder",
                at.string(), at.string());
  }
  return {};
}

Result<void> check_apart(const fs::path& root, const fs::path& other, std::string_view what) {
  if (root == other) return fail(Code::conflict, "{} is {}", root.string(), what);
  if (!is_inside(root, other) && !is_inside(other, root)) return {};
  return fail(Code::conflict, "{} and {}, which is {}, are one inside the other", root.string(),
              other.string(), what);
}

Result<void> check_empty(const fs::path& root) {
  std::error_code ec;
  for (auto at = fs::directory_iterator(root, ec); !ec && at != fs::directory_iterator();
       at.increment(ec)) {
    auto name = at->path().filename().string();
    if (name == of_file_system || name == lock_name({})) continue;
    return fail(Code::conflict, "{} is not empty: '{}' is in it; give an empty folder",
                root.string(), name);
  }
  if (ec) return fail_errno(ec.value(), "list " + root.string());
  return {};
}

Result<Fd> lock_pool(const fs::path& root) {
  TRY(auto lock, open_file(root / lock_name({}), O_RDWR | O_CREAT | O_NOFOLLOW));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Code::conflict, "the pool in {} is in use", root.string());
  return lock;
}

// The folder of a pool that hosts share is one pool for all of them.
Result<void> check_mark(const fs::path& root, const PoolMark& there, const PoolMark& wanted) {
  if (there.id == wanted.id) return {};
  if (there.id.empty())
    return fail(Code::conflict,
                "{} is the pool '{}' of one host: a pool that is shared begins in "
                "an empty folder",
                root.string(), there.name);
  return fail(Code::conflict, "{} is the pool '{}' that hosts share", root.string(), there.name);
}

Result<void> make_pool(const fs::path& root, const PoolMark& wanted) {
  TRY_VOID(check_file_system(root));
  TRY_VOID(check_passage(root));
  TRY_VOID(make_folder(root, 0711));
  auto there = read_pool_mark(root);
  if (!there && there.error().code != Code::unavailable) return std::unexpected(there.error());
  if (there) TRY_VOID(check_mark(root, *there, wanted));
  if (!there) TRY_VOID(check_empty(root));
  TRY(auto lock, lock_pool(root));
  return write_file_durably(root / pool_mark, format_mark(wanted), 0644);
}

// Copies for machines of which none is left.
Result<void> remove_templates(const fs::path& folder) {
  std::error_code ec;
  std::vector<fs::path> copies;
  for (const auto& entry : fs::directory_iterator(folder, ec)) copies.push_back(entry.path());
  for (const auto& copy : copies) TRY_VOID(remove_sealed(copy));
  return remove_tree(folder);
}

Result<void> take_away(const fs::path& root, const PoolMark& wanted) {
  auto mark = read_pool_mark(root);
  if (!mark || mark->name != wanted.name || mark->id != wanted.id) return {};  // not there
  TRY(auto lock, lock_pool(root));
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(root / "vms", ec)) {
    return fail(Code::precondition, "'{}' holds files of machines still: {}", wanted.name,
                entry.path().string());
  }
  TRY_VOID(remove_tree(root / "vms"));
  if (!wanted.id.empty()) TRY_VOID(remove_templates(root / "templates"));
  TRY_VOID(remove_tree(root / pool_mark));
  for (const auto& entry : fs::directory_iterator(root, ec)) {
    if (entry.path().filename().string().starts_with(lock_name({})))
      TRY_VOID(remove_tree(entry.path()));
  }
  return sync_path(root);
}

PoolMark mark_of(const model::Pool& pool) {
  return {pool.name, pool.shared ? pool.id : std::string()};
}

Result<void> check_shared(const model::Pool& pool) {
  if (!pool.shared || (!pool.id.empty() && !pool.host.empty())) return {};
  return fail(Code::invalid, "a pool that hosts share has an id, and the host's name is told");
}

}  // namespace

std::string format_mark(const PoolMark& mark) {
  return mark.id.empty() ? mark.name + "\n" : fmt::format("{} {}\n", mark.name, mark.id);
}

Result<PoolMark> read_pool_mark(const fs::path& root) {
  auto text = read_file(root / pool_mark, kib(1));
  if (!text) {
    return fail(Code::unavailable, "no pool is in {}: is its file system mounted?", root.string());
  }
  while (text->ends_with('\n')) text->pop_back();
  auto space = std::min(text->find(' '), text->size());
  PoolMark mark{text->substr(0, space), text->substr(std::min(space + 1, text->size()))};
  bool good = check_pool_name(mark.name) && (mark.id.empty() || check_upload_name(mark.id));
  if (!good) return fail(Code::corrupt, "{} names no pool", (root / pool_mark).string());
  return mark;
}

Async<Result<void>> FolderOpener::make(model::Pool pool) {
  CO_TRY_VOID(check_pool_name(pool.name));
  CO_TRY(auto root, root_of(pool));
  CO_TRY_VOID(check_apart(root, first_.root(), "the pool 'default'"));
  for (const auto& [name, other] : first_.leaning()) {
    if (name != pool.name)
      CO_TRY_VOID(check_apart(root, other, fmt::format("the pool '{}'", name)));
  }
  CO_TRY_VOID(check_shared(pool));
  for (const auto& folder : reserved_) CO_TRY_VOID(check_apart(root, folder, "truced's own"));
  co_return co_await run_blocking(threads_,
                                  [root, mark = mark_of(pool)] { return make_pool(root, mark); });
}

Async<Result<std::shared_ptr<Pool>>> FolderOpener::open(model::Pool pool) {
  CO_TRY_VOID(check_pool_name(pool.name));
  CO_TRY(auto root, root_of(pool));
  CO_TRY_VOID(check_shared(pool));
  FolderPool::Share share;
  if (pool.shared) share = {pool.id, pool.host};
  auto opened = std::make_shared<FolderPool>(first_, pool.name, root, share);
  CO_TRY_VOID(co_await run_blocking(threads_, [opened] { return opened->recover(); }));
  opened->lean();
  co_return opened;
}

Async<Result<void>> FolderOpener::remove(model::Pool pool) {
  CO_TRY(auto root, root_of(pool));
  co_return co_await run_blocking(threads_,
                                  [root, mark = mark_of(pool)] { return take_away(root, mark); });
}

}  // namespace truce::storage
