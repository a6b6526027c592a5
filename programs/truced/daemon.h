// One life of the daemon: the modules with their concrete types, for what this host is now.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>

#include "http/pages.h"
#include "http/server.h"
#include "hypervisor/hypervisor.h"
#include "manager/leadership.h"
#include "manager/manager.h"
#include "membership.h"
#include "network/network.h"
#include "node/node.h"
#include "options.h"
#include "storage/keys.h"
#include "storage/pool_opener.h"
#include "store/gated.h"
#include "store/sqlite.h"

namespace truce {

/// What a host is asked for that is to leave its cluster.
inline constexpr std::string_view leave_path = "/v1/cluster/leave";

/// A single host and a cluster's only manager have a store in SQLite and a manager. Of several
/// managers, whose store is etcd, one leads and has a manager. All other hosts have none: they pass
/// what they are asked for on to the leader. A host begins to lead in the life that it has, and
/// takes another one when it leads no more.
class Daemon {
 public:
  Daemon(asio::io_context& context, Options options);
  ~Daemon();

  Async<Result<void>> start();
  /// Machines run on. Requests that are under way may end within farewell(), unless this is for
  /// good.
  Async<void> stop(Duration farewell);
  /// How long the requests of who asked for another role may take to be answered.
  [[nodiscard]] Duration farewell() const { return farewell_; }
  /// Reads the configuration again; what is in force changes only when all of it is right.
  Result<model::Reload> reload();
  /// Returns once this host has joined or left a cluster: it takes another life to go on.
  Async<void> until_other_role() { co_await changed_.wait(); }

 private:
  Result<void> make_folders();
  Async<Result<void>> choose_types();
  [[nodiscard]] bool follows() const { return manager_ == nullptr || hands_over_; }
  Result<void> make_store_folder();
  Async<Result<void>> open_own_store();
  Async<Result<void>> start_manager(store::Store& store);
  Async<Result<std::unique_ptr<etcd::EtcdStore>>> open_etcd_store();
  Async<void> stand_for_leader();
  Async<Result<void>> lead();
  Async<void> keep_managers();
  Async<Result<UnixSocket>> connect_node();
  Async<http::Response> leave_as_leader(http::Request request);
  Result<void> serve();
  Result<void> load_console();
  Doors doors();
  Async<http::Response> answer(http::Request request);
  Async<http::Response> pass_on(http::Request request);
  Async<http::Response> let_in(http::Request request);
  Async<http::Response> leave_alone();
  Async<void> keep_certificate();
  Async<void> note_own_certificate();
  Async<void> keep_authorities();
  Async<Result<bool>> exchange_authorities();
  Async<Error> explained(Error why);
  manager::Settings manager_settings();
  node::Settings node_settings();

  asio::any_io_executor loop_;
  Options given_;
  model::Config config_;  ///< in force
  Wakeup changed_;
  Wakeup reconnected_;
  Duration farewell_ = 5s;
  std::string state_problem_;  ///< why the state in etcd is not reached
  bool hands_over_ = false;    ///< its manager decides no more
  Scope scope_;
  asio::thread_pool workers_{2};
  std::unique_ptr<HostMembership> membership_;
  std::optional<access::Seals> seals_;  ///< of the manager that decides
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<store::GatedStore> gated_;
  std::unique_ptr<etcd::EtcdStore> etcd_store_;
  std::unique_ptr<manager::Candidacy> candidacy_;
  std::unique_ptr<manager::FencedStore> fenced_;
  std::unique_ptr<hypervisor::Hypervisor> hypervisor_;
  std::unique_ptr<storage::Keys> keys_;
  std::unique_ptr<storage::Pool> pool_;
  std::unique_ptr<storage::PoolOpener> opener_;
  std::unique_ptr<network::Provider> network_;
  std::unique_ptr<manager::Manager> manager_;
  std::unique_ptr<node::Node> node_;
  std::optional<http::Pages> console_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::Server> strangers_;  ///< hosts that have no certificate yet
};

}  // namespace truce
