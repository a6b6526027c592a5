// Bytes of hypervisors that go through this daemon on their way between two hosts: on threads of
// their own, so that nothing else waits for them.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/file.h"
#include "base/frames.h"

namespace truce::node {

/// The connections of one machine on its way: they end together.
class Streams {
 public:
  /// What becomes of one whose other side does not take its bytes any more.
  enum class Loss {
    is_told,   ///< it breaks
    swallowed  ///< all that are told break; of this one bytes are taken, and thrown away
  };

  /// `threads` outlives all of them.
  explicit Streams(asio::thread_pool& threads) : threads_(threads) {}
  ~Streams() { end(); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  /// Carries bytes both ways until both sides have closed; either says so to the other. At most
  /// 64 pairs; another is closed at once. `loss`: of what `one` sends.
  void carry(UnixSocket one, UnixSocket other, Loss loss = Loss::is_told);
  /// The same for one whose other side could not be reached.
  void swallow(UnixSocket one);
  /// Ends all of them, now and from now on.
  void end();

 private:
  /// What is still open; a thread may be using it.
  struct Open {
    std::mutex mutex;  ///< `ended` and `sockets`
    bool ended = false;
    /// Second descriptors, so that they can be shut down from here: of those whose loss is told,
    /// and of the others.
    std::vector<Fd> told, swallowed;
  };
  static void break_told(Open& open);

  asio::thread_pool& threads_;
  std::shared_ptr<Open> open_ = std::make_shared<Open>();
  std::size_t pairs_ = 0;
};

/// A unix socket in a machine's runtime folder whose connections go to `take`, one after another,
/// as long as this lives. Only the daemon's user may open it, and whom the hypervisor gives it to.
class Doorway {
 public:
  using Take = std::function<Async<void>(UnixSocket)>;
  Doorway(asio::any_io_executor loop, std::filesystem::path path)
      : path_(std::move(path)), acceptor_(std::make_shared<Acceptor>(std::move(loop))) {}
  ~Doorway();
  Doorway(const Doorway&) = delete;
  Doorway& operator=(const Doorway&) = delete;

  Result<void> open(Scope& scope, Take take);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  using Acceptor = asio::local::stream_protocol::acceptor;
  std::filesystem::path path_;
  std::shared_ptr<Acceptor> acceptor_;  ///< who waits at it has it, too, until that has ended
};

}  // namespace truce::node
