// The inventory of a pool and its changes, by event.from.
#pragma once

#include "picture.h"
#include "platform/inventory.h"
#include "session.h"

namespace truce::xapi {

/// What Platform::next() answers. Whatever breaks, the next answer is whole again; so it is when
/// the server says that events were lost, and when it has not so many objects as what it told.
class Follower {
 public:
  explicit Follower(Session& session) : session_(session) {}
  Async<Result<platform::Update>> next(Duration patience);

 private:
  Async<Result<platform::Update>> read_all();
  /// One answer.
  Async<Result<void>> wait(Duration patience);
  /// By how many objects of each class the server's count differs from ours.
  [[nodiscard]] std::map<std::string, std::int64_t> differences() const;

  Session& session_;
  Picture picture_;
  platform::Inventory known_;  ///< what was told: objects change in much that is not shown
  std::string token_;
  std::map<std::string, std::int64_t> counted_;      ///< by the server, with its last answer
  std::map<std::string, std::int64_t> differences_;  ///< that there were when all was told
  int number_ = 0;                                   ///< of the session that has told it; 0: none
};

}  // namespace truce::xapi
