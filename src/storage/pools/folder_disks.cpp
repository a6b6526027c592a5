// What is done with a disk of a folder pool once it is there.
#include "base/file.h"
#include "layers/folder_layers.h"
#include "layers/machine_files.h"
#include "names.h"
#include "qcow2_disk.h"
#include "storage/folder_pool.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

// A disk whose file is the first of its chain, and the only one.
Result<fs::path> single_file(const fs::path& home, const fs::path& folder,
                             const std::string& disk) {
  TRY(auto file, FolderLayers::current_file(home, disk));
  if (file == disk + ".qcow2") return folder / file;
  return fail(Code::precondition,
              "{} has snapshots, or blocks of them that are not merged yet: delete them first",
              disk);
}

}  // namespace

Async<Result<DiskPath>> FolderPool::make_twin(std::string id, DiskPath disk) {
  CO_TRY_VOID(check_disk_id(id));
  measured_.reset();
  CO_TRY(auto folder, vm_folder(id.substr(0, id.find('/'))));
  auto path = folder / (id.substr(id.find('/') + 1) + ".qcow2");
  // Whoever runs the machine may open no other: settle_copy() changes it later.
  auto below = disk.backing.empty() ? fs::path() : disk.backing.front();
  CO_TRY_VOID(co_await run_blocking(pool_, [=]() -> Result<void> {
    TRY(auto facts, look_at_qcow2(disk.path));
    TRY_VOID(remove_tree(path));
    TRY_VOID(make_qcow2(path, facts.virtual_size, below));
    TRY_VOID(sync_path(path));
    return sync_path(folder);
  }));
  disk.path = path;
  co_return disk;
}

Async<Result<DiskPath>> FolderPool::take_in(std::string id, fs::path file,
                                            std::string template_name) {
  CO_TRY_VOID(check_disk_id(id));
  measured_.reset();
  CO_TRY(auto folder, vm_folder(id.substr(0, id.find('/'))));
  auto path = folder / (id.substr(id.find('/') + 1) + ".qcow2");
  fs::path below;
  if (!template_name.empty()) {
    CO_TRY(auto content, co_await first_->template_content(template_name));
    CO_TRY(below, co_await own_base(first_->template_folder(template_name) / content.disk));
  }
  CO_TRY_VOID(co_await run_blocking(pool_, [=]() -> Result<void> {
    TRY(auto facts, look_at_qcow2(file));
    if (facts.data_file)
      return fail(Code::corrupt, "{}: its blocks lie in another file", file.string());
    if (facts.backing.empty() != below.empty()) {
      return fail(Code::corrupt, "{}: it stands {} image, which was not to be expected",
                  file.string(), facts.backing.empty() ? "on no" : "on an");
    }
    // The template has another path here.
    if (!below.empty()) TRY_VOID(stand_on_qcow2(file, below));
    TRY_VOID(sync_path(file));
    std::error_code ec;
    fs::rename(file, path, ec);
    if (ec) return fail_errno(ec.value(), "rename to " + path.string());
    return sync_path(folder);
  }));
  co_return co_await disk(std::move(id));
}

Async<Result<void>> FolderPool::settle_copy(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  auto path = vms_ / (id + ".qcow2");
  std::error_code ec;
  if (!fs::exists(path, ec)) co_return Result<void>{};
  CO_TRY(auto facts, co_await run_blocking(pool_, [path] { return look_at_qcow2(path); }));
  if (facts.backing.empty()) co_return Result<void>{};
  CO_TRY(auto base, co_await own_base(facts.backing));
  if (base == facts.backing) co_return Result<void>{};
  co_return co_await run_blocking(pool_, [path, base]() -> Result<void> {
    TRY_VOID(stand_on_qcow2(path, base));
    return sync_path(path);
  });
}

// The same file of the same template, as this pool has it.
Async<Result<fs::path>> FolderPool::own_base(fs::path base) {
  if (base.empty() || is_inside(base, root_) || is_inside(base, templates_)) co_return base;
  auto name = base.parent_path().filename().string();
  CO_TRY(auto content, co_await first_->template_content(name));
  bool known = is_inside(base, first_->templates_);
  for (const auto& [pool, other] : first_->folders_->others)
    known = known || is_inside(base, other.templates);
  if (!known || base.filename() != content.disk)
    co_return fail(Code::precondition, "{} is no file of a template", base.string());
  CO_TRY(auto hold, first_->share(name));
  if (shared()) CO_TRY_VOID(co_await bring_template(name, content, {}));
  co_return template_folder(name) / content.disk;
}

Async<Result<void>> FolderPool::grow_disk(std::string id, Bytes size) {
  CO_TRY_VOID(check_disk_id(id));
  measured_.reset();
  auto slash = id.find('/');
  auto folder = vms_ / id.substr(0, slash);
  auto home = home_of(id);
  CO_TRY(auto key, co_await disk_key(id));
  co_return co_await run_blocking(pool_, [=, templates = templates_]() -> Result<void> {
    TRY(auto path, single_file(home, folder, id.substr(slash + 1)));
    return grow_qcow2(path, size, {folder, templates, key});
  });
}

Async<Result<std::shared_ptr<image::Image>>> FolderPool::open_disk(std::string id, Access access) {
  CO_TRY(auto found, co_await disk(id));
  CO_TRY(auto key, co_await disk_key(id));
  auto folder = vms_ / id.substr(0, id.find('/'));
  co_return co_await run_blocking(pool_, [=, templates = templates_] {
    return open_qcow2(found.path, access, {folder, templates, key});
  });
}

Async<Result<void>> FolderPool::delete_disk(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  measured_.reset();
  auto slash = id.find('/');
  auto folder = vms_ / id.substr(0, slash);
  auto home = home_of(id);
  co_return co_await run_blocking(pool_, [=]() -> Result<void> {
    TRY(auto path, single_file(home, folder, id.substr(slash + 1)));
    std::error_code ec;
    if (!fs::exists(path, ec)) return {};
    TRY_VOID(remove_tree(path));
    return sync_path(folder);
  });
}

}  // namespace truce::storage
