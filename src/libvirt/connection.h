// An open connection to a host's libvirt. All here blocks, and belongs on threads of a Crew.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "documents.h"
#include "library.h"
#include "platform/platform.h"

namespace truce::libvirt {

/// What libvirt's events have said and nobody has looked at yet. For any thread.
class News {
 public:
  /// `heard` is called after each piece, on any thread.
  explicit News(std::function<void()> heard) : heard_(std::move(heard)) {}
  void machine(std::string id);
  void places();  ///< a pool or a network
  void broken(std::string why);

  struct Taken {
    std::set<std::string> machines;
    bool places = false;
    [[nodiscard]] bool empty() const { return machines.empty() && !places; }
  };
  /// What was heard since the last call.
  Taken take();
  /// Why the connection has ended; empty: it has not.
  std::string why_broken();

 private:
  void tell();
  std::mutex mutex_;
  Taken taken_;
  std::string broken_;
  std::function<void()> heard_;
};

/// How a silent server is found out: it is asked each `interval`, and given up after so many
/// questions without an answer.
struct KeepAlive {
  int interval = 5;  ///< seconds
  unsigned count = 3;
};

/// What a driver can do, as far as Truce knows it.
struct Driver {
  std::string_view type;  ///< as virConnectGetType() names it
  std::string_view name;  ///< for people
  bool snapshots = false;
  bool suspend = false;
  bool clone = false;
  bool moves = false;     ///< machines leave such a host, and come to it
  bool xen = false;       ///< its domain 0 is the host itself
  unsigned undefine = 0;  ///< flags for what may lie beside a definition
};

/// One thread at a time may wait for an answer (lines.h).
class Connection {
 public:
  enum class Hears { all, its_end };
  /// As Platform tells errors.
  static Result<std::shared_ptr<Connection>> open(platform::Account account, KeepAlive keep,
                                                  std::shared_ptr<News> news,
                                                  Hears hears = Hears::all);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Says goodbye; nothing else may be called after it.
  void close();
  [[nodiscard]] const Library& lib() const { return lib_; }
  [[nodiscard]] virConnect* raw() const { return raw_; }
  [[nodiscard]] const Driver& driver() const { return *driver_; }
  [[nodiscard]] const platform::Capabilities& capabilities() const { return capabilities_; }
  [[nodiscard]] bool ended() const { return !news_->why_broken().empty(); }

  /// Code::not_found: there is no such machine.
  Result<Domain> find(const std::string& machine);
  Domain held(virDomain* domain) const { return {domain, lib_.virDomainFree}; }

 private:
  friend class Looker;
  Connection(const Library& lib, virConnect* raw, std::shared_ptr<News> news);
  Result<void> learn();
  void listen();
  void hear_its_end();
  void stop_listening();

  const Library& lib_;
  virConnect* raw_;
  std::shared_ptr<News> news_;
  const Driver* driver_ = nullptr;
  platform::Capabilities capabilities_;
  std::vector<int> domain_events_, network_events_, pool_events_;

  // What looks remember, one look at a time.
  struct Processor {
    std::uint64_t time = 0;  ///< nanoseconds
    std::chrono::steady_clock::time_point at;
  };
  struct Memory {
    std::mutex one_at_a_time;
    Places places;
    std::map<std::string, Processor> processors;  ///< of machines
    std::uint64_t idle = 0, busy = 0;             ///< of the host; nanoseconds
    std::int64_t mhz = 0;                         ///< of a processor of the host
    bool has_stats = true, may_not_wait = true;
  } memory_;
};

using ConnectionPtr = std::shared_ptr<Connection>;

/// All there is: the host, its pools, networks and machines.
Result<platform::Update> look_at_all(Connection& on);
/// These machines as they are now; what is not there is gone.
Result<platform::Update> look_at(Connection& on, const std::set<std::string>& machines);

}  // namespace truce::libvirt
