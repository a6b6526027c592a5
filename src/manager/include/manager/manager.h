#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async.h"
#include "http/server.h"
#include "model/model.h"
#include "store/store.h"

namespace truce::manager {

struct Settings {
  std::filesystem::path node_socket;    ///< where nodes of this host connect
  std::string fingerprint;              ///< of the TLS certificate, for clients that pin it
  std::string url;                      ///< where the HTTPS API is, or empty
  std::string subnet;                   ///< of the network `default` when it is first made
  std::string network_mode;             ///< auto, nat or user
  std::size_t task_history = 2000;      ///< ended tasks kept
  std::size_t event_history = 20000;    ///< events kept
  std::optional<unsigned> admin_group;  ///< id of the group whose members may do everything
  /// Writes a copy of the store to a file that is not there yet.
  std::function<Async<Result<void>>(std::filesystem::path file)> backup;
  std::filesystem::path backup_folder;  ///< where a copy lies while it is sent
  /// Reads the configuration again.
  std::function<Result<model::Reload>()> reload;
};

/// The only writer of the store: answers the API, places machines, keeps tasks and events, and
/// tells nodes what to run. Everything happens on one loop.
class Manager {
 public:
  Manager(asio::any_io_executor loop, store::Store& store, Settings settings);
  ~Manager();

  /// Reads the store and listens for nodes. Code::corrupt when the store holds what it should not.
  Async<Result<void>> start();
  /// Answers one request of the API: authenticates, authorises, validates, commits. Never throws.
  Async<http::Response> handle(http::Request request);
  /// Other limits of tasks and events kept, and another group of administrators, from now on.
  void change(std::size_t task_history, std::size_t event_history,
              std::optional<unsigned> admin_group);
  /// Where the HTTP server's counters are, for /metrics.
  void show_counters(const http::Counters& counters);
  /// Ends everything that start() began.
  Async<void> stop();

 private:
  Async<http::Response> answer(http::Request request);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace truce::manager
