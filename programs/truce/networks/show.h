// A network with its guests, as one object and as a tree for people.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "verbs.h"

namespace truce::cli {

/// The network with a field `guests`: of each card that is plugged into it the machine, its state,
/// the card's number, MAC, address and what else was chosen. `machines` are items of /v1/vms.
boost::json::object with_guests(const boost::json::object& network,
                                const boost::json::array& machines);

/// The picture of such an object.
std::string network_tree(const boost::json::object& network);

Async<Ending> network_show(Session& session, const Invocation& invocation);

}  // namespace truce::cli
