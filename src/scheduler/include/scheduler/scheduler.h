#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "model/model.h"

namespace truce::scheduler {

/// A host as placement sees it.
struct Candidate {
  model::Host host;
  Bytes promised;  ///< memory of the machines placed there that are wanted running
  std::size_t machines = 0;
};

/// Where a machine goes and why; or, without a host, why each host refused, one sentence each.
struct Placement {
  std::string host;
  std::string reason;
  std::vector<std::string> refusals;
};

/// The online host that can run the machine and has the most memory left after it; ties go to the
/// lower name. Memory is not over-committed.
Placement place(const model::Vm& vm, const std::vector<Candidate>& candidates);

}  // namespace truce::scheduler
