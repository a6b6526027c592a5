// What this host has and lacks for running machines, looked up each time it is asked.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/async.h"
#include "model/model.h"

namespace truce::qemu {

/// What is looked at; tests have other places.
struct HostPlaces {
  std::filesystem::path root = "/";                ///< of /dev, /sys, /proc, /usr and /lib
  std::filesystem::path state = "/var/lib/truce";  ///< where disks are
  std::string qemu = "qemu-system-x86_64";
  std::string nft = "nft";
  bool root_user = true;  ///< without root's rights networks and control groups are not expected
};

/// A row for each part, always the same ones in the same order. `missing` is only what machines,
/// or networks of the kind nat, cannot do without. Nothing is changed on the host. Takes up to some
/// seconds, as it runs programs.
Async<std::vector<model::HostCheck>> check_host(HostPlaces places);

}  // namespace truce::qemu
