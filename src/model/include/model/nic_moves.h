// What a network card loses when its machine goes to another host.
#pragma once

#include <string>

#include "model/types.h"

namespace truce::model {

/// Why the card does not keep its address and its connections when its machine goes to another
/// host; empty: it keeps them. On an overlay and on a bridged network it does (the latter wherever
/// the other host's bridge of that name leads to the same wire). Connections that leave an overlay
/// of mode nat for the world end all the same: the address that the world sees is the host's.
std::string lost_by_move(const VmNic& nic, const Network& network);

}  // namespace truce::model
