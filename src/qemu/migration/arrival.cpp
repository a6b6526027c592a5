// Machines that come from another host.
#include "base/log.h"
#include "migration/flights.h"
#include "migration/settings.h"

namespace truce::qemu {

using hypervisor::Departure;
using hypervisor::Landing;
using hypervisor::Machine;
using model::Observed;

namespace {

constexpr Duration open_limit = 30s;

Landing landing_of(const Runtime& runtime) {
  Landing landing{runtime.socket("memory"), runtime.socket("disks")};
  std::error_code none;
  if (!std::filesystem::exists(landing.disks, none)) landing.disks.clear();
  return landing;
}

Async<Result<void>> serve_disks(RunningPtr vm, std::vector<hypervisor::CopiedDisk> copied) {
  json::object place{{"path", (vm->runtime.own() / "disks.sock").string()}};
  json::object address{{"type", "unix"}, {"data", std::move(place)}};
  CO_TRY_VOID(co_await vm->ask("nbd-server-start", {{"addr", std::move(address)}}));
  for (const auto& disk : copied) {
    json::object wish{{"type", "nbd"},
                      {"id", disk.id},
                      {"name", disk.id},
                      {"node-name", disk.id},
                      {"writable", true}};
    CO_TRY_VOID(co_await vm->ask("block-export-add", std::move(wish), open_limit));
  }
  co_return vm->runtime.take("disks");
}

// The note comes last: without it the next daemon ends what was only half made ready.
Async<Result<void>> wait_for_it(RunningPtr vm, Departure departure) {
  CO_TRY_VOID(co_await prepare_to_receive(vm, departure));
  auto path = vm->runtime.own() / "memory.sock";
  CO_TRY_VOID(co_await vm->ask("migrate-incoming", {{"uri", "unix:" + path.string()}}));
  CO_TRY_VOID(vm->runtime.take("memory"));
  if (!departure.copied.empty()) CO_TRY_VOID(co_await serve_disks(vm, departure.copied));
  vm->record.passage = Passage::arriving;
  co_return vm->runtime.write(vm->record);
}

// QEMU's own state of what comes is that of the memory; whether devices are loaded too is seen by
// its run state, which leaves `inmigrate` last.
Async<Result<bool>> whole(RunningPtr vm) {
  auto [status, known] = co_await (vm->ask("query-status") && migration_state(vm));
  CO_TRY(auto run_state, std::move(status));
  CO_TRY(auto state, std::move(known));
  auto word = text_in(run_state, "status");
  if (word == "inmigrate" || word == "prelaunch") co_return false;
  co_return state.status == "completed" || state.status.starts_with("postcopy");
}

}  // namespace

Async<Result<Landing>> QemuFlights::receive(Machine machine, std::string outline,
                                            Departure departure) {
  if (auto known = tools_.find(machine.uuid)) {
    if ((*known)->record.passage == Passage::arriving) co_return landing_of((*known)->runtime);
    co_return fail(Code::precondition, "{} is on this host already", machine.name);
  }
  CO_TRY(auto other, parse_outline(outline));
  CO_TRY(auto manner, manner_for(other, machine, tools_.accelerator, tools_.version));
  manner.fetches_pages = departure.post_copy;
  auto prepare = [departure](RunningPtr vm) { return wait_for_it(std::move(vm), departure); };
  CO_TRY(auto vm, co_await tools_.arrive(std::move(machine), std::move(manner), prepare));
  co_return landing_of(vm->runtime);
}

Async<Result<bool>> QemuFlights::has_landed(std::string uuid) {
  CO_TRY(auto vm, tools_.find(uuid));
  auto passage = vm->record.passage;
  bool comes = passage == Passage::arriving;
  if (passage == Passage::sending || passage == Passage::away)
    co_return fail(Code::precondition, "{} goes, and does not come", vm->record.name);
  CO_TRY(auto ready, co_await whole(vm));
  if (!ready && !comes)
    co_return fail(Code::precondition, "{} has not come from elsewhere", vm->record.name);
  co_return ready;
}

// The server of its disks goes first: only one can write to them. After a post-copy they may have
// been refused to the guest because of it, and are opened now.
Async<Result<void>> QemuFlights::land(std::string uuid) {
  CO_TRY(auto vm, tools_.find(uuid));
  auto passage = vm->record.passage;
  bool landed = passage == Passage::none && vm->state == Observed::running;
  if (passage != Passage::arriving && !landed)
    co_return fail(Code::precondition, "{} has not come from elsewhere", vm->record.name);
  CO_TRY(auto ready, co_await whole(vm));
  if (!ready) co_return fail(Code::precondition, "{} has not come whole yet", vm->record.name);
  if (landed) co_return Result<void>{};
  Verb verb(vm);
  if (!landing_of(vm->runtime).disks.empty()) {
    auto stopped = co_await vm->ask("nbd-server-stop", {}, open_limit);
    if (!stopped) spdlog::debug("{}: {}", vm->record.name, stopped.error().message);
  }
  CO_TRY_VOID(co_await vm->ask("cont", {}, open_limit));
  vm->state = Observed::running;
  auto told = co_await vm->ask("announce-self",
                               {{"initial", 50}, {"max", 550}, {"rounds", 5}, {"step", 100}});
  if (!told) spdlog::warn("{}: it was not made known: {}", vm->record.name, told.error().message);
  vm->record.passage = Passage::none;
  auto noted = vm->runtime.write(vm->record);
  std::error_code none;
  for (const char* socket : {"memory", "disks"})
    std::filesystem::remove(vm->runtime.socket(socket), none);
  co_return noted;
}

Async<Result<void>> QemuFlights::discard(std::string uuid) {
  auto vm = tools_.find(uuid);
  if (!vm) co_return Result<void>{};
  if ((*vm)->record.passage != Passage::arriving)
    co_return fail(Code::precondition, "{} runs here", (*vm)->record.name);
  co_return co_await tools_.kill(std::move(uuid));
}

}  // namespace truce::qemu
