#include "model/nic_moves.h"

#include "base/result.h"

namespace truce::model {

std::string lost_by_move(const VmNic& nic, const Network& network) {
  if (network.vni > 0 || network.mode == NetworkMode::bridged) return {};
  if (network.mode == NetworkMode::user) {
    return fmt::format(
        "network card {} is on '{}', a network of mode user: its connections end with the process "
        "that carries them",
        nic.number, network.name);
  }
  return fmt::format(
      "network card {} is on '{}', of which each host has one of its own: there it would have "
      "another address and no connection would go on (a network over all hosts is made by truce "
      "network create NAME --overlay)",
      nic.number, network.name);
}

}  // namespace truce::model
