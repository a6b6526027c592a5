// Disks of machines that are off, given out over NBD to the manager, which moves them to and from
// platforms of others.
#pragma once

#include <memory>
#include <vector>

#include "base/async.h"
#include "base/file.h"
#include "image/image.h"
#include "storage/pool.h"

namespace truce::node {

/// Disks of one machine that are given out. Who has them is done with them before the machine is to
/// start, and has them open for a moment yet.
class Loans {
 public:
  void add(const std::shared_ptr<image::Image>& disk) { disks_.emplace_back(disk); }
  /// Returns when all are back, or after some time: then the hypervisor says who has one.
  Async<void> back();

 private:
  std::vector<std::weak_ptr<image::Image>> disks_;
};

class DiskServer {
 public:
  /// One of the disks that may be given out at a time, until it is dropped.
  using Turn = std::shared_ptr<void>;
  /// Code::limit: as many are given out as may be.
  Result<Turn> take_turn();
  /// Until the other end closes the connection, or this is cancelled.
  Async<void> serve(Turn turn, std::shared_ptr<image::Image> disk, storage::Access access,
                    Fd stream);

 private:
  static constexpr long most = 8;
  std::shared_ptr<int> turns_ = std::make_shared<int>();
  asio::thread_pool threads_{most};  ///< one a disk: they wait for its server's own
};

}  // namespace truce::node
