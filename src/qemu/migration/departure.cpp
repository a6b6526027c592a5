// Machines that go to another host.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>

#include "base/log.h"
#include "base/revert.h"
#include "confinement.h"
#include "live/handed.h"
#include "migration/flights.h"
#include "migration/mirrors.h"
#include "migration/settings.h"
#include "snapshots.h"

namespace truce::qemu {

namespace fs = std::filesystem;
using hypervisor::Departure;
using hypervisor::Flight;
using model::Observed;

namespace {

using Progress = std::function<void(const Flight&)>;
using Moment = std::function<Async<Result<void>>()>;

constexpr Duration patience = 30s;
constexpr Duration end_by_itself = 3s;
constexpr Duration end_of_migration = 60s;
constexpr std::int64_t rounds_before_post_copy = 3;

// What of the work is the memory's, where disks are copied too.
constexpr double memory_share = 0.4;

fs::path way_out(const Running& vm, const std::string& which) {
  return vm.runtime.own() / (which + ".sock");
}

// A second name where the machine's process may go. It is given to its user by the name that the
// user cannot exchange.
Result<void> open_way(const Running& vm, const fs::path& socket, const std::string& which) {
  struct stat status{};
  if (::lstat(socket.c_str(), &status) != 0) return fail_errno(errno, "stat " + socket.string());
  if (!S_ISSOCK(status.st_mode)) return fail(Code::invalid, "{} is no socket", socket.string());
  if (auto user = user_of(vm.runtime);
      user && ::lchown(socket.c_str(), user->first, user->second) != 0)
    return fail_errno(errno, "give to the machine's user: " + socket.string());
  auto path = way_out(vm, which);
  (void)::unlink(path.c_str());
  if (::link(socket.c_str(), path.c_str()) != 0)
    return fail_errno(errno, fmt::format("link {} to {}", path.string(), socket.string()));
  return {};
}

void close_ways(const Running& vm) {
  for (const char* which : {"memory", "disks"}) (void)::unlink(way_out(vm, which).c_str());
}

Result<void> note(const RunningPtr& vm, Passage passage) {
  vm->record.passage = passage;
  return vm->runtime.write(vm->record);
}

Error gone(const Running& vm) {
  return {Code::unavailable, vm.record.name + " ended meanwhile", {}};
}

// Guesses: memory that is sent again and again still counts as less than all of it.
double fraction_of(const MigrationState& state) {
  auto all = static_cast<double>(state.sent.count + state.left.count);
  return all > 0 ? std::min(static_cast<double>(state.sent.count) / all, 0.99) : 0;
}

/// One send(), from the first disk to the last page.
class Sending {
 public:
  Sending(RunningPtr vm, Departure departure, Moment moment, Progress progress)
      : vm_(std::move(vm)),
        departure_(std::move(departure)),
        moment_(std::move(moment)),
        progress_(std::move(progress)) {}

  Async<Result<Flight>> run() {
    CO_TRY_VOID(co_await copy_disks());
    CO_TRY_VOID(co_await begin_memory());
    while (true) {
      heard_ = vm_->migration;
      if (heard_ == "pre-switchover" && !switched_) {  // the guest stands still: no more questions
        CO_TRY_VOID(may_go_on());
        CO_TRY_VOID(co_await switch_over());
      } else {
        CO_TRY(auto state, co_await look());
        if (state.status == "completed") break;
        CO_TRY_VOID(co_await go_on(state));
      }
      co_await news();
    }
    auto stood = std::chrono::steady_clock::now() - vm_->stood_since;
    if (!flight_.post_copy)
      flight_.downtime = std::max(flight_.downtime, std::chrono::ceil<Duration>(stood));
    flight_.step = "sent";
    flight_.fraction = 1;
    co_return flight_;
  }

 private:
  void tell(std::string step, double fraction) {
    flight_.step = std::move(step);
    flight_.fraction = std::max(flight_.fraction, fraction);
    if (progress_) progress_(flight_);
  }

  Async<Result<void>> copy_disks() {
    if (departure_.copied.empty()) co_return Result<void>{};
    CO_TRY_VOID(open_way(*vm_, departure_.disks, "disks"));
    CO_TRY_VOID(co_await begin_mirrors(vm_, departure_, way_out(*vm_, "disks")));
    auto heard = [this](const MirrorProgress& mirrors) {
      flight_.disks_sent = mirrors.copied;
      tell("copying disks", mirrors.fraction * (1 - memory_share));
    };
    co_return co_await follow_mirrors(vm_, departure_.copied, heard);
  }

