// VMware vCenter and ESXi as a Platform, by their SOAP interface (vim25).
#pragma once

#include <memory>

#include "platform/platform.h"

namespace truce::vsphere {

/// A connection to one vCenter or ESXi host; nothing is sent before it is used.
std::unique_ptr<platform::Platform> open(asio::any_io_executor loop, platform::Account account);

}  // namespace truce::vsphere
