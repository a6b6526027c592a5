// The part of HostNetwork that all networks share: security groups, and the host as a router.
#include <algorithm>

#include "groups.h"
#include "host_network_parts.h"
#include "kernel/links.h"
#include "rules.h"

namespace truce::network {
namespace {

// `names`: one interface a line. One that is gone meanwhile is success.
Result<void> listen_to_routers(std::string_view names, std::string_view how) {
  while (!names.empty()) {
    auto name = names.substr(0, names.find('\n'));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    TRY_VOID(write_if_there(fmt::format("net/ipv6/conf/{}/accept_ra", name), how));
  }
  return {};
}

}  // namespace

Async<Result<void>> HostNetwork::set_groups(std::vector<Group> groups) {
  for (const auto& group : groups) {
    CO_TRY_VOID(check_group(group));
  }
  groups_ = std::move(groups);
  co_return co_await load_groups(Reload::changed);
}

// One at a time: a text that was made earlier must not be loaded later.
Async<Result<void>> HostNetwork::load_groups(Reload reload) {
  auto alone = co_await be_alone(groups_busy_, groups_freed_);
  co_return co_await load_groups_now(reload);
}

Async<HostNetwork::Alone> HostNetwork::be_alone(bool& busy, Wakeup& freed) {
  while (busy) co_await freed.wait();
  co_return Alone(busy, freed);
}

// Before set_groups() what an earlier run has loaded is the best that there is.
Async<Result<void>> HostNetwork::load_groups_now(Reload reload) {
  if (!groups_) co_return Result<void>{};
  std::vector<Member> members;
  for (const auto& [name, network] : networks_) {
    bool some = false;
    for (const auto& [mac, reservation] : network->reservations) {
      bool known = reservation.address != Address{} || reservation.address6;
      if (reservation.settings.groups.empty() || !known) continue;
      members.push_back({reservation.address, reservation.settings.groups, reservation.address6});
      some = true;
    }
    if (some) {
      CO_TRY_VOID(filter_bridged(network->bridge()));
    }
  }
  bool none = members.empty();
  if (others_) std::ranges::move(others_->members(), std::back_inserter(members));
  auto text = group_rules(*groups_, members);
  bool there = none ? loaded_groups_.empty() : loaded_groups_ == text;
  if (there && (reload == Reload::changed || none)) co_return Result<void>{};
  loaded_groups_ = "?";  // until it is known again
  CO_TRY_VOID(co_await nft({"-f", "-"}, text));
  loaded_groups_ = none ? std::string() : text;
  co_return Result<void>{};
}

// What it was before the first network that needs it is kept for the time after the last one.
Result<void> HostNetwork::begin_forwarding() const {
  TRY(auto present, read_file("/proc/sys/net/ipv4/ip_forward"));
  if (present == "1\n") return {};
  TRY_VOID(make_folder(state_dir_ / "networks", 0755));
  TRY_VOID(write_file_durably(state_dir_ / "networks" / "ip_forward", present, 0644));
  return write_setting("net/ipv4/ip_forward", "1");
}

// Whether another network than this one may need it that the host forwards packets.
bool HostNetwork::others_route(const std::string& leaving, Ipv6 ipv6) const {
  return std::ranges::any_of(present(), [&](const std::string& name) {
    if (name == leaving) return false;
    auto known = networks_.find(name);
    if (known == networks_.end() || !known->second->ready) return true;
    if (ipv6 == Ipv6::present && !known->second->subnet6) return false;
    auto mode = known->second->config.mode;
    return mode == Mode::nat || mode == Mode::routed;
  });
}

Result<void> HostNetwork::end_forwarding(const std::string& leaving) const {
  TRY_VOID(end_forwarding6(leaving));
  auto file = state_dir_ / "networks" / "ip_forward";
  auto before = read_file(file, kib(1));
  if (!before || others_route(leaving, Ipv6::absent)) return {};
  if (*before == "0\n") {
    TRY_VOID(write_setting("net/ipv4/ip_forward", "0"));
  }
  return truce::remove_tree(file);
}

// A host that forwards IPv6 no longer listens to routers ([RFC 4861] 6.2.2), from which it may have
// its own way out: interfaces that do are told to go on. Their names are kept for the way back.
Result<void> HostNetwork::begin_forwarding6() const {
  TRY(auto present, read_file("/proc/sys/net/ipv6/conf/all/forwarding"));
  if (present == "1\n") return {};
  auto file = state_dir_ / "networks" / "ipv6_forwarding";
  auto listening = read_file(file, mib(1)).value_or("");  // of a daemon that died on the way
  for (const auto& name : interfaces("")) {
    bool ours = name.starts_with("tr-") || name.starts_with("tt-");
    auto accepts = read_file("/proc/sys/net/ipv6/conf/" + name + "/accept_ra");
    bool told = ("\n" + listening).contains("\n" + name + "\n");
    if (!ours && !told && accepts == "1\n") listening += name + "\n";
  }
  TRY_VOID(make_folder(state_dir_ / "networks", 0755));
  TRY_VOID(write_file_durably(file, listening, 0644));
  TRY_VOID(listen_to_routers(listening, "2"));
  return write_setting("net/ipv6/conf/all/forwarding", "1");
}

Result<void> HostNetwork::end_forwarding6(const std::string& leaving) const {
  auto file = state_dir_ / "networks" / "ipv6_forwarding";
  auto listening = read_file(file, mib(1));
  if (!listening || others_route(leaving, Ipv6::present)) return {};
  TRY_VOID(write_setting("net/ipv6/conf/all/forwarding", "0"));
  TRY_VOID(listen_to_routers(*listening, "1"));
  return truce::remove_tree(file);
}

}  // namespace truce::network
