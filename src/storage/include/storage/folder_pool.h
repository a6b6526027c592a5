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
#include "storage/keys.h"
#include "storage/layers.h"
#include "storage/pool.h"

namespace truce::storage {

struct MachineFolders;

/// Call recover() first. All verbs on one loop thread; what blocks runs on `pool`, full copies of
/// disks on threads of their own, and images from outside are read by another process. Outlives its
/// verbs. A disk that exists already is returned as it is, whatever size is asked for.
///
/// The first pool has the templates and the homes of machines; other pools lean on it, hold disks
/// only, and must be gone before it.
class FolderPool final : public Pool {
 public:
  /// `keys`, where there are any, opens disks that are encrypted; it outlives the pool.
  FolderPool(asio::thread_pool& pool, std::filesystem::path root, ImportProcess import_process,
             Keys* keys = nullptr);
  /// Which hosts a pool that leans on the first has.
  struct Share {
    std::string id;    ///< what all of them know it by; empty: it is this host's alone
    std::string host;  ///< this one
  };
  /// One that leans on the first; its folder is ready (PoolOpener::make).
  FolderPool(FolderPool& first, std::string name, std::filesystem::path root, Share share = {});
  ~FolderPool() override;

  /// Locks the pool for this program (Code::conflict when another of this host has it) and removes
  /// what work that was cut off has left; of a pool that hosts share only what nobody can be at.
  /// Folders are made for the first pool only: where another is not there, perhaps as its file
  /// system is not mounted, it is Code::unavailable.
  Result<void> recover();
  /// After recover() of one that leans on the first: machines' disks are looked for here from now
  /// on.
  void lean();
  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  /// By name: the pools that lean on this one.
  [[nodiscard]] std::map<std::string, std::filesystem::path> leaning() const;

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
  Async<Result<std::shared_ptr<image::Image>>> open_disk(std::string id, Access access) override;
  Async<Result<SecretPtr>> disk_key(std::string id) override;
  Async<Result<void>> delete_vm(std::string vm_uuid) override;
  Async<Result<void>> settle_copy(std::string id) override;
  Async<Result<void>> tidy(std::string vm_uuid) override;
  const Homes* homes() const override;
  Result<std::filesystem::path> vm_folder(const std::string& vm_uuid) override;
  Result<std::vector<std::string>> vm_folders() override;
  Layers* layers() override { return first_->layers_.get(); }
  Library* library() override { return first_->library_.get(); }

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

  Result<void> check_there() const;
  [[nodiscard]] std::filesystem::path home_of(const std::string& disk_id) const;
  [[nodiscard]] bool shared() const { return !share_.id.empty(); }
  Async<Result<void>> bring_template(std::string name, TemplateContent content, Progress progress);
  Async<Result<std::filesystem::path>> own_base(std::filesystem::path base);
  Async<Result<DiskPath>> publish_disk(std::filesystem::path made, std::string id);
  Async<Result<TemplateContent>> publish_template(std::filesystem::path made, std::string name,
                                                  TemplateContent content, Progress progress);

  asio::thread_pool& pool_;
  asio::thread_pool copies_{2};
  ImportProcess import_process_;
  Keys* keys_;
  std::string name_;
  Share share_;
  std::filesystem::path root_, templates_, vms_;
  bool leans_ = false;
  FolderPool* first_;                        // itself, where it is that
  std::unique_ptr<MachineFolders> folders_;  // of all pools; the first has it
  std::unique_ptr<Layers> layers_;           // likewise
  std::unique_ptr<Library> library_;         // likewise
  Fd lock_;
  std::map<std::string, int> holds_;  // name → number of users, or -1: being made or deleted
  std::optional<Capacity> measured_;  // what capacity() found by walking, until something changes
  std::chrono::steady_clock::time_point measured_at_;
};

}  // namespace truce::storage
