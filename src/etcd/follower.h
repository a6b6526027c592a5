// The one stream of changes that all watches are fed from.
#pragma once

#include "members.h"
#include "messages.h"
#include "store/past.h"

namespace truce::etcd {

/// Brings every commit under a prefix to `past`, once and in order, from past->newest() on. A
/// member that ends the stream, or is behind what was committed, is left for the next one, where it
/// goes on with the first revision that has not come whole. When that is compacted away, the past
/// is lost up to etcd's present revision.
class Follower : public std::enable_shared_from_this<Follower> {
 public:
  Follower(asio::any_io_executor loop, std::shared_ptr<Members> members,
           std::shared_ptr<store::Past> past, std::string prefix);

  void start();
  /// A change of this revision has been made, and has to come soon.
  void expect(Revision revision);
  void close();

 private:
  static Async<void> run(std::shared_ptr<Follower> self);
  /// Ends with why the stream has ended.
  Async<Error> follow(std::size_t member);
  Async<void> start_anew(Revision compacted);
  void take(WatchReply reply);
  void deliver();
  /// Ends the stream unless something comes in time.
  void watch_over();
  void calm_down();

  asio::any_io_executor loop_;
  std::shared_ptr<Members> members_;
  std::shared_ptr<store::Past> past_;
  std::string prefix_;
  std::shared_ptr<Stream> stream_;
  store::Batch batch_;  ///< the commit whose changes come now; revision 0: none
  Revision expected_ = 0;
  bool created_ = false;
  bool guarded_ = false;
  asio::steady_timer guard_;
  bool closed_ = false;
};

}  // namespace truce::etcd
