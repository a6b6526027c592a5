// The connection to one host, made when it is needed and anew when it has ended. On the loop.
#pragma once

#include "connection.h"
#include "crew.h"

namespace truce::libvirt {

class Link {
 public:
  Link(asio::any_io_executor loop, platform::Account account, KeepAlive keep);
  ~Link();

  Async<Result<void>> connect();
  /// Runs `work` on a thread, with the connection that there is. Code::unavailable when it has not
  /// ended after `limit`: what it does then is not known.
  template <class T>
  Async<Result<T>> call(std::function<Result<T>(Connection&)> work, Duration limit) {
    CO_TRY_VOID(co_await connect());
    auto carry = [held = connection_, work = std::move(work)] { return work(*held); };
    auto done = co_await crew_.call<T>(std::move(carry), limit);
    co_return told(std::move(done));
  }

  /// Counts connections: what was told by an earlier one may have changed unseen.
  [[nodiscard]] int number() const { return number_; }
  /// Of the present connection; null: there is none.
  [[nodiscard]] Connection* connection() const { return connection_.get(); }
  /// Returns when something was heard, or the connection has ended; or after `patience`.
  Async<void> wait(Duration patience);
  News::Taken take();
  /// Why the connection has ended; empty: it has not.
  [[nodiscard]] std::string why_broken() const;
  /// Lets go of it; what runs by it ends by itself.
  void drop();
  /// The same, and says goodbye for at most some seconds.
  Async<void> close();

 private:
  template <class T>
  Result<T> told(Result<T> done) const {
    if (done) return done;
    auto error = std::move(done).error().within(account_.url);
    if (error.code == Code::timeout) error.code = Code::unavailable;
    return std::unexpected(std::move(error));
  }
  Async<Result<ConnectionPtr>> open();

  asio::any_io_executor loop_;
  platform::Account account_;
  KeepAlive keep_;
  Crew crew_;
  std::shared_ptr<Wakeup> heard_;
  std::shared_ptr<News> news_;
  ConnectionPtr connection_;
  std::shared_ptr<std::atomic<bool>> at_it_ = std::make_shared<std::atomic<bool>>(false);
  bool opening_ = false;
  int number_ = 0;
};

/// open(), for tests of silent servers.
std::unique_ptr<platform::Platform> open_with(asio::any_io_executor loop, platform::Account account,
                                              KeepAlive keep);

}  // namespace truce::libvirt
