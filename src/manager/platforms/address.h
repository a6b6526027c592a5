// Where a platform is, as people write it.
#pragma once

#include <string>

#include "base/result.h"

namespace truce::manager {

/// `vsphere://USER@HOST:PORT` in its parts.
struct PlatformAddress {
  std::string scheme;
  std::string user;    ///< as the platform knows it
  std::string server;  ///< HOST or HOST:PORT
};

/// Code::invalid unless it is that, and nothing more. A password has no place in it. The user's
/// name may have '@' and '\' as they are.
Result<PlatformAddress> read_platform_address(const std::string& url);

}  // namespace truce::manager
