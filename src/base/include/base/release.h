// Which release this is: what daemons of other releases have to know of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::release {

/// As packages have it: `0.1.0`.
std::string version();
/// The newest format of the state that this release reads and writes. A release that stores or
/// sends what the one before could not read has one more than that.
std::int64_t format();
/// The oldest one; all between them, too.
std::int64_t oldest_format();

/// Code::unsupported, and what to do, when this release cannot read a state of that format.
Result<void> check_format(std::int64_t found);

/// The same of the release of a host that knows formats from `oldest` to `newest`: it is to have a
/// part in a cluster whose state has the format `found`.
Result<void> check_formats(std::string_view host, std::int64_t oldest, std::int64_t newest,
                           std::int64_t found);

}  // namespace truce::release
