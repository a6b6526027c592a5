// Machines of platforms as the API shows them: as Truce's own where they have the same, and what
// else there is beside it. Pure.
#pragma once

#include <boost/json/value.hpp>

#include "platform/inventory.h"

namespace truce::manager {

/// A machine of the platform `name`, as an object of the kind Vm without what only Truce's own
/// have. Its name is PLATFORM/NAME.
boost::json::value foreign_vm(std::string_view name, const platform::Inventory& all,
                              const platform::Machine& machine);

/// The same of the other nouns, which have no more than what they share with Truce's own.
boost::json::value foreign_host(std::string_view name, const platform::Inventory& all,
                                const platform::Host& host);
boost::json::value foreign_pool(std::string_view name, const platform::Inventory& all,
                                const platform::Pool& pool);
boost::json::value foreign_network(std::string_view name, const platform::Inventory& all,
                                   const platform::Network& network);

/// The machine of that id, or else the one of that name. Code::not_found; Code::conflict names all
/// of that name, with their ids and where they are.
Result<const platform::Machine*> find_machine(std::string_view name, const platform::Inventory& all,
                                              std::string_view id_or_name);

}  // namespace truce::manager
