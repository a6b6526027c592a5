// What happens to machines by itself: their processes end, their guests power off, their
// connections drop; and machines that an earlier daemon has started.
#include <signal.h>

#include "base/log.h"
#include "command_line.h"
#include "guest_agent.h"
#include "live/secrets.h"
#include "qemu/qemu.h"
#include "running.h"
#include "snapshots.h"

namespace truce::qemu {

using hypervisor::Cause;
using hypervisor::EndReason;
using hypervisor::Notice;
using model::Observed;

namespace {

bool has_ended(const Running& vm) {
  return vm.ended;
}

// QEMU's run states (qapi/run-state.json).
Observed observed_of(std::string_view status) {
  if (status == "running") return Observed::running;
  if (status == "paused" || status == "io-error" || status == "internal-error" ||
      status == "watchdog" || status == "guest-panicked" || status == "suspended" ||
      status == "save-vm" || status == "debug") {
    return Observed::paused;
  }
  return Observed::unknown;
}

// What is known of the reason why a machine stands still when nobody watched.
Cause cause_of(std::string_view status) {
  if (status == "io-error") return Cause::io_error;
  return status == "watchdog" ? Cause::watchdog : Cause::other;
}

// Which error made it stand still, QEMU remembers of each disk (qapi/block-core.json, io-status).
Async<bool> lacks_room(RunningPtr vm) {
  auto answer = co_await vm->ask("query-block", {}, 5s);
  const auto* disks = answer ? answer->if_array() : nullptr;
  co_return disks != nullptr&& std::ranges::any_of(*disks, [](const json::value& disk) {
    return text_in(disk, "io-status") == "nospace";
  });
}

}  // namespace

void Qemu::tell(const RunningPtr& vm, Notice::Kind kind, std::string detail) {
  Notice notice;
  notice.uuid = vm->record.uuid;
  notice.kind = kind;
  notice.reason = vm->reason.value_or(EndReason::crashed);
  notice.detail = std::move(detail);
  if (kind == Notice::Kind::paused) notice.cause = vm->cause;
  sink_(std::move(notice));
}

Async<void> Qemu::watch_process(RunningPtr vm) {
  auto status = co_await vm->process->wait();
  if (!status) co_return;  // we are being closed; the process runs on
  co_await finish(vm, to_string(*status));
}

Async<void> Qemu::finish(RunningPtr vm, std::string how) {
  if (vm->qmp) vm->qmp->close();
  if (!vm->reason && vm->groups.out_of_memory()) {
    vm->reason = EndReason::out_of_memory;
    vm->detail =
        "the kernel killed QEMU: the machine's memory limit or the host's memory was used up";
  } else if (!vm->reason) {
    vm->reason = EndReason::crashed;
    auto words = vm->runtime.last_words();
    vm->detail = fmt::format("QEMU ended: {}{}{}", how, words.empty() ? "" : ": ", words);
  }
  co_await vm->groups.remove();
  vm->runtime.keep_log(vm->record.folder);
  vm->runtime.clear();
  bool ran = vm->state != Observed::starting;
  auto known = running_.find(vm->record.uuid);
  if (known != running_.end() && known->second == vm) running_.erase(known);
  vm->ended = true;
  vm->changed.wake();
  vm->jobs.wake();
  if (ran) tell(vm, Notice::Kind::ended, vm->detail);
}

Async<Result<void>> Qemu::end(RunningPtr vm, Duration patience) {
  Verb verb(vm);
  auto quit = co_await vm->ask("quit", {}, patience);
  if (!quit) spdlog::debug("{}: quit: {}", vm->record.name, quit.error().message);
  if (co_await until(vm, patience, has_ended)) co_return Result<void>{};
  (void)vm->process->signal(SIGKILL);
  if (co_await until(vm, 30s, has_ended)) co_return Result<void>{};
  co_return fail(Code::timeout,
                 "{}: its process {} does not die; it waits for the kernel, perhaps for a disk",
                 vm->record.name, vm->record.pid);
}

Async<void> Qemu::end_later(RunningPtr vm) {
  auto ended = co_await end(vm, 30s);
  if (!ended) spdlog::error("{}", ended.error().message);
}

void Qemu::on_shutdown(const RunningPtr& vm, const QmpEvent& event) {
  if (vm->reason || !bool_in(event.arguments, "guest")) return;
  bool panic =
      event.name == "GUEST_PANICKED" || text_in(event.arguments, "reason") == "guest-panic";
  if (panic) {
    vm->reason = EndReason::guest_panic;
    vm->detail = "the guest's kernel panicked";
  } else if (vm->stop_asked) {
    vm->reason = EndReason::requested;
    vm->detail = "the guest powered off as it was asked to";
  } else {
    vm->reason = EndReason::guest_shutdown;
    vm->detail = "the guest powered off";
  }
  scope_.spawn(end_later(vm));
}

// A guest that resets without end must not fill our queues: it is told once a second.
void Qemu::on_guest_reset(const RunningPtr& vm) {
  auto time = std::chrono::steady_clock::now();
  if (time - vm->reset_told < 1s) return;
  vm->reset_told = time;
  bool by_watchdog = std::exchange(vm->watchdog_ran_out, false);
  tell(vm, Notice::Kind::guest_reset,
       by_watchdog ? "its watchdog ran out and reset it" : "the guest reset itself");
}

void Qemu::on_disk_error(const RunningPtr& vm, const QmpEvent& event) {
  if (text_in(event.arguments, "action") != "stop") return;  // the guest is told
  vm->trouble = fmt::format("{}: {}", text_in(event.arguments, "node-name"),
                            text_in(event.arguments, "reason"));
  vm->cause = bool_in(event.arguments, "nospace") ? Cause::no_space : Cause::io_error;
}

// It stands still, and whoever is told decides. Where something else is done with it, which a guest
// that has panicked does not let succeed, it ends.
void Qemu::on_panic(const RunningPtr& vm) {
  if (vm->verbs > 0 || vm->record.passage != Passage::none) {
    on_shutdown(vm, {"GUEST_PANICKED", {{"guest", true}}});
    return;
  }
  vm->panicked = true;
  vm->cause = Cause::panic;
  vm->trouble = "the guest's kernel panicked";
}

void Qemu::on_event(const RunningPtr& vm, const QmpEvent& event) {
  bool unasked = vm->verbs == 0 && !vm->reason && vm->record.passage == Passage::none;
  if (event.name == "SHUTDOWN") {
    on_shutdown(vm, event);
  } else if (event.name == "GUEST_PANICKED") {
    on_panic(vm);
  } else if (event.name == "RESET") {
    vm->panicked = false;
    if (bool_in(event.arguments, "guest")) on_guest_reset(vm);
  } else if (event.name == "WATCHDOG") {
    vm->watchdog_ran_out = true;
  } else if (event.name == "BLOCK_IO_ERROR") {
    on_disk_error(vm, event);
  } else if (event.name == "STOP" && vm->state != Observed::starting) {
    vm->state = Observed::paused;
    vm->stood_since = std::chrono::steady_clock::now();
    if (std::exchange(vm->watchdog_ran_out, false)) {
      vm->trouble = "its watchdog ran out";
      vm->cause = Cause::watchdog;
    }
    if (unasked)
      tell(vm, Notice::Kind::paused, vm->trouble.empty() ? "QEMU stopped it" : vm->trouble);
  } else if (event.name == "RESUME") {
    bool news = unasked && vm->state == Observed::paused;
    vm->state = Observed::running;
    vm->trouble.clear();
    vm->cause = Cause::other;
    if (news) tell(vm, Notice::Kind::resumed, "it runs again");
  } else if (event.name == "MIGRATION") {
    vm->migration = text_in(event.arguments, "status");
    vm->changed.wake();
  } else if (event.name == "JOB_STATUS_CHANGE" || event.name == "BLOCK_JOB_ERROR" ||
             event.name == "DEVICE_DELETED") {
    vm->jobs.wake();
  }
}

// Keeps one connection to QEMU. QEMU takes a new one when the old has dropped.
Async<void> Qemu::watch_qmp(RunningPtr vm) {
  constexpr Duration longest = 10s;
  for (Duration pause = 200ms;; pause = std::min(pause * 2, longest)) {
    if (auto connection = vm->qmp) {
      auto why = co_await connection->run();
      if (!vm->ended) spdlog::debug("{}: {}", vm->record.name, why.message);
    }
    if (vm->ended) co_return;
    co_await sleep_for(pause);  // mostly QEMU has ended, and that is seen meanwhile
    if (vm->ended) co_return;
    spdlog::warn("{}: connecting to its QEMU again", vm->record.name);
    auto again = co_await Qmp::connect(vm->runtime.socket("qmp"), events_of(vm));
    vm->qmp = again ? *again : nullptr;
    if (again) scope_.spawn(catch_up(vm));
  }
}

Async<void> Qemu::catch_up(RunningPtr vm) {
  auto seen = co_await look(vm);
  if (!seen || vm->reason || *seen == vm->state || vm->state == Observed::starting) co_return;
  vm->state = *seen;
  bool runs = vm->state == Observed::running;
  tell(vm, runs ? Notice::Kind::resumed : Notice::Kind::paused,
       "seen when its QEMU answered again");
}

Async<Result<Observed>> Qemu::look(RunningPtr vm) {
  auto greeting = vm->ask("qmp_capabilities", {}, 5s);
  auto status = vm->ask("query-status", {}, 5s);
  CO_TRY_VOID(co_await std::move(greeting));
  CO_TRY(auto answer, co_await std::move(status));
  auto text = text_in(answer, "status");
  if (vm->record.passage != Passage::none && text != "running") {
    // Whether it runs on is not ours to say, however far it has come.
    if (text != "shutdown" && text != "guest-panicked") co_return Observed::paused;
  }
  if (text == "shutdown") {
    on_shutdown(vm, {"SHUTDOWN", {{"guest", true}}});
  } else if (text == "guest-panicked") {
    on_panic(vm);
  } else if (text == "prelaunch" || text == "inmigrate") {
    co_return Observed::starting;
  } else if (text == "postmigrate" || text == "finish-migrate") {
    co_return Observed::suspended;
  } else if (vm->cause == Cause::other) {
    vm->cause = cause_of(text);
    if (vm->cause == Cause::io_error && co_await lacks_room(vm)) vm->cause = Cause::no_space;
    if (vm->cause != Cause::other) vm->trouble = "found so when its QEMU was asked";
  }
  co_return observed_of(text);
}

Async<void> Qemu::bound_logs() {
  while (true) {
    co_await sleep_for(30s);
    for (const auto& [uuid, vm] : running_) vm->runtime.bound_log();
  }
}

Async<Result<std::vector<std::pair<std::string, Observed>>>> Qemu::adopt() {
  std::vector<std::pair<std::string, Observed>> found;
  std::error_code ec;
  std::vector<std::filesystem::path> folders;
  for (std::filesystem::directory_iterator at(options_.runtimes, ec), last; !ec && at != last;
       at.increment(ec)) {
    if (at->is_directory(ec)) folders.push_back(at->path());
  }
  for (const auto& folder : folders) {
    auto vm = co_await adopt_one(folder);
    if (!vm) continue;
    found.emplace_back(vm->record.uuid, vm->state);
    if (vm->cause != Cause::other) tell(vm, Notice::Kind::paused, vm->trouble);
  }
  co_return found;
}

Async<RunningPtr> Qemu::adopt_one(std::filesystem::path folder) {
  auto vm = std::make_shared<Running>(loop_, folder);
  auto record = vm->runtime.read();
  if (!record) {
    co_await discard(folder);
    co_return nullptr;
  }
  vm->record = *std::move(record);
  vm->groups = ControlGroup(vm->record.control_groups);
  vm->state = Observed::unknown;
  auto process = Process::adopt(vm->record.pid, vm->record.start_ticks);
  if (!process) {
    co_await finish(vm, "gone when the daemon looked for it");
    co_return nullptr;
  }
  vm->process = std::move(*process);
  watch(vm);
  co_await take_over(vm);
  co_return vm->ended ? nullptr : vm;
}

Async<void> Qemu::take_over(RunningPtr vm) {
  drop_key_pipes(vm->runtime);
  auto connected = co_await connect(vm);
  auto seen = connected ? co_await look(vm) : Result<Observed>(std::unexpected(connected.error()));
  // A process that is just dying refuses connections before it is seen to be gone.
  if (!seen && co_await until(vm, 1s, has_ended)) co_return;
  if (!seen) {
    spdlog::warn("{}: its QEMU runs but does not answer: {}", vm->record.name,
                 seen.error().message);
    co_return;
  }
  if (*seen == Observed::starting) {  // the daemon died while it started it: nothing has run yet
    vm->state = Observed::starting;
    vm->reason = EndReason::requested;
    (void)co_await end(vm, 2s);
    co_return;
  }
  if (*seen == Observed::suspended) {  // the daemon died while it suspended it
    std::error_code none;
    if (std::filesystem::exists(vm->record.folder / hypervisor::suspend_file, none)) {
      vm->reason = EndReason::requested;
      vm->detail = "suspended";
      (void)co_await end(vm, 10s);
      co_return;
    }
    Verb verb(vm);
    auto running = co_await vm->ask("cont");
    seen = running ? Observed::running : Observed::paused;
  }
  if (vm->reason) {  // powered off or panicked while nobody watched
    (void)co_await until(vm, 60s, has_ended);
    co_return;
  }
  co_await snapshots_->clean_up(vm);
  vm->state = *seen;
  if (vm->record.passage != Passage::arriving || *seen != Observed::running) co_return;
  vm->record.passage = Passage::none;  // the daemon died just when it had let it run
  if (auto noted = vm->runtime.write(vm->record); !noted) spdlog::warn("{}", noted.error().message);
}

// A folder without a record: the daemon died between starting QEMU and writing it. The guest has
// not run for longer than that.
Async<void> Qemu::discard(std::filesystem::path folder) {
  Runtime runtime(folder);
  auto qmp = co_await Qmp::connect(runtime.socket("qmp"), [](const QmpEvent&) {});
  if (qmp) {
    auto quit = [](std::shared_ptr<Qmp> connection) -> Async<Result<void>> {
      auto greeting = connection->execute("qmp_capabilities", {}, 5s);
      CO_TRY_VOID(co_await std::move(greeting));
      CO_TRY_VOID(co_await connection->execute("quit", {}, 5s));
      co_return Result<void>{};
    };
    co_await ((*qmp)->run() || quit(*qmp));
  }
  // The folder's name is the machine's uuid, as its control groups' is.
  auto groups = ControlGroup::find({.name = options_.control_group}, folder.filename());
  groups.kill();
  co_await groups.remove();
  runtime.clear();
}

}  // namespace truce::qemu
