// Where disks live. The manager names things, a pool gives them paths.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "image/image.h"

namespace truce::storage {

/// How a clone relates to its template.
enum class CloneKind { linked, full };

/// Called with 0..1 and a step for people while long work goes on.
using Progress = std::function<void(double fraction, std::string step)>;

struct Capacity {
  Bytes total;  ///< of the file system
  Bytes free;
  Bytes used;       ///< by this pool's disks and templates, as stored
  Bytes allocated;  ///< promised to guests: the sum of virtual sizes
};

/// One file of a template, checked against its SHA-256.
struct TemplateFile {
  std::string name;  ///< `disk.qcow2`, `vmlinux`, `initrd`
  Bytes size;
  std::string sha256;
};

/// What is inside a finished template: `manifest.json` in its folder.
struct TemplateContent {
  std::string disk, kernel, initrd, iso;  ///< file names, empty when absent
  std::string command_line;               ///< for direct kernel boot
  Bytes disk_size;                        ///< virtual
  bool cloud_init = false, guest_agent = false;
  std::vector<TemplateFile> files;
};

/// A disk as it stands: its file, format and all files under it.
struct DiskPath {
  std::filesystem::path path;
  std::string format;
  std::vector<std::filesystem::path> backing;
  /// How many of these files are encrypted: the first ones, `path` before `backing`. All that is
  /// the machine's own, or nothing.
  std::size_t encrypted = 0;
};

/// Where the files of a template come from.
class TemplateSource {
 public:
  /// Takes bytes as they come.
  using Take = std::function<Async<Result<void>>(std::string bytes)>;
  virtual ~TemplateSource() = default;
  /// Its `manifest.json`.
  virtual Async<Result<std::string>> manifest() = 0;
  /// All bytes of one of its files from `offset` on. What was given before it fails counts.
  virtual Async<Result<void>> read(std::string file, std::uint64_t offset, Take take) = 0;
};

/// What somebody wants a disk for.
enum class Access { read, write };

class Homes;
class Layers;
class Library;

/// Contract, checked by `conformance.h`: every verb is idempotent and safe to repeat after a crash;
/// what is made appears whole or not at all; nothing is deleted that something refers to
/// (Code::precondition names it).
class Pool {
 public:
  virtual ~Pool() = default;
  virtual Async<Result<Capacity>> capacity() = 0;

  /// An empty disk `id` (`<vm uuid>/disk0`). Encrypted where note_key() says so (places.h), as is
  /// whatever else is made of a disk.
  virtual Async<Result<DiskPath>> create_disk(std::string id, Bytes size) = 0;
  /// A disk from a template's; grown to `size` when that is larger (smaller: Code::invalid).
  virtual Async<Result<DiskPath>> clone_disk(std::string id, std::string template_name, Bytes size,
                                             CloneKind kind, Progress progress) = 0;
  /// An empty disk `id` of the size of `disk`, which lies in another pool, on the same file below.
  /// What is there of an earlier one is replaced: the hypervisor fills it, or it is removed again.
  virtual Async<Result<DiskPath>> make_twin(std::string id, DiskPath disk) = 0;
  /// The disk `id` from a file that another host's pool had it in, and that lies in the machine's
  /// folder here; it becomes the disk, in place of what there may be. It stands on the disk of that
  /// template, as it did there, or on nothing: Code::corrupt when it does not.
  virtual Async<Result<DiskPath>> take_in(std::string id, std::filesystem::path file,
                                          std::string template_name) = 0;
  /// Grows a disk that nobody has open, and that no snapshot stands on; smaller is Code::invalid.
  virtual Async<Result<void>> grow_disk(std::string id, Bytes size) = 0;
  /// Removes a disk that nobody uses, and that no snapshot holds. Absent is success.
  virtual Async<Result<void>> delete_disk(std::string id) = 0;
  /// not_found when there is none.
  virtual Async<Result<DiskPath>> disk(std::string id) = 0;
  /// The disk as its guest sees it, for somebody else than the hypervisor: whoever else would write
  /// to it, or to `write` use it at all, is kept out for as long as it is open. Code::conflict
  /// while somebody does.
  virtual Async<Result<std::shared_ptr<image::Image>>> open_disk(std::string id, Access access) = 0;
  /// What opens a disk that is encrypted; null for one that is not. Code::forbidden when the key
  /// is not the right one. Errors name the key and where it was looked for.
  virtual Async<Result<SecretPtr>> disk_key(std::string id) = 0;
  /// Removes all disks and files of a VM. Absent is success.
  virtual Async<Result<void>> delete_vm(std::string vm_uuid) = 0;
  /// Lets a disk that came here from another pool of this host, and that nobody has open, stand on
  /// what this pool has: where it refers to the other pool's copy of a template, on its own. Absent
  /// is success.
  virtual Async<Result<void>> settle_copy(std::string id) = 0;
  /// The folder of a VM inside the pool (made when absent): disks, and where it is its home, seed
  /// image, suspend state.
  virtual Result<std::filesystem::path> vm_folder(const std::string& vm_uuid) = 0;
  /// Removes what work on a machine that was cut off has left in its folder. Only by the host that
  /// the machine is placed on, before anything else: in a pool that hosts share, nobody else does.
  virtual Async<Result<void>> tidy(std::string vm_uuid) = 0;
  /// Where homes of machines are; null where the pool has none.
  virtual const Homes* homes() const = 0;
  /// Ids (uuids) of all VM folders there are, for finding orphans.
  virtual Result<std::vector<std::string>> vm_folders() = 0;
  /// What snapshots are made of; null where the pool has none.
  virtual Layers* layers() = 0;
  /// What comes and goes piece by piece; null where the pool has no templates.
  virtual Library* library() = 0;

  /// Runs a recipe (a program that fills a folder; see recipes/README.md) into a new immutable
  /// template.
  virtual Async<Result<TemplateContent>> build_template(std::string name,
                                                        std::filesystem::path recipe,
                                                        Progress progress) = 0;
  /// Copies a disk image or ISO that the user has; format found by content.
  virtual Async<Result<TemplateContent>> import_template(std::string name,
                                                         std::filesystem::path source,
                                                         Progress progress) = 0;
  /// Makes a template of the files of the same template in another pool, usually another host's.
  /// Code::corrupt where what came is not what its manifest says.
  virtual Async<Result<TemplateContent>> fetch_template(std::string name, TemplateSource& source,
                                                        Progress progress) = 0;
  virtual Async<Result<TemplateContent>> template_content(std::string name) = 0;
  /// All templates that are here.
  virtual Async<Result<std::vector<std::string>>> templates() = 0;
  /// Reads every file and compares; Code::corrupt names the first that differs.
  virtual Async<Result<void>> verify_template(std::string name) = 0;
  virtual Async<Result<void>> delete_template(std::string name) = 0;
  virtual std::filesystem::path template_folder(const std::string& name) const = 0;
};

}  // namespace truce::storage
