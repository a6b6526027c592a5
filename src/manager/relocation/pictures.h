// Pictures of screens that boot proofs have taken. They are in the store, in parts, under keys of
// no kind: nothing else has them in memory.
#pragma once

#include <string>

#include "ledger.h"

namespace truce::manager {

/// How many are kept, and how large one may be: a larger one is not kept.
inline constexpr std::size_t pictures_kept = 32, largest_picture = 4U << 20;

/// Stores a picture (PNG) for a task; nothing of it counts before BootProof::picture says its size.
Async<Result<void>> store_picture(Ledger& ledger, std::string task, std::string png);

/// Notes in the change that the task has a picture from now on, and forgets the oldest of others.
void keep_picture(const Inventory& inventory, Change& change, const std::string& task);

/// What was stored for the task, if anything, goes.
void forget_picture(Change& change, const std::string& task);

/// Code::not_found when there is none, or no more.
Async<Result<std::string>> read_picture(Ledger& ledger, model::Task task);

}  // namespace truce::manager
