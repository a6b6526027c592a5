// Where a platform is, as people write it.
#pragma once

#include <string>

#include "base/result.h"

namespace truce::manager {

/// `vsphere://USER@HOST:PORT`, `xen://USER@HOST:PORT`, `hyperv://USER@HOST:PORT`,
/// `libvirt+qemu+ssh://USER@HOST/system` or `ssh://USER@HOST:PORT` in its parts.
struct PlatformAddress {
  std::string
      scheme;  ///< `vsphere`, `xen`, `hyperv`, `libvirt+qemu`, `ssh`: what kind of platform it is
  std::string user;    ///< as the platform knows it; empty: the address needs none
  std::string server;  ///< HOST or HOST:PORT; empty: this host
  std::string url;     ///< what the platform itself is given: `https://HOST`, libvirt's own address
};

/// Code::invalid unless it is that, and nothing more. A password has no place in it. vSphere,
/// Xen and Hyper-V: the user's name may have '@' and '\' as they are. libvirt: DRIVER:///PATH is
/// this host, DRIVER+ssh and DRIVER+tls others; nothing passes but the letters of names and
/// addresses, and no parameters, as libvirt would run programs and read files that these name; so
/// it is with ssh.
Result<PlatformAddress> read_platform_address(const std::string& url);

}  // namespace truce::manager
