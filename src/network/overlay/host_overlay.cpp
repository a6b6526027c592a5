// The part of HostNetwork that extends networks over other hosts.
#include "base/log.h"
#include "host_network_parts.h"
#include "kernel/links.h"
#include "names.h"

namespace truce::network {

// All hosts of an overlay have the same, so that guests find their router wherever they go.
std::string HostNetwork::host_mac(const Config& config) const {
  if (config.vni > 0) return bridge_mac(fmt::format("vni {}", config.vni), config.name);
  return bridge_mac(host_label(options_.host_name), config.name);
}

Async<Result<void>> HostNetwork::set_peers(Peers peers) {
  CO_TRY(auto others, read_peers(peers));
  others_ = std::make_unique<Others>(std::move(others));
  std::vector<std::string> names;
  for (const auto& [name, network] : networks_) {
    if (network->ready && network->config.vni > 0) names.push_back(name);
  }
  Result<void> result;
  for (const auto& name : names) {
    auto turn = co_await take_turn(name);
    const auto& network = turn.network();
    if (!network->ready || network->config.vni == 0) continue;
    auto done = co_await set_up_overlay(network);
    if (done) done = co_await publish(network);
    if (!done) result = std::unexpected(std::move(done).error().within("network " + name));
  }
  auto grouped = co_await load_groups(Reload::changed);
  co_return result ? grouped : result;
}

// Its rules come before its port: no stranger's packet gets in between.
Async<Result<void>> HostNetwork::set_up_overlay(Shared network) {
  const auto& config = network->config;
  bool stale = config.vni == 0 && interface_exists(overlay_port_name(config.name));
  if (stale) co_return co_await tear_down_overlay(config.name);
  if (config.vni == 0 || !others_) co_return Result<void>{};
  if (guard_missing_) {
    co_return fail(Code::unsupported,
                   "an overlay needs nftables for bridges, which this host's kernel has not");
  }
  if (!others_->self) co_return co_await tear_down_overlay(config.name);
  auto rules = overlay_rules(config.name, config.vni, *others_->self, others_->hosts);
  CO_TRY_VOID(co_await nft({"-f", "-"}, std::move(rules)));
  co_return set_up_overlay_port(*network);
}

Result<void> HostNetwork::set_up_overlay_port(Network& network) const {
  const auto& self = *others_->self;
  auto port = overlay_port_name(network.config.name);
  TRY_VOID(make_vxlan({port, network.config.vni, self, overlay_mtu}));
  TRY_VOID(write_if_there("net/ipv6/conf/" + port + "/disable_ipv6", "1"));
  TRY_VOID(add_port(network.bridge(), port));
  TRY_VOID(network::set_up(port));
  std::set<Endpoint> hosts;
  std::string strange;
  for (const auto& host : others_->hosts) {
    if (host.index() == self.index()) {
      hosts.insert(host);
    } else {
      strange = to_string(host);
    }
  }
  hosts.erase(self);
  TRY(auto known, places_in(port));
  auto wanted = others_->places(network.config.name);
  auto changes = place_changes(known, network.told, wanted, hosts);
  for (const auto& place : changes.gone) TRY_VOID(delete_place(port, place));
  for (const auto& place : changes.fresh) TRY_VOID(add_place(port, place));
  network.told = std::move(wanted);
  if (network.config.mode == Mode::routed) TRY_VOID(tell_neighbours(network));
  if (strange.empty()) return {};
  return fail(
      Code::precondition,
      "the host at {} cannot be reached from {}: one has an IPv4, the other an IPv6 address "
      "in the cluster",
      strange, to_string(self));
}

// A routed packet may come in through any host. Who asks for a guest's MAC with the address that
// all hosts have would get no answer from another host's.
Result<void> HostNetwork::tell_neighbours(const Network& network) const {
  auto wanted = others_->addresses(network.config.name);
  TRY(auto known, known_neighbours(network.bridge()));
  for (const auto& [address, mac] : known) {
    if (!wanted.contains(address)) TRY_VOID(delete_neighbour(network.bridge(), address));
  }
  for (const auto& [address, mac] : wanted) {
    auto there = known.find(address);
    if (there != known.end() && there->second == mac) continue;
    TRY_VOID(set_neighbour(network.bridge(), address, mac));
  }
  return {};
}

Async<Result<void>> HostNetwork::tear_down_overlay(std::string name) {
  CO_TRY_VOID(delete_link(overlay_port_name(name)));
  co_await nft({"delete", "table", "inet", table_name(name)});  // fails where it never existed
  co_return Result<void>{};
}

}  // namespace truce::network
