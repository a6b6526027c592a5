// The pool's own disks: qcow2, made and copied in this process. All of these block.
#pragma once

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "storage/pool.h"
#include "watched.h"

namespace truce::storage {

/// An empty disk in a new file, or with `backing` (also a qcow2, absolute) one that shares its
/// blocks. A size that is no multiple of 512 is rounded up. With `key` what is written to it is
/// encrypted. Not synced.
Result<void> make_qcow2(const std::filesystem::path& path, Bytes size,
                        const std::filesystem::path& backing = {}, const SecretPtr& key = nullptr);

/// What a machine's disks may stand on. Whoever runs the machine can write names into them, so
/// nothing else is followed: Code::forbidden.
struct OwnPlaces {
  std::filesystem::path folder;     ///< the machine's, in the disk's pool
  std::filesystem::path templates;  ///< whichever pool has them
  SecretPtr key = nullptr;          ///< of the disk where it is encrypted
};

/// Grows a disk in place, durably. Smaller is Code::invalid, as large as it is does nothing;
/// Code::conflict when somebody has it open.
Result<void> grow_qcow2(const std::filesystem::path& path, Bytes size, const OwnPlaces& own);

/// Copies a disk that stands alone into a new file, and grows the copy to `size` where that is
/// larger. Where the file system can, both share their blocks. With `key` all of the copy is
/// encrypted. Not synced. What was begun when it fails or is cancelled (Code::cancelled) stays: the
/// caller removes it.
Result<void> copy_qcow2(const std::filesystem::path& from, const std::filesystem::path& to,
                        Bytes size, const SecretPtr& key, Watch& watch);

/// Whether `key` opens a disk that is encrypted: Code::forbidden when it does not. Takes some ten
/// milliseconds of a processor.
Result<void> try_key(const std::filesystem::path& path, const SecretPtr& key);

/// Copies a disk that stands on others: the copy stands alone, and is encrypted with the key
/// that it was encrypted with. Its size is kept.
Result<void> copy_chain(const std::filesystem::path& from, const std::filesystem::path& to,
                        const OwnPlaces& own, Watch& watch);

/// Opens a disk with what it stands on; to write it, nobody else has it open meanwhile, to read it
/// nobody writes: Code::conflict.
Result<std::shared_ptr<image::Image>> open_qcow2(const std::filesystem::path& path, Access access,
                                                 const OwnPlaces& own);

/// What a qcow2 file says of itself; nothing else is opened.
struct Qcow2Facts {
  Bytes virtual_size;
  std::string backing;     ///< as it is written there; empty when there is none
  bool data_file = false;  ///< its blocks lie in another file
  bool encrypted = false;
};
Result<Qcow2Facts> look_at_qcow2(const std::filesystem::path& path);

/// Writes what `upper` holds into `lower`, on which it stands, and flushes that. What is read
/// through `upper` is the same at any time. Code::conflict when somebody has one of them open for
/// writing, Code::cancelled when the watch says so: it may then be done again. Both are disks of
/// one machine.
Result<void> merge_qcow2(const std::filesystem::path& upper, const std::filesystem::path& lower,
                         const OwnPlaces& own, Watch& watch);

/// Lets a disk stand on another image of the same content: nothing but its header changes.
Result<void> stand_on_qcow2(const std::filesystem::path& path,
                            const std::filesystem::path& backing);

}  // namespace truce::storage
