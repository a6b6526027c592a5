// The inventory of a server and its changes, through a property collector of its own.
#pragma once

#include "picture.h"
#include "session.h"

namespace truce::vsphere {

/// What Platform::next() answers. Whatever breaks, the next answer is whole again: a server that
/// has come back may have other objects by the same names, and what a cut answer held is not known.
class Follower {
 public:
  explicit Follower(Session& session) : session_(session) {}
  Async<Result<platform::Update>> next(Duration patience);

 private:
  Async<Result<void>> begin();
  Async<void> drop();
  Async<Result<platform::Update>> read_all();
  /// One answer; true: there is more to be had at once.
  Async<Result<bool>> wait(std::chrono::seconds patience);
  Async<Result<void>> read_again();
  Cutter::Sink into_picture();

  Session& session_;
  Picture picture_;
  Ref collector_, view_;
  std::string version_;
  int number_ = 0;  ///< of the session that the collector is in; 0: of none
  bool following_ = false;
};

}  // namespace truce::vsphere
