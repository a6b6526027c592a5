// SHA-256 of files too large to read in one go.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "base/async.h"
#include "base/result.h"

namespace truce::storage {

/// Lower-case hexadecimal. Reads on `pool` and reports 0..1 on the caller's loop now and then;
/// cancelled between two steps.
Async<Result<std::string>> sha256_file(asio::thread_pool& pool, std::filesystem::path path,
                                       std::function<void(double)> progress = {});

}  // namespace truce::storage
