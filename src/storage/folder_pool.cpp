#include "storage/folder_pool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/random.h"
#include "base/revert.h"
#include "layers/folder_layers.h"
#include "names.h"
#include "qcow2_disk.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr int backing_depth_limit = 80;  // layers_limit, and templates below them

// The chain under a disk. The header is in reach of whoever runs the machine, so a name that leads
// out of the pool is not followed.
Result<DiskPath> describe(const fs::path& path, const fs::path& root) {
  DiskPath disk{path, "qcow2", {}};
  for (auto next = path;;) {
    TRY(auto facts, look_at_qcow2(next));
    if (facts.data_file) {
      return fail(Code::corrupt, "{}: its blocks lie in another file", next.string());
    }
    if (facts.backing.empty()) return disk;
    next = facts.backing;
    if (!is_inside(next, root)) {
      return fail(Code::corrupt, "{}: refers to {}, which is not in the pool", path.string(),
                  next.string());
    }
    disk.backing.push_back(next);
    if (disk.backing.size() > backing_depth_limit) {
      return fail(Code::corrupt, "{}: more than {} images below it", path.string(),
                  backing_depth_limit);
    }
  }
}

// Renames without replacing: conflict when `to` exists. The folder is synced.
Result<void> publish(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return fail(Code::conflict, "{} exists already", to.string());
    return fail_errno(errno, "rename to " + to.string());
  }
  return sync_path(to.parent_path());
}

}  // namespace

FolderPool::FolderPool(asio::thread_pool& pool, fs::path root, ImportProcess import_process)
    : pool_(pool),
      import_process_(std::move(import_process)),
      root_(fs::absolute(std::move(root)).lexically_normal()),
      templates_(root_ / "templates"),
      vms_(root_ / "vms"),
      layers_(std::make_unique<FolderLayers>(pool_, copies_, vms_)) {}

FolderPool::~FolderPool() = default;

FolderPool::Hold::Hold(std::map<std::string, int>& holds, std::string name, int change)
    : holds_(&holds), name_(std::move(name)), change_(change) {
  holds[name_] += change;
}
FolderPool::Hold::Hold(Hold&& other) noexcept
    : holds_(std::exchange(other.holds_, nullptr)),
      name_(std::move(other.name_)),
      change_(other.change_) {}
FolderPool::Hold::~Hold() {
  if (holds_ == nullptr) return;
  auto entry = holds_->find(name_);
  entry->second -= change_;
  if (entry->second == 0) holds_->erase(entry);
}

Result<FolderPool::Hold> FolderPool::share(const std::string& name) {
  auto entry = holds_.find(name);
  if (entry != holds_.end() && entry->second < 0) {
    return fail(Code::conflict, "template {} is being made or deleted: try again later", name);
  }
  return Hold(holds_, name, 1);
}

Result<FolderPool::Hold> FolderPool::take(const std::string& name) {
  if (holds_.contains(name)) {
    return fail(Code::conflict, "template {} is being worked with: try again later", name);
  }
  return Hold(holds_, name, -1);
}

Result<void> FolderPool::recover() {
  // Users of machines pass through to their own folders, and see nothing else.
  TRY_VOID(make_folder(root_, 0711));
  TRY_VOID(make_folder(templates_, 0755));
  TRY_VOID(make_folder(vms_, 0711));
  TRY(auto lock, open_file(root_ / ".lock", O_RDWR | O_CREAT));
  if (!lock_ && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::conflict, "the pool {} is used by another program", root_.string());
  }
  if (!lock_) lock_ = std::move(lock);
  TRY_VOID(remove_unfinished(templates_));
  TRY_VOID(remove_unfinished(vms_));
  TRY(auto folders, vm_folders());
  for (const auto& folder : folders) TRY_VOID(remove_unfinished(vms_ / folder));
  measured_.reset();
  return {};
}

Async<Result<Capacity>> FolderPool::capacity() {
  // Guests fill their thin disks without telling us, so the walk is repeated now and then.
  constexpr auto walk_again = 30s;
  if (!measured_ || std::chrono::steady_clock::now() - measured_at_ > walk_again) {
    CO_TRY(auto measured,
           co_await run_blocking(pool_, [this] { return measure(templates_, vms_); }));
    measured_ = measured;
    measured_at_ = std::chrono::steady_clock::now();
  }
  auto capacity = *measured_;
  struct statvfs system{};
  if (::statvfs(root_.c_str(), &system) != 0) {
    co_return fail_errno(errno, "statvfs " + root_.string());
  }
  capacity.total = {system.f_blocks * system.f_frsize};
  capacity.free = {system.f_bavail * system.f_frsize};
  co_return capacity;
}

