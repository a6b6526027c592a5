// The leader's side of availability: which hosts are dead, and where their machines run again.
#pragma once

#include <set>
#include <string>

#include "availability/observer.h"
#include "availability/recovery.h"
#include "ledger.h"
#include "manager/manager.h"
#include "recovery/stranded.h"

namespace truce::manager {

/// Watches heartbeats, fences hosts that are silent, assigns machines that are to be started, and
/// gives those of fenced hosts to others. Each manager may do that at any time: whatever it decides
/// is a transaction that another one's makes void.
class Recovery {
 public:
  Recovery(Ledger& ledger, const Settings& settings);

  /// Until cancelled.
  Async<void> run();

 private:
  Async<void> watch();
  Async<void> look();
  Async<void> start_machines();
  Async<void> fence(availability::Transaction fence);
  void note_changes();
  void note_uuid(const std::string& uuid);
  void note_host(const std::string& host);
  Async<void> assign_starts();
  Async<void> restart_lost();
  Async<void> restart(std::string uuid, std::string to, std::string why);
  Async<void> show_waiting(std::map<std::string, std::string> problems);
  [[nodiscard]] availability::LeaderTime now() const;

  Ledger& ledger_;
  const Settings& settings_;
  availability::Observer observer_;
  Stranded stranded_;
  store::Revision noted_ = 0;
  std::set<std::string> changed_;  ///< machines that may have to be assigned, by name
  std::set<std::string> leaving_;  ///< those that leave their host for its storage
};

}  // namespace truce::manager
