// Lists of platforms, and of what is on them beside Truce's own.
#pragma once

#include "api.h"

namespace truce::manager {

/// A page of platforms, with what is in memory only.
http::Response platform_page(Rooms& rooms, const Context& context);

/// A page of the machines of the platform that the query names; of `all`: of all platforms, and
/// Truce's own, too.
Result<http::Response> foreign_vm_page(Rooms& rooms, const Context& context);

}  // namespace truce::manager
