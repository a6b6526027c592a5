// Snapshots of a machine: chores of its keeper, and the merges that they leave to be done.
#include <unistd.h>

#include "base/log.h"
#include "keeper.h"

namespace truce::node {

namespace fs = std::filesystem;
using hypervisor::Snapshots;
using model::Observed;
using model::SnapshotKind;

static_assert(storage::resumed_memory == hypervisor::suspend_file);
static_assert(storage::layers_folder == hypervisor::layers_folder);

namespace {

constexpr Duration merge_again = 60s;

Result<void> link_file(const fs::path& from, const fs::path& to) {
  TRY_VOID(remove_tree(to));
  if (::link(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "link " + to.string());
  return {};
}

// The snapshot and all that were taken after it.
std::set<std::string> with_children(const model::SnapshotTree& tree, const std::string& name) {
  std::set<std::string> names{name};
  for (const auto& each : tree.snapshots) {  // a parent is older than its children
    if (names.contains(each.parent)) names.insert(each.name);
  }
  return names;
}

}  // namespace

void Keeper::take(model::Job job, JobEnd end) {
  chores_.push_back({.job = std::move(job), .end = std::move(end)});
  wake_.wake();
}

Async<void> Keeper::perform_chore() {
  Busy busy(troubles_);
  auto chore = std::move(chores_.front());
  chores_.pop_front();
  auto done = co_await carry_out(chore);
  if (!done) spdlog::warn("machine {}: {}", vm().name, done.error().message);
  bool merges = done && chore.job.kind == model::JobKind::delete_snapshot;
  if (merges) {
    deletions_.push_back(std::move(chore));  // ends when its blocks are merged
  } else if (move_) {
    move_->chore = std::move(chore);  // ends when its disk is mirrored
  } else {
    bool cancelled = !done && done.error().code == Code::cancelled;
    chore.end({.task = chore.job.task,
               .done = true,
               .error = done || cancelled ? "" : done.error().message,
               .cancelled = cancelled});
  }
}

Async<Result<void>> Keeper::carry_out(const Chore& chore) {
  const auto& job = chore.job;
  if (vm().wanted == model::Wanted::absent)
    co_return fail(Code::precondition, "'{}' is being deleted", vm().name);
  if (observed_ == Observed::absent || observed_ == Observed::unknown) {
    co_return fail(Code::unavailable, "'{}' is {}: try again later", vm().name,
                   model::to_string(observed_));
  }
  bool moves = job.kind == model::JobKind::move_disk && job.disk;
  if (moves && lies_in_pool(*job.disk)) co_return Result<void>{};  // before the daemon's end
  if (chore.cancelled) co_return fail(Code::cancelled, "cancelled");
  if (!is_up(observed_) && needs_permit()) CO_TRY_VOID(co_await take_possession());
  co_return job.snapshot ? co_await carry_out_snapshot(job) : co_await carry_out_change(job);
}

Async<Result<void>> Keeper::carry_out_snapshot(const model::Job& job) {
  if (layers() == nullptr || hands_.hypervisor.snapshots() == nullptr)
    co_return fail(Code::unsupported, "snapshots cannot be had here");
  CO_TRY_VOID(co_await settle_layers());
  Result<void> done;
  if (job.kind == model::JobKind::create_snapshot) {
    done = co_await create_snapshot(job);
  } else if (job.kind == model::JobKind::restore_snapshot) {
    done = co_await restore_snapshot(job);
  } else {
    done = co_await delete_snapshot(job);
  }
  merge_due_ = true;
  CO_TRY_VOID(co_await read_tree());
  report({});
  co_return done;
}

// After a start of the daemon, before anything is done with its layers.
Async<Result<void>> Keeper::settle_layers() {
  if (layers_settled_) co_return Result<void>{};
  co_await hands_.pools.tried();  // after a start: its disks may be in any
  std::map<std::string, fs::path> written;
  if (is_up(observed_)) {
    CO_TRY(written, co_await hands_.hypervisor.snapshots()->written(vm().uuid));
  }
  CO_TRY_VOID(co_await layers()->settle(vm().uuid, std::move(written)));
  layers_settled_ = true;
  merge_due_ = true;
  std::error_code ec;
  if (!is_up(observed_) && fs::exists(folder_ / hypervisor::suspend_file, ec))
    observe(Observed::suspended);
  co_return co_await read_tree();
}

Async<Result<void>> Keeper::read_tree() {
  CO_TRY(auto tree, co_await layers()->tree(vm().uuid));
  tree_ = storage::shown(tree);
  co_return Result<void>{};
}

Async<Result<void>> Keeper::create_snapshot(const model::Job& job) {
  CO_TRY(auto tree, co_await layers()->tree(vm().uuid));
  for (const auto& kept : tree.snapshots) {
    if (kept.job == job.task) co_return Result<void>{};  // before the daemon's end
  }
  auto snapshot = *job.snapshot;
  bool up = is_up(observed_);
  bool suspended = observed_ == Observed::suspended;
  if (job.memory && !up && !suspended)
    co_return fail(Code::precondition, "'{}' is off: it has no memory to keep", vm().name);
  snapshot.kind = suspended || job.memory ? SnapshotKind::memory
                  : !up                   ? SnapshotKind::off
                  : job.quiesce           ? SnapshotKind::agent
                                          : SnapshotKind::crash;
  snapshot.created = now();
  CO_TRY(auto layer, co_await layers()->add(vm().uuid, job.task));
  auto taken = up ? co_await switch_to(layer, job) : Result<void>{};
  if (taken && suspended) taken = link_file(folder_ / hypervisor::suspend_file, layer.memory);
  if (!taken) {
    co_await undo_layer(layer);
    co_return taken;
  }
  std::vector<std::string> beside(std::begin(hypervisor::firmware_state),
                                  std::end(hypervisor::firmware_state));
  if (snapshot.kind == SnapshotKind::memory)
    warn_of_memory(fmt::format("snapshot '{}'", snapshot.name));
  co_return co_await layers()->keep(vm().uuid, std::move(snapshot), job.task, std::move(beside));
}

Async<Result<void>> Keeper::switch_to(const storage::NewLayer& layer, const model::Job& job) {
  Snapshots::Moment moment{.overlays = {}, .memory = {}, .quiesce = job.quiesce};
  for (const auto& file : layer.files)
    moment.overlays.push_back({file.disk, file.path, file.encrypted});
  if (job.memory) {
    moment.memory = layer.memory;
    step("writing its memory to disk");
  }
  co_return co_await hands_.hypervisor.snapshots()->take(vm().uuid, std::move(moment));
}

// Only what the machine was seen not to have begun is taken back; the rest is merged.
Async<void> Keeper::undo_layer(const storage::NewLayer& layer) {
  (void)remove_tree(layer.memory);
  auto written = co_await hands_.hypervisor.snapshots()->written(vm().uuid);
  if (!written) co_return;
  for (const auto& file : layer.files) {
    if ((*written)[file.disk] != file.below) co_return;
  }
  auto back = co_await layers()->withdraw(vm().uuid);
  if (!back) spdlog::warn("machine {}: {}", vm().name, back.error().message);
}

Async<Result<void>> Keeper::restore_snapshot(const model::Job& job) {
  CO_TRY(auto tree, co_await layers()->tree(vm().uuid));
  auto current = std::ranges::find(tree.layers, tree.current, &model::DiskLayer::id);
  bool done = current != tree.layers.end() && current->job == job.task;
  if (done) co_return Result<void>{};
  auto restored = Result<void>{};
  if (is_up(observed_)) {
    restored = co_await hands_.hypervisor.kill(vm().uuid);
    ++run_;
    observe(Observed::off);
  }
  if (restored) restored = co_await layers()->restore(vm().uuid, job.snapshot->name, job.task);
  std::error_code ec;
  if (observed_ == Observed::off || observed_ == Observed::suspended) {
    observe(fs::exists(folder_ / hypervisor::suspend_file, ec) ? Observed::suspended
                                                               : Observed::off);
  }
  if (!restored) {  // the wish that came with it is not to be followed
    failed_generation_ = vm().generation;
    failure_ = restored.error().message;
  }
  co_return restored;
}

Async<Result<void>> Keeper::delete_snapshot(const model::Job& job) {
  auto names = job.subtree
                   ? with_children(tree_.value_or(model::SnapshotTree()), job.snapshot->name)
                   : std::set{job.snapshot->name};
  co_return co_await layers()->forget(vm().uuid, std::move(names));
}

// Merges go on while the machine does what it likes, but for verbs of its keeper.
void Keeper::merge_when_due() {
  if (merging_ || !merge_due_ || !tree_ || closed_ || move_ || waits_for_leave()) return;
  bool can = is_up(observed_) || observed_ == Observed::off || observed_ == Observed::suspended;
  if (!can) return;
  merging_ = true;
  merge_stopped_ = false;
  hands_.scope.spawn(merge_all(shared_from_this()));
}

Async<void> Keeper::interrupt_merge() {
  while (merging_) {
    merge_stopped_ = true;
    if (auto* snapshots = hands_.hypervisor.snapshots()) snapshots->stop_merge(vm().uuid);
    merge_stop_.wake();
    co_await merge_ended_.wait();
  }
}

Async<void> Keeper::merge_all(std::shared_ptr<Keeper> self) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  Result<void> done;
  auto stopped = [this] { return merge_stopped_ || closed_ || waits_for_leave(); };
  while (done && !stopped()) {
    auto next = co_await layers()->next_merge(vm().uuid);
    if (next && !*next) break;
    done = next ? co_await merge_one(**next) : Result<void>(std::unexpected(next.error()));
  }
  if (!stopped()) {
    merge_due_ = false;
    end_deletions(done);
    if (!done) hands_.scope.spawn(merge_later(self));
  }
  merging_ = false;
  merge_ended_.wake();
  wake_.wake();
}

Async<void> Keeper::merge_later(std::shared_ptr<Keeper> self) {
  co_await sleep_for(merge_again);
  self->merge_due_ = true;
  self->wake_.wake();
}

Async<Result<void>> Keeper::merge_one(storage::Merge merge) {
  auto progress = [this](double fraction) {
    for (const auto& chore : deletions_)
      hands_.news.add(
          model::JobReport{.task = chore.job.task, .step = "merging blocks", .progress = fraction});
  };
  if (is_up(observed_)) {
    // The machine stands still meanwhile: it must not go on before this is on the disk. When the
    // daemon ends here, the next one sees in which file it is.
    auto settled = [this, merge]() -> Async<Result<void>> {
      while (true) {
        auto noted = co_await layers()->merged(vm().uuid, merge);
        if (noted || closed_) co_return noted;
        spdlog::warn("machine {} waits: {}", vm().name, noted.error().message);
        co_await sleep_for(1s);
      }
    };
    co_return co_await hands_.hypervisor.snapshots()->merge(
        vm().uuid, {merge.disk, merge.upper, merge.lower}, settled, progress);
  }
  if (needs_permit()) CO_TRY_VOID(co_await show_epoch());
  auto first =
      co_await (layers()->merge(merge, [&](double fraction, std::string) { progress(fraction); }) ||
                merge_stop_.wait());
  if (first.index() == 1) co_return fail(Code::cancelled, "interrupted");
  CO_TRY_VOID(std::get<0>(std::move(first)));
  co_return co_await layers()->merged(vm().uuid, merge);
}

void Keeper::end_deletions(const Result<void>& merged) {
  for (auto& chore : std::exchange(deletions_, {})) {
    model::JobReport report{.task = chore.job.task, .done = true};
    if (!merged) {
      report.error = fmt::format(
          "the snapshot is deleted, but its blocks are not merged yet ({}); that is tried again",
          merged.error().message);
    }
    chore.end(std::move(report));
  }
}

}  // namespace truce::node
