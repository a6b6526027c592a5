// What a node is made of: its parts, and the functions that let them work together.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "jobs.h"
#include "keeper.h"
#include "library/porter.h"
#include "library/templates.h"
#include "life/hooks.h"
#include "measure/rounds.h"
#include "memory.h"
#include "moves/moves.h"
#include "networks/groups.h"
#include "node/node.h"
#include "pools/disk_server.h"

namespace truce::node {

/// node.cpp: the manager's words and the machines; calls.cpp: its questions; networks/keep.cpp: the
/// networks.
struct Node::State {
  State(asio::any_io_executor l, hypervisor::Hypervisor& hypervisor, storage::Pool& pool,
        storage::PoolOpener& opener, network::Provider& network, Settings s)
      : loop(l),
        settings(std::move(s)),
        scope(l),
        news(l),
        pools(l, pool, settings.pool_path, opener, settings.name, news, scope),
        hands{l,
              hypervisor,
              pool,
              pools,
              network,
              settings,
              news,
              scope,
              [this](std::string name, std::string mac) { return leased(name, mac); },
              [this](const std::string& name) { return mode_of(name); },
              [this](std::string name) { return network_ready(std::move(name)); },
              [this](model::Job job, JobEnd end) {
                return to_keeper(std::move(job), std::move(end));
              },
              [this](const model::Job& job) {
                if (auto keeper = keeper_of(job.vm)) keeper->cancel(job.task);
              },
              [this](const std::string& card) { return mac_of(card); },
              carriers,
              files},
        jobs(hands),
        moves(hands, {[this](const std::string& uuid) { return keeper_of(uuid); },
                      [this](const std::string& uuid) { forget(uuid); },
                      [this](const std::string& uuid) { life.ended(uuid); }}),
        porter(pool, settings, scope),
        templates(pool, settings, news),
        life(l, settings, hooks_of(keepers, life, hypervisor, [this](model::Heartbeat beat) {
               send_beat(std::move(beat));
             })) {
    hands.templates = &templates;
    hands.life = &life;
  }

  Async<void> follow_manager();
  Async<void> talk(UnixSocket& socket);
  Async<void> send_news(UnixSocket& socket);
  Async<void> until_silent();
  Async<void> read_messages(UnixSocket& socket);
  void take_assignment(model::Assignment assignment);
  void take_machine(model::VmAssignment wish);
  void let_go(const std::string& uuid);
  void let_go_all_but(const std::set<std::string>& uuids);
  [[nodiscard]] std::shared_ptr<Keeper> keeper_of(const std::string& uuid) const;
  void forget(const std::string& uuid);
  void send_beat(model::Heartbeat beat);
  bool to_keeper(model::Job job, JobEnd end);
  Async<void> answer(model::Call call);
  Async<Result<model::CallReply>> carry_out(const model::Call& call);
  Async<std::optional<model::CallReply>> of_host(const model::Call& call);
  Async<Result<model::CallReply>> exec(model::Call call);
  Async<Result<model::CallReply>> power_off(bool only_ask);
  Async<Result<void>> serve_disk(const model::Call& call, Keeper& keeper);
  Async<Result<void>> open_stream(const model::Call& call, Keeper& keeper);
  Async<void> carry_stream(UnixSocket socket, std::string uuid, std::string port);
  Async<void> keep_networks();
  Async<void> remove_networks();
  Async<Result<void>> network_ready(std::string name);
  Async<Result<void>> ensure_network(model::Network network);
  Async<Result<void>> apply_groups();
  Async<void> apply_peers();
  std::string mac_of(const std::string& card) const;
  std::vector<Ballooned> ballooned() const;
  std::vector<Measured> measured() const;
  Async<void> measure_rounds();
  Async<Result<model::VmUsage>> usage(model::Vm vm);
  model::Host describe_host() const;
  Async<std::vector<std::string>> leased(std::string network, std::string mac);
  model::NetworkMode mode_of(const std::string& name) const;

  struct Leases {
    std::chrono::steady_clock::time_point read;
    std::map<std::string, std::vector<std::string>> by_mac;
  };

  asio::any_io_executor loop;
  DiskServer disk_server;
  asio::thread_pool carriers{2}, files{2};  ///< of machines that change hosts
  Settings settings;
  Scope scope;
  News news;
  Pools pools;
  Hands hands;
  Jobs jobs;
  Moves moves;
  Porter porter;
  Templates templates;
  Life life;
  std::map<std::string, std::shared_ptr<Keeper>> keepers;
  std::set<std::string> mirrored;  ///< uuids of those with a NIC that is copied for another machine
  std::map<std::string, model::Observed> adopted;  ///< not claimed by an assignment yet
  std::vector<hypervisor::Notice> early;           ///< of machines not assigned yet
  std::map<std::string, model::Network> networks;
  std::map<std::string, std::string> network_problems;
  std::vector<network::Group> groups;
  bool groups_changed = false;
  std::vector<model::Host> hosts;
  std::vector<model::Neighbour> neighbours;
  bool peers_changed = false;
  std::string mirror_lack;                     ///< why network cards cannot be mirrored here
  int removals_wanted = 0, removals_done = 0;  ///< of networks that the manager no longer has
  bool first_round_done = false;  ///< all networks were looked at once, then the groups
  std::map<std::string, Leases> leases;
  std::deque<model::CallReply> replies;
  std::deque<model::Heartbeat> beats;  ///< not sent yet
  /// Since when a heartbeat waits for its answer.
  std::optional<std::chrono::steady_clock::time_point> unanswered;
  std::string not_understood;             ///< of the manager's messages, on this connection
  bool refused = false;                   ///< the manager has ended the connection by that
  std::optional<model::Samples> samples;  ///< the newest, if it was not sent yet
  std::unique_ptr<Wakeup> replied;
  std::unique_ptr<Wakeup> networks_changed;
};

}  // namespace truce::node
