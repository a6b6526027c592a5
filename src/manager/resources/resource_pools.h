#pragma once

#include "api.h"
#include "scheduler/scheduler.h"

namespace truce::manager {

/// The pool that is always there: all machines of a host.
inline constexpr std::string_view first_pool = "default";

void add_resource_pool_handlers(Handlers& handlers);

/// Makes the first pool where there is none yet.
Result<void> make_first_pool(const Inventory& inventory, Change& change);

/// The pools that a machine is in and that limit it, its own first, with what other machines have
/// of them.
std::vector<scheduler::PoolUse> pools_of(const Inventory& inventory, const model::Vm& vm);

/// Takes over what is wished; Code::invalid names the field that cannot be so.
Result<void> set_resources(const Inventory& inventory,
                           const std::optional<model::VmResources>& wish,
                           const std::optional<std::string>& pool, model::Vm& vm);

}  // namespace truce::manager
