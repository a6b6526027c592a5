// Disks that move while their machine runs, by `blockdev-mirror` (qemu.git qapi/block-core.json,
// docs/interop/live-block-operations.rst).
#pragma once

#include <functional>

#include "hypervisor/disk_moves.h"
#include "running.h"

namespace truce::qemu {

class MirrorMoves final : public hypervisor::DiskMoves {
 public:
  using Find = std::function<Result<RunningPtr>(const std::string& uuid)>;
  explicit MirrorMoves(Find find) : find_(std::move(find)) {}

  Async<Result<void>> mirror(std::string uuid, std::string disk, std::filesystem::path target,
                             std::function<void(double)> progress) override;
  void stop_mirror(const std::string& uuid) override;
  Async<Result<void>> switch_over(std::string uuid, std::string disk, std::filesystem::path target,
                                  std::function<Async<Result<void>>()> settled) override;
  Async<Result<std::map<std::string, std::filesystem::path>>> settle(std::string uuid) override;

 private:
  Find find_;
};

}  // namespace truce::qemu
