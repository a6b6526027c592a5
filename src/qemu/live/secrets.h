// How a QEMU gets the keys of its encrypted disks: through a pipe with a name in the machine's own
// runtime folder, so that they are in no word of its command line, in no message of QMP, and in no
// file. (qemu.git crypto/secret.c reads `file` to its end, whatever it is.)
#pragma once

#include <filesystem>
#include <string>

#include "running.h"

namespace truce::qemu {

/// Name of QEMU's object that holds the key of a disk: `key-disk0`.
std::string secret_of(const std::string& disk);

/// The pipe of that key in Runtime::own().
std::filesystem::path key_pipe(const std::filesystem::path& folder, const std::string& disk);

/// What a qcow2 node of an encrypted disk is told (qapi/block-core.json, `encrypt`).
json::object encryption_of(const std::string& disk);

/// Makes the pipe, for QEMU's user. What is there of that name is removed.
Result<void> make_key_pipe(const Runtime& runtime, const std::string& disk, const User& user);

/// Waits until QEMU reads the pipe, gives it the key, and removes the pipe. Code::timeout when it
/// does not within a minute, Code::io when QEMU has ended.
Async<Result<void>> feed_key(RunningPtr vm, std::string disk, SecretPtr key);

/// Of a machine that an earlier daemon left: a QEMU that waits for a key goes on without it. Where
/// it was being started it ends, and where a disk was being plugged in that is tried again.
void drop_key_pipes(const Runtime& runtime);

/// Gives a QEMU that runs the key of a disk; one that it has already is replaced.
Async<Result<void>> add_secret(RunningPtr vm, std::string disk, SecretPtr key);

/// Lets QEMU forget it. It needs none for what is open.
Async<void> drop_secret(RunningPtr vm, std::string disk);

}  // namespace truce::qemu
