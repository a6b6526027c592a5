// The machine of a platform that a path names.
#pragma once

#include "api.h"
#include "platform/inventory.h"
#include "platform/platform.h"

namespace truce::manager {

struct Found {
  std::string platform;
  const platform::Inventory* all = nullptr;
  const platform::Machine* machine = nullptr;
};

/// Valid until the next wait. Code::not_found; Code::unavailable: the platform has told nothing
/// yet.
Result<Found> find_foreign(Rooms& rooms, const Context& context);

/// What is asked of a machine of a platform.
using Work = std::function<Async<Result<void>>(platform::Platform& platform, std::string machine)>;

/// Begins work on the machine that the path names, as a task of that kind with an event, and
/// answers with it.
Async<Result<http::Response>> begin_work(Rooms& rooms, const Context& context,
                                         std::string_view kind, Work work);

/// What a platform refuses is never said of the caller.
Error told_of_platform(Error error);

}  // namespace truce::manager
