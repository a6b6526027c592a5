#include "network/host_network.h"

#include <linux/capability.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "dnsmasq.h"
#include "guard.h"
#include "host_network_parts.h"
#include "kernel/links.h"
#include "kernel/vxlan.h"
#include "names.h"
#include "reservations.h"
#include "rules.h"

namespace truce::network {
namespace {

constexpr Duration nft_limit = 20s;

bool may_administer_networks() {
  if (::geteuid() != 0) return false;  // dnsmasq could not become another user
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (::syscall(SYS_capget, &header, sets) != 0) return false;
  return (sets[0].effective & 1U << CAP_NET_ADMIN) != 0;
}

std::string server_user() {
  return ::getpwnam("dnsmasq") != nullptr ? "dnsmasq" : "nobody";
}

// dnsmasq opens its folders after it has become another user.
Result<void> check_passable(const std::filesystem::path& folder) {
  for (auto at = folder; at.has_relative_path(); at = at.parent_path()) {
    struct stat status{};
    if (::stat(at.c_str(), &status) != 0) return fail_errno(errno, "stat " + at.string());
    if ((status.st_mode & S_IXOTH) == 0) {
      return fail(Code::precondition,
                  "dnsmasq (user {}) cannot enter {}: let others pass it (chmod o+x {})",
                  server_user(), at.string(), at.string());
    }
  }
  return {};
}

Result<AddressRanges> check(const Config& config) {
  TRY_VOID(check_network_name(config.name));
  bool own_addresses = config.mode != Mode::user && config.mode != Mode::bridged;
  if ((config.vni > 0 && !own_addresses) || (config.vlan > 0 && config.mode != Mode::bridged)) {
    return fail(Code::invalid, "a network of this mode has no {}",
                config.vni > 0 ? "overlay" : "VLAN");
  }
  if (config.vni > 0xffffff || config.vlan > 4094)
    return fail(Code::invalid, "there is no such number of an overlay or a VLAN");
  if (config.mode == Mode::user) return AddressRanges{};
  if (config.mode == Mode::bridged) {
    bool good = !config.bridge.empty() && config.bridge.size() < 16 &&
                config.bridge.find_first_not_of(
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
                    std::string::npos;
    if (good) return AddressRanges{.anywhere = true};
    return fail(Code::invalid, "'{}' cannot name a bridge of this host", config.bridge);
  }
  TRY_VOID(check_domain(config.domain));
  AddressRanges ranges;
  TRY(ranges.subnet, parse_subnet(config.subnet));
  if (!config.subnet6.empty()) {
    TRY(ranges.subnet6, parse_subnet6(config.subnet6));
  }
  return ranges;
}

template <class Ranges, class Subnet>
Result<void> refuse_clash(const std::string& network, const Ranges& used, const Subnet& subnet) {
  auto bridge = bridge_name(network);
  for (const auto& [interface, range] : used) {
    if (interface == bridge || !range.overlaps(subnet)) continue;
    return fail(Code::conflict,
                "the subnet {} overlaps {}, which this host reaches through {}: give network '{}' "
                "another subnet",
                to_string(subnet), to_string(range), interface, network);
  }
  return {};
}

}  // namespace

HostNetwork::HostNetwork(asio::any_io_executor loop, std::filesystem::path run_dir,
                         std::filesystem::path state_dir, HostOptions options)
    : loop_(std::move(loop)),
      run_dir_(std::move(run_dir)),
      state_dir_(std::move(state_dir)),
      options_(std::move(options)),
      groups_freed_(loop_),
      mirrors_freed_(loop_) {}

HostNetwork::~HostNetwork() {
  pool_.join();
}

std::vector<Mode> HostNetwork::modes() const {
  if (!why_not_nat().empty()) return {Mode::user};
  return {Mode::nat, Mode::user, Mode::routed, Mode::isolated, Mode::bridged};
}

std::string HostNetwork::why_not_nat() const {
  std::string why;
  auto add = [&why](std::string_view reason) {
    if (!why.empty()) why += "; ";
    why += reason;
  };
  if (!may_administer_networks()) add("the daemon does not run as root with CAP_NET_ADMIN");
  if (auto tun = open_file(options_.tun_device, O_RDWR); !tun) {
    add(fmt::format("{} (is the kernel's module tun loaded?)", tun.error().message));
  }
  if (!find_program(options_.nft)) add("the program nft is not installed (package nftables)");
  if (!find_program(options_.dnsmasq)) {
    add("the program dnsmasq is not installed (package dnsmasq-base)");
  }
  return why;
}

std::filesystem::path HostNetwork::run_folder(const std::string& name) const {
  return run_dir_ / "networks" / name;
}

std::filesystem::path HostNetwork::state_folder(const std::string& name) const {
  return state_dir_ / "networks" / name;
}

std::vector<std::string> HostNetwork::present() const {
  std::vector<std::string> names;
  for (const auto& [name, network] : networks_) {
    if (network->ready) names.push_back(name);
  }
  std::error_code ec;
  for (auto at = std::filesystem::directory_iterator(state_dir_ / "networks", ec);
       !ec && at != std::filesystem::directory_iterator(); at.increment(ec)) {
    auto name = at->path().filename().string();
    if (check_network_name(name) && std::ranges::count(names, name) == 0) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

HostNetwork::Shared HostNetwork::entry(const std::string& name) {
  auto& network = networks_[name];
  if (!network) {
    network =
        std::make_shared<Network>(loop_, options_.dnsmasq, run_folder(name), state_folder(name));
    network->config.name = name;
  }
  return network;
}

Result<HostNetwork::Shared> HostNetwork::find(const std::string& name) const {
  auto found = networks_.find(name);
  if (found != networks_.end() && found->second->ready) return found->second;
  return fail(Code::not_found, "the network '{}' is not set up on this host", name);
}

Async<HostNetwork::Turn> HostNetwork::take_turn(std::string name) {
  while (true) {
    auto network = entry(name);  // again each time: a remove() forgets the one that we waited for
    if (!network->busy) co_return Turn(std::move(network));
    co_await network->freed.wait();
  }
}

Async<Result<void>> HostNetwork::ensure(Config config) {
  CO_TRY(auto ranges, check(config));
  auto missing = config.mode == Mode::user ? std::string() : why_not_nat();
  if (!missing.empty()) {
    co_return fail(Code::unsupported, "network '{}' cannot be of mode nat here: {}", config.name,
                   missing);
  }
  auto turn = co_await take_turn(config.name);
  const auto& network = turn.network();
  // A network of this name that was deleted and made anew otherwise.
  bool of_another_kind =
      network->ready
          ? network->config.mode != config.mode || network->config.bridge != config.bridge ||
                network->config.vni != config.vni || network->config.vlan != config.vlan
      : config.mode == Mode::user
          ? std::filesystem::exists(network->state_folder)
          : config.mode == Mode::bridged && interface_exists(bridge_name(config.name));
  if (of_another_kind) {
    CO_TRY_VOID(co_await tear_down(network));
  }
  if (network->subnet != ranges.subnet) network->reservations.clear();
  network->config = std::move(config);
  network->subnet = ranges.subnet;
  network->subnet6 = ranges.subnet6;
  if (network->config.mode != Mode::user) {
    auto done = network->config.mode == Mode::bridged ? co_await set_up_bridged(network)
                                                      : co_await set_up(network);
    if (!done) {
      co_return std::unexpected(std::move(done).error().within("network " + network->config.name));
    }
  }
  network->ready = true;
  co_return Result<void>{};
}

Async<Result<void>> HostNetwork::set_up(Shared network) {
  auto prepare = [this, network]() -> Result<bool> {
    TRY(auto new_bridge, set_up_bridge(*network));
    TRY_VOID(make_folder(network->state_folder, 0755));
    TRY_VOID(make_folder(network->run_folder, 0755));
    TRY_VOID(check_passable(network->run_folder));
    return new_bridge;
  };
  auto load = [network]() { return load_reservations(network->state_folder, network->ranges()); };
  CO_TRY(auto new_bridge, co_await run_blocking(pool_, prepare));
  CO_TRY(network->reservations, co_await run_blocking(pool_, load));
  CO_TRY_VOID(co_await complete_addresses(network));
  CO_TRY_VOID(replug(*network));
  CO_TRY_VOID(co_await load_rules(network));
  CO_TRY_VOID(co_await set_up_overlay(network));
  network->hosts.forget();
  network->dhcp.forget();
  CO_TRY_VOID(co_await publish(network));
  co_return co_await ensure_server(network, new_bridge);
}

// The bridge is somebody else's, and so are its addresses.
Async<Result<void>> HostNetwork::set_up_bridged(Shared network) {
  const auto& bridge = network->config.bridge;
  if (!interface_exists(bridge)) {
    co_return fail(Code::precondition, "this host has no bridge '{}'", bridge);
  }
  if (!is_bridge(bridge)) {
    co_return fail(Code::precondition,
                   "'{}' is an interface but no bridge: make a bridge with it as a port", bridge);
  }
  auto load = [network]() -> Result<Reservations> {
    TRY_VOID(make_folder(network->state_folder, 0755));
    return load_reservations(network->state_folder, network->ranges());
  };
  CO_TRY(network->reservations, co_await run_blocking(pool_, load));
  if (network->config.vlan > 0) {
    CO_TRY(auto filters, filters_vlans(bridge));
    if (!filters) {
      co_return fail(Code::precondition,
                     "the bridge '{}' keeps no VLANs apart: ip link set {} type bridge "
                     "vlan_filtering 1 (where the kernel can)",
                     bridge, bridge);
    }
  }
  CO_TRY_VOID(replug(*network));
  CO_TRY_VOID(co_await load_guard(network));
  CO_TRY_VOID(co_await load_mirrors(Reload::always));
  co_return co_await load_groups(Reload::always);
}

Async<Result<void>> HostNetwork::ensure_server(Shared network, bool new_bridge) {
  ServerConfig config;
  config.network = network->config.name;
  config.domain = network->config.domain;
  config.subnet = network->subnet;
  config.subnet6 = network->subnet6;
  config.folder = network->run_folder;
  config.lease_file = network->state_folder / "leases";
  config.user = server_user();
  // dnsmasq refuses to start when this is a link whose target's folder is missing.
  std::error_code ec;
  config.mode = network->config.mode;
  config.mtu = network->mtu();
  bool asks_others =
      config.mode != Mode::isolated && std::filesystem::exists(options_.resolv_file, ec);
  if (asks_others) config.resolv_file = options_.resolv_file;
  // Its sockets are bound to the bridge that is gone.
  auto present = new_bridge ? Dnsmasq::Present::replace : Dnsmasq::Present::keep;
  co_return co_await network->server.ensure(config_text(config), present);
}

// True when the bridge is new. An address of an older subnet goes, so that a change arrives.
Result<bool> HostNetwork::set_up_bridge(const Network& network) const {
  auto bridge = bridge_name(network.config.name);
  Subnet wanted{network.subnet.gateway(), network.subnet.prefix};
  TRY(auto addresses, addresses_of(bridge));
  bool addressed = std::ranges::count(addresses, wanted) > 0;
  if (!addressed) {
    TRY(auto used, used_ranges());
    TRY_VOID(refuse_clash(network.config.name, used, network.subnet));
  }
  TRY(auto is_new, make_bridge(bridge));
  TRY_VOID(set_mac(bridge, host_mac(network.config)));
  if (network.mtu() > 0) TRY_VOID(set_mtu(bridge, network.mtu()));
  TRY_VOID(write_if_there("net/ipv4/conf/" + bridge + "/rp_filter", "1"));
  for (const auto& address : addresses) {
    if (address == wanted) continue;
    TRY_VOID(delete_address(bridge, address));
  }
  if (!addressed) {
    TRY_VOID(add_address(bridge, wanted));
  }
  TRY_VOID(set_up_ipv6(network));
  TRY_VOID(network::set_up(bridge));
  if (network.config.mode != Mode::isolated) {
    TRY_VOID(begin_forwarding());
  }
  return is_new;
}

// Without IPv6 of its own the network's bridge has none at all. With it the host takes nothing that
// guests could advertise.
Result<void> HostNetwork::set_up_ipv6(const Network& network) const {
  auto bridge = bridge_name(network.config.name);
  auto settings = "net/ipv6/conf/" + bridge + "/";
  if (!network.subnet6) {
    TRY_VOID(write_if_there(settings + "disable_ipv6", "1"));
    return end_forwarding6(network.config.name);
  }
  if (!has_ipv6()) {
    return fail(Code::unsupported, "this host's kernel has no IPv6, or has it switched off");
  }
  Subnet6 wanted{network.subnet6->gateway(), network.subnet6->prefix};
  TRY(auto addresses, addresses6_of(bridge));
  bool addressed = std::ranges::count(addresses, wanted) > 0;
  if (!addressed) {
    TRY(auto used, used_ranges6());
    TRY_VOID(refuse_clash(network.config.name, used, *network.subnet6));
  }
  for (auto setting : {"accept_ra", "autoconf", "accept_redirects", "disable_ipv6"}) {
    TRY_VOID(write_setting(settings + setting, "0"));
  }
  for (const auto& address : addresses) {
    if (address == wanted) continue;
    TRY_VOID(delete_address(bridge, address));
  }
  if (!addressed) {
    TRY_VOID(add_address(bridge, wanted));
  }
  TRY_VOID(add_address(bridge, Subnet6{link_local_of(host_mac(network.config)), 64}));
  if (network.config.mode == Mode::isolated) return end_forwarding6(network.config.name);
  return begin_forwarding6();
}

// Taps of running VMs that have lost their bridge come back to it.
Result<void> HostNetwork::replug(const Network& network) const {
  auto taps = interfaces("tt-");
  for (const auto& [mac, reservation] : network.reservations) {
    auto tap = tap_name(mac);
    if (std::ranges::count(taps, tap) == 0) continue;
    TRY_VOID(make_port(network, tap));
  }
  return {};
}

// In its VLAN before it carries anything.
Result<void> HostNetwork::make_port(const Network& network, const std::string& tap) const {
  if (network.mtu() > 0) TRY_VOID(set_mtu(tap, network.mtu()));
  TRY_VOID(add_port(network.bridge(), tap));
  if (network.config.vlan > 0) TRY_VOID(set_port_vlan(tap, network.config.vlan));
  return network::set_up(tap);
}

Async<Result<std::string>> HostNetwork::nft(std::vector<std::string> arguments, std::string input) {
  Command command;
  command.argv = {options_.nft};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  co_return co_await run_checked(std::move(command), nft_limit, std::move(input));
}

Async<Result<void>> HostNetwork::load_rules(Shared network) {
  const auto& name = network->config.name;
  CO_TRY_VOID(co_await load_address_rules(network));
  CO_TRY_VOID(co_await load_guard(network));
  CO_TRY_VOID(co_await load_groups(Reload::always));
  CO_TRY_VOID(co_await load_mirrors(Reload::always));
  co_return co_await set_doors(name, Doors::open);
}

// Both families in one transaction.
Async<Result<void>> HostNetwork::load_address_rules(Shared network) {
  auto text = address_rules(network->config, network->subnet, network->reservations);
  if (has_ipv6()) text += address_rules6(network->config, network->subnet6, network->reservations);
  CO_TRY_VOID(co_await nft({"-f", "-"}, std::move(text)));
  co_return Result<void>{};
}

GuardedNetwork HostNetwork::guarded(const Network& network) const {
  const auto& config = network.config;
  return {config.name,      network.subnet,
          host_mac(config), config.spoof_filter,
          config.mode,      network.subnet6,
          config.vni > 0,   bridge_mac(host_label(options_.host_name), config.name)};
}

// With `change` only that, if the rest is there. Not an error where the kernel cannot do it: such
// hosts ran before there was a guard.
Async<Result<void>> HostNetwork::load_guard(Shared network, std::string change) {
  if (!change.empty() && co_await nft({"-f", "-"}, std::move(change))) co_return Result<void>{};
  auto loaded = co_await nft({"-f", "-"}, guard_rules(guarded(*network), network->reservations));
  if (loaded) co_return Result<void>{};
  auto probe =
      co_await nft({"-f", "-"}, "table bridge truce.probe {\n}\ndelete table bridge truce.probe\n");
  if (probe) co_return std::unexpected(std::move(loaded).error());
  if (!guard_missing_) {
    spdlog::warn("guests are not kept from posing as others: {}", loaded.error().message);
  }
  guard_missing_ = true;
  co_return Result<void>{};
}

Async<Result<void>> HostNetwork::set_doors(std::string network, Doors doors) {
  auto ipv6 = entry(network)->subnet6 ? Ipv6::present : Ipv6::absent;
  CO_TRY(auto listed, co_await nft({"-j", "list", "chains"}));
  CO_TRY(auto chains, foreign_chains(listed));
  for (const auto& chain : chains) {
    // A chain may go while we look: then nothing is to do.
    auto rules = co_await nft({"-j", "list", "chain", chain.family, chain.table, chain.name});
    if (!rules) continue;
    auto commands = doors == Doors::open ? open_commands(network, ipv6, chain, *rules)
                                         : close_commands(network, chain, *rules);
    CO_TRY(auto text, std::move(commands));
    if (text.empty()) continue;
    CO_TRY_VOID(co_await nft({"-f", "-"}, text));
  }
  co_return Result<void>{};
}

Async<Result<void>> HostNetwork::remove(std::string name) {
  CO_TRY_VOID(check_network_name(name));
  auto turn = co_await take_turn(name);
  const auto& network = turn.network();
  network->ready = false;
  auto gone = co_await tear_down(network);
  if (!gone) {
    co_return std::unexpected(std::move(gone).error().within("remove network " + name));
  }
  networks_.erase(name);
  co_return Result<void>{};
}

Async<Result<void>> HostNetwork::tear_down(Shared network) {
  const auto& name = network->config.name;
  CO_TRY_VOID(co_await network->server.stop());
  if (why_not_nat().empty()) {
    CO_TRY_VOID(co_await set_doors(name, Doors::closed));
    CO_TRY_VOID(co_await nft({"-f", "-"}, remove_rules(name)));
    // Fails where it never existed.
    co_await nft({"delete", "table", "bridge", table_name(name)});
    co_await nft({"delete", "table", "ip6", table_name(name)});
    CO_TRY_VOID(co_await tear_down_overlay(name));
    CO_TRY_VOID(delete_bridge(bridge_name(name)));
    network->reservations.clear();
    network->told.clear();
    CO_TRY_VOID(co_await load_groups(Reload::changed));
    CO_TRY_VOID(co_await load_mirrors(Reload::changed));
  }
  network->reservations.clear();
  network->hosts.forget();
  network->dhcp.forget();
  auto delete_files = [this, network]() -> Result<void> {
    TRY_VOID(truce::remove_tree(network->run_folder));
    TRY_VOID(truce::remove_tree(network->state_folder));
    return end_forwarding(network->config.name);
  };
  co_return co_await run_blocking(pool_, delete_files);
}

Async<Result<Plug>> HostNetwork::plug(std::string network, std::string vm_name, std::string mac) {
  CO_TRY(auto canonical, canonical_mac(mac));
  CO_TRY(auto found, find(network));
  if (found->config.mode == Mode::user) co_return Plug{};
  auto make = [&]() -> Result<Plug> {
    auto name = tap_name(canonical);
    TRY(auto tap, make_tap(options_.tun_device, name));
    // The kernel shall not speak IPv6 to the guest through its tap.
    TRY_VOID(write_if_there("net/ipv6/conf/" + name + "/disable_ipv6", "1"));
    TRY_VOID(make_port(*found, name));
    return Plug{std::move(tap), found->mtu()};
  };
  auto made = make();
  auto mirrored = made ? co_await load_mirrors(Reload::changed) : Result<void>();
  if (made && mirrored) co_return made;
  auto error = made ? std::move(mirrored).error() : std::move(made).error();
  co_return std::unexpected(
      std::move(error).within(fmt::format("NIC {} of {}", canonical, vm_name)));
}

// Its tap receives what a guest sends.
Async<Result<std::map<std::string, Traffic>>> HostNetwork::traffic(std::vector<std::string> macs) {
  auto read = [] { return read_file("/proc/net/dev"); };
  CO_TRY(auto text, co_await run_blocking(pool_, read));
  auto interfaces = parse_interfaces(text);
  std::map<std::string, Traffic> all;
  for (auto& mac : macs) {
    auto canonical = canonical_mac(mac);
    auto found = canonical ? interfaces.find(tap_name(*canonical)) : interfaces.end();
    if (found != interfaces.end())
      all[std::move(mac)] = {.received = found->second.sent, .sent = found->second.received};
  }
  co_return all;
}

}  // namespace truce::network
