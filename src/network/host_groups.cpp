// The part of HostNetwork that all networks share: security groups, and the host as a router.
#include <algorithm>

#include "groups.h"
#include "host_network_parts.h"
#include "links.h"

namespace truce::network {

Async<Result<void>> HostNetwork::set_groups(std::vector<Group> groups) {
  for (const auto& group : groups) {
    CO_TRY_VOID(check_group(group));
  }
  groups_ = std::move(groups);
  co_return co_await load_groups(Reload::changed);
}

// One at a time: a text that was made earlier must not be loaded later.
Async<Result<void>> HostNetwork::load_groups(Reload reload) {
  while (groups_busy_) co_await groups_freed_.wait();
  struct Busy {
    explicit Busy(HostNetwork& host) : host_(host) { host_.groups_busy_ = true; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
      host_.groups_busy_ = false;
      host_.groups_freed_.wake();
    }
    HostNetwork& host_;
  } busy(*this);
  co_return co_await load_groups_now(reload);
}

// Before set_groups() what an earlier run has loaded is the best that there is.
Async<Result<void>> HostNetwork::load_groups_now(Reload reload) {
  if (!groups_) co_return Result<void>{};
  std::vector<Member> members;
  for (const auto& [name, network] : networks_) {
    bool some = false;
    for (const auto& [mac, reservation] : network->reservations) {
      if (reservation.settings.groups.empty() || reservation.address == Address{}) continue;
      members.push_back({reservation.address, reservation.settings.groups});
      some = true;
    }
    if (some) {
      CO_TRY_VOID(filter_bridged(network->bridge()));
    }
  }
  auto text = group_rules(*groups_, members);
  bool there = members.empty() ? loaded_groups_.empty() : loaded_groups_ == text;
  if (there && (reload == Reload::changed || members.empty())) co_return Result<void>{};
  loaded_groups_ = "?";  // until it is known again
  CO_TRY_VOID(co_await nft({"-f", "-"}, text));
  loaded_groups_ = members.empty() ? std::string() : text;
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

Result<void> HostNetwork::end_forwarding(const std::string& leaving) const {
  auto file = state_dir_ / "networks" / "ip_forward";
  auto before = read_file(file, kib(1));
  if (!before) return {};
  for (const auto& name : present()) {
    if (name == leaving) continue;
    auto known = networks_.find(name);
    bool routes = known == networks_.end() || !known->second->ready ||
                  known->second->config.mode == Mode::nat ||
                  known->second->config.mode == Mode::routed;
    if (routes) return {};
  }
  if (*before == "0\n") {
    TRY_VOID(write_setting("net/ipv4/ip_forward", "0"));
  }
  return truce::remove_tree(file);
}

}  // namespace truce::network
