#include "linux.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cards.h"
#include "device_names.h"

namespace truce::guest {

namespace {

using Mend = Result<Mended> (*)(std::string_view text, const UuidOf& uuid_of);

Result<void> mend_file(Files& files, const std::string& path, Mend mend, Prepared& to) {
  TRY(auto text, files.read(path));
  if (!text) return {};
  TRY(auto mended, mend(*text, [&](const std::string& device) { return files.uuid_of(device); }));
  if (mended.text != *text) TRY_VOID(files.write(path, mended.text));
  for (const auto& line : mended.changed) to.changed.push_back(fmt::format("{}: {}", path, line));
  for (const auto& name : mended.left)
    to.left.push_back(fmt::format("{}: {} has no UUID: its name may be another", path, name));
  return {};
}

/// Paths in a folder, of names that end so.
Result<std::vector<std::string>> paths_in(Files& files, const std::string& folder,
                                          std::string_view ending = {}) {
  TRY(auto names, files.names(folder));
  std::vector<std::string> paths;
  for (const auto& name : names)
    if (name.ends_with(ending)) paths.push_back(folder + "/" + name);
  return paths;
}

/// All that a boot loader reads, and what such files are made from.
Result<std::vector<std::string>> boot_files(Files& files) {
  std::vector<std::string> paths{
      "/boot/grub/grub.cfg",  "/boot/grub2/grub.cfg", "/boot/grub/menu.lst",
      "/boot/grub/grub.conf", "/boot/extlinux.conf",  "/boot/extlinux/extlinux.conf",
      "/etc/default/grub",    "/etc/kernel/cmdline",  "/etc/initramfs-tools/conf.d/resume",
      "/boot/syslinux.cfg"};
  TRY(auto entries, paths_in(files, "/boot/loader/entries", ".conf"));
  std::ranges::move(entries, std::back_inserter(paths));
  TRY(auto systems, files.names("/boot/efi/EFI"));
  for (const auto& name : systems) paths.push_back("/boot/efi/EFI/" + name + "/grub.cfg");
  return paths;
}

/// Where Linux systems say what their cards shall be.
struct CardPlace {
  std::string_view folder, ending;
  std::vector<std::string> (*cards)(std::string_view text);
};
constexpr std::array<CardPlace, 6> card_places{
    CardPlace{"/etc/network/interfaces.d", "", &cards_in_interfaces},
    CardPlace{"/etc/netplan", ".yaml", &cards_in_netplan},
    CardPlace{"/etc/NetworkManager/system-connections", "", &cards_in_keyfile},
    CardPlace{"/etc/systemd/network", ".network", &cards_in_network},
    CardPlace{"/etc/sysconfig/network-scripts", "", &cards_in_ifcfg},
    CardPlace{"/etc/sysconfig/network", "", &cards_in_ifcfg}};

Result<std::vector<std::string>> cards_of(Files& files) {
  std::vector<std::string> found;
  auto look = [&](const std::string& path, auto* cards) -> Result<void> {
    TRY(auto text, files.read(path));
    if (text) std::ranges::move(cards(*text), std::back_inserter(found));
    return {};
  };
  TRY_VOID(look("/etc/network/interfaces", &cards_in_interfaces));
  for (const auto& place : card_places) {
    TRY(auto paths, paths_in(files, std::string(place.folder), place.ending));
    for (const auto& path : paths) TRY_VOID(look(path, place.cards));
  }
  std::ranges::sort(found, comes_before);
  auto same = std::ranges::unique(found);
  found.erase(same.begin(), same.end());
  return found;
}

}  // namespace

Result<void> mend_device_names(Files& files, Prepared& to) {
  TRY_VOID(mend_file(files, "/etc/fstab", &mend_fstab, to));
  TRY_VOID(mend_file(files, "/etc/crypttab", &mend_crypttab, to));
  TRY(auto paths, boot_files(files));
  for (const auto& path : paths) TRY_VOID(mend_file(files, path, &mend_boot_text, to));
  return {};
}

Result<bool> keep_card_names(Files& files, const Order& order, Prepared& to) {
  TRY(auto cards, cards_of(files));
  if (cards.empty()) return false;
  if (order.macs.size() < cards.size()) {
    to.left.push_back(fmt::format(
        "network cards: its settings speak of {} ({}), of which {} are known by their addresses: "
        "names may be others",
        cards.size(), fmt::join(cards, ", "), order.macs.size()));
    return false;
  }
  bool written = false;
  for (std::size_t at = 0; at < cards.size(); ++at) {
    auto path = fmt::format("/etc/systemd/network/10-truce-{}.link", cards[at]);
    auto text = link_file(order.macs[at], cards[at]);
    TRY(auto before, files.read(path));
    if (before == text) continue;
    TRY_VOID(files.write(path, text));
    to.changed.push_back(fmt::format("network card {} stays {}", order.macs[at], cards[at]));
    written = true;
  }
  return written;
}

Result<Prepared> prepare_linux(Files& files, const Order& order) {
  Prepared prepared;
  TRY_VOID(mend_device_names(files, prepared));
  TRY(bool cards, keep_card_names(files, order, prepared));
  TRY_VOID(mend_initramfs(files, cards, prepared));
  return prepared;
}

}  // namespace truce::guest
