// Two hosts of a cluster on the loopback interface, for tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <optional>

#include "../../store/tests/in_loop.h"
#include "../../store/tests/temporary_folder.h"
#include "base/random.h"
#include "link/dial.h"
#include "link/listener.h"

namespace truce::link {

using store::in_loop;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Looks every few milliseconds, for at most a minute.
template <class Condition>
bool eventually(Condition holds) {
  for (int i = 0; i < 6'000; ++i, ::usleep(10'000)) {
    if (holds()) return true;
  }
  return false;
}

/// What this process has open of sockets; Asio's loops have other descriptors, from their first
/// use.
inline std::size_t open_sockets() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string().starts_with("socket:")) ++count;
  }
  return count;
}

class World {
 public:
  explicit World(Relays::Settings settings = {}) : relays(settings), there(settings) {}

  Identity::Files files(const std::string& name) const {
    return {folder.path() / (name + ".pem"), folder.path() / (name + "-authority.pem")};
  }
  /// Gives a host new files: a certificate by `by`, and whom it believes (itself: `by` alone).
  void enroll(const Grant& grant, const Authority& by, std::string believes = {}) const {
    auto asked = must(make_request(grant.host));
    auto to = files(grant.host);
    must(write_identity(to.identity, must(by.sign(asked.pem, grant)), *asked.key));
    must(write_file_durably(to.authority, believes.empty() ? by.pem() : believes, 0644));
  }
  std::shared_ptr<Identity> identity(const Grant& grant, const Authority& by,
                                     std::string believes = {}) const {
    enroll(grant, by, std::move(believes));
    return must(Identity::open(files(grant.host)));
  }
  std::shared_ptr<Identity> identity(const std::string& host) const {
    return identity({.host = host}, authority);
  }

  /// h2 listens, and keeps what comes for the service `peer`.
  void listen(Listener::Settings settings = {}) {
    if (settings.address.empty()) settings.address = "127.0.0.1:0";
    auto keep = [this](Incoming in) {
      incoming.push_back(std::move(in));
      arrived.wake();
    };
    listener = must(Listener::open(loop.get_executor(), there, h2, std::move(settings),
                                   {{peer_service, keep}}));
  }
  [[nodiscard]] Target target() const {
    return {.address = fmt::format("127.0.0.1:{}", listener->port()),
            .host = "h2",
            .service = peer_service,
            .limit = 60s};
  }
  Result<UnixSocket> call(std::shared_ptr<Identity> from, Target to) {
    std::optional<Result<UnixSocket>> result;
    in_loop(loop, keep(dial(relays, std::move(from), std::move(to)), result));
    return *std::move(result);
  }
  Result<UnixSocket> call() { return call(h1, target()); }
  /// What h2 has got, as soon as it has.
  Incoming next() {
    std::optional<Incoming> result;
    in_loop(loop, keep(take(), result));
    return *std::move(result);
  }
  Async<Incoming> take() {
    while (incoming.empty()) co_await arrived.wait();
    auto first = std::move(incoming.front());
    incoming.pop_front();
    co_return first;
  }

  /// For results that Asio cannot carry out of a loop: they have no default.
  template <class T>
  static Async<bool> keep(Async<T> work, std::optional<T>& into) {
    into.emplace(co_await std::move(work));
    co_return true;
  }

  asio::io_context loop;
  store::TemporaryFolder folder{store::quick_parent()};
  Authority authority = must(Authority::make("estate"));
  std::shared_ptr<Identity> h1 = identity("h1"), h2 = identity("h2");
  Wakeup arrived{loop.get_executor()};
  std::deque<Incoming> incoming;
  Relays relays, there;
  std::unique_ptr<Listener> listener;
};

inline Async<bool> send(UnixSocket& to, std::string bytes) {
  auto [ec, size] = co_await asio::async_write(to, asio::buffer(bytes), as_result);
  co_return !ec;
}

/// All until the other side ends.
inline Async<std::string> receive(UnixSocket& from) {
  std::string all;
  std::string piece(64UL * 1024, '\0');
  while (true) {
    auto [ec, size] = co_await from.async_read_some(asio::buffer(piece), as_result);
    if (ec) co_return all;
    all.append(piece, 0, size);
  }
}

}  // namespace truce::link