  Async<Result<void>> begin_memory() {
    CO_TRY_VOID(co_await prepare_to_send(vm_, departure_));
    CO_TRY_VOID(open_way(*vm_, departure_.memory, "memory"));
    vm_->migration.clear();
    auto uri = "unix:" + way_out(*vm_, "memory").string();
    CO_TRY_VOID(co_await vm_->ask("migrate", {{"uri", uri}}, patience));
    co_return Result<void>{};
  }

  // QEMU's next word, or a while. That it saves its devices is none: to be asked then holds it up.
  Async<void> news() {
    auto told = [this](const Running& vm) {
      return vm.ended || stopped() || (vm.migration != heard_ && vm.migration != "device");
    };
    co_await until(vm_, switched_ ? 50ms : 250ms, told);
  }

  // While QEMU gives its disks away, to call it off may leave the guest without them (see
  // past_delicate()). It has done that in a moment.
  [[nodiscard]] bool stopped() const {
    bool gives = continued_ && std::chrono::steady_clock::now() < *continued_ + end_by_itself;
    return vm_->flight_stopped && !flight_.post_copy && !gives;
  }

  Result<void> may_go_on() {
    if (vm_->ended) return std::unexpected(gone(*vm_));
    if (stopped()) return fail(Code::cancelled, "the migration was called off");
    return {};
  }

  Async<Result<MigrationState>> look() {
    CO_TRY_VOID(may_go_on());
    CO_TRY(auto state, co_await migration_state(vm_));
    flight_.sent = state.sent;
    flight_.left = state.left;
    flight_.rounds = state.rounds;
    if (state.dirty_rate.count > 0) flight_.dirty_rate = state.dirty_rate;
    flight_.downtime = state.downtime;
    auto begin = departure_.copied.empty() ? 0 : 1 - memory_share;
    tell("copying memory", begin + (1 - begin) * fraction_of(state));
    co_return state;
  }

  Async<Result<void>> go_on(const MigrationState& state) {
    if (state.status == "failed" || state.status == "cancelled" ||
        state.status == "postcopy-paused") {
      co_return fail(Code::io, "{}: its memory was not sent: {}", vm_->record.name,
                     state.error.empty() ? "the connection broke" : state.error);
    }
    if (state.status == "pre-switchover" && !switched_) co_return co_await switch_over();
    bool late = departure_.post_copy && !asked_ && state.status == "active" &&
                state.rounds >= rounds_before_post_copy;
    if (!late) co_return Result<void>{};
    CO_TRY_VOID(co_await vm_->ask("migrate-start-postcopy"));
    asked_ = true;  // it stops the guest, and then asks for what is next
    co_return Result<void>{};
  }

  // The guest stands still. What it wrote to its disks last goes over, and then it is gone.
  Async<Result<void>> switch_over() {
    switched_ = true;
    CO_TRY_VOID(co_await complete_mirrors(vm_, departure_.copied));
    if (vm_->flight_stopped) co_return fail(Code::cancelled, "the migration was called off");
    if (asked_) {
      if (moment_) CO_TRY_VOID(co_await moment_());
      flight_.post_copy = true;
      CO_TRY_VOID(note(vm_, Passage::away));
    }
    continued_ = std::chrono::steady_clock::now();
    CO_TRY_VOID(co_await vm_->ask("migrate-continue", {{"state", "pre-switchover"}}, patience));
    co_return Result<void>{};
  }

