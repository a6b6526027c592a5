#include "layers/layer_tree.h"

#include <algorithm>
#include <set>

#include "names.h"
#include "storage/layers.h"

namespace truce::storage {

using model::DiskLayer;
using model::KeptSnapshot;
using model::LayerTree;

namespace {

// `disk0.qcow2` or `layers/disk0.3.qcow2`: nothing that leads out of the machine's folder.
bool plain(std::string_view file) {
  constexpr std::string_view inside = "layers/";
  if (file.starts_with(inside)) file.remove_prefix(inside.size());
  return !file.empty() && !file.starts_with('.') && !file.contains('/') && !file.contains('\0');
}

const DiskLayer* find_layer(const LayerTree& tree, std::int64_t id) {
  auto found = std::ranges::find(tree.layers, id, &DiskLayer::id);
  return found == tree.layers.end() ? nullptr : &*found;
}

Result<void> check_layer(const LayerTree& tree, const DiskLayer& layer,
                         std::set<std::string>& files) {
  if (layer.id >= tree.next) return fail(Code::corrupt, "layer {} is yet to come", layer.id);
  // A layer is made after the one that it stands on, so there are no circles.
  if (layer.below >= layer.id || (layer.below != 0 && find_layer(tree, layer.below) == nullptr)) {
    return fail(Code::corrupt, "layer {} stands on {}, which is not there", layer.id, layer.below);
  }
  for (const auto& [disk, file] : layer.files) {
    if (!plain(file) || !check_disk_id("x/" + disk)) {
      return fail(Code::corrupt, "layer {}: '{}' of '{}' is no file of a disk", layer.id, file,
                  disk);
    }
    if (!files.insert(file).second) return fail(Code::corrupt, "{} is in two layers", file);
  }
  return {};
}

Result<void> check_snapshots(const LayerTree& tree) {
  std::set<std::string> names;
  std::set<std::int64_t> layers;
  for (const auto& kept : tree.snapshots) {
    if (!names.insert(kept.snapshot.name).second || !layers.insert(kept.layer).second)
      return fail(Code::corrupt, "snapshot '{}' is there twice", kept.snapshot.name);
    if (find_layer(tree, kept.layer) == nullptr || kept.layer == tree.current) {
      return fail(Code::corrupt, "snapshot '{}' is layer {}, which is not there or written to",
                  kept.snapshot.name, kept.layer);
    }
    if (!kept.memory.empty() && !plain(kept.memory))
      return fail(Code::corrupt, "'{}' is no file of a memory", kept.memory);
  }
  return {};
}

}  // namespace

LayerTree single_layer(const std::vector<std::string>& disks) {
  LayerTree tree{.current = 1, .next = 2};
  DiskLayer root{.id = 1};
  for (const auto& disk : disks) root.files[disk] = disk + ".qcow2";
  tree.layers.push_back(std::move(root));
  return tree;
}

Result<LayerTree> parse_layers(std::string_view text) {
  auto tree = model::from_text<LayerTree>(text, model::Unknown::ignore);
  if (!tree) return fail(Code::corrupt, "layers.json: {}", tree.error().message);
  if (tree->layers.size() > layers_limit)
    return fail(Code::corrupt, "layers.json: more than {} layers", layers_limit);
  std::set<std::string> files;
  std::set<std::int64_t> ids;
  std::size_t roots = 0;
  for (const auto& layer : tree->layers) {
    if (!ids.insert(layer.id).second)
      return fail(Code::corrupt, "layers.json: layer {} is there twice", layer.id);
    roots += layer.below == 0 ? 1 : 0;
    if (auto good = check_layer(*tree, layer, files); !good)
      return std::unexpected(good.error().within("layers.json"));
  }
  if (roots != 1) return fail(Code::corrupt, "layers.json: {} layers stand on nothing", roots);
  if (find_layer(*tree, tree->current) == nullptr || !children_of(*tree, tree->current).empty())
    return fail(Code::corrupt, "layers.json: layer {} cannot be current", tree->current);
  if (auto good = check_snapshots(*tree); !good)
    return std::unexpected(good.error().within("layers.json"));
  return *std::move(tree);
}

DiskLayer& layer_of(LayerTree& tree, std::int64_t id) {
  auto found = std::ranges::find(tree.layers, id, &DiskLayer::id);
  TRUCE_ASSERT(found != tree.layers.end(), "layers of a checked tree are there");
  return *found;
}

const DiskLayer& layer_of(const LayerTree& tree, std::int64_t id) {
  const auto* found = find_layer(tree, id);
  TRUCE_ASSERT(found != nullptr, "layers of a checked tree are there");
  return *found;
}

std::string file_at(const LayerTree& tree, std::int64_t id, const std::string& disk) {
  while (id != 0) {
    const auto& layer = layer_of(tree, id);
    auto found = layer.files.find(disk);
    if (found != layer.files.end()) return found->second;
    id = layer.below;
  }
  return {};
}

std::set<std::string> disks_of(const LayerTree& tree) {
  std::set<std::string> disks;
  for (const auto& layer : tree.layers) {
    for (const auto& [disk, file] : layer.files) disks.insert(disk);
  }
  return disks;
}

std::vector<std::int64_t> children_of(const LayerTree& tree, std::int64_t id) {
  std::vector<std::int64_t> children;
  for (const auto& layer : tree.layers) {
    if (layer.below == id) children.push_back(layer.id);
  }
  return children;
}

const KeptSnapshot* snapshot_at(const LayerTree& tree, std::int64_t layer) {
  auto found = std::ranges::find(tree.snapshots, layer, &KeptSnapshot::layer);
  return found == tree.snapshots.end() ? nullptr : &*found;
}

const KeptSnapshot* find_snapshot(const LayerTree& tree, std::string_view name) {
  auto found = std::ranges::find_if(tree.snapshots,
                                    [&](const auto& kept) { return kept.snapshot.name == name; });
  return found == tree.snapshots.end() ? nullptr : &*found;
}

std::vector<DiskFile> prune(LayerTree& tree) {
  std::vector<DiskFile> files;
  for (bool again = true; std::exchange(again, false);) {
    for (auto it = tree.layers.begin(); it != tree.layers.end(); ++it) {
      bool needed = it->id == tree.current || it->below == 0 ||
                    snapshot_at(tree, it->id) != nullptr || !children_of(tree, it->id).empty();
      if (needed) continue;
      for (const auto& [disk, file] : it->files) files.push_back({disk, file});
      tree.layers.erase(it);
      again = true;
      break;
    }
  }
  return files;
}

std::optional<MergeStep> next_step(LayerTree& tree) {
  for (auto it = tree.layers.begin(); it != tree.layers.end();) {
    auto children = children_of(tree, it->id);
    bool can =
        it->id != tree.current && snapshot_at(tree, it->id) == nullptr && children.size() == 1;
    if (!can) {
      ++it;
      continue;
    }
    auto& upper = layer_of(tree, children.front());
    for (auto file = it->files.begin(); file != it->files.end();) {
      if (upper.files.contains(file->first)) return MergeStep{file->first, upper.id, it->id};
      upper.files.insert(it->files.extract(file++));
    }
    upper.below = it->below;
    tree.layers.erase(it);
    it = tree.layers.begin();
  }
  return std::nullopt;
}

std::string apply_merge(LayerTree& tree, const MergeStep& step) {
  auto& lower = layer_of(tree, step.lower);
  auto& upper = layer_of(tree, step.upper);
  auto file = lower.files.extract(step.disk);
  TRUCE_ASSERT(!file.empty() && upper.files.contains(step.disk), "both layers have the disk");
  return std::exchange(upper.files[step.disk], std::move(file.mapped()));
}

model::SnapshotTree shown(const LayerTree& tree) {
  auto above = [&](std::int64_t id) -> std::string {
    for (; id != 0; id = layer_of(tree, id).below) {
      if (const auto* kept = snapshot_at(tree, id)) return kept->snapshot.name;
    }
    return {};
  };
  model::SnapshotTree shown;
  shown.at = above(layer_of(tree, tree.current).below);
  for (const auto& kept : tree.snapshots) {
    shown.snapshots.push_back(kept.snapshot);
    shown.snapshots.back().parent = above(layer_of(tree, kept.layer).below);
  }
  return shown;
}

}  // namespace truce::storage
