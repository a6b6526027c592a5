// HttpNfcLease: the addresses at which a server gives or takes the disks of a machine. vSphere Web
// Services SDK Programming Guide, "OVF import" and "OVF export".
#pragma once

#include "image/http_once.h"
#include "session.h"

namespace truce::vsphere {

/// Where a disk is sent, or comes from.
struct Door {
  std::string key;  ///< of one that comes: `/vm-62/ParaVirtualSCSIController0:0`
  std::string url;
  std::string thumbprint;  ///< SHA-1 of another server's certificate, hex; empty: not told
};

struct Lease {
  Ref ref;
  std::string machine;
  std::vector<Door> doors;  ///< of its disks, in the order of its devices
};

/// The lease that a call has answered, once it is ready. It is given up where it will not be.
Async<Result<Lease>> wait_ready(Session& session, Ref lease);

/// How far all is, 0 to 1: a lease ends by itself when this is not told for a while.
Async<Result<void>> tell_lease(Session& session, Ref lease, double fraction);

/// Certificates of the authorities that an account trusts, PEM; empty: it names none.
Result<std::string> authorities_of(const platform::Account& account);

/// Which server is believed there: the one that was asked, or the host that it has told of.
image::HttpOnceOptions options_of(const Door& door, const platform::Account& account,
                                  const std::string& authorities);

}  // namespace truce::vsphere
