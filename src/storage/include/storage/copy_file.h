// A file that goes from one pool to another as it is.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "base/async.h"
#include "base/result.h"
#include "storage/pool.h"

namespace truce::storage {

/// Copies a regular file on a thread of `copies`: whole and on the disk, or not at all. What is
/// there at `to` is replaced. Holes stay holes, and blocks are shared where the file system can.
/// Nobody may write to it meanwhile. `what`: the step that `progress` is told.
Async<Result<void>> copy_file(asio::thread_pool& copies, std::filesystem::path from,
                              std::filesystem::path to, std::string what, Progress progress);

}  // namespace truce::storage
