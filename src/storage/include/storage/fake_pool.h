// A pool for the tests of others: real folders, pretended contents, nothing is started.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/homes.h"
#include "storage/pool.h"

namespace truce::storage {

/// Passes the same conformance suite as FolderPool. A disk is a small file that names its size; a
/// recipe is never run: any file that exists is one, and makes a template with a disk of 2 GiB.
class FakePool final : public Pool {
 public:
  explicit FakePool(std::filesystem::path root);
  ~FakePool() override;

  /// The next verb that makes something fails with this.
  void fail_next(Error error) { failure_ = std::move(error); }
  /// What is free from now on.
  void set_free(Bytes free) { free_ = free; }
  /// Makes a template without further ado.
  void add_template(const std::string& name, TemplateContent content);

  Async<Result<Capacity>> capacity() override;
  Async<Result<DiskPath>> create_disk(std::string id, Bytes size) override;
  Async<Result<DiskPath>> clone_disk(std::string id, std::string template_name, Bytes size,
                                     CloneKind kind, Progress progress) override;
  Async<Result<DiskPath>> make_twin(std::string id, DiskPath disk) override;
  Async<Result<DiskPath>> take_in(std::string id, std::filesystem::path file,
                                  std::string template_name) override;
  Async<Result<void>> grow_disk(std::string id, Bytes size) override;
  Async<Result<void>> delete_disk(std::string id) override;
  Async<Result<DiskPath>> disk(std::string id) override;
  /// Some key where one is noted.
  Async<Result<std::shared_ptr<image::Image>>> open_disk(std::string id, Access access) override;
  Async<Result<SecretPtr>> disk_key(std::string id) override;
  Async<Result<void>> delete_vm(std::string vm_uuid) override;
  /// From then on it knows the disk.
  Async<Result<void>> settle_copy(std::string id) override;
  /// Nothing to do: what it makes is there at once.
  Async<Result<void>> tidy(std::string vm_uuid) override;
  const Homes* homes() const override { return &homes_; }
  Result<std::filesystem::path> vm_folder(const std::string& vm_uuid) override;
  Result<std::vector<std::string>> vm_folders() override;
  Layers* layers() override { return nullptr; }
  Library* library() override { return library_.get(); }
  Async<Result<TemplateContent>> build_template(std::string name, std::filesystem::path recipe,
                                                Progress progress) override;
  Async<Result<TemplateContent>> import_template(std::string name, std::filesystem::path source,
                                                 Progress progress) override;
  Async<Result<TemplateContent>> fetch_template(std::string name, TemplateSource& source,
                                                Progress progress) override;
  Async<Result<TemplateContent>> template_content(std::string name) override;
  Async<Result<std::vector<std::string>>> templates() override;
  Async<Result<void>> verify_template(std::string name) override;
  Async<Result<void>> delete_template(std::string name) override;
  std::filesystem::path template_folder(const std::string& name) const override;

 private:
  struct Disk {
    DiskPath path;
    Bytes size;
    std::string linked_to;  // template, empty when none
  };
  Result<void> take_failure();
  Result<DiskPath> add_disk(const std::string& id, Disk disk);

  std::filesystem::path root_;
  Homes homes_;
  std::unique_ptr<Library> library_;
  std::map<std::string, Disk> disks_;
  std::map<std::string, TemplateContent> templates_;
  std::optional<Error> failure_;
  Bytes free_ = gib(1000);
};

}  // namespace truce::storage
