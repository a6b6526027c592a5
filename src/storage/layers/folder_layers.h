// Layers in the folders of machines: `layers.json`, and files in `layers/`.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <map>

#include "keys/disk_keys.h"
#include "layers/layer_tree.h"
#include "layers/machine_files.h"
#include "storage/layers.h"

namespace truce::storage {

/// Layers of a FolderPool, which outlives it.
class FolderLayers final : public Layers {
 public:
  /// What blocks for long runs on `copies`, the rest on `pool`. `folders` may change meanwhile.
  FolderLayers(asio::thread_pool& pool, asio::thread_pool& copies, const MachineFolders& folders,
               DiskKeys keys)
      : pool_(pool), copies_(copies), folders_(folders), keys_(keys) {}

  Async<Result<model::LayerTree>> tree(std::string vm_uuid) override;
  Async<Result<NewLayer>> add(std::string vm_uuid, std::string job) override;
  Async<Result<void>> withdraw(std::string vm_uuid) override;
  Async<Result<void>> keep(std::string vm_uuid, model::VmSnapshot snapshot, std::string job,
                           std::vector<std::string> beside) override;
  Async<Result<void>> restore(std::string vm_uuid, std::string snapshot, std::string job) override;
  Async<Result<void>> forget(std::string vm_uuid, std::set<std::string> snapshots) override;
  Async<Result<void>> clone(std::string vm_uuid, std::string snapshot, std::string to_uuid,
                            std::vector<std::string> beside, Progress progress) override;
  Async<Result<std::optional<Merge>>> next_merge(std::string vm_uuid) override;
  Async<Result<void>> merge(Merge merge, Progress progress) override;
  Async<Result<void>> merged(std::string vm_uuid, Merge merge) override;
  Async<Result<void>> settle(std::string vm_uuid,
                             std::map<std::string, std::filesystem::path> written) override;

  /// The file that a disk of a machine is in at present, as its record names it. Blocks.
  static Result<std::string> current_file(const std::filesystem::path& home,
                                          const std::string& disk);

 private:
  /// on_files() for what makes files or reads them: with the keys of those that are encrypted.
  template <class Work>
  auto with_keys(std::string vm_uuid, Work work)
      -> Async<std::invoke_result_t<Work&, const MachineFiles&>>;
  template <class Work>
  auto on_files(std::string vm_uuid, Work work)
      -> Async<std::invoke_result_t<Work&, const MachineFiles&>>;

  asio::thread_pool& pool_;
  asio::thread_pool& copies_;
  const MachineFolders& folders_;
  DiskKeys keys_;
  std::map<std::string, int> copied_;  // machines whose snapshots are being copied: how many times
};

}  // namespace truce::storage
