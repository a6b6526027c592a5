// What a host goes through that is switched off to save power
// (docs/adr/0033-how-hosts-sleep-by-themselves.md). Each function puts one step into a change, and
// looks at where the host stands now: a step that is over already does nothing.
#pragma once

#include <string>

#include "ledger.h"
#include "scheduler/sleep.h"

namespace truce::manager {

using scheduler::is_put_to_sleep;

/// Whether it is in the middle of going to sleep or of waking, and has to be brought over that.
bool is_under_way(const model::Host& host);

/// What is on a host, or on its way there, or may still be run by it; empty: nothing at all. Only
/// then it may be switched off.
std::string held_by(const Inventory& inventory, const std::string& host);

/// What keeps a host awake that has no machines, as `alone has the template tiny@1`; empty:
/// nothing.
std::string duty_of(const Inventory& inventory, const model::Host& host);

/// Whether a host manages the cluster or keeps its state, and so never sleeps. `own`: the host of
/// this manager.
bool is_member(const Inventory& inventory, const model::Host& host, const std::string& own);

/// Begins to empty a host that is to sleep then; the task is over when it sleeps.
/// Code::precondition says why it cannot.
Result<model::Task> begin_sleep(Ledger& ledger, Change& change, const model::Host& host,
                                const model::DrainOptions& wish, const std::string& own);

/// The mark: from here on it counts as asleep, whoever leads. It is written before it is switched
/// off.
void begin_going(const Inventory& inventory, Change& change, model::Host host);
/// It is off.
void fall_asleep(const Inventory& inventory, Change& change, model::Host host);
/// It was to sleep, and does not: machines are placed on it again. Where it is away, nobody knows
/// how it is.
void give_up_sleep(const Inventory& inventory, Change& change, model::Host host,
                   const std::string& why);

/// Begins to wake a host. Code::precondition: it does not sleep.
Result<model::Task> begin_wake(Ledger& ledger, Change& change, model::Host host);
/// One try more.
void try_again(const Inventory& inventory, Change& change, model::Host host,
               const std::string& why);
/// It did not wake. It is not tried again by itself.
void fail_to_wake(const Inventory& inventory, Change& change, model::Host host,
                  const std::string& why);

/// A host has reported that was asleep, or on its way back: puts into `told` that it is awake. What
/// it was on its way to is done. One that is still on its way there stays so.
void note_awake(const Inventory& inventory, Change& change, const model::Host& known,
                model::Host& told);

/// The task of that kind that is under way for a host.
Ref<model::Task> host_task(const Inventory& inventory, const std::string& host,
                           std::string_view kind);

}  // namespace truce::manager
