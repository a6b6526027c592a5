// What moves that are asked for share, from and to wherever they are.
#pragma once

#include "api.h"
#include "platform/inventory.h"
#include "platforms/found.h"

namespace truce::manager {

/// Puts a move and its task into the store, with what the report says as its first steps.
model::Task begin_move(Change& change, model::Task task, model::Relocation move,
                       const model::MoveReport& report);

/// What is on the platform that a machine goes to, by options that it can go with. Code::forbidden
/// to who is limited to projects.
Result<const platform::Inventory*> inventory_there(Rooms& rooms, const Context& context,
                                                   const model::MoveOptions& options);

enum class Way { from, to, from_running };
/// Code::unsupported where no machines leave a platform (while they run), or come to it.
Result<void> check_transfers(Rooms& rooms, const std::string& platform, Way way);

/// Moves the machine that the path names to another platform, or says what that would change.
Async<Result<http::Response>> move_across(Rooms& rooms, const Context& context,
                                          model::MoveOptions options);
Async<Result<http::Response>> report_across(Rooms& rooms, const Context& context,
                                            model::MoveOptions options);

}  // namespace truce::manager
