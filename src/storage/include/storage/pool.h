// Where disks live. The manager names things, a pool gives them paths.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/result.h"

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
};

class Layers;

/// Contract, checked by `conformance.h`: every verb is idempotent and safe to repeat after a crash;
/// what is made appears whole or not at all; nothing is deleted that something refers to
/// (Code::precondition names it).
class Pool {
 public:
  virtual ~Pool() = default;
  virtual Async<Result<Capacity>> capacity() = 0;

  /// An empty disk `id` (`<vm uuid>/disk0`).
  virtual Async<Result<DiskPath>> create_disk(std::string id, Bytes size) = 0;
  /// A disk from a template's; grown to `size` when that is larger (smaller: Code::invalid).
  virtual Async<Result<DiskPath>> clone_disk(std::string id, std::string template_name, Bytes size,
                                             CloneKind kind, Progress progress) = 0;
  /// not_found when there is none.
  virtual Async<Result<DiskPath>> disk(std::string id) = 0;
  /// Removes all disks and files of a VM. Absent is success.
  virtual Async<Result<void>> delete_vm(std::string vm_uuid) = 0;
  /// The folder of a VM inside the pool (made when absent): disks, seed image, suspend state.
  virtual Result<std::filesystem::path> vm_folder(const std::string& vm_uuid) = 0;
  /// Ids (uuids) of all VM folders there are, for finding orphans.
  virtual Result<std::vector<std::string>> vm_folders() = 0;
  /// What snapshots are made of; null where the pool has none.
  virtual Layers* layers() = 0;

  /// Runs a recipe (a program that fills a folder; see recipes/README.md) into a new immutable
  /// template.
  virtual Async<Result<TemplateContent>> build_template(std::string name,
                                                        std::filesystem::path recipe,
                                                        Progress progress) = 0;
  /// Copies a disk image or ISO that the user has; format found by content.
  virtual Async<Result<TemplateContent>> import_template(std::string name,
                                                         std::filesystem::path source,
                                                         Progress progress) = 0;
  virtual Async<Result<TemplateContent>> template_content(std::string name) = 0;
  /// Reads every file and compares; Code::corrupt names the first that differs.
  virtual Async<Result<void>> verify_template(std::string name) = 0;
  virtual Async<Result<void>> delete_template(std::string name) = 0;
  virtual std::filesystem::path template_folder(const std::string& name) const = 0;
};

}  // namespace truce::storage
