// Keeps up with a host: Hyper-V tells nothing by itself over WinRM, so it is asked.
#pragma once

#include "hyperv/hyperv.h"
#include "picture.h"
#include "platform/inventory.h"
#include "session.h"

namespace truce::hyperv {

/// The inventory of one host. All is read anew when what is watched has changed, and at
/// times besides.
class Follower {
 public:
  Follower(Session& session, Pace pace) : session_(session), pace_(pace) {}
  /// As platform::Platform::next() promises.
  Async<Result<platform::Update>> next(Duration patience);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  Async<Result<void>> look(const std::vector<Query>& queries, Seen& seen);
  /// All there is, where `seen` is what was watched.
  Async<Result<platform::Update>> read_all(Seen seen);
  Async<Result<void>> read_files(Seen& seen, std::set<std::string> changed);
  Async<Result<DiskFile>> read_file(std::string path);

  struct Known {
    DiskFile file;
    Moment read;
  };
  Session& session_;
  Pace pace_;
  platform::Inventory known_;  ///< what was told
  Seen watched_;               ///< what that was told after
  std::map<std::string, Known, std::less<>> files_;
  Moment read_{};
  bool following_ = false;
};

}  // namespace truce::hyperv
