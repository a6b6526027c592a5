#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <map>
#include <mutex>
#include <thread>

#include "connection.h"
#include "link/relays.h"

namespace truce::link {

/// The threads' loop, and all connections by number. What other threads want of a connection goes
/// to its strand by post(): they hold none themselves, so that none outlives the loop.
struct Relays::Inner : std::enable_shared_from_this<Relays::Inner> {
  explicit Inner(Settings s);

  void start();
  void stop();

  /// A new one, in the table until it closes; null when the relays have stopped.
  std::shared_ptr<Connection> add(Strand strand);
  void remove(std::uint64_t id);
  /// Runs `work` with the connection on its strand, if there (still) is one.
  void post(std::uint64_t id, std::function<void(Connection&)> work);
  /// What is to be closed at stop(), such as an acceptor; `close` is called on `strand`.
  std::uint64_t add_closer(Strand strand, std::function<void()> close);
  void remove_closer(std::uint64_t id);
  /// Counts one more established connection of a host; false when there are too many.
  bool establish(std::uint64_t id, const std::string& host);
  void end(const std::string& host);

  struct Entry {
    std::shared_ptr<Connection> connection;
    std::string host;  ///< empty until established
  };
  struct Closer {
    Strand strand;
    std::function<void()> close;
  };

  const Settings settings;
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<std::thread> threads;
  mutable std::mutex mutex;  ///< of all below
  std::map<std::uint64_t, Entry> entries;
  std::map<std::uint64_t, Closer> closers;
  std::uint64_t next_id = 1;
  std::size_t established = 0;
  bool stopping = false;
};

}  // namespace truce::link
