// The pool's own disks: qcow2, made and copied in this process. All of these block.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "watched.h"

namespace truce::storage {

/// An empty disk in a new file, or with `backing` (also a qcow2, absolute) one that shares its
/// blocks. A size that is no multiple of 512 is rounded up. Not synced.
Result<void> make_qcow2(const std::filesystem::path& path, Bytes size,
                        const std::filesystem::path& backing = {});

/// Copies a disk that stands alone into a new file, and grows the copy to `size` where that is
/// larger. Where the file system can, both share their blocks. Not synced. What was begun when it
/// fails or is cancelled (Code::cancelled) stays: the caller removes it.
Result<void> copy_qcow2(const std::filesystem::path& from, const std::filesystem::path& to,
                        Bytes size, Watch& watch);

/// The same for a disk of the machine in `folder` that stands on others: the copy stands alone. Its
/// size is kept. Whoever runs the machine can write names into its disks, so nothing is followed
/// but files of that folder and of the pool's templates: Code::forbidden.
Result<void> copy_chain(const std::filesystem::path& from, const std::filesystem::path& to,
                        const std::filesystem::path& folder, Watch& watch);

/// What a qcow2 file says of itself; nothing else is opened.
struct Qcow2Facts {
  Bytes virtual_size;
  std::string backing;     ///< as it is written there; empty when there is none
  bool data_file = false;  ///< its blocks lie in another file
};
Result<Qcow2Facts> look_at_qcow2(const std::filesystem::path& path);

/// Writes what `upper` holds into `lower`, on which it stands, and flushes that. What is read
/// through `upper` is the same at any time. Code::conflict when somebody has one of them open for
/// writing, Code::cancelled when the watch says so: it may then be done again. Both are disks of
/// the machine in `folder`; what they stand on is followed as by copy_chain().
Result<void> merge_qcow2(const std::filesystem::path& upper, const std::filesystem::path& lower,
                         const std::filesystem::path& folder, Watch& watch);

/// Lets a disk stand on another image of the same content: nothing but its header changes.
Result<void> stand_on_qcow2(const std::filesystem::path& path,
                            const std::filesystem::path& backing);

}  // namespace truce::storage
