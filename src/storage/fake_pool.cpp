#include "storage/fake_pool.h"

#include <algorithm>

#include "base/file.h"
#include "library/folder_library.h"
#include "manifest.h"
#include "names.h"
#include "storage/places.h"

namespace truce::storage {

namespace fs = std::filesystem;

FakePool::FakePool(fs::path root)
    : root_(std::move(root)),
      homes_(root_ / "homes", root_ / "vms"),
      library_(std::make_unique<FolderLibrary>(*this, root_ / "uploads")) {}

FakePool::~FakePool() = default;

Result<void> FakePool::take_failure() {
  if (!failure_) return {};
  auto error = *std::exchange(failure_, std::nullopt);
  return std::unexpected(std::move(error));
}

void FakePool::add_template(const std::string& name, TemplateContent content) {
  auto folder = template_folder(name);
  static_cast<void>(make_folder(folder));
  for (const auto& file : {content.disk, content.kernel, content.initrd, content.iso}) {
    if (!file.empty()) static_cast<void>(write_file_durably(folder / file, "fake"));
  }
  templates_[name] = std::move(content);
}

Result<DiskPath> FakePool::add_disk(const std::string& id, Disk disk) {
  TRY_VOID(take_failure());
  TRY(auto folder, vm_folder(id.substr(0, id.find('/'))));
  disk.path.path = root_ / "vms" / (id + ".qcow2");
  disk.path.format = "qcow2";
  auto slash = id.find('/');
  TRY(auto key, key_of_disk(folder, id.substr(slash + 1)));
  disk.path.encrypted = key.empty() ? 0 : 1;
  TRY_VOID(write_file_durably(disk.path.path, to_string(disk.size)));
  return disks_.insert_or_assign(id, std::move(disk)).first->second.path;
}

Async<Result<Capacity>> FakePool::capacity() {
  Capacity capacity{gib(1000), free_, {0}, {0}};
  for (const auto& [id, disk] : disks_) capacity.allocated.count += disk.size.count;
  co_return capacity;
}

Async<Result<DiskPath>> FakePool::create_disk(std::string id, Bytes size) {
  CO_TRY_VOID(check_disk_id(id));
  if (disks_.contains(id)) co_return disks_[id].path;
  co_return add_disk(id, {{}, size, ""});
}

Async<Result<DiskPath>> FakePool::clone_disk(std::string id, std::string template_name, Bytes size,
                                             CloneKind kind, Progress progress) {
  CO_TRY_VOID(check_disk_id(id));
  if (disks_.contains(id)) co_return disks_[id].path;
  CO_TRY(auto content, co_await template_content(template_name));
  if (content.disk.empty()) {
    co_return fail(Code::precondition, "template {} has no disk", template_name);
  }
  if (size.count == 0) size = content.disk_size;
  if (size < content.disk_size) {
    co_return fail(Code::invalid, "a disk of {} is smaller than its template", to_string(size));
  }
  Disk disk{{}, size, ""};
  if (kind == CloneKind::linked) {
    disk.linked_to = template_name;
    disk.path.backing = {template_folder(template_name) / content.disk};
  }
  if (progress) progress(1, "copied");
  co_return add_disk(id, std::move(disk));
}

Async<Result<DiskPath>> FakePool::make_twin(std::string id, DiskPath disk) {
  CO_TRY_VOID(check_disk_id(id));
  CO_TRY(auto size, read_file(disk.path, kib(1)));
  CO_TRY(auto bytes, parse_bytes(size));
  co_return add_disk(id, {std::move(disk), bytes, ""});
}

Async<Result<DiskPath>> FakePool::take_in(std::string id, fs::path file,
                                          std::string template_name) {
  CO_TRY_VOID(check_disk_id(id));
  CO_TRY(auto size, read_file(file, kib(1)));
  auto bytes = parse_bytes(size);
  if (!bytes) co_return fail(Code::corrupt, "{}: no disk", file.string());
  Disk disk{{}, *bytes, template_name};
  if (!template_name.empty()) {
    CO_TRY(auto content, co_await template_content(template_name));
    disk.path.backing = {template_folder(template_name) / content.disk};
  }
  CO_TRY_VOID(remove_tree(file));
  co_return add_disk(id, std::move(disk));
}

Async<Result<void>> FakePool::grow_disk(std::string id, Bytes size) {
  CO_TRY_VOID(check_disk_id(id));
  CO_TRY_VOID(take_failure());
  auto found = disks_.find(id);
  if (found == disks_.end()) co_return fail(Code::not_found, "there is no disk {}", id);
  if (size < found->second.size)
    co_return fail(Code::invalid, "{} has {} already and is not shrunk", id,
                   to_string(found->second.size));
  found->second.size = size;
  co_return Result<void>{};
}

Async<Result<void>> FakePool::delete_disk(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  CO_TRY_VOID(take_failure());
  auto found = disks_.find(id);
  if (found == disks_.end()) co_return Result<void>{};
  CO_TRY_VOID(remove_tree(found->second.path.path));
  disks_.erase(found);
  co_return Result<void>{};
}

Async<Result<DiskPath>> FakePool::disk(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  if (!disks_.contains(id)) co_return fail(Code::not_found, "there is no disk {}", id);
  co_return disks_[id].path;
}

// Its disks are sizes: there is nothing in them.
Async<Result<std::shared_ptr<image::Image>>> FakePool::open_disk(std::string id,
                                                                 Access /*access*/) {
  CO_TRY_VOID(co_await disk(std::move(id)));
  co_return fail(Code::unsupported, "disks of this pool hold nothing");
}

Async<Result<SecretPtr>> FakePool::disk_key(std::string id) {
  CO_TRY(auto found, co_await disk(id));
  if (found.encrypted == 0) co_return nullptr;
  co_return std::make_shared<const Secret>("the key of " + id);
}

Async<Result<void>> FakePool::delete_vm(std::string vm_uuid) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  std::erase_if(disks_, [&](const auto& entry) { return entry.first.starts_with(vm_uuid + "/"); });
  co_return remove_tree(root_ / "vms" / vm_uuid);
}

