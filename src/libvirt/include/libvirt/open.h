// Hosts whose machines libvirt manages (QEMU, Xen), as a Platform.
#pragma once

#include <memory>

#include "platform/platform.h"

namespace truce::libvirt {

/// A connection to the libvirt of one host; nothing is sent before it is used. `account.url` is
/// libvirt's own address (`qemu+ssh://root@host/system`), which the caller has looked at: its
/// parameters could run programs. A password is given where libvirt asks for one (SASL). Without
/// Debian's package libvirt0 all is Code::unsupported.
std::unique_ptr<platform::Platform> open(asio::any_io_executor loop, platform::Account account);

}  // namespace truce::libvirt
