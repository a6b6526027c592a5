#include "layers/folder_layers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/log.h"
#include "base/revert.h"
#include "names.h"
#include "qcow2_disk.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;
using model::LayerTree;

namespace {

Result<LayerTree> load(const fs::path& folder) {
  auto record = folder / layers_record;
  std::error_code ec;
  if (fs::exists(record, ec)) {
    TRY(auto text, read_file(record));
    auto tree = parse_layers(text);
    if (!tree) return std::unexpected(tree.error().within(folder.filename().string()));
    return tree;
  }
  std::vector<std::string> disks;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".qcow2") disks.push_back(entry.path().stem().string());
  }
  if (ec) return fail_errno(ec.value(), "list " + folder.string());
  std::ranges::sort(disks);
  return single_layer(disks);
}

Result<void> store(const fs::path& folder, const LayerTree& tree) {
  return write_file_durably(folder / layers_record, model::to_text(tree));
}

std::string file_name(const std::string& disk, std::int64_t layer) {
  return fmt::format("{}/{}.{}.qcow2", layers_folder, disk, layer);
}

std::string memory_name(std::int64_t layer) {
  return fmt::format("{}/{}.memory", layers_folder, layer);
}

// What stands beside the disks at a snapshot: named by the layer that the snapshot is.
fs::path beside_folder(const fs::path& folder, std::int64_t layer) {
  return folder / layers_folder / fmt::format("{}.beside", layer);
}

void remove_files(const fs::path& folder, const std::vector<std::string>& files) {
  for (const auto& file : files) {
    // What stays is removed at the next start of the daemon.
    if (auto gone = remove_tree(folder / file); !gone) spdlog::warn("{}", gone.error().message);
  }
}

// The machine's user owns its disks: a new file belongs to whom the one below it does.
Result<void> give_as(const fs::path& below, const fs::path& path) {
  struct stat status{};
  if (::stat(below.c_str(), &status) != 0) return fail_errno(errno, "stat " + below.string());
  TRY(auto file, open_file(path, O_RDONLY | O_NOFOLLOW));
  if (::fchmod(file.get(), 0600) != 0) return fail_errno(errno, "chmod " + path.string());
  if (::geteuid() == 0 && ::fchown(file.get(), status.st_uid, status.st_gid) != 0)
    return fail_errno(errno, "chown " + path.string());
  if (::fsync(file.get()) != 0) return fail_errno(errno, "fsync " + path.string());
  return {};
}

// Files of a layer that is no part of the record yet.
Result<model::DiskLayer> make_layer(const fs::path& folder, const LayerTree& tree,
                                    std::int64_t below, const std::string& job) {
  if (tree.layers.size() >= layers_limit) {
    return fail(Code::limit, "its disks have {} layers, which wait to be merged: try again later",
                tree.layers.size());
  }
  TRY_VOID(make_folder(folder / layers_folder, 0711));
  model::DiskLayer layer{.id = tree.next, .below = below, .job = job};
  for (const auto& disk : disks_of(tree)) {
    auto under = file_at(tree, below, disk);
    if (under.empty()) continue;  // it came later
    auto name = file_name(disk, layer.id);
    TRY_VOID(remove_tree(folder / name));
    TRY(auto facts, look_at_qcow2(folder / under));
    TRY_VOID(make_qcow2(folder / name, facts.virtual_size, folder / under));
    TRY_VOID(give_as(folder / under, folder / name));
    layer.files[disk] = std::move(name);
  }
  TRY_VOID(sync_path(folder / layers_folder));
  return layer;
}

Result<NewLayer> add_layer(const fs::path& folder, const std::string& job) {
  TRY(auto tree, load(folder));
  if (tree.snapshots.size() >= snapshots_limit) {
    return fail(Code::limit, "it has {} snapshots, which is the limit: delete one first",
                tree.snapshots.size());
  }
  TRY(auto layer, make_layer(folder, tree, tree.current, job));
  NewLayer made{.id = layer.id, .files = {}, .memory = folder / memory_name(tree.current)};
  for (const auto& [disk, file] : layer.files)
    made.files.push_back({disk, folder / file, folder / file_at(tree, tree.current, disk)});
  tree.current = layer.id;
  tree.next = layer.id + 1;
  tree.layers.push_back(std::move(layer));
  TRY_VOID(store(folder, tree));
  return made;
}

