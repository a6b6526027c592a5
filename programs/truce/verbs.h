// What the commands do. Each answers the exit status of the program.
#pragma once

#include "session.h"

namespace truce::cli {

using Ending = Outcome<int>;

/// Files, the terminal and the clock, for make_request().
Surroundings surroundings();

/// Runs the command of an invocation.
Async<Ending> run_command(Session& session, const Invocation& invocation);

// tasks.cpp
/// Shows a task's progress until it ends. Ctrl-C leaves it running and says how to cancel it.
Async<Ending> follow_task(Session& session, const Invocation& invocation, boost::json::value task);
Async<Ending> task_wait(Session& session, const Invocation& invocation);

// watch.cpp
/// Prints what changes after `page`, a row for each change, until Ctrl-C.
Async<Ending> watch_list(Session& session, const Invocation& invocation, Outgoing request,
                         boost::json::value page);

// machine.cpp
Async<Ending> vm_screenshot(Session& session, const Invocation& invocation);
Async<Ending> task_screenshot(Session& session, const Invocation& invocation);
Async<Ending> vm_exec(Session& session, const Invocation& invocation);
Async<Ending> vm_log(Session& session, const Invocation& invocation);
Async<Ending> snapshot_list(Session& session, const Invocation& invocation);

// moves/
/// Moves machines as a file says, wave after wave, and waits for all of them.
Async<Ending> vm_move_wave(Session& session, const Invocation& invocation);

// library/
Async<Ending> template_upload(Session& session, const Invocation& invocation);
Async<Ending> template_download(Session& session, const Invocation& invocation);

// metrics/
Async<Ending> vm_top(Session& session, const Invocation& invocation);
Async<Ending> vm_metrics(Session& session, const Invocation& invocation);
Async<Ending> host_metrics(Session& session, const Invocation& invocation);
Async<Ending> pool_metrics(Session& session, const Invocation& invocation);

// upkeep.cpp
/// The host that was named, or the only one.
Async<Outcome<std::string>> host_of(Session& session, const Invocation& invocation);
/// A server by ssh, as the platform that it is.
Async<Ending> host_add(Session& session, const Invocation& invocation);
Async<Ending> host_check(Session& session, const Invocation& invocation);
Async<Ending> server_backup(Session& session, const Invocation& invocation);
Async<Ending> support_bundle(Session& session, const Invocation& invocation);
Async<Ending> cluster_init(Session& session, const Invocation& invocation);
Async<Ending> cluster_join(Session& session, const Invocation& invocation);
Async<Ending> cluster_leave(Session& session, const Invocation& invocation);
Async<Ending> cluster_token(Session& session, const Invocation& invocation);

// console.cpp
Async<Ending> vm_console(Session& session, const Invocation& invocation);

}  // namespace truce::cli
