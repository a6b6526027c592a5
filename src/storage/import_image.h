// An image from outside becomes a file of the pool, by a process that is confined.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "image/file.h"
#include "storage/import_process.h"

namespace truce::storage {

/// Reads what probe_image() has judged to be `kind` into the new file `to`: an ISO as it is, all
/// else into qcow2. The process gets these two files, open, and no other; killed when this is
/// cancelled. Errors are those of the image engine; what was begun stays, the caller removes it.
Async<Result<void>> import_image(ImportProcess how, const image::DiskFile& source, std::string kind,
                                 std::filesystem::path to, std::function<void(double)> progress);

// Of the process itself, for its tests.

/// What the process gives up before it reads the first byte, but for its two files. `size` is that
/// of the source, in bytes: how long it may compute depends on it.
Result<void> give_up_all_else(std::uint64_t size);

}  // namespace truce::storage
