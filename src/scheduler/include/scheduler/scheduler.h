#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/model.h"
#include "scheduler/rules.h"

namespace truce::scheduler {

/// Which classes of machines may not be on one host. It holds both ways, whoever said so.
class Conflicts {
 public:
  void add(const std::string& one, const std::string& other) {
    pairs_[one].insert(other);
    pairs_[other].insert(one);
  }
  [[nodiscard]] bool between(const std::string& one, const std::string& other) const {
    auto found = pairs_.find(one);
    return found != pairs_.end() && found->second.contains(other);
  }

 private:
  std::map<std::string, std::set<std::string>> pairs_;
};

/// A host as placement sees it.
struct Candidate {
  std::shared_ptr<const model::Host> host;  ///< never null; shared, as it is large
  Bytes promised;                 ///< memory of the machines placed there that are wanted running
  std::int64_t reserved_cpu = 0;  ///< of these, in percent of one processor
  std::size_t machines = 0;
  /// Machines placed there, running or not, that have a conflict class: name and class.
  std::vector<std::pair<std::string, std::string>> neighbours;
};

/// Where a machine goes and why; or, without a host, why each host refused, one sentence each.
struct Placement {
  std::string host;
  std::string reason;
  std::vector<std::string> refusals;
};

/// Refusals, or problems, as one text; of many only the first, and how many more there are.
std::string told(const std::vector<std::string>& refusals);

/// What placement keeps to besides what hosts have.
struct Terms {
  std::vector<RuleView> rules;  ///< about the machine: rules_about()
  /// So many hosts may fail, the largest, and the others still have the memory that is promised.
  std::size_t reserve_hosts = 0;
  /// Why the machine cannot have its disks on a host; empty: it can. None: it can anywhere. Asked
  /// only of hosts that are online.
  std::function<std::string(const model::Host&)> reach;
};

/// The online host that can run the machine, breaks the fewest rules that are only preferred, and
/// has the most memory left after it; ties go to the lower name. Memory is not over-committed: what
/// all machines have that are wanted running fits into the host. Nor is reserved processor time.
/// Machines of classes that conflict are never on one host, no rule that must be kept is broken,
/// and nothing comes to a host that is being drained.
Placement place(const model::Vm& vm, const std::vector<Candidate>& candidates,
                const Conflicts& conflicts = {}, const Terms& terms = {});

/// Why each of the candidates cannot run the machine; empty: it can.
std::vector<std::string> refusals(const model::Vm& vm, const std::vector<Candidate>& candidates,
                                  const Conflicts& conflicts = {}, const Terms& terms = {});

/// A resource pool, and what the machines in it and below it have that are wanted running.
struct PoolUse {
  model::ResourcePool pool;
  Bytes memory, reserved_memory;
  std::int64_t reserved_cpu = 0;
};

/// Why one of the pools that a machine is in has not enough left for it; empty: they have. It says
/// which reservation or limit lacks how much.
std::string pool_refusal(const model::Vm& vm, const std::vector<PoolUse>& pools);

/// Why the machine may not be beside those on the host; empty: it may.
std::string company_refusal(const model::Vm& vm, const Candidate& candidate,
                            const Conflicts& conflicts);

/// What a rule that must be kept says against a host that it is broken on.
std::string rule_refusal(const RuleView& rule, const std::string& host);

}  // namespace truce::scheduler
