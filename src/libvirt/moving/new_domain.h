// The description of a machine that comes. Pure.
#pragma once

#include <string>
#include <vector>

#include "platform/transfers.h"

namespace truce::libvirt {

/// What a card is plugged into, by the words of libvirt's `<interface>`.
struct CardPlace {
  std::string type;       ///< `network`, `bridge`, `direct`, `user`
  std::string attribute;  ///< of its `<source>`: `network`, `bridge`, `dev`; empty: it has none
  std::string name;
};
/// That of one of the ids that documents.h gives networks which are none of libvirt's.
/// Code::invalid names the field: of those, nothing else can be plugged into.
Result<CardPlace> place_of_card(const std::string& network);

/// Where a disk lies.
struct DiskPlace {
  std::string path, format;
  bool device = false;  ///< of a volume group, say
};

struct NewDomain {
  platform::NewMachine wish;
  std::vector<DiskPlace> disks;  ///< as many as the wish has
  std::vector<CardPlace> cards;  ///< likewise
  bool kvm = false;
  bool xen = false;       ///< its host is one with Xen
  bool incoming = false;  ///< its title says not to start it yet
};

/// A PC as QEMU has it: q35, or i440fx where a disk is on IDE; with a serial port, a screen by VNC
/// and a port for the guest's agent. On a host with Xen: see new_xen_domain.cpp. Names of disks are
/// those of target_name().
std::string domain_xml(const NewDomain& domain);

/// `vda`, `sdb`, `hda`, `xvda`: what a disk is called in its machine.
std::string target_name(const NewDomain& domain, std::size_t disk);

}  // namespace truce::libvirt
