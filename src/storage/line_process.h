// A program whose output is followed while it works.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/process.h"
#include "base/result.h"

namespace truce::storage {

/// Called with each line of standard output; a carriage return ends a line too.
using OnLine = std::function<void(std::string_view)>;

/// Runs a program to its end; an error status becomes an error that quotes the last line of stderr.
/// After `limit`, or when cancelled, its whole session gets SIGTERM, five seconds to clean up, and
/// SIGKILL; whatever of the session outlives the program is killed too.
/// Errors begin with `name`, by default the program's.
Async<Result<void>> run_with_lines(Command command, Duration limit, OnLine on_line,
                                   std::string name = {});

}  // namespace truce::storage