Result<void> withdraw_layer(const fs::path& folder) {
  TRY(auto tree, load(folder));
  auto layer = layer_of(tree, tree.current);
  bool can = layer.below != 0 && children_of(tree, layer.below).size() == 1 &&
             snapshot_at(tree, layer.below) == nullptr;
  if (!can) return fail(Code::precondition, "layer {} cannot be withdrawn", layer.id);
  tree.current = layer.below;
  std::erase_if(tree.layers, [&](const auto& each) { return each.id == layer.id; });
  TRY_VOID(store(folder, tree));
  for (const auto& [disk, file] : layer.files) remove_files(folder, {file});
  return {};
}

// Small files only: variables of a firmware, the state of a TPM.
Result<void> copy_beside(const fs::path& from, const fs::path& to) {
  std::error_code ec;
  if (!fs::exists(from, ec)) return {};
  TRY_VOID(remove_tree(to));
  fs::copy(from, to, fs::copy_options::recursive, ec);
  if (ec) return fail_errno(ec.value(), fmt::format("copy {} to {}", from.string(), to.string()));
  auto give = [](const fs::path& source, const fs::path& copy) -> Result<void> {
    struct stat status{};
    if (::lstat(source.c_str(), &status) != 0) return fail_errno(errno, "stat " + source.string());
    if (::geteuid() == 0 && ::lchown(copy.c_str(), status.st_uid, status.st_gid) != 0)
      return fail_errno(errno, "chown " + copy.string());
    return {};
  };
  TRY_VOID(give(from, to));
  if (!fs::is_directory(to, ec)) return sync_path(to);
  for (const auto& entry : fs::recursive_directory_iterator(to, ec)) {
    TRY_VOID(give(from / entry.path().lexically_relative(to), entry.path()));
    TRY_VOID(sync_path(entry.path()));
  }
  if (ec) return fail_errno(ec.value(), "list " + to.string());
  return sync_path(to);
}

Result<void> keep_snapshot(const fs::path& folder, model::VmSnapshot snapshot, std::string job,
                           const std::vector<std::string>& beside) {
  TRY(auto tree, load(folder));
  if (find_snapshot(tree, snapshot.name) != nullptr)
    return fail(Code::conflict, "there is a snapshot '{}' already", snapshot.name);
  auto below = layer_of(tree, tree.current).below;
  if (below == 0 || snapshot_at(tree, below) != nullptr)
    return fail(Code::precondition, "there is no layer that could be snapshot '{}'", snapshot.name);
  auto copies = beside_folder(folder, below);
  TRY_VOID(remove_tree(copies));
  TRY_VOID(make_folder(copies, 0700));
  for (const auto& name : beside) TRY_VOID(copy_beside(folder / name, copies / name));
  model::KeptSnapshot kept{.layer = below, .job = std::move(job)};
  struct stat status{};
  if (::stat((folder / memory_name(below)).c_str(), &status) == 0) {
    kept.memory = memory_name(below);
    snapshot.memory = {static_cast<std::uint64_t>(status.st_size)};
  }
  kept.snapshot = std::move(snapshot);
  tree.snapshots.push_back(std::move(kept));
  TRY_VOID(sync_path(folder / layers_folder));
  return store(folder, tree);
}

// The memory gets the name under which a start looks for it, and only then is it off the record: a
// start takes that name away before the guest runs, so it is gone on from once.
Result<void> arrange_resume(const fs::path& folder, LayerTree& tree) {
  if (tree.resume.empty()) return {};
  auto name = folder / resumed_memory;
  TRY_VOID(remove_tree(name));
  if (::link((folder / tree.resume).c_str(), name.c_str()) != 0)
    return fail_errno(errno, "link " + name.string());
  TRY_VOID(sync_path(folder));
  tree.resume.clear();
  return store(folder, tree);
}

