// Images from outside are read by a process of their own, which has nothing of the daemon's in
// reach: this program, started once more.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace truce::storage {

/// How a pool starts that process.
struct ImportProcess {
  std::vector<std::string> command;  ///< what is to be read follows as its last argument
  std::optional<std::pair<uid_t, gid_t>> user;
};

/// This program as it runs, even when its file was replaced since; as nobody where it runs as root.
/// Its main() begins with run_as_import_process().
ImportProcess this_program();

/// When this program was started by a pool to read an image: does so, and ends it.
void run_as_import_process(int count, char** words);

}  // namespace truce::storage
