#include "snapshots.h"

#include <unistd.h>

#include "base/log.h"
#include "live/block_job.h"
#include "live/handed.h"
#include "live/secrets.h"

namespace truce::qemu {

namespace fs = std::filesystem;
using model::Observed;

namespace {

constexpr const char* merge_job = "merge";
constexpr Duration short_limit = 30s;

// The node that reads a file as qcow2; empty when none does.
Async<Result<std::string>> node_of(RunningPtr vm, fs::path file) {
  CO_TRY(auto answer, co_await vm->ask("query-named-block-nodes", {{"flat", true}}, short_limit));
  CO_TRY(auto names, co_await handed(vm));
  const auto* nodes = answer.if_array();
  if (nodes == nullptr) co_return fail(Code::corrupt, "QEMU: its block nodes are no list");
  for (const auto& node : *nodes) {
    if (text_in(node, "drv") == "qcow2" && our_path(names, text_in(node, "file")) == file)
      co_return text_in(node, "node-name");
  }
  co_return std::string();
}

std::string overlay_node(const fs::path& file) {
  return file.stem().string();
}

fs::path frozen_mark(const Running& vm) {
  return vm.runtime.folder() / "frozen";
}

}  // namespace

std::string device_in(std::string_view qdev) {
  constexpr std::string_view before = "/machine/peripheral/";
  if (qdev.starts_with(before)) qdev.remove_prefix(before.size());
  return std::string(qdev.substr(0, qdev.find('/')));
}

Async<Result<std::map<std::string, Top>>> tops_of(RunningPtr vm) {
  CO_TRY(auto answer, co_await vm->ask("query-block", {}, short_limit));
  CO_TRY(auto names, co_await handed(vm));
  std::map<std::string, Top> tops;
  const auto* devices = answer.if_array();
  if (devices == nullptr) co_return fail(Code::corrupt, "QEMU: query-block answers no list");
  for (const auto& device : *devices) {
    const auto* inserted = field_of(device, "inserted");
    if (inserted == nullptr || bool_in(*inserted, "ro")) continue;
    auto disk = device_in(text_in(device, "qdev"));
    if (disk.empty()) continue;
    auto& top = tops[disk];
    top = {text_in(*inserted, "node-name"), our_path(names, text_in(*inserted, "file")), {}};
    top.encrypted = bool_in(*inserted, "encrypted");
    const auto* image = field_of(*inserted, "image");
    if (image != nullptr)
      top.size = Bytes{static_cast<std::uint64_t>(integer_in(*image, "virtual-size"))};
  }
  co_return tops;
}

Async<Result<std::map<std::string, fs::path>>> ChainSnapshots::written(std::string uuid) {
  CO_TRY(auto vm, tools_.find(uuid));
  CO_TRY(auto tops, co_await tops_of(vm));
  std::map<std::string, fs::path> files;
  for (auto& [disk, top] : tops) files[disk] = std::move(top.file);
  co_return files;
}

Async<Result<void>> ChainSnapshots::add_overlays(RunningPtr vm,
                                                 const std::vector<Overlay>& overlays) {
  for (const auto& overlay : overlays) {
    json::object node{{"node-name", overlay_node(overlay.path)},
                      {"driver", "qcow2"},
                      {"backing", nullptr},
                      {"discard", "unmap"},
                      {"detect-zeroes", "unmap"}};
    if (overlay.encrypted) node["encrypt"] = encryption_of(overlay.disk);
    auto open = [&](json::object file) -> Async<Result<void>> {
      node["file"] = std::move(file);
      CO_TRY_VOID(co_await vm->ask("blockdev-add", node, short_limit));
      co_return Result<void>{};
    };
    CO_TRY_VOID(co_await open_node(vm, overlay.path, Access::write, open));
  }
  co_return Result<void>{};
}

Async<void> ChainSnapshots::drop_overlays(RunningPtr vm, std::vector<Overlay> overlays) {
  for (const auto& overlay : overlays) {
    auto node = overlay_node(overlay.path);
    auto closed = co_await vm->ask("blockdev-del", {{"node-name", std::move(node)}});
    if (closed) co_await take_back_file(vm, overlay.path);
  }
}

// One transaction: all disks go over to their new files, or none does.
Async<Result<void>> ChainSnapshots::switch_over(RunningPtr vm, Moment moment) {
  CO_TRY(auto tops, co_await tops_of(vm));
  json::array actions;
  for (const auto& overlay : moment.overlays) {
    auto top = tops.find(overlay.disk);
    if (top == tops.end()) {
      co_return fail(Code::not_found, "{}: QEMU shows no disk {}", vm->record.name, overlay.disk);
    }
    json::object data{{"node", top->second.node}, {"overlay", overlay_node(overlay.path)}};
    actions.push_back(json::object{{"type", "blockdev-snapshot"}, {"data", std::move(data)}});
  }
  CO_TRY_VOID(co_await vm->ask("transaction", {{"actions", std::move(actions)}}, short_limit));
  co_return Result<void>{};
}

Async<Result<void>> ChainSnapshots::switch_frozen(RunningPtr vm, Moment moment) {
  CO_TRY_VOID(co_await tools_.agents.ping(vm->record.uuid));
  // Whoever finds the mark thaws: a guest must not stay frozen because a daemon died.
  CO_TRY_VOID(write_file_durably(frozen_mark(*vm), ""));
  auto frozen = co_await tools_.agents.freeze(vm->record.uuid);
  auto done = Result<void>{};
  if (frozen) {
    done = co_await switch_over(vm, std::move(moment));
  } else {
    done = std::unexpected(frozen.error().within("its file systems were not frozen"));
  }
  co_await thaw(vm);
  co_return done;
}

Async<void> ChainSnapshots::thaw(RunningPtr vm) {
  auto thawed = co_await tools_.agents.thaw(vm->record.uuid);
  bool no_agent = !thawed && thawed.error().code == Code::unsupported;
  if (thawed || no_agent) {
    (void)remove_tree(frozen_mark(*vm));
    co_return;
  }
  spdlog::warn("{}: its file systems may be frozen still: {}", vm->record.name,
               thawed.error().message);
  tools_.scope.spawn(thaw_at_last(vm));
}

Async<void> ChainSnapshots::thaw_at_last(RunningPtr vm) {
  constexpr int tries = 60;
  for (int i = 0; i < tries && !vm->ended; ++i) {
    co_await sleep_for(2s);
    auto thawed = co_await tools_.agents.thaw(vm->record.uuid);
    if (!thawed) continue;
    (void)remove_tree(frozen_mark(*vm));
    co_return;
  }
}

// The disks first: once its memory is written, QEMU has let go of them until the guest goes on.
Async<Result<void>> ChainSnapshots::switch_with_memory(RunningPtr vm, Moment moment) {
  if (vm->state != Observed::running) {
    co_return fail(Code::precondition, "{} does not run: resume it first, or take no memory",
                   vm->record.name);
  }
  auto memory = moment.memory;
  CO_TRY_VOID(co_await vm->ask("stop", {}, short_limit));
  auto done = co_await switch_over(vm, std::move(moment));
  if (done) done = co_await save_memory(vm, memory, tools_.blocking);
  if (!vm->ended) {
    auto runs = co_await vm->ask("cont", {}, short_limit);
    if (!runs && done) done = std::unexpected(runs.error());
  }
  co_return done;
}

Async<Result<void>> ChainSnapshots::take(std::string uuid, Moment moment) {
  CO_TRY(auto vm, tools_.find(uuid));
  Verb verb(vm);
  auto overlays = moment.overlays;
  auto done = co_await add_overlays(vm, overlays);
  if (done && !moment.memory.empty()) {
    done = co_await switch_with_memory(vm, std::move(moment));
  } else if (done && moment.quiesce) {
    done = co_await switch_frozen(vm, std::move(moment));
  } else if (done) {
    done = co_await switch_over(vm, std::move(moment));
  }
  // Those in use stay: QEMU refuses.
  if (!done && !vm->ended) co_await drop_overlays(vm, std::move(overlays));
  if (!done) co_return std::unexpected(done.error().within("snapshot of " + vm->record.name));
  co_return done;
}

Async<Result<void>> ChainSnapshots::begin_merge(RunningPtr vm, Merge merge) {
  CO_TRY(auto tops, co_await tops_of(vm));
  auto top = tops.find(merge.disk);
  if (top == tops.end())
    co_return fail(Code::not_found, "{}: QEMU shows no disk {}", vm->record.name, merge.disk);
  CO_TRY(auto upper, co_await node_of(vm, merge.upper));
  CO_TRY(auto lower, co_await node_of(vm, merge.lower));
  if (upper.empty() || lower.empty()) {
    co_return fail(Code::not_found, "{}: QEMU has {} not open", vm->record.name,
                   (upper.empty() ? merge.upper : merge.lower).string());
  }
  vm->merge_pivots = upper == top->second.node;
  json::object wish{{"job-id", merge_job},
                    {"device", top->second.node},
                    {"top-node", upper},
                    {"base-node", lower},
                    {"auto-dismiss", false}};
  if (!vm->merge_pivots) wish["backing-file"] = merge.lower.string();
  CO_TRY_VOID(co_await vm->ask("block-commit", std::move(wish), short_limit));
  co_return Result<void>{};
}

// Standing still, the upper file stays whole until it is noted that the lower one has it all.
Async<Result<void>> ChainSnapshots::pivot(RunningPtr vm,
                                          std::function<Async<Result<void>>()> settled) {
  Verb verb(vm);
  bool ran = vm->state == Observed::running;
  if (ran) CO_TRY_VOID(co_await vm->ask("stop", {}, short_limit));
  auto begun = co_await vm->ask("job-complete", {{"id", merge_job}}, short_limit);
  auto done =
      begun ? co_await end_job(vm, merge_job) : Result<void>(std::unexpected(begun.error()));
  if (done) {
    // Stopping flushes all disks, also when it stands still already.
    (void)co_await vm->ask("stop", {}, short_limit);
    // Not noted: a guest that wrote now would lose it. It stands still until the next daemon.
    CO_TRY_VOID(co_await settled());
  }
  if (ran && !vm->ended) {
    auto runs = co_await vm->ask("cont", {}, short_limit);
    if (!runs && done) done = std::unexpected(runs.error());
  }
  co_return done;
}

// Nodes of the command line and of blockdev-add stay until they are given up, the file below a node
// of the command line as well.
Async<void> ChainSnapshots::close_file(RunningPtr vm, fs::path file) {
  auto node = co_await node_of(vm, file);
  if (!node || node->empty()) co_return;
  auto gone = co_await vm->ask("blockdev-del", {{"node-name", *node}}, short_limit);
  if (!gone) co_return;
  (void)co_await vm->ask("blockdev-del", {{"node-name", *node + "-file"}}, short_limit);
  co_await take_back_file(vm, file);
}

Async<Result<void>> ChainSnapshots::merge(std::string uuid, Merge merge,
                                          std::function<Async<Result<void>>()> settled,
                                          std::function<void(double)> progress) {
  CO_TRY(auto vm, tools_.find(uuid));
  auto upper = merge.upper;
  vm->merge_stopped = false;
  CO_TRY_VOID(co_await begin_merge(vm, std::move(merge)));
  auto done = co_await follow_job(vm, merge_job, &Running::merge_stopped, std::move(progress));
  if (!done) {
    (void)co_await call_off_job(vm, merge_job);
    co_return done;
  }
  if (vm->merge_pivots) {
    done = co_await pivot(vm, std::move(settled));
  } else {
    done = co_await end_job(vm, merge_job);
    if (done) done = co_await settled();
  }
  if (done && !vm->ended) co_await close_file(vm, upper);
  co_return done;
}

void ChainSnapshots::stop_merge(const std::string& uuid) {
  auto vm = tools_.find(uuid);
  if (!vm) return;
  (*vm)->merge_stopped = true;
  (*vm)->jobs.wake();
}

Async<void> ChainSnapshots::clean_up(RunningPtr vm) {
  auto job = co_await job_state(vm, merge_job);
  if (job && !job->status.empty()) (void)co_await call_off_job(vm, merge_job);
  std::error_code none;
  if (fs::exists(frozen_mark(*vm), none)) co_await thaw(vm);
}

}  // namespace truce::qemu