Result<void> restore_snapshot(const fs::path& folder, const std::string& name,
                              const std::string& job) {
  TRY(auto tree, load(folder));
  if (!job.empty() && layer_of(tree, tree.current).job == job) return arrange_resume(folder, tree);
  const auto* found = find_snapshot(tree, name);
  if (found == nullptr) return fail(Code::not_found, "there is no snapshot '{}'", name);
  auto kept = *found;
  TRY(auto layer, make_layer(folder, tree, kept.layer, job));
  // From here on it is no longer what it was: its own memory must never meet other disks.
  TRY_VOID(remove_tree(folder / resumed_memory));
  std::error_code ec;
  auto copies = beside_folder(folder, kept.layer);
  for (const auto& entry : fs::directory_iterator(copies, ec))
    TRY_VOID(copy_beside(entry.path(), folder / entry.path().filename()));
  TRY_VOID(sync_path(folder));
  tree.current = layer.id;
  tree.next = layer.id + 1;
  tree.resume = kept.memory;
  tree.layers.push_back(std::move(layer));
  auto gone = prune(tree);
  TRY_VOID(store(folder, tree));
  remove_files(folder, gone);
  return arrange_resume(folder, tree);
}

Result<void> forget_snapshots(const fs::path& folder, const std::set<std::string>& names) {
  TRY(auto tree, load(folder));
  std::vector<std::string> gone;
  std::erase_if(tree.snapshots, [&](const auto& kept) {
    if (!names.contains(kept.snapshot.name)) return false;
    if (!kept.memory.empty()) gone.push_back(kept.memory);
    gone.push_back(beside_folder({}, kept.layer).string());
    return true;
  });
  if (gone.empty()) return {};
  std::ranges::copy(prune(tree), std::back_inserter(gone));
  TRY_VOID(store(folder, tree));
  remove_files(folder, gone);
  return {};
}

Merge merge_of(const fs::path& folder, const LayerTree& tree, const MergeStep& step) {
  return {step.disk, folder / layer_of(tree, step.upper).files.at(step.disk),
          folder / layer_of(tree, step.lower).files.at(step.disk), step.upper, step.lower};
}

Result<std::optional<Merge>> find_merge(const fs::path& folder) {
  TRY(auto tree, load(folder));
  auto before = tree;
  auto step = next_step(tree);
  if (tree != before) TRY_VOID(store(folder, tree));
  if (!step) return std::nullopt;
  return merge_of(folder, tree, *step);
}

Result<void> take_out(const fs::path& folder, const Merge& merge) {
  TRY(auto tree, load(folder));
  auto step = next_step(tree);
  bool same = step && step->disk == merge.disk && step->upper == merge.upper_layer &&
              step->lower == merge.lower_layer;
  if (!same)
    return fail(Code::precondition, "{} is not what is to be merged", merge.upper.string());
  TRY_VOID(sync_path(merge.lower));
  for (const auto& layer : tree.layers) {
    auto own = layer.files.find(merge.disk);
    if (own == layer.files.end() || own->second == merge.upper.lexically_relative(folder)) continue;
    auto path = folder / own->second;
    TRY(auto facts, look_at_qcow2(path));
    if (facts.backing == merge.upper.string()) TRY_VOID(stand_on_qcow2(path, merge.lower));
    TRY_VOID(sync_path(path));
  }
  auto gone = apply_merge(tree, *step);
  (void)next_step(tree);  // takes out a layer without files
  TRY_VOID(store(folder, tree));
  remove_files(folder, {gone});
  return {};
}

