// The tree of a machine's layers as a value: what may be merged, what goes, and checks of a record.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/model.h"

namespace truce::storage {

inline constexpr std::size_t snapshots_limit = 32;  ///< of one machine
inline constexpr std::size_t layers_limit = 64;     ///< likewise: also those that wait for a merge

/// The record of a machine that never had a snapshot.
model::LayerTree single_layer(const std::vector<std::string>& disks);

/// Reads a record; Code::corrupt unless it is one tree, its files lie in the machine's folder or in
/// `layers/`, each is named once, and current layer and snapshots are in it.
Result<model::LayerTree> parse_layers(std::string_view text);

/// A layer of the tree, which must be there.
model::DiskLayer& layer_of(model::LayerTree& tree, std::int64_t id);
const model::DiskLayer& layer_of(const model::LayerTree& tree, std::int64_t id);

/// The file that a disk is read through at a layer: its own, or that of the first layer below that
/// has one. Empty when there is none.
std::string file_at(const model::LayerTree& tree, std::int64_t layer, const std::string& disk);

/// The disks that any layer has a file of.
std::set<std::string> disks_of(const model::LayerTree& tree);

/// Layers that stand on this one.
std::vector<std::int64_t> children_of(const model::LayerTree& tree, std::int64_t layer);

/// The snapshot that is this layer; null when it has no name.
const model::KeptSnapshot* snapshot_at(const model::LayerTree& tree, std::int64_t layer);
const model::KeptSnapshot* find_snapshot(const model::LayerTree& tree, std::string_view name);

/// A file of a layer, and the disk that it belongs to.
struct DiskFile {
  std::string disk, file;
};

/// Takes out layers that nothing stands on, that have no name and are not current; answers their
/// files.
std::vector<DiskFile> prune(model::LayerTree& tree);

/// A disk of a nameless layer with one child; that child.
struct MergeStep {
  std::string disk;
  std::int64_t upper = 0, lower = 0;
};
/// Also moves the files that only have to change their layer, and takes out layers without files.
std::optional<MergeStep> next_step(model::LayerTree& tree);

/// After the files of a step are one: the upper layer has the lower one's. Answers the file that is
/// no longer needed.
std::string apply_merge(model::LayerTree& tree, const MergeStep& step);

}  // namespace truce::storage
