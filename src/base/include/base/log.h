// The program's log: one line an entry on standard error. Secrets never go through it.
#pragma once

#include <spdlog/spdlog.h>

namespace truce {

/// Sets the format and the level (`debug`, `info`, `warn`, `error`) of the program's log.
void start_log(std::string_view level);

}  // namespace truce
