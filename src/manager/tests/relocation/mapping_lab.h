// What tests of mappings to platforms share.
#pragma once

#include <gtest/gtest.h>

#include "relocation/mapping.h"

namespace truce::manager {

inline bool says(const std::vector<std::string>& lines, std::string_view part) {
  return std::ranges::any_of(lines, [&](const auto& line) { return line.contains(part); });
}

/// A machine here that is off, with a disk and a card, and a platform with a network and a pool.
class AMachineThatGoes : public testing::Test {
 protected:
  AMachineThatGoes(platform::Network network, std::string pool) {
    vm_.name = "web01";
    vm_.uuid = "11111111-2222-3333-4444-555555555555";
    vm_.cpus = 2;
    vm_.memory = gib(1);
    vm_.wanted = model::Wanted::off;
    vm_.observed = model::Observed::off;
    vm_.disks = {{.id = "disk0", .size = gib(8)}};
    vm_.nics = {{.network = network.name, .mac = "52:54:00:01:02:03"}};
    platform::Update update{.extent = platform::Update::Extent::whole};
    update.networks.seen = {std::move(network)};
    update.pools.seen = {{.id = "p-1",
                          .name = std::move(pool),
                          .kind = {},
                          .url = {},
                          .size = gib(100),
                          .free = gib(50)}};
    all_.apply(std::move(update));
  }

  model::Vm vm_;
  platform::Inventory all_;
};

}  // namespace truce::manager
