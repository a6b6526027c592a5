// The connection to one host, made when it is needed and anew when it has ended. On the loop.
#pragma once

#include "connection.h"
#include "crew.h"
#include "lines.h"

namespace truce::libvirt {

class Link {
 public:
  Link(asio::any_io_executor loop, platform::Account account, KeepAlive keep);
  ~Link();

  Async<Result<void>> connect();
  /// Whether its address is that of a Xen host; known without a connection.
  [[nodiscard]] bool is_xen() const { return account_.url.starts_with("xen"); }
  /// Runs `work` on a thread, with a connection of its own while this one stands. Code::unavailable
  /// when it has not ended after `limit`: what it does then is not known.
  template <class T>
  Async<Result<T>> call(std::function<Result<T>(Connection&)> work, Duration limit) {
    CO_TRY_VOID(co_await connect());
    auto carry = [lines = lines_, work = std::move(work)]() -> Result<T> {
      TRY(auto line, lines->take());
      return work(*line);
    };
    auto first = co_await (crew_.call<T>(std::move(carry), limit) || until_broken(news_));
    auto done = first.index() == 0 ? std::get<0>(std::move(first))
                                   : Result<T>(std::unexpected(std::get<1>(std::move(first))));
    co_return told(std::move(done));
  }
  /// The same with the connection that hears events, and remembers what was seen: one at a time.
  template <class T>
  Async<Result<T>> look(std::function<Result<T>(Connection&)> work, Duration limit) {
    CO_TRY_VOID(co_await connect());
    auto carry = [held = connection_, work = std::move(work)] { return work(*held); };
    auto done = co_await crew_.call<T>(std::move(carry), limit);
    co_return told(std::move(done));
  }
  /// For who speaks to the host beside this for long.
  [[nodiscard]] std::shared_ptr<Lines> new_lines(std::size_t most_idle) const;
  /// The feed looks at a machine soon.
  void note(const std::string& machine);

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
  /// A line that is being opened has no keepalive yet: who waits for that hears it from the first.
  static Async<Error> until_broken(std::shared_ptr<News> news);

  asio::any_io_executor loop_;
  platform::Account account_;
  KeepAlive keep_;
  Crew crew_;
  std::shared_ptr<Wakeup> heard_;
  std::shared_ptr<Lines> lines_;
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
