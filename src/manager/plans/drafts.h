// Machines as changes will have them that are being gathered or committed just now.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "model/model.h"
#include "plans/host_uses.h"

namespace truce::manager {

class Inventory;

/// Lives as long as its change does, until the inventory shows it or nothing came of it.
using Draft = std::shared_ptr<const model::Vm>;

/// What is placed between two looks at the store: without it, machines that are placed in one
/// change, or in several at once, would be promised the same room.
class Drafts {
 public:
  /// Counts while the answer is kept.
  Draft add(model::Vm vm);
  /// Those that there are now.
  [[nodiscard]] std::vector<Draft> all() const;

 private:
  mutable std::vector<std::weak_ptr<const model::Vm>> drafts_;
};

/// Whether a machine takes anything else of hosts and pools than before; null: it was not there.
bool takes_otherwise(const model::Vm* before, const model::Vm& now);

/// What drafts take of each host beside what the inventory shows of them; not of the machine
/// `except` (a uuid). What they give back is not counted: nothing may come of it.
HostUses uses_of_drafts(const Inventory& inventory, const std::string& except);

}  // namespace truce::manager