Result<fs::path> FakePool::vm_folder(const std::string& vm_uuid) {
  TRY_VOID(check_vm_uuid(vm_uuid));
  auto folder = root_ / "vms" / vm_uuid;
  TRY_VOID(make_folder(folder));
  return folder;
}

Result<std::vector<std::string>> FakePool::vm_folders() {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(root_ / "vms", ec)) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

Async<Result<TemplateContent>> FakePool::build_template(std::string name, fs::path recipe,
                                                        Progress progress) {
  CO_TRY_VOID(check_template_name(name));
  if (templates_.contains(name)) co_return templates_[name];
  CO_TRY_VOID(take_failure());
  std::error_code ec;
  if (!fs::exists(recipe, ec)) co_return fail(Code::invalid, "{} is not a recipe", recipe.string());
  if (progress) progress(1, "done");
  TemplateContent content;
  content.disk = "disk.qcow2";
  content.disk_size = gib(2);
  content.cloud_init = content.guest_agent = true;
  content.files = {{"disk.qcow2", {4}, std::string(64, '0')}};
  add_template(name, content);
  co_return content;
}

Async<Result<TemplateContent>> FakePool::import_template(std::string name, fs::path source,
                                                         Progress progress) {
  co_return co_await build_template(std::move(name), std::move(source), std::move(progress));
}

Async<Result<TemplateContent>> FakePool::fetch_template(std::string name, TemplateSource& source,
                                                        Progress progress) {
  CO_TRY_VOID(check_template_name(name));
  if (templates_.contains(name)) co_return templates_[name];
  CO_TRY_VOID(take_failure());
  CO_TRY(auto manifest, co_await source.manifest());
  CO_TRY(auto content, parse_manifest(manifest));
  for (const auto& file : content.files) {
    std::string got;
    auto take = [&got](std::string bytes) -> Async<Result<void>> {
      got += bytes;
      co_return Result<void>{};
    };
    CO_TRY_VOID(co_await source.read(file.name, 0, take));
    if (got != "fake") co_return fail(Code::corrupt, "fetch template {}: {}", name, file.name);
    if (progress) progress(1, "fetching the template");
  }
  add_template(name, content);
  co_return content;
}

Async<Result<std::vector<std::string>>> FakePool::templates() {
  std::vector<std::string> names;
  for (const auto& [name, content] : templates_) names.push_back(name);
  co_return names;
}

Async<Result<void>> FakePool::settle_copy(std::string id) {
  CO_TRY_VOID(check_disk_id(id));
  auto text = read_file(root_ / "vms" / (id + ".qcow2"), kib(1));
  if (disks_.contains(id) || !text) co_return Result<void>{};
  CO_TRY(auto size, parse_bytes(*text));
  CO_TRY_VOID(add_disk(id, {{}, size, ""}));
  co_return Result<void>{};
}

Async<Result<void>> FakePool::tidy(std::string vm_uuid) {
  co_return check_vm_uuid(vm_uuid);
}

Async<Result<TemplateContent>> FakePool::template_content(std::string name) {
  CO_TRY_VOID(check_template_name(name));
  if (!templates_.contains(name)) co_return fail(Code::not_found, "there is no template {}", name);
  co_return templates_[name];
}

Async<Result<void>> FakePool::verify_template(std::string name) {
  CO_TRY(auto content, co_await template_content(name));
  for (const auto& file : content.files) {
    auto text = read_file(template_folder(name) / file.name);
    if (!text || *text != "fake") {
      co_return fail(Code::corrupt, "template {}: {} is not what was written", name, file.name);
    }
  }
  co_return Result<void>();
}

Async<Result<void>> FakePool::delete_template(std::string name) {
  CO_TRY_VOID(check_template_name(name));
  for (const auto& [id, disk] : disks_) {
    if (disk.linked_to == name) {
      co_return fail(Code::precondition, "template {} is in use: disk {} is linked to it", name,
                     id);
    }
  }
  templates_.erase(name);
  co_return remove_tree(template_folder(name));
}

fs::path FakePool::template_folder(const std::string& name) const {
  return root_ / "templates" / name;
}

}  // namespace truce::storage
