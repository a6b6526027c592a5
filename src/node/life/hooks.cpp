#include "life/hooks.h"

#include "base/log.h"

namespace truce::node {

Life::Hooks hooks_of(Keepers& keepers, Life& life, hypervisor::Hypervisor& hypervisor,
                     std::function<void(model::Heartbeat)> send) {
  Life::Hooks hooks;
  hooks.send = std::move(send);
  hooks.state = [&keepers](const std::string& uuid) {
    auto found = keepers.find(uuid);
    return found == keepers.end() ? TenantState() : found->second->tenant();
  };
  hooks.permit = [&keepers, &life](const std::string& uuid, Permit permit) {
    auto found = keepers.find(uuid);
    found == keepers.end() ? life.ended(uuid) : found->second->permit(std::move(permit));
  };
  hooks.revoke = [&keepers](const std::string& uuid) {
    if (auto found = keepers.find(uuid); found != keepers.end()) found->second->revoke();
  };
  hooks.kill = [&keepers, &life, &hypervisor](std::string uuid) -> Async<void> {
    auto killed = co_await hypervisor.kill(uuid);
    if (!killed) spdlog::error("machine {}: {}", uuid, killed.error().message);
    if (killed && !keepers.contains(uuid)) life.ended(uuid);
  };
  return hooks;
}

}  // namespace truce::node
