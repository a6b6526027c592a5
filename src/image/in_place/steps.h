// The steps of a change, each of which may be the last one before a loss of power.
#pragma once

#include "in_place/journal.h"

namespace truce::image::in_place {

/// Writes the journal so that it is there as a whole or not at all, and safe.
Result<void> write_down(Folder& folder, const Change& change);
/// Carries out what was decided, from wherever it was left; the journal is gone at the end. `data`
/// is the data's file where it is open already.
Result<void> finish(Folder& folder, const Change& change, std::shared_ptr<File> data);
/// Makes everything as it was; the journal is gone at the end. Code::precondition once the first
/// name has changed: from there on finish() cannot fail for lack of room.
Result<void> undo(Folder& folder, const Change& change, std::shared_ptr<File> data);
/// What undo() is for a change that was not decided.
Result<void> forget(Folder& folder, const Change& change);

}  // namespace truce::image::in_place
