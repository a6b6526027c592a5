#include "users/entrance.h"

#include "base/log.h"

namespace truce::manager {

Async<void> keep_door(Ledger& ledger, Entrance& entrance) {
  while (true) {
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      entrance.sessions.erase_ended(change);
      return {};
    });
    if (!done) spdlog::warn("sessions: {}", done.error().message);
    entrance.first_run.end_old();
    co_await sleep_for(30s);
  }
}

}  // namespace truce::manager
