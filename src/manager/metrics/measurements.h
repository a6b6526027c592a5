// What was measured last, of all hosts, machines and pools: in memory only.
#pragma once

#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "inventory.h"
#include "metrics/series.h"
#include "quantities.h"

namespace truce::manager {

/// What one object used when it was measured last.
struct Reading {
  std::string name;                      ///< as in the API
  std::map<std::string, double> values;  ///< by Quantity::name; what is not known is absent
  Time time;                             ///< when that was
};

/// What a round adds to the history of each kind.
struct Round {
  std::vector<metrics::Sample> vms, hosts, pools;
};

/// The newest sample of each running machine, connected host and pool. One loop only.
class Measurements {
 public:
  /// What was counted when a machine was measured last, and what became of it.
  struct VmState {
    std::string host;
    double clock = 0;  ///< of the host
    Time time;
    model::VmUsage usage;
    std::array<float, vm_quantities.size()> values{};  ///< metrics::unknown where it is
  };
  struct HostState {
    double clock = 0;
    Time time;
    model::HostSample sample;
    std::array<float, host_quantities.size()> values{};
  };

  Measurements(asio::any_io_executor loop, const Inventory& inventory);

  /// A round of a host, replacing its last one. What is counted becomes rates here; a counter that
  /// fell, as at a restart, has none. Machines that are another host's are left out.
  Round take(const std::string& host, model::Samples samples, Time time);

  /// Running machines that were measured within the last half minute, by name. So too hosts and
  /// pools.
  [[nodiscard]] std::vector<Reading> vms() const;
  [[nodiscard]] std::vector<Reading> hosts() const;
  [[nodiscard]] std::vector<Reading> pools() const;

  /// Null when a machine does not run, or was not measured within the last half minute.
  [[nodiscard]] const VmState* vm(const model::Vm& vm) const;
  [[nodiscard]] const HostState* host(const std::string& name) const;

  /// Returns when a round was taken after this was called, or when cancelled.
  Async<void> next_round();

 private:
  void forget_gone(Time time);
  [[nodiscard]] bool tells_all(const model::Pool& pool, const std::string& host) const;

  const Inventory& inventory_;
  std::unordered_map<std::string, VmState> vms_;  ///< by uuid
  std::map<std::string, HostState> hosts_;
  std::map<std::string, Time> pools_;  ///< when their host told of itself last
  asio::steady_timer taken_;           ///< cancelled to wake all who wait
};

/// The series of a pool as one of several hosts has it; the pool's own name is that of all of them.
std::string place_series(const std::string& pool, const std::string& host);

/// A pool's values as of now; unknown where its host has not looked at it. The used part is that of
/// the fullest, where hosts have their own.
std::array<float, pool_quantities.size()> pool_values(const model::Pool& pool);

}  // namespace truce::manager
