// What makes a new machine itself.
#pragma once

#include <string>

#include "base/random.h"
#include "inventory.h"

namespace truce::manager {

/// A MAC for a network card: locally administered, with QEMU's prefix; the rest is random.
inline std::string random_mac() {
  auto digits = random_hex(3);
  return fmt::format("52:54:00:{}:{}:{}", digits.substr(0, 2), digits.substr(2, 2),
                     digits.substr(4, 2));
}

/// The lowest Vm::number that no machine has.
inline std::int64_t free_number(const Inventory& inventory) {
  std::int64_t number = 1;
  while (inventory.number_taken(number)) ++number;
  return number;
}

/// Code::conflict, at that field of the request, when a machine has the name.
inline Result<void> check_name_free(const Inventory& inventory, const std::string& name,
                                    std::string_view field) {
  if (!inventory.find<model::Vm>(name)) return {};
  return std::unexpected(Error{Code::conflict, fmt::format("there is a machine '{}' already", name),
                               std::string(field)});
}

}  // namespace truce::manager
