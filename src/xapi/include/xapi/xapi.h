// A pool of XenServer or XCP-ng hosts as a Platform, by its interface (XAPI).
#pragma once

#include <memory>

#include "platform/platform.h"

namespace truce::xapi {

/// A connection to the pool whose coordinator (master) the address names; nothing is sent before it
/// is used. A host that is a member only says which one is: that is gone to by itself where
/// `account.trust` lets it be trusted, too.
std::unique_ptr<platform::Platform> open(asio::any_io_executor loop, platform::Account account);

}  // namespace truce::xapi