// A new disk is made beside its place under a hidden name, then renamed.
Async<Result<DiskPath>> FolderPool::publish_disk(fs::path made, std::string id) {
  auto path = vms_ / (id + ".qcow2");
  measured_.reset();
  CO_TRY_VOID(co_await run_blocking(pool_, [made, path]() -> Result<void> {
    if (::chmod(made.c_str(), 0600) != 0) return fail_errno(errno, "chmod " + made.string());
    TRY_VOID(sync_path(made));
    auto published = publish(made, path);
    // Somebody was faster: theirs stays.
    if (!published && published.error().code == Code::conflict) return remove_tree(made);
    return published;
  }));
  co_return co_await disk(std::move(id));
}

Async<Result<DiskPath>> FolderPool::create_disk(std::string id, Bytes size) {
  CO_TRY_VOID(check_disk_id(id));
  if (auto existing = co_await disk(id); existing || existing.error().code != Code::not_found) {
    co_return existing;
  }
  CO_TRY(auto folder, vm_folder(id.substr(0, id.find('/'))));
  auto made = folder / (".new-" + random_hex(8));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_tree(made)); });
  CO_TRY_VOID(co_await run_blocking(pool_, [made, size] { return make_qcow2(made, size); }));
  co_return co_await publish_disk(made, id);
}

Async<Result<DiskPath>> FolderPool::clone_disk(std::string id, std::string template_name,
                                               Bytes size, CloneKind kind, Progress progress) {
  CO_TRY_VOID(check_disk_id(id));
  if (auto existing = co_await disk(id); existing || existing.error().code != Code::not_found) {
    co_return existing;
  }
  CO_TRY(auto hold, share(template_name));
  CO_TRY(auto content, co_await template_content(template_name));
  if (content.disk.empty()) {
    co_return fail(Code::precondition, "template {} has no disk", template_name);
  }
  auto wanted = size.count == 0 ? content.disk_size : size;
  if (wanted < content.disk_size) {
    co_return fail(Code::invalid, "a disk of {} is smaller than its template {} ({})",
                   to_string(wanted), template_name, to_string(content.disk_size));
  }
  CO_TRY(auto folder, vm_folder(id.substr(0, id.find('/'))));
  auto source = template_folder(template_name) / content.disk;
  auto made = folder / (".new-" + random_hex(8));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_tree(made)); });
  if (kind == CloneKind::linked) {
    CO_TRY_VOID(co_await run_blocking(
        pool_, [made, wanted, source] { return make_qcow2(made, wanted, source); }));
  } else {
    auto copy = [=](Watch& watch) { return copy_qcow2(source, made, wanted, watch); };
    CO_TRY_VOID(co_await run_watched(copies_, copy, [&progress](double fraction) {
      if (progress) progress(fraction, "copying the disk");
    }));
  }
  co_return co_await publish_disk(made, id);
}

Async<Result<DiskPath>> FolderPool::disk(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  auto slash = id.find('/');
  auto folder = vms_ / id.substr(0, slash);
  co_return co_await run_blocking(pool_, [=, root = root_]() -> Result<DiskPath> {
    TRY(auto path, FolderLayers::current_file(folder, id.substr(slash + 1)));
    std::error_code ec;
    if (!fs::exists(path, ec)) return fail(Code::not_found, "there is no disk {}", path.string());
    return describe(path, root);
  });
}

Async<Result<void>> FolderPool::delete_vm(std::string vm_uuid) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  measured_.reset();
  co_return co_await run_blocking(pool_, [folder = vms_ / vm_uuid, vms = vms_]() -> Result<void> {
    std::error_code ec;
    if (!fs::exists(folder, ec)) return {};
    TRY(auto user, find_user(vms, folder));
    if (user) {
      return fail(Code::precondition, "disk {} is linked to a disk of {}", *user,
                  folder.filename().string());
    }
    // First out of sight in one step, so that a crash leaves no half of a machine.
    auto gone = vms / (".new-gone-" + random_hex(8));
    fs::rename(folder, gone, ec);
    if (ec) return fail_errno(ec.value(), "rename " + folder.string());
    return remove_tree(gone);
  });
}

Result<fs::path> FolderPool::vm_folder(const std::string& vm_uuid) {
  TRY_VOID(check_vm_uuid(vm_uuid));
  auto folder = vms_ / vm_uuid;
  // The machine's user passes through to its disks, which only that user may open.
  TRY_VOID(make_folder(folder, 0711));
  return folder;
}

Result<std::vector<std::string>> FolderPool::vm_folders() {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(vms_, ec)) {
    auto name = entry.path().filename().string();
    if (entry.is_directory() && check_vm_uuid(name)) names.push_back(name);
  }
  if (ec) return fail_errno(ec.value(), "list " + vms_.string());
  std::ranges::sort(names);
  return names;
}

fs::path FolderPool::template_folder(const std::string& name) const {
  return templates_ / name;
}

}  // namespace truce::storage
