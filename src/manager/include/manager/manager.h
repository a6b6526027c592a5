#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/seals.h"
#include "availability/records.h"
#include "availability/timing.h"
#include "base/async.h"
#include "base/frames.h"
#include "http/server.h"
#include "manager/membership.h"
#include "manager/sender.h"
#include "model/model.h"
#include "platform/feed.h"
#include "power/power.h"
#include "store/store.h"

namespace truce::manager {

/// How quick alarms are.
struct AlarmPace {
  Duration look = 5s;    ///< between two looks at the latest
  Duration settle = 1s;  ///< at the soonest
  Duration gather = 5s;  ///< what happens to one alarm within this becomes one message
  Duration grace = 30s;  ///< after a start, in which hosts may come before they count as offline
  Duration first_retry = 5s;  ///< doubled each time
  Duration longest_retry = 5min;
  Duration give_up = std::chrono::hours(24);  ///< on a receiver
};

/// How quick balancing by itself is.
struct BalancePace {
  Duration warm_up = 3min;  ///< after a start: until then demands of machines are not known
  Duration look = 10s;      ///< between two looks at whether it is time for a plan
  Duration minute = 1min;   ///< of Cluster.balance_minutes
  Duration hot = 1min;      ///< between two looks for a host that cannot wait so long
};

/// How quick the platforms of others are looked after.
struct PlatformPace {
  Duration look = 500ms;  ///< between two looks at how each is
  Duration save = 5s;     ///< at least, between two times that what one has told is written
  platform::Pace feed;
};

/// How quick moves to and from platforms are looked after.
struct RelocationPace {
  Duration look = 1s;                              ///< between two looks at how far one is
  Duration first_pause = 1s, longest_pause = 30s;  ///< after a failure, doubled with each
  Duration give_up = 15min;                        ///< since one last got on: then it is undone
  Duration last_pass = 10s;  ///< one that runs is stopped when a pass has not taken longer
};

/// How a connection to a platform is made; nothing is sent before it is used.
using OpenPlatform = std::function<std::unique_ptr<platform::Platform>(asio::any_io_executor loop,
                                                                       platform::Account account)>;

/// How quick hosts go to sleep and wake.
struct PowerPace {
  Duration step = 2s;    ///< between two looks at a host that is on its way
  Duration look = 1min;  ///< between two looks at whether hosts are needed
  Duration warm_up =
      3min;                ///< after a start, at most: until then hosts come and demands are learnt
  Duration settle = 1min;  ///< a host without a controller is off when it is away for so long
  Duration again = 1min;   ///< an order to go off is given again after this
  Duration soft = 5min;    ///< after this the power is taken away, where no machine is
  Duration hard = 3min;    ///< and after this besides it is given up
  Duration call = 15s;     ///< between two orders to wake
  Duration wake = 10min;  ///< for each try; for a host that has taken longer, twice as long as that
  std::int64_t tries = 3;  ///< to wake a host
  Duration rest = 1h;      ///< a host that did not go to sleep is left alone
};

/// What can be another from one moment to the next.
struct Limits {
  std::size_t task_history = 2000;    ///< ended tasks kept
  std::size_t event_history = 20000;  ///< events kept
  Duration session_life = std::chrono::hours(12);
  Duration session_idle = std::chrono::hours(1);  ///< without a request, a session ends
  std::optional<unsigned> admin_group;  ///< id of the group whose members may do everything
};

struct Settings : Limits {
  std::string host;                   ///< name of this host
  std::filesystem::path node_socket;  ///< where nodes of this host connect
  Membership* membership = nullptr;   ///< null: this manager is never part of a cluster
  Duration absence = 5s;  ///< after this, machines of a host that is gone count as unknown
  const access::Seals* seals = nullptr;  ///< what secrets are stored with; null: none can be
  std::string fingerprint;               ///< of the TLS certificate, for clients that pin it
  std::string url;                       ///< where the HTTPS API is, or empty
  std::string subnet;                    ///< of the network `default` when it is first made
  std::string network_mode;              ///< auto, nat or user
  Duration upload_expiry = std::chrono::hours(24);  ///< without a piece, an upload is removed
  std::filesystem::path first_run_file;  ///< where the code for the first user is written
  /// Shows that code where the system's administrator sees it; none: in the log.
  std::function<void(const std::string& text)> tell_first_run;
  MailSettings mail;  ///< for alarms
  AlarmPace alarm_pace;
  BalancePace balance_pace;
  PowerPace power_pace;
  /// What switches hosts; none: what their addresses say.
  std::function<Result<std::unique_ptr<power::PowerControl>>(const model::Host& host,
                                                             SecretPtr password)>
      power_control;
  Sender* sender = nullptr;  ///< of alarms' messages; null: by HTTP and SMTP
  /// Writes a copy of the store to a file that is not there yet.
  std::function<Async<Result<void>>(std::filesystem::path file)> backup;
  std::map<std::string, OpenPlatform> platform_kinds;  ///< by the scheme of their addresses
  std::filesystem::path platforms_folder;  ///< where what they have told is kept; empty: it is not
  PlatformPace platform_pace;
  RelocationPace relocation_pace;
  std::filesystem::path guest_program;   ///< `truce image prepare`; empty: guests are not changed
  unsigned uid_base = 720000;            ///< of the users of machines, by their numbers
  std::filesystem::path metrics_folder;  ///< where metrics are kept; empty: they are not
  std::filesystem::path backup_folder;   ///< where a copy lies while it is sent
  availability::Timing availability;     ///< of all hosts of the cluster
  Duration availability_poll = 1s;       ///< between two looks at the heartbeats
  /// The clock that tells how long a host is silent; none: the system's, which is never set.
  std::function<availability::LeaderTime()> leader_clock;
  /// Reads the configuration again.
  std::function<Result<model::Reload>()> reload;
};

/// Whom this host takes for an administrator who comes by a unix socket, by name: root, the
/// daemon's own user, members of the administrators' group. Empty: nobody.
std::string unix_administrator(const http::Peer& peer, std::optional<unsigned> admin_group);

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
  /// Whether a host of the cluster may come with this certificate (the link has checked all but
  /// whether it was replaced, and the host removed). Code::forbidden.
  Result<void> admit(const std::string& host, const std::string& certificate_sha256) const;
  /// Serves the node of another host, whom the link has let in.
  void serve_node(UnixSocket socket, std::string host);
  /// Notes that a host has a certificate (its SHA-256) that ends then.
  Async<void> note_certificate(std::string host, std::string sha256, Time expires);
  /// Where the managers of this cluster are; empty while there is none.
  [[nodiscard]] std::vector<Seat> seats() const;
  /// Other limits from now on. While there is no user, a new code to make the first is told.
  void change(Limits limits);
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