// Disks that are not there yet, each whole or not at all.
Result<void> clone_disks(const fs::path& from, const fs::path& to, const std::string& snapshot,
                         const std::vector<std::string>& beside, Watch& watch) {
  TRY(auto tree, load(from));
  const auto* kept = find_snapshot(tree, snapshot);
  if (kept == nullptr) return fail(Code::not_found, "there is no snapshot '{}'", snapshot);
  std::error_code ec;
  for (const auto& disk : disks_of(tree)) {
    auto source = file_at(tree, kept->layer, disk);
    auto target = to / (disk + ".qcow2");
    if (source.empty() || fs::exists(target, ec)) continue;
    auto made = to / (".new-" + disk);
    TRY_VOID(remove_tree(made));
    TRY_VOID(copy_chain(from / source, made, from, watch));
    TRY_VOID(sync_path(made));
    fs::rename(made, target, ec);
    if (ec) return fail_errno(ec.value(), "rename " + made.string());
  }
  for (const auto& name : beside)
    TRY_VOID(copy_beside(beside_folder(from, kept->layer) / name, to / name));
  return sync_path(to);
}

void remove_leftovers(const fs::path& folder, const LayerTree& tree) {
  std::set<std::string> needed;
  for (const auto& layer : tree.layers) {
    for (const auto& [disk, file] : layer.files) needed.insert(file);
  }
  for (const auto& kept : tree.snapshots) {
    needed.insert(beside_folder({}, kept.layer).string());
    if (!kept.memory.empty()) needed.insert(kept.memory);
  }
  std::error_code ec;
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder / layers_folder, ec)) {
    auto name = entry.path().lexically_relative(folder).string();
    if (!needed.contains(name)) left.push_back(name);
  }
  remove_files(folder, left);
}

// Whether the work of a merge was done, but not noted: the machine writes to the lower file, or a
// layer above stands on it.
Result<bool> merge_was_done(const LayerTree& tree, const Merge& merge,
                            const std::map<std::string, fs::path>& written,
                            const fs::path& folder) {
  auto now = written.find(merge.disk);
  if (merge.upper_layer == tree.current) return now != written.end() && now->second == merge.lower;
  for (auto child : children_of(tree, merge.upper_layer)) {
    const auto& files = layer_of(tree, child).files;
    auto file = files.find(merge.disk);
    if (file == files.end()) continue;
    TRY(auto facts, look_at_qcow2(folder / file->second));
    if (facts.backing == merge.lower.string()) return true;
  }
  return false;
}

// A layer that was made, but the machine never began to write to: it is the one below again.
Result<void> settle_current(const fs::path& folder, LayerTree& tree,
                            const std::map<std::string, fs::path>& written) {
  auto current = layer_of(tree, tree.current);
  std::vector<std::string> gone;
  for (const auto& [disk, path] : written) {
    auto file = current.files.find(disk);
    if (file == current.files.end() || folder / file->second == path) continue;
    bool below = current.below != 0 && snapshot_at(tree, current.below) == nullptr &&
                 children_of(tree, current.below).size() == 1 &&
                 folder / file_at(tree, current.below, disk) == path;
    if (!below) {
      return fail(Code::corrupt, "its disk {} is written to {}, where {} was expected", disk,
                  path.string(), file->second);
    }
    gone.push_back(apply_merge(tree, {disk, current.id, current.below}));
  }
  if (gone.empty()) return {};
  (void)next_step(tree);
  TRY_VOID(store(folder, tree));
  remove_files(folder, gone);
  return {};
}

Result<void> settle_folder(const fs::path& folder, const std::map<std::string, fs::path>& written) {
  std::error_code ec;
  if (!fs::exists(folder / layers_record, ec)) return {};
  while (true) {
    TRY(auto merge, find_merge(folder));
    if (!merge) break;
    TRY(auto tree, load(folder));
    TRY(auto done, merge_was_done(tree, *merge, written, folder));
    if (!done) break;
    TRY_VOID(take_out(folder, *merge));
  }
  TRY(auto tree, load(folder));
  TRY_VOID(settle_current(folder, tree, written));
  remove_leftovers(folder, tree);
  return arrange_resume(folder, tree);
}

}  // namespace

