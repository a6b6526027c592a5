// Images that users send, until they are templates; and templates that they fetch.
#pragma once

#include "api.h"

namespace truce::manager {

void add_upload_handlers(Handlers& handlers);
void add_content_handlers(Handlers& handlers);

/// The host that uploads go to: the usual one. Code::unavailable while it has not reported.
Result<std::string> library_host(const Rooms& rooms);

/// A connected host that has a template's files, and is not `except`. Code::unavailable names those
/// that have them and are not connected; not_found when no other host has them.
Result<std::string> host_with(const Inventory& inventory, const model::Template& wanted,
                              const std::string& except);

/// Sends a file of a template to a host that has not got it, from one that has: a CallReply, then
/// the bytes. What ends early is asked for again. `turn` is the same for all of one manager, and
/// bounds how many are under way.
Async<void> send_template(Rooms& rooms, std::shared_ptr<void> turn, UnixSocket socket,
                          std::string host, model::Fetch wish);

/// The end of a job that made a template of an upload: with the template the upload is gone.
void end_upload_job(const Inventory& inventory, Change& change, const model::Job& job,
                    const model::JobReport& report);

/// Removes uploads that nobody has gone on with, until cancelled.
Async<void> remove_expired_uploads(Ledger& ledger);

}  // namespace truce::manager
