#include "base/log.h"
#include "cluster/cluster.h"

namespace truce::manager {
namespace {

constexpr std::size_t machines_at_once = 50;

using Clock = std::chrono::steady_clock;

// A machine that was off on a host that is gone is still off: nothing there starts it by itself.
bool may_have_changed(const model::Vm& vm) {
  using model::Observed;
  return vm.observed == Observed::starting || vm.observed == Observed::running ||
         vm.observed == Observed::paused;
}

// Whether there was nothing left to note.
bool note_unknown(const Inventory& inventory, Change& change, const std::set<std::string>& gone) {
  std::size_t noted = 0;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (!gone.contains(kept->object.host) || !may_have_changed(kept->object)) continue;
    if (noted++ == machines_at_once) return false;
    auto vm = kept->object;
    vm.observed = model::Observed::unknown;
    change.put(vm);
  }
  return true;
}

void remove_expired(const Inventory& inventory, Change& change) {
  auto time = now();
  for (const auto& [name, kept] : inventory.all<model::JoinToken>()) {
    if (kept->object.expires < time) change.erase<model::JoinToken>(name);
    if (change.writes.size() >= machines_at_once) return;
  }
}

/// Since when hosts are offline, on a clock that nobody sets.
class Absences {
 public:
  std::set<std::string> longer_than(const Inventory& inventory, Duration grace) {
    std::set<std::string> gone;
    auto time = Clock::now();
    std::map<std::string, Clock::time_point> still;
    for (const auto& [name, kept] : inventory.all<model::Host>()) {
      if (kept->object.state != model::HostState::offline) continue;
      auto since = since_.contains(name) ? since_.at(name) : time;
      if (time - since >= grace) gone.insert(name);
      still[name] = since;
    }
    since_ = std::move(still);
    return gone;
  }

 private:
  std::map<std::string, Clock::time_point> since_;
};

}  // namespace

Async<void> watch_absent_hosts(Ledger& ledger, Duration grace) {
  const auto& inventory = ledger.inventory();
  Absences absences;
  while (true) {
    auto gone = absences.longer_than(inventory, grace);
    bool all = true;
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      if (!gone.empty()) all = note_unknown(inventory, change, gone);
      remove_expired(inventory, change);
      return {};
    });
    if (!done) spdlog::warn("hosts that are gone: {}", done.error().message);
    if (!done || all) co_await sleep_for(std::min<Duration>(1s, std::max<Duration>(grace, 10ms)));
  }
}

}  // namespace truce::manager