Result<fs::path> FolderLayers::current_file(const fs::path& folder, const std::string& disk) {
  auto first = folder / (disk + ".qcow2");
  std::error_code ec;
  if (!fs::exists(folder / layers_record, ec)) return first;
  TRY(auto tree, load(folder));
  auto file = file_at(tree, tree.current, disk);
  return file.empty() ? first : folder / file;
}

Async<Result<LayerTree>> FolderLayers::tree(std::string vm_uuid) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(pool_, [folder = vms_ / vm_uuid] { return load(folder); });
}

Async<Result<NewLayer>> FolderLayers::add(std::string vm_uuid, std::string job) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(
      pool_, [folder = vms_ / vm_uuid, job] { return add_layer(folder, job); });
}

Async<Result<void>> FolderLayers::withdraw(std::string vm_uuid) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(pool_,
                                  [folder = vms_ / vm_uuid] { return withdraw_layer(folder); });
}

Async<Result<void>> FolderLayers::keep(std::string vm_uuid, model::VmSnapshot snapshot,
                                       std::string job, std::vector<std::string> beside) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(
      pool_, [=, folder = vms_ / vm_uuid] { return keep_snapshot(folder, snapshot, job, beside); });
}

Async<Result<void>> FolderLayers::restore(std::string vm_uuid, std::string snapshot,
                                          std::string job) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(
      pool_, [=, folder = vms_ / vm_uuid] { return restore_snapshot(folder, snapshot, job); });
}

Async<Result<void>> FolderLayers::forget(std::string vm_uuid, std::set<std::string> snapshots) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(
      pool_, [=, folder = vms_ / vm_uuid] { return forget_snapshots(folder, snapshots); });
}

Async<Result<void>> FolderLayers::clone(std::string vm_uuid, std::string snapshot,
                                        std::string to_uuid, std::vector<std::string> beside,
                                        Progress progress) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  CO_TRY_VOID(check_vm_uuid(to_uuid));
  ++copied_[vm_uuid];
  Revert release;
  release.add([this, vm_uuid] {
    if (--copied_[vm_uuid] == 0) copied_.erase(vm_uuid);
  });
  auto work = [=, from = vms_ / vm_uuid, to = vms_ / to_uuid](Watch& watch) {
    return clone_disks(from, to, snapshot, beside, watch);
  };
  co_return co_await run_watched(copies_, work, [&progress](double fraction) {
    if (progress) progress(fraction, "copying the snapshot's disks");
  });
}

Async<Result<std::optional<Merge>>> FolderLayers::next_merge(std::string vm_uuid) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  if (copied_.contains(vm_uuid))
    co_return fail(Code::unavailable, "a snapshot of this machine is being copied");
  co_return co_await run_blocking(pool_, [folder = vms_ / vm_uuid] { return find_merge(folder); });
}

Async<Result<void>> FolderLayers::merge(Merge merge, Progress progress) {
  auto folder = vms_ / *merge.lower.lexically_relative(vms_).begin();
  auto work = [merge, folder](Watch& watch) {
    return merge_qcow2(merge.upper, merge.lower, folder, watch);
  };
  co_return co_await run_watched(copies_, work, [&progress](double fraction) {
    if (progress) progress(fraction, "merging blocks");
  });
}

Async<Result<void>> FolderLayers::merged(std::string vm_uuid, Merge merge) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(
      pool_, [folder = vms_ / vm_uuid, merge] { return take_out(folder, merge); });
}

Async<Result<void>> FolderLayers::settle(std::string vm_uuid,
                                         std::map<std::string, fs::path> written) {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  co_return co_await run_blocking(pool_, [=, folder = vms_ / vm_uuid] {
    auto settled = settle_folder(folder, written);
    if (!settled) return Result<void>(std::unexpected(settled.error().within("snapshots")));
    return settled;
  });
}

}  // namespace truce::storage
