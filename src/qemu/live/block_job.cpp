#include "live/block_job.h"

#include "base/log.h"

namespace truce::qemu {

namespace {

constexpr Duration short_limit = 30s;
constexpr Duration end_limit = 60s;

Error gone(const Running& vm) {
  return {Code::unavailable, vm.record.name + " ended meanwhile", {}};
}

// What waits because of an error does not end but when it is called off.
enum class Expected { by_itself, called_off };

Async<Result<void>> wait_for_end(RunningPtr vm, std::string id, Expected end) {
  auto deadline = std::chrono::steady_clock::now() + end_limit;
  while (std::chrono::steady_clock::now() < deadline) {
    if (vm->ended) co_return std::unexpected(gone(*vm));
    CO_TRY(auto job, co_await job_state(vm, id));
    if (job.waits && end == Expected::by_itself)
      co_return fail(Code::io, "{}: {}", vm->record.name, job.error);
    if (job.status == "concluded" || job.status.empty()) {
      (void)co_await vm->ask("job-dismiss", {{"id", id}});
      if (!job.error.empty()) co_return fail(Code::io, "{}: {}", vm->record.name, job.error);
      co_return Result<void>{};
    }
    co_await (vm->jobs.wait() || sleep_for(100ms));
  }
  co_return fail(Code::timeout, "{}: the {} does not end", vm->record.name, id);
}

}  // namespace

JobState job_in(const json::value& job) {
  auto total = static_cast<double>(integer_in(job, "len"));
  auto done = static_cast<double>(integer_in(job, "offset"));
  auto files = text_in(job, "io-status");
  JobState state{text_in(job, "status"), text_in(job, "error"), files != "ok" && !files.empty(),
                 total > 0 ? done / total : 0};
  if (!state.waits || !state.error.empty()) return state;
  state.error =
      files == "nospace" ? "No space left on device" : "a file could not be read or written";
  return state;
}

Async<Result<JobState>> job_state(RunningPtr vm, std::string id) {
  CO_TRY(auto answer, co_await vm->ask("query-block-jobs", {}, short_limit));
  const auto* jobs = answer.if_array();
  if (jobs == nullptr) co_return fail(Code::corrupt, "QEMU: query-block-jobs answers no list");
  for (const auto& job : *jobs) {
    if (text_in(job, "device") == id) co_return job_in(job);
  }
  co_return JobState{};
}

json::object careful(json::object mirror) {
  mirror["on-source-error"] = "stop";
  mirror["on-target-error"] = "stop";
  return mirror;
}

Async<Result<void>> follow_job(RunningPtr vm, std::string id, bool Running::* stopped,
                               std::function<void(double)> progress) {
  while (true) {
    if (vm->ended) co_return std::unexpected(gone(*vm));
    if ((*vm).*stopped) co_return fail(Code::cancelled, "the {} was called off", id);
    CO_TRY(auto job, co_await job_state(vm, id));
    if (job.waits) co_return fail(Code::io, "{}: {}", vm->record.name, job.error);
    if (job.status == "ready") co_return Result<void>{};
    if (job.status == "concluded") {
      if (job.error.empty()) co_return Result<void>{};
      co_return fail(Code::io, "{}: {}", vm->record.name, job.error);
    }
    if (job.status.empty()) co_return fail(Code::io, "{}: the {} is gone", vm->record.name, id);
    if (progress) progress(job.fraction);
    co_await (vm->jobs.wait() || sleep_for(500ms));
  }
}

Async<Result<void>> end_job(RunningPtr vm, std::string id) {
  co_return co_await wait_for_end(std::move(vm), std::move(id), Expected::by_itself);
}

Async<Result<void>> call_off_job(RunningPtr vm, std::string id) {
  if (vm->ended) co_return std::unexpected(gone(*vm));
  (void)co_await vm->ask("block-job-cancel", {{"device", id}, {"force", true}}, short_limit);
  auto ended = co_await wait_for_end(vm, id, Expected::called_off);
  CO_TRY(auto left, co_await job_state(vm, id));
  if (left.status.empty()) co_return Result<void>{};
  co_return ended ? fail(Code::timeout, "{}: the {} does not end", vm->record.name, id) : ended;
}

Async<Result<void>> call_off_mirror_jobs(RunningPtr vm, std::vector<std::string> ids) {
  if (ids.empty()) co_return Result<void>{};
  Verb verb(vm);
  CO_TRY(auto status, co_await vm->ask("query-status", {}, short_limit));
  bool ran = text_in(status, "status") == "running";
  if (ran) CO_TRY_VOID(co_await vm->ask("stop", {}, short_limit));
  auto done = Result<void>{};
  for (const auto& id : ids) {
    auto ended = co_await call_off_job(vm, id);
    if (!ended) done = std::move(ended);
  }
  if (ran) CO_TRY_VOID(co_await vm->ask("cont", {}, short_limit));
  co_return done;
}

}  // namespace truce::qemu