  RunningPtr vm_;
  Departure departure_;
  Moment moment_;
  Progress progress_;
  Flight flight_;
  std::string heard_;      ///< QEMU's last word of it that was acted on
  bool asked_ = false;     ///< QEMU, for post-copy
  bool switched_ = false;  ///< it is told to go on once the guest stands still
  std::optional<std::chrono::steady_clock::time_point> continued_;  ///< when it was told
};

// While QEMU 7.2 opens its connections (`setup`), to call it off hangs it or corrupts its heap:
// seen with several connections. It is over in some tenths of a second, or when the connections
// break. While it gives its disks away (`device`), it may hear of it in the middle, and let the
// guest run on without them, which ends in an assertion (BDRV_O_INACTIVE).
Async<Result<MigrationState>> past_delicate(RunningPtr vm) {
  constexpr Duration longest = 10s;
  auto deadline = std::chrono::steady_clock::now() + longest;
  while (true) {
    CO_TRY(auto state, co_await migration_state(vm));
    bool delicate = state.status == "setup" || state.status == "device";
    if (!delicate || std::chrono::steady_clock::now() > deadline) co_return state;
    co_await sleep_for(10ms);
  }
}

// QEMU 7.2 does not see that it was called off, or has failed, when it is just about to wait for
// `migrate-continue`: it waits on, in that state and with a guest that stands still, until it gets
// one for that state (migration_maybe_pause).
Async<Result<bool>> ends_by_itself(RunningPtr vm) {
  auto deadline = std::chrono::steady_clock::now() + end_by_itself;
  while (true) {
    CO_TRY(auto clear, co_await clear_of_migration(vm, 100ms));
    if (clear || std::chrono::steady_clock::now() > deadline) co_return clear;
    CO_TRY(auto state, co_await migration_state(vm));
    auto woken = co_await vm->ask("migrate-continue", {{"state", state.status}}, patience);
    if (!woken) spdlog::debug("{}: {}", vm->record.name, woken.error().message);
  }
}

Async<Result<void>> call_off_migration(RunningPtr vm) {
  CO_TRY(auto state, co_await past_delicate(vm));
  if (state.under_way()) CO_TRY_VOID(co_await vm->ask("migrate_cancel", {}, patience));
  CO_TRY(auto ended, co_await ends_by_itself(vm));
  if (ended) co_return Result<void>{};
  // A thread of QEMU may be stuck in a connection that nobody reads (qapi/yank.json).
  json::array instances{json::object{{"type", "migration"}}};
  auto yanked = co_await vm->ask("yank", {{"instances", std::move(instances)}}, patience);
  if (!yanked) spdlog::debug("{}: {}", vm->record.name, yanked.error().message);
  CO_TRY(ended, co_await clear_of_migration(vm, end_of_migration));
  if (ended) co_return Result<void>{};
  co_return fail(Code::timeout, "{}: its migration does not end", vm->record.name);
}

// Files that both hosts see belong to the other side's user since it was made ready.
Async<Result<void>> own_again(RunningPtr vm) {
  auto user = user_of(vm->runtime);
  CO_TRY(auto tops, co_await tops_of(vm));
  CO_TRY(auto names, co_await handed(vm));
  CO_TRY(auto answer, co_await vm->ask("query-named-block-nodes", {{"flat", true}}));
  std::set<fs::path> folders;
  for (const auto& [disk, top] : tops) {
    auto folder = top.file.parent_path();
    if (folder.filename() == hypervisor::layers_folder) folder = folder.parent_path();
    folders.insert({folder, folder / hypervisor::layers_folder});
  }
  const auto* nodes = answer.if_array();
  for (const auto& node : nodes != nullptr ? *nodes : json::array()) {
    auto file = our_path(names, text_in(node, "file"));
    if (text_in(node, "drv") == "file" && folders.contains(file.parent_path()))
      CO_TRY_VOID(own_path(file, user));
  }
  co_return Result<void>{};
}

// What is told as completed is in `finish-migrate` for a little longer, and cannot run until then.
Async<Result<void>> run_again(RunningPtr vm) {
  auto deadline = std::chrono::steady_clock::now() + end_of_migration;
  while (true) {
    CO_TRY(auto status, co_await vm->ask("query-status"));
    auto run_state = text_in(status, "status");
    if (run_state == "running") break;
    if (run_state != "finish-migrate") {
      CO_TRY_VOID(co_await vm->ask("cont", {}, patience));
      break;
    }
    if (std::chrono::steady_clock::now() > deadline)
      co_return fail(Code::timeout, "{}: QEMU does not end its migration", vm->record.name);
    co_await sleep_for(5ms);
  }
  vm->state = Observed::running;
  co_return Result<void>{};
}

// Ends all that a send() has begun, whoever began it, and lets the machine run on. QEMU does the
// latter itself, but where the migration had succeeded or a daemon had gone.
Async<Result<void>> bring_back(RunningPtr vm) {
  Verb verb(vm);
  CO_TRY_VOID(co_await call_off_migration(vm));
  auto disks = co_await call_off_mirrors(vm);
  close_ways(*vm);
  CO_TRY_VOID(co_await run_again(vm));
  CO_TRY_VOID(co_await set_capabilities(vm, {}));
  CO_TRY_VOID(note(vm, Passage::none));
  auto owned = co_await own_again(vm);
  co_return disks ? owned : disks;
}

}  // namespace

Async<Result<std::string>> QemuFlights::outline(std::string uuid) {
  CO_TRY(auto vm, tools_.find(uuid));
  CO_TRY(auto known, co_await outline_of(vm, tools_.accelerator, tools_.version));
  co_return to_text(known);
}

Async<Result<Flight>> QemuFlights::send(std::string uuid, Departure departure, Moment moment,
                                        Progress progress) {
  CO_TRY(auto vm, tools_.find(uuid));
  if (vm->record.passage != Passage::none || vm->flying)
    co_return fail(Code::conflict, "{} is on its way from host to host already", vm->record.name);
  if (vm->state != Observed::running)
    co_return fail(Code::precondition, "{} does not run", vm->record.name);
  Verb verb(vm);
  vm->flight_stopped = false;
  vm->flying = true;
  Revert landed;
  landed.add([vm] {
    vm->flying = false;
    vm->changed.wake();
  });
  CO_TRY_VOID(co_await outline_of(vm, tools_.accelerator, tools_.version));
  if (auto noted = note(vm, Passage::sending); !noted) {
    vm->record.passage = Passage::none;
    co_return std::unexpected(noted.error());
  }
  auto flown =
      co_await Sending(vm, std::move(departure), std::move(moment), std::move(progress)).run();
  if (flown) {
    close_ways(*vm);
    co_return flown;
  }
  auto why = flown.error();
  if (vm->ended) co_return std::unexpected(gone(*vm));
  if (vm->record.passage == Passage::away)
    co_return std::unexpected(why.within(vm->record.name + " is lost to this host"));
  auto back = co_await bring_back(vm);
  if (!back) spdlog::error("{}: after its migration: {}", vm->record.name, back.error().message);
  co_return std::unexpected(std::move(why));
}

void QemuFlights::stop_sending(const std::string& uuid) {
  auto vm = tools_.find(uuid);
  if (!vm) return;
  (*vm)->flight_stopped = true;
  (*vm)->changed.wake();
  (*vm)->jobs.wake();
}

Async<Result<void>> QemuFlights::take_back(std::string uuid) {
  CO_TRY(auto vm, tools_.find(uuid));
  stop_sending(uuid);
  auto ended = [](const Running& it) { return it.ended || !it.flying; };
  if (!co_await until(vm, end_of_migration, ended))
    co_return fail(Code::timeout, "{}: its migration does not end", vm->record.name);
  if (vm->ended) co_return std::unexpected(gone(*vm));
  if (vm->record.passage == Passage::none) co_return Result<void>{};
  if (vm->record.passage != Passage::sending) {
    co_return fail(Code::precondition, "{} is the other side's", vm->record.name);
  }
  co_return co_await bring_back(vm);
}

// Samples pages and looks which differ a second later (qapi/migration.json, calc-dirty-rate).
Async<Result<Bytes>> QemuFlights::dirty_rate(std::string uuid) {
  constexpr Bytes sampled_from = mib(128);  // migration/dirtyrate.h, MIN_RAMBLOCK_SIZE
  CO_TRY(auto vm, tools_.find(uuid));
  CO_TRY(auto summary, co_await vm->ask("query-memory-size-summary"));
  auto memory = integer_in(summary, "base-memory");
  if (memory < static_cast<std::int64_t>(sampled_from.count)) {
    co_return fail(Code::unsupported, "{} has less than {}, which QEMU does not sample",
                   vm->record.name, to_string(sampled_from));
  }
  // QEMU's own 512 pages of each GiB do not see that a small guest changes few MiB.
  auto pages_each = memory < static_cast<std::int64_t>(gib(64).count) ? 4096 : 512;
  auto begun =
      co_await vm->ask("calc-dirty-rate", {{"calc-time", 1}, {"sample-pages", pages_each}});
  // One that somebody else began is as good.
  if (!begun && !begun.error().message.contains("progress"))
    co_return std::unexpected(begun.error());
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    co_await sleep_for(100ms);
    CO_TRY(auto answer, co_await vm->ask("query-dirty-rate"));
    if (text_in(answer, "status") != "measured") continue;
    co_return mib(
        static_cast<std::uint64_t>(std::max<std::int64_t>(integer_in(answer, "dirty-rate"), 0)));
  }
  co_return fail(Code::timeout, "{}: QEMU does not measure its memory", vm->record.name);
}

}  // namespace truce::qemu
