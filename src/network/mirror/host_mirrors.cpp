// The part of HostNetwork that mirrors NICs.
#include <net/if.h>

#include "host_network_parts.h"
#include "kernel/links.h"
#include "mirror/mirrors.h"
#include "names.h"

namespace truce::network {

Async<std::string> HostNetwork::why_not_mirror() {
  auto why = why_not_nat();
  if (!why.empty()) co_return why;
  auto loaded = co_await nft({"-f", "-"}, mirror_probe());
  if (loaded) co_return std::string();
  co_return "the kernel copies no packets between network cards (nf_tables for netdev with "
            "NFT_DUP_NETDEV, Linux 5.16): " +
      loaded.error().message;
}

// Two cards that mirrored each other would send one packet to and fro for ever: who gets copies is
// not copied itself.
std::string HostNetwork::mirror_text() const {
  std::map<std::string, std::string> wanted;
  for (const auto& [name, network] : networks_) {
    for (const auto& [mac, reservation] : network->reservations) {
      if (!reservation.settings.mirror_to.empty()) wanted[mac] = reservation.settings.mirror_to;
    }
  }
  std::vector<Mirror> mirrors;
  for (const auto& [mac, target] : wanted) {
    Mirror mirror{tap_name(mac), tap_name(target)};
    mirror.to_index = ::if_nametoindex(mirror.to.c_str());
    bool both = mirror.to_index != 0 && interface_exists(mirror.from);
    if (both && !wanted.contains(target)) mirrors.push_back(std::move(mirror));
  }
  return mirrors.empty() ? std::string() : mirror_rules(mirrors);
}

// One at a time, as with groups.
Async<Result<void>> HostNetwork::load_mirrors(Reload reload) {
  auto alone = co_await be_alone(mirrors_busy_, mirrors_freed_);
  auto text = mirror_text();
  bool there = loaded_mirrors_ == text;
  if (there && (reload == Reload::changed || text.empty())) co_return Result<void>{};
  loaded_mirrors_ = "?";  // until it is known again
  auto loaded = co_await nft({"-f", "-"}, text.empty() ? mirror_rules({}) : text);
  // One that was there is gone with the cards in any case where the kernel has no such tables.
  if (!loaded && !text.empty()) {
    co_return std::unexpected(std::move(loaded).error().within("mirror network cards"));
  }
  loaded_mirrors_ = std::move(text);
  co_return Result<void>{};
}

}  // namespace truce::network
