// What only qcow2 can do, beyond the interfaces of all formats.
#pragma once

#include <memory>
#include <string_view>

#include "base/secret.h"
#include "image/builder.h"
#include "image/image.h"

namespace truce::image::qcow2 {

/// Neighbours that have the key of the disks among them that are encrypted (LUKS). Without one such
/// a disk can be described, checked, and put on another parent; what is in it is Code::forbidden.
class KeyKeeper {
 public:
  virtual ~KeyKeeper() = default;
  /// Null: there is none.
  [[nodiscard]] virtual SecretPtr key() const = 0;
};

/// An empty disk that is encrypted with `key` (AES-256 in XTS mode), perhaps on one that need not
/// be: what is written to it is. Options as build() has them. Not flushed.
Result<void> make_encrypted(std::shared_ptr<File> file, const BuildOptions& options,
                            const Secret& key);

/// The disk as an internal snapshot holds it, only to be read; found by id, then by name.
/// Code::not_found when there is none.
Result<std::unique_ptr<Image>> open_snapshot(std::shared_ptr<File> file, const OpenOptions& options,
                                             std::string_view id_or_name);

// Internal snapshots are made and deleted in a file that nobody else has open. After a crash the
// image opens, with the snapshot or without it, at worst with leaked space.

/// A snapshot of the disk as it is, made at `now` (seconds since 1970); Code::conflict when there
/// is one of that name.
Result<void> create_snapshot(File& file, std::string_view name, std::int64_t now);
Result<void> delete_snapshot(File& file, std::string_view id_or_name);
/// The disk becomes what it was; what it is now is lost. Code::precondition when the image has
/// bitmaps: they could not tell what changes.
Result<void> revert_to_snapshot(File& file, std::string_view id_or_name);

/// Takes the bitmaps of `from` over into `to`, a new image of ours that is not in use and has none;
/// both disks are of one size. A bitmap that is out of date is Code::precondition.
Result<void> copy_bitmaps(const File& from, File& to);

}  // namespace truce::image::qcow2
