// Machines whose hosts live and no longer reach their disks, and where those can be run that their
// own host cannot run.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "availability/records.h"
#include "ledger.h"
#include "placement.h"

namespace truce::manager {

/// Hosts that take a machine which its own cannot run.
struct Refuge {
  std::vector<std::string> hosts;
  std::string lack;  ///< why there is none, for people
};

/// Chooses among living hosts.
class Refuges {
 public:
  explicit Refuges(const Inventory& inventory);
  /// `but`: not that host; empty: any.
  [[nodiscard]] Refuge of(const model::Vm& vm, const std::string& but = {}) const;
  /// Those that live.
  [[nodiscard]] const std::vector<scheduler::Candidate>& hosts() const { return hosts_; }

 private:
  const Inventory& inventory_;
  std::vector<scheduler::Candidate> hosts_;
  scheduler::Conflicts conflicts_;
};

/// Whether a host takes a machine still, beside what has been given to it since it was chosen.
bool is_refuge_now(const Inventory& inventory, const model::Vm& vm, const std::string& host);

/// Whether its host ends a machine, or has ended it, so that another one starts it: nobody has
/// wanted anything else of it since.
bool leaves_storage(const model::Vm& vm);

/// Lets hosts end machines that have to do without their disks for longer than they say, where
/// another host reaches those: then Recovery starts them. Where none does they wait.
class Stranded {
 public:
  explicit Stranded(Ledger& ledger) : ledger_(ledger) {}

  Async<void> look(availability::LeaderTime now);

 private:
  struct Since {
    availability::LeaderTime time;
    bool told = false;  ///< that no other host takes it
  };
  Async<void> judge(std::string uuid, Since& since);

  Ledger& ledger_;
  std::map<std::string, Since> stranded_;  ///< by uuid
};

}  // namespace truce::manager
