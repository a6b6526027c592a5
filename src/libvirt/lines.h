// Connections that one thread at a time waits on. libvirt's client loses the second of two who wait
// on one when that ends (docs/adr/0035).
#pragma once

#include <mutex>
#include <vector>

#include "connection.h"

namespace truce::libvirt {

/// The connections of one user of a host. For any thread; all of it blocks.
class Lines : public std::enable_shared_from_this<Lines> {
 public:
  /// So many of those that nobody uses stay open.
  Lines(platform::Account account, KeepAlive keep, std::size_t most_idle)
      : account_(std::move(account)), keep_(keep), most_idle_(most_idle) {}

  /// A connection for its holder alone, who may be on another thread later.
  class Line {
   public:
    Line(std::shared_ptr<Lines> of, ConnectionPtr on) : of_(std::move(of)), on_(std::move(on)) {}
    Line(Line&&) = default;
    Line& operator=(Line&&) = delete;
    ~Line() {
      if (on_) of_->give_back(std::move(on_));
    }
    Connection& operator*() const { return *on_; }
    Connection* operator->() const { return on_.get(); }

   private:
    std::shared_ptr<Lines> of_;
    ConnectionPtr on_;
  };
  /// As Connection::open().
  Result<Line> take();

 private:
  void give_back(ConnectionPtr on);

  const platform::Account account_;
  const KeepAlive keep_;
  const std::size_t most_idle_;
  std::mutex mutex_;
  std::vector<ConnectionPtr> idle_;
};

}  // namespace truce::libvirt
