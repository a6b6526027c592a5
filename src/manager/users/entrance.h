// What keeps the door: all that signing in needs besides the store.
#pragma once

#include "users/attempts.h"
#include "users/first_run.h"
#include "users/passwords.h"
#include "users/sessions.h"

namespace truce::manager {

struct Entrance {
  Entrance(const Inventory& inventory, const Settings& settings)
      : sessions(inventory, settings), first_run(inventory, settings) {}

  Sessions sessions;
  Passwords passwords;
  Attempts attempts;
  FirstRun first_run;
};

/// Removes sessions that have ended, and a first-run code that is too old, for as long as it runs.
Async<void> keep_door(Ledger& ledger, Entrance& entrance);

}  // namespace truce::manager
