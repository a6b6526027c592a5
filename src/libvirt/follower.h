// What a host's libvirt tells, as updates: whole first, and then what differs.
#pragma once

#include "link.h"
#include "platform/inventory.h"

namespace truce::libvirt {

/// What Platform::next() answers. libvirt's events say which machines to look at; what it has none
/// for (snapshots, sizes, addresses, use) is seen by looking at all every ten seconds.
class Follower {
 public:
  explicit Follower(Link& link) : link_(link) {}
  Async<Result<platform::Update>> next(Duration patience);

 private:
  using Clock = std::chrono::steady_clock;
  Async<Result<platform::Update>> wait(Clock::time_point until);
  Async<Result<platform::Update>> read_all();
  Async<Result<platform::Update>> read(News::Taken heard);

  Link& link_;
  platform::Inventory known_;
  int number_ = 0;  ///< of the connection that has told it; 0: none
  Clock::time_point next_round_;
};

}  // namespace truce::libvirt
