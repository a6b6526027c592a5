// Snapshots of running machines by QEMU's block layer: chains of qcow2 files that it lengthens
// (`blockdev-snapshot` in one `transaction`) and shortens (`block-commit`) while the guest runs
// (qemu.git docs/interop/live-block-operations.rst).
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "guest_agent.h"
#include "running.h"

namespace truce::qemu {

/// What a disk is written to.
struct Top {
  std::string node;
  std::filesystem::path file;
  Bytes size;  ///< as the guest sees it
  bool encrypted = false;
};

/// The device in QEMU's name of it: `/machine/peripheral/disk0/virtio-backend` or `disk0`.
std::string device_in(std::string_view qdev);

/// The tops of all disks that are written to, by disk.
Async<Result<std::map<std::string, Top>>> tops_of(RunningPtr vm);

/// What of the hypervisor the snapshots of its machines work with.
struct SnapshotTools {
  std::function<Result<RunningPtr>(const std::string& uuid)> find;
  Agents& agents;
  asio::thread_pool& blocking;
  Scope& scope;
};

class ChainSnapshots final : public hypervisor::Snapshots {
 public:
  explicit ChainSnapshots(SnapshotTools tools) : tools_(std::move(tools)) {}

  Async<Result<void>> take(std::string uuid, Moment moment) override;
  Async<Result<std::map<std::string, std::filesystem::path>>> written(std::string uuid) override;
  Async<Result<void>> merge(std::string uuid, Merge merge,
                            std::function<Async<Result<void>>()> settled,
                            std::function<void(double)> progress) override;
  void stop_merge(const std::string& uuid) override;

  /// What an earlier daemon left half-way in a machine that is taken over: a merge is called off,
  /// frozen file systems are thawed.
  Async<void> clean_up(RunningPtr vm);

 private:
  Async<Result<void>> add_overlays(RunningPtr vm, const std::vector<Overlay>& overlays);
  Async<void> drop_overlays(RunningPtr vm, std::vector<Overlay> overlays);
  Async<Result<void>> switch_over(RunningPtr vm, Moment moment);
  Async<Result<void>> switch_frozen(RunningPtr vm, Moment moment);
  Async<Result<void>> switch_with_memory(RunningPtr vm, Moment moment);
  Async<void> thaw(RunningPtr vm);
  Async<void> thaw_at_last(RunningPtr vm);

  Async<Result<void>> begin_merge(RunningPtr vm, Merge merge);
  Async<Result<void>> pivot(RunningPtr vm, std::function<Async<Result<void>>()> settled);
  Async<void> close_file(RunningPtr vm, std::filesystem::path file);

  SnapshotTools tools_;
};

}  // namespace truce::qemu
