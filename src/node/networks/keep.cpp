// Networks of this host as the manager wants them.
#include "base/log.h"
#include "networks/uplinks.h"
#include "networks/wishes.h"
#include "state.h"

namespace truce::node {

namespace {

// Bridges that lead nowhere any more; `told`: by network, what was told last. Their machines can
// still be plugged in: that is no problem of this host's own work.
void tell_of_uplinks(const std::map<std::string, model::Network>& networks, const std::string& host,
                     std::map<std::string, std::string>& told, News& news) {
  for (const auto& [name, network] : networks) {
    if (network.mode != model::NetworkMode::bridged) continue;
    auto why = why_cut_off("/sys/class/net", network.bridge);
    if (!why.empty()) why = fmt::format("{}: {}", host, why);
    if (std::exchange(told[name], why) == why) continue;
    if (!why.empty()) spdlog::warn("network {}: {}", name, why);
    news.add(model::NetworkReport{name, why});
  }
  std::erase_if(told, [&](const auto& each) { return !networks.contains(each.first); });
}

}  // namespace

// Ensures one network and tells the manager when its problem is another one than before.
Async<Result<void>> Node::State::ensure_network(model::Network network) {
  auto done = co_await hands.network.ensure(config_of(network));
  auto problem = done ? std::string() : done.error().message;
  auto [known, added] = network_problems.try_emplace(network.name, problem);
  if (!added && known->second == problem) co_return done;
  known->second = problem;
  if (!problem.empty()) spdlog::warn("network {}: {}", network.name, problem);
  news.add(model::NetworkReport{network.name, problem});
  co_return done;
}

// A NIC of a group must not be plugged in before the group holds.
Async<Result<void>> Node::State::apply_groups() {
  groups_changed = false;
  auto done = co_await hands.network.set_groups(groups);
  if (!done) {
    groups_changed = true;  // the next round tries again
    spdlog::warn("security groups: {}", done.error().message);
  }
  co_return done;
}

Async<void> Node::State::apply_peers() {
  peers_changed = false;
  auto done = co_await hands.network.set_peers(peers_of(settings.name, hosts, neighbours));
  if (done) co_return;
  peers_changed = true;  // the next round tries again
  spdlog::warn("networks over hosts: {}", done.error().message);
}

// Empty for a card that is none of a machine here.
std::string Node::State::mac_of(const std::string& card) const {
  for (const auto& [uuid, keeper] : keepers) {
    const auto& vm = keeper->vm();
    for (const auto& nic : vm.nics) {
      if (card == fmt::format("{}/{}", vm.name, nic.number)) return nic.mac;
    }
  }
  return {};
}

Async<Result<void>> Node::State::network_ready(std::string name) {
  while (!first_round_done || removals_done != removals_wanted) co_await sleep_for(5ms);
  auto known = network_problems.find(name);
  if (known != network_problems.end() && known->second.empty()) co_return Result<void>{};
  auto wanted = networks.find(name);
  if (wanted == networks.end()) co_return fail(Code::not_found, "there is no network '{}'", name);
  co_return co_await ensure_network(wanted->second);
}

Async<void> Node::State::keep_networks() {
  // Nothing is removed before the manager has said what there shall be.
  co_await networks_changed->wait();
  for (const auto& name : hands.network.present()) {
    network_problems.try_emplace(name, "not looked at yet");
  }
  std::map<std::string, std::string> uplinks;
  while (true) {
    // First what goes: a new network may want the subnet that it had.
    auto removals = removals_wanted;
    co_await remove_networks();
    removals_done = removals;
    if (peers_changed) co_await apply_peers();
    auto wanted = networks;
    if (first_round_done && groups_changed) co_await apply_groups();
    for (const auto& [name, network] : wanted) co_await ensure_network(network);
    if (groups_changed) co_await apply_groups();
    first_round_done = true;
    tell_of_uplinks(networks, settings.name, uplinks, news);
    co_await (networks_changed->wait() || sleep_for(30s));
  }
}

Async<void> Node::State::remove_networks() {
  for (auto it = network_problems.begin(); it != network_problems.end();) {
    auto name = it->first;
    if (networks.contains(name)) {
      ++it;
      continue;
    }
    auto removed = co_await hands.network.remove(name);
    if (!removed) spdlog::warn("network {}: {}", name, removed.error().message);
    network_problems.erase(name);
    it = network_problems.begin();
  }
}

}  // namespace truce::node
