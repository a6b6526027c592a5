// Network cards that get a copy of what another one carries.
#pragma once

#include <optional>

#include "api.h"

namespace truce::manager {

/// Fails, with the field, unless what the card wants to be mirrored to is a card of another machine
/// on the same host, which the caller sees, of the same project or asked for by an administrator.
Result<void> check_mirror(const Inventory& inventory, const access::Caller& caller,
                          const model::Vm& vm, const model::VmNic& nic);

/// What was mirrored to a machine's cards, or to one of them, is so no longer: another machine may
/// get the name.
void end_mirrors(const Inventory& inventory, Change& change, std::string_view vm,
                 std::optional<std::int64_t> number = {});

/// What is mirrored to a machine's cards stays so under its new name.
void rename_mirrors(const Inventory& inventory, Change& change, std::string_view from,
                    std::string_view to);

}  // namespace truce::manager
