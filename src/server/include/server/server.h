// A Linux server without a hypervisor, as a Platform of one machine: it is looked at, and leaves.
#pragma once

#include <memory>

#include "platform/platform.h"

namespace truce::server {

/// A server that is reached by OpenSSH's client, with the keys and known hosts of whom this program
/// runs as; nothing is sent before it is used. `account.url` is `ssh://HOST` or `ssh://HOST:PORT`,
/// which the caller has looked at, as well as `account.user`: ssh reads them as words of its
/// command line. Who is not root there has to have sudo without a password.
///
/// Its machine is `running` while a file system of its disks is mounted for writing, and `off`
/// else. request_stop() makes them read-only (after /etc/truce/before-last-copy there, where that
/// is), start() makes them writable again. Once a warm departure is let go of, a server that was
/// stopped so is switched off.
std::unique_ptr<platform::Platform> open(asio::any_io_executor loop, platform::Account account);

}  // namespace truce::server
