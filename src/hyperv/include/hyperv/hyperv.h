// A host with Microsoft Hyper-V as a Platform, by WMI over WinRM.
#pragma once

#include <memory>

#include "platform/platform.h"

namespace truce::hyperv {

/// How often a host is asked.
struct Pace {
  Duration watch = 2s;  ///< whether a machine was started, renamed, changed or snapshotted
  Duration read = 30s;  ///< for all the rest
};

/// A connection to one host; nothing is sent before it is used. `account.url` without a port is at
/// WinRM's own for HTTPS, 5986. `account.user` is `Administrator`, `DOMAIN\user` or `user@domain`.
std::unique_ptr<platform::Platform> open(asio::any_io_executor loop, platform::Account account,
                                         Pace pace = {});

}  // namespace truce::hyperv
