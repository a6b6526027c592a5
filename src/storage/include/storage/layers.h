// The disks of a machine as layers of files: what snapshots are made of.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "model/model.h"
#include "storage/pool.h"

namespace truce::storage {

/// Name of the file in a machine's folder whose memory its next start goes on from.
inline constexpr std::string_view resumed_memory = "suspend.state";

/// Names in a machine's folder: the record of its layers, absent until the first snapshot, and the
/// folder of their files.
inline constexpr std::string_view layers_record = "layers.json";
inline constexpr std::string_view layers_folder = "layers";

/// A layer that was just made: for each disk its new file, empty, and the one that it stands on.
struct NewLayer {
  struct File {
    std::string disk;
    std::filesystem::path path, below;
    bool encrypted = false;  ///< as the disk is
  };
  std::int64_t id = 0;
  std::vector<File> files;
  std::filesystem::path memory;  ///< where the memory of a snapshot of what is below goes
};

/// Two layers of one disk that can become one: nobody needs `lower` as it is but `upper`.
struct Merge {
  std::string disk;
  std::filesystem::path upper, lower;
  std::int64_t upper_layer = 0, lower_layer = 0;
};

/// Capability of a Pool. A machine's layers are a tree: each stands on one, a snapshot is a layer
/// that nobody writes to any more, and the machine writes to the current one. Every verb leaves,
/// after a crash at any point, disks that open with the content from before it or after it; a verb
/// that was cut off is asked for again. Verbs of one machine come one at a time.
class Layers {
 public:
  virtual ~Layers() = default;
  virtual Async<Result<model::LayerTree>> tree(std::string vm_uuid) = 0;

  /// A layer above the current one; it is current when this answers. Machines that run must begin
  /// to write to its files, or it is to be withdrawn. Code::limit when there are too many.
  virtual Async<Result<NewLayer>> add(std::string vm_uuid, std::string job) = 0;
  /// Gives up the current layer, which nobody has written to: the one below is current again.
  virtual Async<Result<void>> withdraw(std::string vm_uuid) = 0;
  /// Gives the layer below the current one a name, with the memory that lies in NewLayer::memory,
  /// if there is one. `beside`: what else in the machine's folder goes back with it, copied as it
  /// is now where it is there. Code::conflict when the name is taken.
  virtual Async<Result<void>> keep(std::string vm_uuid, model::VmSnapshot snapshot, std::string job,
                                   std::vector<std::string> beside) = 0;
  /// The machine, which does not run, becomes what it was: what it wrote since its last snapshot is
  /// given up, and it goes on from the snapshot's memory where there is one. Asked for again with
  /// the same job, nothing is done. not_found when there is no such snapshot.
  virtual Async<Result<void>> restore(std::string vm_uuid, std::string snapshot,
                                      std::string job) = 0;
  /// Forgets snapshots. What nothing stands on goes at once, the rest becomes merges. Names that
  /// there are not are passed by.
  virtual Async<Result<void>> forget(std::string vm_uuid, std::set<std::string> snapshots) = 0;

  /// Gives another machine full copies of a snapshot's disks, and of those of its files that
  /// `beside` names. What is there already stays. Until it ends, nothing of the snapshot's machine
  /// is merged.
  virtual Async<Result<void>> clone(std::string vm_uuid, std::string snapshot, std::string to_uuid,
                                    std::vector<std::string> beside, Progress progress) = 0;

  /// What is to be merged next; nothing when all is as it shall be. Code::unavailable while it is
  /// copied from.
  virtual Async<Result<std::optional<Merge>>> next_merge(std::string vm_uuid) = 0;
  /// Merges the blocks of a machine that does not run. Can be cancelled, and then begun again.
  virtual Async<Result<void>> merge(Merge merge, Progress progress) = 0;
  /// `lower` has all of it, durably as far as its writer knows, and `upper` is no longer written
  /// to: takes `upper` out and removes it.
  virtual Async<Result<void>> merged(std::string vm_uuid, Merge merge) = 0;

  /// After a start of the daemon: makes the record agree with the files that the machine writes to
  /// (by disk; empty when it does not run), and removes what was left over.
  virtual Async<Result<void>> settle(std::string vm_uuid,
                                     std::map<std::string, std::filesystem::path> written) = 0;
};

/// The tree as it is shown: snapshots with their parents, and the one that the machine goes on
/// from.
model::SnapshotTree shown(const model::LayerTree& tree);

}  // namespace truce::storage
