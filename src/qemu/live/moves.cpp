#include "live/moves.h"

#include <array>
#include <set>

#include "base/log.h"
#include "live/block_job.h"
#include "live/live.h"
#include "snapshots.h"

namespace truce::qemu {

namespace fs = std::filesystem;
using model::Observed;
using Files = std::map<std::string, fs::path>;

namespace {

constexpr const char* move_job = "move";
constexpr Duration short_limit = 30s;

Async<Result<std::set<std::string>>> node_names(RunningPtr vm) {
  CO_TRY(auto answer, co_await vm->ask("query-named-block-nodes", {{"flat", true}}, short_limit));
  const auto* nodes = answer.if_array();
  if (nodes == nullptr) co_return fail(Code::corrupt, "QEMU: its block nodes are no list");
  std::set<std::string> names;
  for (const auto& node : *nodes) names.insert(text_in(node, "node-name"));
  co_return names;
}

// A disk goes to and fro between two names: the one it has from the start, and another.
std::array<std::string, 2> names_of(const std::string& disk) {
  return {disk, disk + "-moved"};
}

Async<Result<std::string>> free_name(RunningPtr vm, std::string disk) {
  CO_TRY(auto taken, co_await node_names(vm));
  for (auto& name : names_of(disk)) {
    if (!taken.contains(name) && !taken.contains(name + "-file")) co_return name;
  }
  co_return fail(Code::conflict, "{}: QEMU has the file open still that {} was moved from",
                 vm->record.name, disk);
}

// Those in use stay: QEMU refuses.
Async<Result<void>> close_unused(RunningPtr vm, std::string disk) {
  CO_TRY(auto there, co_await node_names(vm));
  for (const auto& name : names_of(disk)) {
    if (there.contains(name) || there.contains(name + "-file")) co_await close_nodes(vm, name);
  }
  co_return Result<void>{};
}

Async<Result<void>> begin_mirror(RunningPtr vm, std::string source, std::string target) {
  // The guest's writes wait for both files: so the copy comes to an end, however much is written.
  json::object wish{{"job-id", move_job},
                    {"device", source},
                    {"target", target},
                    {"sync", "top"},
                    {"copy-mode", "write-blocking"},
                    {"auto-dismiss", false}};
  CO_TRY_VOID(co_await vm->ask("blockdev-mirror", careful(std::move(wish)), short_limit));
  co_return Result<void>{};
}

Async<Result<Files>> written_files(RunningPtr vm) {
  CO_TRY(auto tops, co_await tops_of(vm));
  Files files;
  for (auto& [disk, top] : tops) files[disk] = std::move(top.file);
  co_return files;
}

Async<Result<void>> complete(RunningPtr vm) {
  CO_TRY_VOID(co_await vm->ask("job-complete", {{"id", move_job}}, short_limit));
  co_return co_await end_job(vm, move_job);
}

}  // namespace

Async<Result<void>> MirrorMoves::mirror(std::string uuid, std::string disk, fs::path target,
                                        std::function<void(double)> progress) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY(auto tops, co_await tops_of(vm));
  auto top = tops.find(disk);
  if (top == tops.end())
    co_return fail(Code::not_found, "{}: QEMU shows no disk {}", vm->record.name, disk);
  if (top->second.encrypted) {  // the new file would not be
    co_return fail(Code::unsupported, "{}: {} is encrypted, and moves while the machine is off",
                   vm->record.name, disk);
  }
  CO_TRY(auto node, co_await free_name(vm, disk));
  CO_TRY_VOID(co_await open_nodes(vm, node, "qcow2", std::move(target), Access::write));
  auto done = co_await begin_mirror(vm, top->second.node, node);
  if (done) done = co_await follow_job(vm, move_job, &Running::move_stopped, std::move(progress));
  if (done) co_return done;
  (void)co_await call_off_mirror_jobs(vm, {move_job});
  if (!vm->ended) co_await close_nodes(vm, node);
  co_return done;
}

void MirrorMoves::stop_mirror(const std::string& uuid) {
  auto vm = find_(uuid);
  if (!vm) return;
  (*vm)->move_stopped = true;
  (*vm)->jobs.wake();
}

// All is flushed into the target before the job ends. Whoever dies until that is noted leaves two
// files that are the same, as the guest has not gone on.
Async<Result<void>> MirrorMoves::switch_over(std::string uuid, std::string disk, fs::path target,
                                             std::function<Async<Result<void>>()> settled) {
  CO_TRY(auto vm, find_(uuid));
  Verb verb(vm);
  bool ran = vm->state == Observed::running;
  auto begun = std::chrono::steady_clock::now();
  if (ran) CO_TRY_VOID(co_await vm->ask("stop", {}, short_limit));
  auto done = co_await complete(vm);
  if (vm->ended) co_return fail(Code::unavailable, "{} ended meanwhile", vm->record.name);
  CO_TRY(auto files, done ? co_await written_files(vm) : co_await settle(uuid));
  bool moved = files[disk] == target;
  if (moved) CO_TRY_VOID(co_await settled());
  if (ran) CO_TRY_VOID(co_await vm->ask("cont", {}, short_limit));
  auto stood = std::chrono::steady_clock::now() - begun;
  if (!moved) {
    co_return done
        ? fail(Code::io, "{}: QEMU has not gone over to {}", vm->record.name, target.string())
        : done;
  }
  spdlog::info("{}: {} is {} now; the guest stood still for {} ms", vm->record.name, disk,
               target.string(),
               std::chrono::duration_cast<std::chrono::milliseconds>(stood).count());
  co_return co_await close_unused(vm, disk);
}

Async<Result<Files>> MirrorMoves::settle(std::string uuid) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY(auto job, co_await job_state(vm, move_job));
  if (!job.status.empty()) CO_TRY_VOID(co_await call_off_mirror_jobs(vm, {move_job}));
  vm->move_stopped = false;
  CO_TRY(auto files, co_await written_files(vm));
  for (const auto& [disk, file] : files) CO_TRY_VOID(co_await close_unused(vm, disk));
  co_return files;
}

}  // namespace truce::qemu
