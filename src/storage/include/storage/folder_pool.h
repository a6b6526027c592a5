// A pool in a folder of any file system; its layout is in the module's README.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "storage/import_process.h"
#include "storage/layers.h"
#include "storage/pool.h"

namespace truce::storage {

/// Call recover() first. All verbs on one loop thread; what blocks runs on `pool`, full copies of
/// disks on threads of their own, and images from outside are read by another process. Outlives its
/// verbs. A disk that exists already is returned as it is, whatever size is asked for.
class FolderPool final : public Pool {
 public:
  FolderPool(asio::thread_pool& pool, std::filesystem::path root, ImportProcess import_process);
  ~FolderPool() override;

  /// Makes the folders, locks the pool for this program (Code::conflict when another has it) and
  /// removes what work that was cut off has left.
  Result<void> recover();

  Async<Result<Capacity>> capacity() override;
  Async<Result<DiskPath>> create_disk(std::string id, Bytes size) override;
  Async<Result<DiskPath>> clone_disk(std::string id, std::string template_name, Bytes size,
                                     CloneKind kind, Progress progress) override;
  Async<Result<DiskPath>> disk(std::string id) override;
  Async<Result<void>> delete_vm(std::string vm_uuid) override;
  Result<std::filesystem::path> vm_folder(const std::string& vm_uuid) override;
  Result<std::vector<std::string>> vm_folders() override;
  Layers* layers() override { return layers_.get(); }

  Async<Result<TemplateContent>> build_template(std::string name, std::filesystem::path recipe,
                                                Progress progress) override;
  Async<Result<TemplateContent>> import_template(std::string name, std::filesystem::path source,
                                                 Progress progress) override;
  Async<Result<TemplateContent>> template_content(std::string name) override;
  Async<Result<void>> verify_template(std::string name) override;
  Async<Result<void>> delete_template(std::string name) override;
  std::filesystem::path template_folder(const std::string& name) const override;

 private:
  // Keeps a template from being deleted (or made twice) while something works with it.
  class Hold {
   public:
    Hold(std::map<std::string, int>& holds, std::string name, int change);
    Hold(Hold&& other) noexcept;
    Hold& operator=(Hold&&) = delete;
    ~Hold();

   private:
    std::map<std::string, int>* holds_;
    std::string name_;
    int change_;
  };
  Result<Hold> share(const std::string& name);
  Result<Hold> take(const std::string& name);

  Async<Result<DiskPath>> publish_disk(std::filesystem::path made, std::string id);
  Async<Result<TemplateContent>> publish_template(std::filesystem::path made, std::string name,
                                                  TemplateContent content, Progress progress);

  asio::thread_pool& pool_;
  asio::thread_pool copies_{2};
  ImportProcess import_process_;
  std::filesystem::path root_, templates_, vms_;
  std::unique_ptr<Layers> layers_;
  Fd lock_;
  std::map<std::string, int> holds_;  // name → number of users, or -1: being made or deleted
  std::optional<Capacity> measured_;  // what capacity() found by walking, until something changes
  std::chrono::steady_clock::time_point measured_at_;
};

}  // namespace truce::storage
