// Lists of platforms, and of what is on them beside Truce's own.
#pragma once

#include "api.h"

namespace truce::manager {

/// A page of platforms, with what is in memory only.
http::Response platform_page(Rooms& rooms, const Context& context);

/// Kinds of which there are others on platforms.
template <class T>
inline constexpr bool on_platforms =
    std::is_same_v<T, model::Vm> || std::is_same_v<T, model::Host> ||
    std::is_same_v<T, model::Pool> || std::is_same_v<T, model::Network>;

/// A page of what is on the platform that the query names; of `all`: on all platforms, and Truce's
/// own, too.
template <class T>
  requires on_platforms<T>
Result<http::Response> foreign_page(Rooms& rooms, const Context& context);

}  // namespace truce::manager
