#include "migration/mirrors.h"

#include "live/block_job.h"
#include "snapshots.h"

namespace truce::qemu {

using hypervisor::CopiedDisk;
using hypervisor::Departure;

namespace {

constexpr Duration patience = 30s;  // for calls that wait for the other side
constexpr std::string_view before_disk = "flight-";

// The name of its job, and of the node that is the other side's file.
std::string mirror_of(const std::string& disk) {
  return std::string(before_disk) + disk;
}

Async<Result<void>> begin_mirror(RunningPtr vm, CopiedDisk disk, std::string node,
                                 std::filesystem::path socket, const Departure& departure) {
  auto name = mirror_of(disk.id);
  json::object server{{"type", "unix"}, {"path", socket.string()}};
  json::object target{{"node-name", name}, {"driver", "nbd"},    {"server", std::move(server)},
                      {"export", disk.id}, {"discard", "unmap"}, {"detect-zeroes", "unmap"}};
  CO_TRY_VOID(co_await vm->ask("blockdev-add", std::move(target), patience));
  auto share = departure.bandwidth.count / std::max<std::size_t>(departure.copied.size(), 1);
  // Where the guest's writes wait for both files, the copy comes to an end however much it writes.
  json::object wish{{"job-id", name},
                    {"device", node},
                    {"target", name},
                    {"sync", disk.whole ? "full" : "top"},
                    {"copy-mode", departure.auto_converge ? "write-blocking" : "background"},
                    {"speed", share},
                    {"auto-dismiss", false}};
  CO_TRY_VOID(co_await vm->ask("blockdev-mirror", careful(std::move(wish)), patience));
  co_return Result<void>{};
}

Async<Result<json::array>> jobs_of(RunningPtr vm) {
  CO_TRY(auto answer, co_await vm->ask("query-block-jobs", {}, patience));
  const auto* jobs = answer.if_array();
  if (jobs == nullptr) co_return fail(Code::corrupt, "QEMU: query-block-jobs answers no list");
  json::array ours;
  for (const auto& job : *jobs) {
    if (text_in(job, "device").starts_with(before_disk)) ours.push_back(job);
  }
  co_return ours;
}

Result<bool> all_ready(const Running& vm, const json::array& jobs, std::size_t wanted) {
  std::size_t ready = 0;
  for (const auto& each : jobs) {
    auto job = job_in(each);
    bool over = job.status == "concluded" || job.status == "aborting" || job.status == "null";
    if (over || job.waits) {
      return fail(Code::io, "{}: {} was not copied: {}", vm.record.name,
                  text_in(each, "device").substr(before_disk.size()),
                  job.error.empty() ? "its mirror ended" : job.error);
    }
    ready += job.status == "ready" ? 1 : 0;
  }
  if (jobs.size() < wanted) return fail(Code::io, "{}: a mirror is gone", vm.record.name);
  return ready == wanted;
}

MirrorProgress progress_of(const json::array& jobs) {
  MirrorProgress all;
  double total = 0, done = 0;
  for (const auto& job : jobs) {
    total += static_cast<double>(integer_in(job, "len"));
    done += static_cast<double>(integer_in(job, "offset"));
  }
  all.copied = Bytes{static_cast<std::uint64_t>(std::max(done, 0.0))};
  if (total > 0) all.fraction = done / total;
  return all;
}

}  // namespace

Async<Result<void>> begin_mirrors(RunningPtr vm, Departure departure,
                                  std::filesystem::path socket) {
  CO_TRY(auto tops, co_await tops_of(vm));
  for (const auto& disk : departure.copied) {
    auto top = tops.find(disk.id);
    if (top == tops.end())
      co_return fail(Code::not_found, "{}: QEMU shows no disk {}", vm->record.name, disk.id);
    auto begun = co_await begin_mirror(vm, disk, top->second.node, socket, departure);
    if (!begun) co_return std::unexpected(begun.error().within(disk.id));
  }
  co_return Result<void>{};
}

Async<Result<void>> follow_mirrors(RunningPtr vm, std::vector<CopiedDisk> copied,
                                   std::function<void(const MirrorProgress&)> progress) {
  while (true) {
    if (vm->ended) co_return fail(Code::unavailable, "{} ended meanwhile", vm->record.name);
    if (vm->flight_stopped) co_return fail(Code::cancelled, "the migration was called off");
    CO_TRY(auto jobs, co_await jobs_of(vm));
    CO_TRY(auto ready, all_ready(*vm, jobs, copied.size()));
    progress(progress_of(jobs));
    if (ready) co_return Result<void>{};
    co_await (vm->jobs.wait() || sleep_for(500ms));
  }
}

// A mirror that is cancelled once it is ready writes what is left and ends well. Its node is closed
// as QEMU closes every file: all is flushed, and so it is on the other side's disk.
Async<Result<void>> complete_mirrors(RunningPtr vm, std::vector<CopiedDisk> copied) {
  for (const auto& disk : copied)
    CO_TRY_VOID(co_await vm->ask("block-job-cancel", {{"device", mirror_of(disk.id)}}, patience));
  for (const auto& disk : copied) CO_TRY_VOID(co_await end_job(vm, mirror_of(disk.id)));
  for (const auto& disk : copied) {
    CO_TRY_VOID(co_await vm->ask("blockdev-del", {{"node-name", mirror_of(disk.id)}}, patience));
  }
  co_return Result<void>{};
}

Async<Result<void>> call_off_mirrors(RunningPtr vm) {
  CO_TRY(auto jobs, co_await jobs_of(vm));
  std::vector<std::string> ids;
  for (const auto& job : jobs) ids.push_back(text_in(job, "device"));
  auto done = co_await call_off_mirror_jobs(vm, std::move(ids));
  CO_TRY(auto answer, co_await vm->ask("query-named-block-nodes", {{"flat", true}}, patience));
  const auto* nodes = answer.if_array();
  for (const auto& node : nodes != nullptr ? *nodes : json::array()) {
    auto name = text_in(node, "node-name");
    if (!name.starts_with(before_disk)) continue;
    auto closed = co_await vm->ask("blockdev-del", {{"node-name", name}}, patience);
    if (!closed) done = std::unexpected(closed.error());
  }
  co_return done;
}

}  // namespace truce::qemu
