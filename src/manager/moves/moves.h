// Machines that change hosts. Two nodes carry it out, and neither decides: here one commit says
// whose the machine is (docs/adr/0021-who-decides-when-a-machine-changes-hosts.md).
#pragma once

#include <string>

#include "api.h"

namespace truce::manager {

/// Code::precondition while the machine is changing hosts, or moves to or from a platform: what
/// would make it another one has to wait, or the move has to be cancelled.
Result<void> check_settled(const model::Vm& vm);

/// Code::conflict while a job is at work on the machine.
Result<void> check_idle(const Inventory& inventory, const model::Vm& vm);

/// Where a machine would go and whether it can; the error is a sentence that says what to do.
/// `options.to` empty: to the host that suits it best. Code::precondition, unavailable or limit;
/// invalid with the field of MigrateOptions.
Result<std::string> choose_target(const Inventory& inventory, const model::Vm& vm,
                                  const model::MigrateOptions& options);

/// Puts a move into the change: the machine says where it goes, a job says how, a task stands for
/// it.
Result<model::Task> begin_migration(Ledger& ledger, Change& change, const model::Vm& vm,
                                    const model::MigrateOptions& options);

/// Calls off a move that is not decided yet, if there is one: the machine stays where it is. The
/// caller puts `vm`.
void call_off_move(const Inventory& inventory, Change& change, model::Vm& vm,
                   model::TaskState state, const std::string& why);

/// The same, asked for by somebody. Code::precondition once it is decided.
Result<void> cancel_move(const Inventory& inventory, Change& change, const model::Job& job);

/// Ends all moves of a machine that is started anew on `host`, as the one that it was on is dead:
/// also those that are decided, of which one host may have something left.
void end_moves_of(const Inventory& inventory, Change& change, model::Vm& vm,
                  const std::string& host);

/// Takes in what a node says of its part of a move. Stale words change nothing.
void take_in_move(const Inventory& inventory, Change& change, const std::string& host,
                  const model::Job& job, const model::JobReport& report);

/// Machines that are on their way to a host, as it is told.
std::vector<model::VmAssignment> incoming_of(const Inventory& inventory, const std::string& host);

/// Calls off moves whose hosts stay away, or whose machines have gone another way, until cancelled.
/// `patience`: how long a host may be away.
Async<void> watch_moves(Ledger& ledger, Duration patience = std::chrono::seconds(60));

/// Empties hosts that are to be drained, until cancelled.
Async<void> run_drains(Ledger& ledger);

/// Puts the emptying of a host into the change: the host takes no machines any more, and a task of
/// that kind stands for it. Code::conflict: it is being emptied already; Code::precondition: it
/// sleeps. One of the kind `host.sleep` is not over when the host is empty.
Result<model::Task> begin_drain(Ledger& ledger, Change& change, model::Host host,
                                const model::DrainOptions& wish, std::string kind);

/// Answers POST /v1/hosts/{name}/drain.
Async<Result<http::Response>> drain_host(Rooms& rooms, const Context& context);

void add_move_handlers(Handlers& handlers);

}  // namespace truce::manager
