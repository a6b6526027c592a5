// What a host has to say when a fault is looked for.
#pragma once

#include <map>
#include <string>

#include "keeper.h"

namespace truce::node {

/// Names and contents of small files: the logs and command lines of QEMU, and facts of the host;
/// nothing of what guests store or show. Bounded in number and size. May contain secrets that
/// somebody wrote where none belong: the manager takes these out.
Async<std::map<std::string, std::string>> support_files(const Settings& settings);

}  // namespace truce::node
