// What the machines of a host and the host itself use, every few seconds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hypervisor/live_changes.h"
#include "network/network.h"

namespace truce::node {

/// A machine that runs.
struct Measured {
  std::string uuid;
  std::vector<std::string> macs;  ///< of its network cards
};

struct RoundLimits {
  std::size_t at_once = 16;                   ///< machines that are asked
  Duration of_one = std::chrono::seconds(2);  ///< how long one may take to answer
  Duration of_all = std::chrono::seconds(8);  ///< then no other is asked
};

/// Measures rounds of machines. A machine that does not answer in time is missing from a round, and
/// is asked last in the next, so that it holds up no other; one that was not asked any more comes
/// first.
class Rounds {
 public:
  /// `live` may be null: then there are no machines.
  Rounds(hypervisor::LiveChanges* live, network::Provider& network, RoundLimits limits = {});

  Async<model::Samples> measure(std::vector<Measured> machines);

 private:
  /// Where a machine stands in the next round.
  enum class Turn { was_not_asked, usual, silent_and_not_asked, silent };
  struct Round;
  [[nodiscard]] Turn turn_of(const std::string& uuid) const;
  Async<void> ask_in_turn(Round& round);
  Async<void> ask_together(Round& round, std::size_t workers);

  hypervisor::LiveChanges* live_;
  network::Provider& network_;
  RoundLimits limits_;
  std::map<std::string, Turn> turns_;  ///< of those that have not answered last time
  bool traffic_failed_ = false;
};

/// The addresses of a machine's network cards.
inline std::vector<std::string> macs_of(const model::Vm& vm) {
  std::vector<std::string> macs;
  for (const auto& nic : vm.nics) macs.push_back(nic.mac);
  return macs;
}

/// What a machine's network cards have carried, added up; absent where none is known.
void add_traffic(const std::vector<std::string>& macs,
                 const std::map<std::string, network::Traffic>& traffic, model::VmUsage& usage);

/// How long until the clock shows the next multiple of `step`, so that all hosts measure together
/// and each step of a history gets one value. Never 0.
Duration until_next(Time now, Duration step);

}  // namespace truce::node
