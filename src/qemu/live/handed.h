// Files that the daemon opens and hands to a QEMU that runs already: its Landlock rules are older
// than they. QEMU knows each as /dev/fdset/N, and keeps our path beside it (qemu.git
// qapi/misc.json, `add-fd`).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "running.h"

namespace truce::qemu {

enum class Access { read, write };

/// Gives a file to the machine; how QEMU names it. One that the machine may write becomes its
/// user's own.
Async<Result<std::string>> hand_over(RunningPtr vm, std::filesystem::path file, Access access);

/// Opens a file by `open`, which is given the node of the driver `file`: by its path, where the
/// machine may by the rules that it was started with, else handed over. What is handed over and
/// written is not locked against other programs: QEMU cannot change its locks while the daemon's
/// descriptor, which has the same, is kept for it, and a machine whose memory was saved would not
/// go on.
Async<Result<void>> open_node(RunningPtr vm, std::filesystem::path file, Access access,
                              std::function<Async<Result<void>>(json::object node)> open);

/// Takes back what hand_over() gave, once nothing reads it any more.
Async<void> take_back(RunningPtr vm, std::string name);

/// The same for whatever was given of a file.
Async<void> take_back_file(RunningPtr vm, std::filesystem::path file);

/// Our paths, by the names that QEMU knows them by.
Async<Result<std::map<std::string, std::filesystem::path>>> handed(RunningPtr vm);

/// A path as QEMU tells it, in our words.
std::filesystem::path our_path(const std::map<std::string, std::filesystem::path>& handed,
                               const std::string& told);

}  // namespace truce::qemu
