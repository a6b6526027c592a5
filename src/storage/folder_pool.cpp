#include "storage/folder_pool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/random.h"
#include "base/revert.h"
#include "keys/disk_keys.h"
#include "layers/folder_layers.h"
#include "library/folder_library.h"
#include "names.h"
#include "pools/pool_mark.h"
#include "qcow2_disk.h"
#include "storage/places.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

std::string disk_of(const std::string& disk_id) {
  return disk_id.substr(disk_id.find('/') + 1);
}

constexpr int backing_depth_limit = 80;  // layers_limit, and templates below them

// The chain under a disk. The header is in reach of whoever runs the machine, so a name that leads
// neither into the pool nor to a template of this host is not followed.
Result<DiskPath> describe(const fs::path& path, const std::vector<fs::path>& places) {
  DiskPath disk{path, "qcow2", {}};
  for (auto next = path;;) {
    TRY(auto facts, look_at_qcow2(next));
    bool first_ones = disk.encrypted == disk.backing.size();
    if (facts.encrypted && !first_ones)
      return fail(Code::corrupt, "{}: what stands on it is not encrypted, as it is", next.string());
    if (facts.encrypted) ++disk.encrypted;
    if (facts.data_file) {
      return fail(Code::corrupt, "{}: its blocks lie in another file", next.string());
    }
    if (facts.backing.empty()) return disk;
    next = facts.backing;
    auto holds = [&](const fs::path& place) { return is_inside(next, place); };
    if (std::ranges::none_of(places, holds)) {
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

// Whoever runs the machine can write to its files: what is not encrypted any more is not run, or
// more of it would come to lie there in plain text.
Result<void> check_encrypted(const DiskPath& disk, const std::string& key, const fs::path& own) {
  std::size_t machines_own = is_inside(disk.path, own) ? 1 : 0;
  for (const auto& below : disk.backing) machines_own += is_inside(below, own) ? 1 : 0;
  auto wanted = key.empty() ? 0 : machines_own;
  if (disk.encrypted == wanted) return {};
  return fail(Code::corrupt, "{}: {} of its {} files are encrypted, where {} were expected",
              disk.path.string(), disk.encrypted, machines_own, wanted);
}

// Renames without replacing: conflict when `to` exists. The folder is synced.
Result<void> publish(const fs::path& from, const fs::path& to) {
  auto done = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  // NFS cannot, but a link never replaces anything either.
  if (done != 0 && (errno == EINVAL || errno == ENOSYS)) {
    done = ::link(from.c_str(), to.c_str());
    if (done == 0) TRY_VOID(remove_tree(from));
  }
  if (done != 0 && errno == EEXIST) return fail(Code::conflict, "{} exists already", to.string());
  if (done != 0) return fail_errno(errno, "rename to " + to.string());
  return sync_path(to.parent_path());
}

// What is out of sight already goes whoever put it there; what is being made is its host's.
Result<void> remove_shared_rests(const fs::path& vms, const fs::path& templates,
                                 const std::string& host) {
  std::error_code ec;
  std::vector<fs::path> rests;
  for (const auto& folder : {vms, templates}) {
    for (const auto& entry : fs::directory_iterator(folder, ec)) {
      auto name = entry.path().filename().string();
      if (name.starts_with(gone_prefix) || name.starts_with(made_prefix(host)))
        rests.push_back(entry.path());
    }
  }
  for (const auto& rest : rests) {
    // Another host may be at the same.
    if (auto gone = remove_sealed(rest); !gone) spdlog::warn("{}", gone.error().message);
  }
  return {};
}

}  // namespace

FolderPool::FolderPool(asio::thread_pool& pool, fs::path root, ImportProcess import_process,
                       Keys* keys)
    : pool_(pool),
      import_process_(std::move(import_process)),
      keys_(keys),
      name_(first_pool),
      root_(fs::absolute(std::move(root)).lexically_normal()),
      templates_(root_ / "templates"),
      vms_(root_ / "vms"),
      first_(this),
      folders_(std::make_unique<MachineFolders>(
          MachineFolders{vms_, templates_, {}, Homes(root_ / "homes", vms_)})),
      layers_(std::make_unique<FolderLayers>(pool_, copies_, *folders_, DiskKeys(keys_))),
      library_(std::make_unique<FolderLibrary>(*this, root_ / "uploads")) {}

FolderPool::FolderPool(FolderPool& first, std::string name, fs::path root, Share share)
    : pool_(first.pool_),
      import_process_(first.import_process_),
      keys_(first.keys_),
      name_(std::move(name)),
      share_(std::move(share)),
      root_(fs::absolute(std::move(root)).lexically_normal()),
      templates_(shared() ? root_ / "templates" : first.templates_),
      vms_(root_ / "vms"),
      first_(&first) {}

FolderPool::~FolderPool() {
  if (leans_) first_->folders_->others.erase(name_);
}

void FolderPool::lean() {
  TRUCE_ASSERT(first_ != this && lock_, "it was recovered, and is not the first");
  first_->folders_->others[name_] = {vms_, templates_, shared()};
  leans_ = true;
}

std::map<std::string, fs::path> FolderPool::leaning() const {
  std::map<std::string, fs::path> roots;
  for (const auto& [name, other] : folders_->others) roots[name] = other.vms.parent_path();
  return roots;
}

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

// A folder without the mark is not the pool: most likely the place where it is to be mounted.
Result<void> FolderPool::check_there() const {
  if (first_ == this) return {};
  auto mark = read_pool_mark(root_);
  if (!mark) return std::unexpected(mark.error());
  if (mark->name != name_)
    return fail(Code::unavailable, "{} holds another pool, '{}'", root_.string(), mark->name);
  if (mark->id == share_.id) return {};
  return fail(Code::unavailable, "{} holds a pool '{}' of another estate: it is '{}', not '{}'",
              root_.string(), name_, mark->id, share_.id);
}

Result<void> FolderPool::recover() {
  TRY_VOID(check_there());
  if (first_ == this) {
    // Users of machines pass through to their own folders, and see nothing else.
    TRY_VOID(make_folder(root_, 0711));
    TRY_VOID(make_folder(templates_, 0755));
  }
  TRY_VOID(make_folder(vms_, 0711));
  // Other hosts have it open at the same time, with locks of their own.
  TRY(auto lock, open_file(root_ / lock_name(share_.host), O_RDWR | O_CREAT));
  if (!lock_ && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::conflict, "the pool {} is used by another program", root_.string());
  }
  if (!lock_) lock_ = std::move(lock);
  measured_.reset();
  if (shared()) return remove_shared_rests(vms_, templates_, share_.host);
  if (first_ == this) TRY_VOID(remove_unfinished(templates_));
  TRY_VOID(remove_unfinished(vms_));
  TRY(auto folders, vm_folders());
  for (const auto& folder : folders) TRY_VOID(remove_unfinished(vms_ / folder));
  return {};
}

Async<Result<Capacity>> FolderPool::capacity() {
  // Guests fill their thin disks without telling us, so the walk is repeated now and then.
  constexpr auto walk_again = 30s;
  if (!measured_ || std::chrono::steady_clock::now() - measured_at_ > walk_again) {
    CO_TRY(auto measured, co_await run_blocking(pool_, [this]() -> Result<Capacity> {
             TRY_VOID(check_there());
             return measure({root_ / "templates", root_ / "uploads"}, vms_);
           }));
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
  CO_TRY(auto key, co_await DiskKeys(keys_).of(home_of(id), disk_of(id)));
  CO_TRY_VOID(co_await run_blocking(pool_, [=] { return make_qcow2(made, size, {}, key); }));
  co_return co_await publish_disk(made, id);
}

Async<Result<DiskPath>> FolderPool::clone_disk(std::string id, std::string template_name,
                                               Bytes size, CloneKind kind, Progress progress) {
  CO_TRY_VOID(check_disk_id(id));
  if (auto existing = co_await disk(id); existing || existing.error().code != Code::not_found) {
    co_return existing;
  }
  CO_TRY(auto hold, first_->share(template_name));
  CO_TRY(auto content, co_await first_->template_content(template_name));
  if (content.disk.empty()) {
    co_return fail(Code::precondition, "template {} has no disk", template_name);
  }
  auto wanted = size.count == 0 ? content.disk_size : size;
  if (wanted < content.disk_size) {
    co_return fail(Code::invalid, "a disk of {} is smaller than its template {} ({})",
                   to_string(wanted), template_name, to_string(content.disk_size));
  }
  CO_TRY(auto folder, vm_folder(id.substr(0, id.find('/'))));
  bool bring = shared() && kind == CloneKind::linked;
  if (bring) CO_TRY_VOID(co_await bring_template(template_name, content, progress));
  auto source = (bring ? this : first_)->template_folder(template_name) / content.disk;
  auto made = folder / (".new-" + random_hex(8));
  Revert revert;
  revert.add([made] { static_cast<void>(remove_tree(made)); });
  CO_TRY(auto key, co_await DiskKeys(keys_).of(home_of(id), disk_of(id)));
  if (kind == CloneKind::linked) {
    CO_TRY_VOID(
        co_await run_blocking(pool_, [=] { return make_qcow2(made, wanted, source, key); }));
  } else {
    auto copy = [=](Watch& watch) { return copy_qcow2(source, made, wanted, key, watch); };
    CO_TRY_VOID(co_await run_watched(copies_, copy, [&progress](double fraction) {
      if (progress) progress(fraction, "copying the disk");
    }));
  }
  co_return co_await publish_disk(made, id);
}

Async<Result<DiskPath>> FolderPool::disk(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  auto slash = id.find('/');
  auto vm = id.substr(0, slash);
  std::vector<fs::path> places{root_, first_->templates_};
  for (const auto& [name, other] : first_->folders_->others) places.push_back(other.templates);
  co_return co_await run_blocking(pool_, [=, this]() -> Result<DiskPath> {
    TRY(auto file, FolderLayers::current_file(home_of(id), id.substr(slash + 1)));
    auto path = vms_ / vm / file;
    std::error_code ec;
    if (!fs::exists(path, ec)) return fail(Code::not_found, "there is no disk {}", path.string());
    TRY(auto key, key_of_disk(home_of(id), id.substr(slash + 1)));
    TRY(auto found, describe(path, places));
    TRY_VOID(check_encrypted(found, key, vms_ / vm));
    return found;
  });
}

fs::path FolderPool::home_of(const std::string& disk_id) const {
  return first_->folders_->homes.of(disk_id.substr(0, disk_id.find('/')));
}

const Homes* FolderPool::homes() const {
  return first_ == this ? &folders_->homes : nullptr;
}

Async<Result<void>> FolderPool::tidy(std::string vm_uuid) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(pool_, [folder = vms_ / vm_uuid]() -> Result<void> {
    std::error_code ec;
    return fs::exists(folder, ec) ? remove_unfinished(folder) : Result<void>{};
  });
}

Async<Result<SecretPtr>> FolderPool::disk_key(std::string id) {
  CO_TRY(auto found, co_await disk(id));
  DiskKeys keys(keys_);
  CO_TRY(auto key, co_await keys.of(home_of(id), disk_of(id)));
  if (!key) co_return key;
  auto tried = co_await run_blocking(pool_, [=] { return try_key(found.path, key); });
  if (!tried) co_return std::unexpected(keys.about_key(tried.error(), home_of(id), disk_of(id)));
  co_return key;
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
    auto gone = vms / (std::string(gone_prefix) + random_hex(8));
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
