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
#include "storage/places.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;
using model::LayerTree;

namespace {

Result<LayerTree> read_record(const fs::path& home) {
  TRY(auto text, read_file(home / layers_record));
  auto tree = parse_layers(text);
  if (!tree) return std::unexpected(tree.error().within(home.filename().string()));
  return tree;
}

Result<LayerTree> load(const MachineFiles& own) {
  std::error_code ec;
  if (fs::exists(own.home / layers_record, ec)) return read_record(own.home);
  std::vector<std::string> disks;
  for (const auto& folder : own.folders()) {
    for (const auto& entry : fs::directory_iterator(folder, ec)) {
      auto disk = entry.path().stem().string();
      // What a move to another pool has left behind is no disk.
      if (entry.path().extension() == ".qcow2" && own.folder(disk) == folder) disks.push_back(disk);
    }
    if (ec) return fail_errno(ec.value(), "list " + folder.string());
  }
  std::ranges::sort(disks);
  return single_layer(disks);
}

Result<void> store(const MachineFiles& own, const LayerTree& tree) {
  return write_file_durably(own.home / layers_record, model::to_text(tree));
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

void remove_files(const std::vector<fs::path>& files) {
  for (const auto& file : files) {
    // What stays is removed at the next start of the daemon.
    if (auto gone = remove_tree(file); !gone) spdlog::warn("{}", gone.error().message);
  }
}

std::vector<fs::path> paths_of(const MachineFiles& own, const std::vector<DiskFile>& files) {
  std::vector<fs::path> paths;
  for (const auto& [disk, file] : files) paths.push_back(own.file(disk, file));
  return paths;
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

// All layers of a disk are opened by one key: what was put in its place is not begun to be used.
Result<void> expect_same_key(const MachineFiles& own, const std::string& disk,
                             const fs::path& below) {
  auto key = own.places(disk).key;
  auto tried = key ? try_key(below, key) : Result<void>{};
  if (tried || tried.error().code != Code::forbidden) return tried;
  TRY(auto name, key_of_disk(own.home, disk));
  return fail(Code::forbidden, "{}: key '{}' does not open it: is it another key by now?", disk,
              name);
}

// Files of a layer that is no part of the record yet.
Result<model::DiskLayer> make_layer(const MachineFiles& own, const LayerTree& tree,
                                    std::int64_t below, const std::string& job) {
  if (tree.layers.size() >= layers_limit) {
    return fail(Code::limit, "its disks have {} layers, which wait to be merged: try again later",
                tree.layers.size());
  }
  TRY_VOID(make_folder(own.home / layers_folder, 0711));
  model::DiskLayer layer{.id = tree.next, .below = below, .job = job};
  for (const auto& disk : disks_of(tree)) {
    auto under = file_at(tree, below, disk);
    if (under.empty()) continue;  // it came later
    auto name = file_name(disk, layer.id);
    auto path = own.file(disk, name);
    auto under_path = own.file(disk, under);
    TRY_VOID(make_folder(path.parent_path(), 0711));
    TRY_VOID(remove_tree(path));
    TRY(auto facts, look_at_qcow2(under_path));
    TRY_VOID(expect_same_key(own, disk, under_path));
    TRY_VOID(make_qcow2(path, facts.virtual_size, under_path, own.places(disk).key));
    TRY_VOID(give_as(under_path, path));
    layer.files[disk] = std::move(name);
  }
  for (const auto& folder : own.folders()) {
    std::error_code ec;
    if (fs::exists(folder / layers_folder, ec)) TRY_VOID(sync_path(folder / layers_folder));
  }
  return layer;
}

Result<NewLayer> add_layer(const MachineFiles& own, const std::string& job) {
  TRY(auto tree, load(own));
  if (tree.snapshots.size() >= snapshots_limit) {
    return fail(Code::limit, "it has {} snapshots, which is the limit: delete one first",
                tree.snapshots.size());
  }
  TRY(auto layer, make_layer(own, tree, tree.current, job));
  NewLayer made{.id = layer.id, .files = {}, .memory = own.home / memory_name(tree.current)};
  for (const auto& [disk, file] : layer.files) {
    made.files.push_back({disk, own.file(disk, file),
                          own.file(disk, file_at(tree, tree.current, disk)),
                          own.places(disk).key != nullptr});
  }
  tree.current = layer.id;
  tree.next = layer.id + 1;
  tree.layers.push_back(std::move(layer));
  TRY_VOID(store(own, tree));
  return made;
}

Result<void> withdraw_layer(const MachineFiles& own) {
  TRY(auto tree, load(own));
  auto layer = layer_of(tree, tree.current);
  bool can = layer.below != 0 && children_of(tree, layer.below).size() == 1 &&
             snapshot_at(tree, layer.below) == nullptr;
  if (!can) return fail(Code::precondition, "layer {} cannot be withdrawn", layer.id);
  tree.current = layer.below;
  std::erase_if(tree.layers, [&](const auto& each) { return each.id == layer.id; });
  TRY_VOID(store(own, tree));
  for (const auto& [disk, file] : layer.files) remove_files({own.file(disk, file)});
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

Result<void> keep_snapshot(const MachineFiles& own, model::VmSnapshot snapshot, std::string job,
                           const std::vector<std::string>& beside) {
  TRY(auto tree, load(own));
  if (find_snapshot(tree, snapshot.name) != nullptr)
    return fail(Code::conflict, "there is a snapshot '{}' already", snapshot.name);
  auto below = layer_of(tree, tree.current).below;
  if (below == 0 || snapshot_at(tree, below) != nullptr)
    return fail(Code::precondition, "there is no layer that could be snapshot '{}'", snapshot.name);
  auto copies = beside_folder(own.home, below);
  TRY_VOID(remove_tree(copies));
  TRY_VOID(make_folder(copies, 0700));
  for (const auto& name : beside) TRY_VOID(copy_beside(own.home / name, copies / name));
  model::KeptSnapshot kept{.layer = below, .job = std::move(job)};
  struct stat status{};
  if (::stat((own.home / memory_name(below)).c_str(), &status) == 0) {
    kept.memory = memory_name(below);
    snapshot.memory = {static_cast<std::uint64_t>(status.st_size)};
  }
  kept.snapshot = std::move(snapshot);
  tree.snapshots.push_back(std::move(kept));
  TRY_VOID(sync_path(own.home / layers_folder));
  return store(own, tree);
}

// The memory gets the name under which a start looks for it, and only then is it off the record: a
// start takes that name away before the guest runs, so it is gone on from once.
Result<void> arrange_resume(const MachineFiles& own, LayerTree& tree) {
  if (tree.resume.empty()) return {};
  auto name = own.home / resumed_memory;
  TRY_VOID(remove_tree(name));
  if (::link((own.home / tree.resume).c_str(), name.c_str()) != 0)
    return fail_errno(errno, "link " + name.string());
  TRY_VOID(sync_path(own.home));
  tree.resume.clear();
  return store(own, tree);
}

Result<void> restore_snapshot(const MachineFiles& own, const std::string& name,
                              const std::string& job) {
  TRY(auto tree, load(own));
  if (!job.empty() && layer_of(tree, tree.current).job == job) return arrange_resume(own, tree);
  const auto* found = find_snapshot(tree, name);
  if (found == nullptr) return fail(Code::not_found, "there is no snapshot '{}'", name);
  auto kept = *found;
  TRY(auto layer, make_layer(own, tree, kept.layer, job));
  // From here on it is no longer what it was: its own memory must never meet other disks.
  TRY_VOID(remove_tree(own.home / resumed_memory));
  std::error_code ec;
  auto copies = beside_folder(own.home, kept.layer);
  for (const auto& entry : fs::directory_iterator(copies, ec))
    TRY_VOID(copy_beside(entry.path(), own.home / entry.path().filename()));
  TRY_VOID(sync_path(own.home));
  tree.current = layer.id;
  tree.next = layer.id + 1;
  tree.resume = kept.memory;
  tree.layers.push_back(std::move(layer));
  auto gone = prune(tree);
  TRY_VOID(store(own, tree));
  remove_files(paths_of(own, gone));
  return arrange_resume(own, tree);
}

Result<void> forget_snapshots(const MachineFiles& own, const std::set<std::string>& names) {
  TRY(auto tree, load(own));
  std::vector<fs::path> gone;
  std::erase_if(tree.snapshots, [&](const auto& kept) {
    if (!names.contains(kept.snapshot.name)) return false;
    if (!kept.memory.empty()) gone.push_back(own.home / kept.memory);
    gone.push_back(beside_folder(own.home, kept.layer));
    return true;
  });
  if (gone.empty()) return {};
  std::ranges::copy(paths_of(own, prune(tree)), std::back_inserter(gone));
  TRY_VOID(store(own, tree));
  remove_files(gone);
  return {};
}

Merge merge_of(const MachineFiles& own, const LayerTree& tree, const MergeStep& step) {
  auto file = [&](std::int64_t layer) {
    return own.file(step.disk, layer_of(tree, layer).files.at(step.disk));
  };
  return {step.disk, file(step.upper), file(step.lower), step.upper, step.lower};
}

Result<std::optional<Merge>> find_merge(const MachineFiles& own) {
  TRY(auto tree, load(own));
  auto before = tree;
  auto step = next_step(tree);
  if (tree != before) TRY_VOID(store(own, tree));
  if (!step) return std::nullopt;
  return merge_of(own, tree, *step);
}

Result<void> take_out(const MachineFiles& own, const Merge& merge) {
  TRY(auto tree, load(own));
  auto step = next_step(tree);
  bool same = step && step->disk == merge.disk && step->upper == merge.upper_layer &&
              step->lower == merge.lower_layer;
  if (!same)
    return fail(Code::precondition, "{} is not what is to be merged", merge.upper.string());
  TRY_VOID(sync_path(merge.lower));
  for (const auto& layer : tree.layers) {
    auto file = layer.files.find(merge.disk);
    if (file == layer.files.end()) continue;
    auto path = own.file(merge.disk, file->second);
    if (path == merge.upper) continue;
    TRY(auto facts, look_at_qcow2(path));
    if (facts.backing == merge.upper.string()) TRY_VOID(stand_on_qcow2(path, merge.lower));
    TRY_VOID(sync_path(path));
  }
  auto gone = apply_merge(tree, *step);
  (void)next_step(tree);  // takes out a layer without files
  TRY_VOID(store(own, tree));
  remove_files({own.file(merge.disk, gone)});
  return {};
}

// Disks that are not there yet, each whole or not at all.
Result<void> clone_disks(const MachineFiles& from, const MachineFiles& to,
                         const std::string& snapshot, const std::vector<std::string>& beside,
                         Watch& watch) {
  TRY(auto tree, load(from));
  const auto* kept = find_snapshot(tree, snapshot);
  if (kept == nullptr) return fail(Code::not_found, "there is no snapshot '{}'", snapshot);
  std::error_code ec;
  for (const auto& disk : disks_of(tree)) {
    auto source = file_at(tree, kept->layer, disk);
    auto target = to.file(disk, disk + ".qcow2");
    if (source.empty() || fs::exists(target, ec)) continue;
    TRY_VOID(make_folder(target.parent_path(), 0711));
    auto made = to.file(disk, ".new-" + disk);
    TRY_VOID(remove_tree(made));
    TRY_VOID(copy_chain(from.file(disk, source), made, from.places(disk), watch));
    TRY_VOID(sync_path(made));
    fs::rename(made, target, ec);
    if (ec) return fail_errno(ec.value(), "rename " + made.string());
    TRY_VOID(sync_path(target.parent_path()));
  }
  for (const auto& name : beside)
    TRY_VOID(copy_beside(beside_folder(from.home, kept->layer) / name, to.home / name));
  return sync_path(to.home);
}

void remove_leftovers(const MachineFiles& own, const LayerTree& tree) {
  std::set<fs::path> needed;
  for (const auto& layer : tree.layers) {
    for (const auto& [disk, file] : layer.files) needed.insert(own.file(disk, file));
  }
  for (const auto& kept : tree.snapshots) {
    needed.insert(beside_folder(own.home, kept.layer));
    if (!kept.memory.empty()) needed.insert(own.home / kept.memory);
  }
  std::error_code ec;
  std::vector<fs::path> left;
  for (const auto& folder : own.folders()) {
    for (const auto& entry : fs::directory_iterator(folder / layers_folder, ec)) {
      if (!needed.contains(entry.path())) left.push_back(entry.path());
    }
  }
  remove_files(left);
}

// Whether the work of a merge was done, but not noted: the machine writes to the lower file, or a
// layer above stands on it.
Result<bool> merge_was_done(const LayerTree& tree, const Merge& merge,
                            const std::map<std::string, fs::path>& written,
                            const MachineFiles& own) {
  auto now = written.find(merge.disk);
  if (merge.upper_layer == tree.current) return now != written.end() && now->second == merge.lower;
  for (auto child : children_of(tree, merge.upper_layer)) {
    const auto& files = layer_of(tree, child).files;
    auto file = files.find(merge.disk);
    if (file == files.end()) continue;
    TRY(auto facts, look_at_qcow2(own.file(merge.disk, file->second)));
    if (facts.backing == merge.lower.string()) return true;
  }
  return false;
}

// A layer that was made, but the machine never began to write to: it is the one below again.
Result<void> settle_current(const MachineFiles& own, LayerTree& tree,
                            const std::map<std::string, fs::path>& written) {
  auto current = layer_of(tree, tree.current);
  std::vector<fs::path> gone;
  for (const auto& [disk, path] : written) {
    auto file = current.files.find(disk);
    if (file == current.files.end() || own.file(disk, file->second) == path) continue;
    bool below = current.below != 0 && snapshot_at(tree, current.below) == nullptr &&
                 children_of(tree, current.below).size() == 1 &&
                 own.file(disk, file_at(tree, current.below, disk)) == path;
    if (!below) {
      return fail(Code::corrupt, "its disk {} is written to {}, where {} was expected", disk,
                  path.string(), file->second);
    }
    gone.push_back(own.file(disk, apply_merge(tree, {disk, current.id, current.below})));
  }
  if (gone.empty()) return {};
  (void)next_step(tree);
  TRY_VOID(store(own, tree));
  remove_files(gone);
  return {};
}

Result<void> settle_folder(const MachineFiles& own,
                           const std::map<std::string, fs::path>& written) {
  std::error_code ec;
  if (!fs::exists(own.home / layers_record, ec)) return {};
  while (true) {
    TRY(auto merge, find_merge(own));
    if (!merge) break;
    TRY(auto tree, load(own));
    TRY(auto done, merge_was_done(tree, *merge, written, own));
    if (!done) break;
    TRY_VOID(take_out(own, *merge));
  }
  TRY(auto tree, load(own));
  TRY_VOID(settle_current(own, tree, written));
  remove_leftovers(own, tree);
  return arrange_resume(own, tree);
}

}  // namespace

Result<std::string> FolderLayers::current_file(const fs::path& home, const std::string& disk) {
  auto first = disk + ".qcow2";
  std::error_code ec;
  if (!fs::exists(home / layers_record, ec)) return first;
  TRY(auto tree, read_record(home));
  auto file = file_at(tree, tree.current, disk);
  return file.empty() ? first : file;
}

template <class Work>
auto FolderLayers::on_files(std::string vm_uuid, Work work)
    -> Async<std::invoke_result_t<Work&, const MachineFiles&>> {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  using Answer = std::invoke_result_t<Work&, const MachineFiles&>;
  co_return co_await run_blocking(
      pool_, [folders = folders_, vm_uuid, work = std::move(work)]() mutable -> Answer {
        TRY(auto own, folders.of(vm_uuid));
        return work(own);
      });
}

template <class Work>
auto FolderLayers::with_keys(std::string vm_uuid, Work work)
    -> Async<std::invoke_result_t<Work&, const MachineFiles&>> {
  CO_TRY_VOID(check_vm_uuid(vm_uuid));
  CO_TRY(auto keys, co_await keys_.of_machine(folders_.homes.of(vm_uuid)));
  co_return co_await on_files(vm_uuid, [keys, work = std::move(work)](const MachineFiles& own) {
    auto with = own;
    with.keys = keys;
    return work(with);
  });
}

Async<Result<LayerTree>> FolderLayers::tree(std::string vm_uuid) {
  co_return co_await on_files(vm_uuid, [](const MachineFiles& own) { return load(own); });
}

Async<Result<NewLayer>> FolderLayers::add(std::string vm_uuid, std::string job) {
  co_return co_await with_keys(vm_uuid,
                               [job](const MachineFiles& own) { return add_layer(own, job); });
}

Async<Result<void>> FolderLayers::withdraw(std::string vm_uuid) {
  co_return co_await on_files(vm_uuid, [](const MachineFiles& own) { return withdraw_layer(own); });
}

Async<Result<void>> FolderLayers::keep(std::string vm_uuid, model::VmSnapshot snapshot,
                                       std::string job, std::vector<std::string> beside) {
  co_return co_await on_files(
      vm_uuid, [=](const MachineFiles& own) { return keep_snapshot(own, snapshot, job, beside); });
}

Async<Result<void>> FolderLayers::restore(std::string vm_uuid, std::string snapshot,
                                          std::string job) {
  co_return co_await with_keys(
      vm_uuid, [=](const MachineFiles& own) { return restore_snapshot(own, snapshot, job); });
}

Async<Result<void>> FolderLayers::forget(std::string vm_uuid, std::set<std::string> snapshots) {
  co_return co_await on_files(
      vm_uuid, [=](const MachineFiles& own) { return forget_snapshots(own, snapshots); });
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
  CO_TRY(auto keys, co_await keys_.of_machine(folders_.homes.of(vm_uuid)));
  auto work = [=, folders = folders_](Watch& watch) -> Result<void> {
    TRY(auto from, folders.of(vm_uuid));
    from.keys = keys;
    TRY(auto to, folders.of(to_uuid));
    return clone_disks(from, to, snapshot, beside, watch);
  };
  co_return co_await run_watched(copies_, work, [&progress](double fraction) {
    if (progress) progress(fraction, "copying the snapshot's disks");
  });
}

Async<Result<std::optional<Merge>>> FolderLayers::next_merge(std::string vm_uuid) {
  if (copied_.contains(vm_uuid))
    co_return fail(Code::unavailable, "a snapshot of this machine is being copied");
  co_return co_await on_files(vm_uuid, [](const MachineFiles& own) { return find_merge(own); });
}

Async<Result<void>> FolderLayers::merge(Merge merge, Progress progress) {
  // A layer's file is in the machine's folder, or one below that.
  auto folder = merge.lower.parent_path();
  if (folder.filename() == layers_folder) folder = folder.parent_path();
  auto templates = folders_.templates;
  for (const auto& [name, other] : folders_.others) {
    if (other.vms == folder.parent_path()) templates = other.templates;
  }
  CO_TRY(auto key, co_await keys_.of(folders_.homes.of(folder.filename()), merge.disk));
  auto work = [merge, own = OwnPlaces{folder, templates, key}](Watch& watch) {
    return merge_qcow2(merge.upper, merge.lower, own, watch);
  };
  co_return co_await run_watched(copies_, work, [&progress](double fraction) {
    if (progress) progress(fraction, "merging blocks");
  });
}

Async<Result<void>> FolderLayers::merged(std::string vm_uuid, Merge merge) {
  co_return co_await on_files(vm_uuid,
                              [merge](const MachineFiles& own) { return take_out(own, merge); });
}

Async<Result<void>> FolderLayers::settle(std::string vm_uuid,
                                         std::map<std::string, fs::path> written) {
  co_return co_await on_files(vm_uuid, [=](const MachineFiles& own) {
    auto settled = settle_folder(own, written);
    if (!settled) return Result<void>(std::unexpected(settled.error().within("snapshots")));
    return settled;
  });
}

}  // namespace truce::storage
