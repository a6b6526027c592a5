#include "qemu/qemu.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/revert.h"
#include "command_line.h"
#include "confinement.h"
#include "gear.h"
#include "guest_agent.h"
#include "host/kvm.h"
#include "live/live.h"
#include "live/moves.h"
#include "live/screen.h"
#include "live/secrets.h"
#include "migration/flights.h"
#include "migration/outline.h"
#include "places.h"
#include "running.h"
#include "snapshots.h"

namespace truce::qemu {

using hypervisor::Capabilities;
using hypervisor::EndReason;
using hypervisor::Machine;
using hypervisor::Notice;
using model::Observed;

namespace {

// What is to be left out of the host's processor; nothing: no KVM.
Async<Result<std::optional<std::string>>> choose_kvm(std::string program, std::string wanted) {
  if (wanted == "tcg") co_return std::nullopt;
  if (wanted != "auto" && wanted != "kvm")
    co_return fail(Code::invalid, "accelerator: '{}' is none of auto, kvm and tcg", wanted);
  auto usable = check_kvm();
  auto tried = usable ? co_await try_kvm(std::move(program))
                      : Result<std::string>(std::unexpected(usable.error()));
  if (tried) co_return *std::move(tried);
  const auto& why = tried.error().message;
  if (wanted == "kvm")
    co_return fail(Code::unsupported, "KVM cannot be used: {}; see truce host check", why);
  std::error_code ec;
  if (std::filesystem::exists("/dev/kvm", ec))
    spdlog::warn("KVM is there but cannot be used, so machines are emulated: {}", why);
  co_return std::nullopt;
}

// `QEMU emulator version 7.2.22 (Debian ...)`
std::string version_in(std::string_view text) {
  constexpr std::string_view before = "version ";
  auto at = text.find(before);
  if (at == text.npos) return "unknown";
  text.remove_prefix(at + before.size());
  return std::string(text.substr(0, text.find_first_of(" \n")));
}

// Whether a machine that goes from host to host runs is decided by hypervisor::Migration's verbs.
Result<void> stays(const Running& vm) {
  if (vm.record.passage == Passage::none) return {};
  return fail(Code::precondition, "{} is on its way from host to host", vm.record.name);
}

}  // namespace

Async<Result<std::unique_ptr<Qemu>>> Qemu::open(Options options) {
  Command ask;
  ask.argv = {options.program, "--version"};
  auto version = co_await run_checked(ask, 20s);
  if (!version) {
    co_return fail(Code::unsupported,
                   "QEMU cannot be used: {}; install the package qemu-system-x86",
                   version.error().message);
  }
  CO_TRY(auto kvm, co_await choose_kvm(options.program, options.accelerator));
  auto accelerator = kvm ? Accelerator::kvm : Accelerator::tcg;
  Capabilities capabilities;
  capabilities.name = "qemu";
  capabilities.version = version_in(*version);
  capabilities.accelerator = to_string(accelerator);
  CO_TRY(auto offer, co_await ask_offer(options.program));
  Surroundings around;
  around.firmware = options.firmware;
  describe(offer, around, accelerator, capabilities);
  auto enclosure = co_await try_enclosure();
  auto loop = co_await asio::this_coro::executor;
  std::unique_ptr<Qemu> made(
      new Qemu(loop, std::move(options), std::move(capabilities), std::move(enclosure)));
  made->cpu_less_ = kvm.value_or("");
  co_return made;
}

Qemu::Qemu(asio::any_io_executor loop, Options options, Capabilities capabilities,
           Enclosure enclosure)
    : loop_(loop),
      options_(std::move(options)),
      capabilities_(std::move(capabilities)),
      accelerator_(capabilities_.accelerator == "kvm" ? Accelerator::kvm : Accelerator::tcg),
      enclosure_(std::make_unique<const Enclosure>(std::move(enclosure))),
      sink_([](const Notice&) {}),
      scope_(std::move(loop)) {
  agents_ =
      std::make_unique<Agents>([this](const std::string& uuid) -> Result<std::filesystem::path> {
        TRY(auto vm, find(uuid));
        return vm->runtime.socket("agent");
      });
  snapshots_ = std::make_unique<ChainSnapshots>(SnapshotTools{
      [this](const std::string& uuid) { return find(uuid); }, *agents_, blocking_, scope_});
  live_ =
      std::make_unique<LiveQemu>([this](const std::string& uuid) { return find(uuid); }, scope_);
  moves_ = std::make_unique<MirrorMoves>([this](const std::string& uuid) { return find(uuid); });
  flights_ = std::make_unique<QemuFlights>(
      FlightTools{[this](const std::string& uuid) { return find(uuid); },
                  [this](Machine machine, Manner manner, FlightTools::Prepare prepare) {
                    return await_arrival(std::move(machine), std::move(manner), std::move(prepare));
                  },
                  [this](std::string uuid) { return kill(std::move(uuid)); }, accelerator_,
                  capabilities_.version});
  scope_.spawn(bound_logs());
}

Qemu::~Qemu() = default;

Async<void> Qemu::close() {
  scope_.cancel();
  co_await scope_.join();
  for (auto& [uuid, vm] : running_) {
    if (vm->qmp) vm->qmp->close();
  }
  running_.clear();
}

Result<RunningPtr> Qemu::find(const std::string& uuid) const {
  auto found = running_.find(uuid);
  if (found == running_.end())
    return fail(Code::precondition, "the machine {} is not running", uuid);
  return found->second;
}

hypervisor::GuestAgent* Qemu::guest_agent() {
  return agents_.get();
}

hypervisor::Snapshots* Qemu::snapshots() {
  return snapshots_.get();
}

hypervisor::LiveChanges* Qemu::live_changes() {
  return live_.get();
}

hypervisor::DiskMoves* Qemu::disk_moves() {
  return moves_.get();
}

hypervisor::Migration* Qemu::migration() {
  return flights_.get();
}

std::filesystem::path Qemu::socket(const std::string& uuid, const std::string& which) const {
  auto found = running_.find(uuid);
  if (found == running_.end()) return {};
  const auto& vm = *found->second;
  if (which == "serial" || (which == "vnc" && vm.record.screen)) return vm.runtime.socket(which);
  std::error_code none;
  for (const char* other : {"spice", "serial2", "serial3", "serial4", "parallel"}) {
    auto path = vm.runtime.socket(other);
    if (which == other && std::filesystem::exists(path, none)) return path;
  }
  return {};
}

namespace {
Record record_of(const Machine& machine, const Running& vm, const Manner& manner) {
  Record record;
  record.uuid = machine.uuid;
  record.name = machine.name;
  record.folder = machine.folder;
  record.pid = vm.process->pid();
  record.start_ticks = vm.process->start_ticks();
  record.control_groups = vm.groups.folders();
  record.screen = has_screen(machine);
  record.type = machine.type;
  record.disk_bus = machine.outfit.disk_bus;
  record.nic_model = machine.outfit.nic_model;
  record.queues = queues_of(machine);
  record.more_memory = manner.more_memory;
  return record;
}
}  // namespace

Result<RunningPtr> Qemu::launch(const Machine& machine, const Manner& manner) {
  if (auto place = options_.runtimes / machine.uuid; machine.runtime != place) {
    return fail(Code::internal, "start {}: the runtime folder {} is not {}, where adopt() looks",
                machine.name, machine.runtime.string(), place.string());
  }
  auto vm = std::make_shared<Running>(loop_, machine.runtime);
  auto user = user_of(machine, options_.uid_base, accelerator_);
  Revert revert;
  TRY_VOID(vm->runtime.prepare(user));
  revert.add([vm] { vm->runtime.clear(); });
  TRY_VOID(own_files(machine, user));
  TRY_VOID(make_layers_folders(machine));

  ControlGroupPlace place;
  place.name = options_.control_group;
  if (machine.gate && !machine.gate->above.empty())
    place.name = machine.gate->above.lexically_relative(place.root);
  vm->limits = machine.limits;
  vm->throttled = false;
  vm->groups = ControlGroup::make(place, machine.uuid,
                                  {.memory = memory_limit(machine, accelerator_),
                                   .cpus = machine.cpus,
                                   .wanted = machine.limits});
  revert.add([vm] {
    vm->groups.kill();
    vm->groups.discard();
  });
  Surroundings around;
  around.firmware = options_.firmware;
  TRY(auto gear, make_gear(machine, vm->runtime, user, vm->groups, *enclosure_, around));
  if (gear.tpm) scope_.spawn(reap(*std::move(gear.tpm)));
  gear.wiring.program = options_.program;
  gear.wiring.accelerator = accelerator_;
  gear.wiring.cpu_less = cpu_less_;
  gear.wiring.origin = manner.origin;
  gear.wiring.more_memory = manner.more_memory;
  gear.wiring.roms = manner.roms;
  TRY(auto words, command_line(machine, gear.wiring));
  vm->runtime.begin_log(words, machine.request);
  auto command = confined(machine, gear.wiring, vm->runtime, user, *enclosure_, std::move(words));
  if (manner.fetches_pages) command.call_filter = call_filter(Fetching::yes);
  command.descriptors = gear.descriptors;
  command.cgroups = groups_of(machine, vm->groups);
  command.gate = machine.gate;
  TRY(vm->process, Process::start(command));
  revert.success();
  vm->spice = machine.outfit.spice;
  vm->record = record_of(machine, *vm, manner);
  vm->record.own_network = command.own.network;
  if (auto written = vm->runtime.write(vm->record); !written) {
    // It could not be found again: better not to run it.
    spdlog::error("{}: {}", machine.name, written.error().message);
    (void)vm->process->signal(SIGKILL);
  }
  return vm;
}

Async<void> Qemu::reap(Process process) {
  (void)co_await process.wait();
}

void Qemu::watch(RunningPtr vm) {
  running_.insert_or_assign(vm->record.uuid, vm);
  scope_.spawn(watch_process(vm));
}

std::function<void(const QmpEvent&)> Qemu::events_of(const RunningPtr& vm) {
  return [this, weak = std::weak_ptr<Running>(vm)](const QmpEvent& event) {
    if (auto alive = weak.lock()) on_event(alive, event);
  };
}

// Its socket listens since before QEMU was started: connecting never waits for QEMU.
Async<Result<void>> Qemu::connect(RunningPtr vm) {
  auto connection = co_await Qmp::connect(vm->runtime.socket("qmp"), events_of(vm));
  if (connection) vm->qmp = *connection;
  scope_.spawn(watch_qmp(vm));  // tries again when there is none
  if (!connection) co_return std::unexpected(connection.error());
  co_return Result<void>{};
}

// In the order of its words: QEMU reads one after another, and goes on when it has them all.
Async<Result<void>> Qemu::give_keys(RunningPtr vm, const std::vector<hypervisor::DiskFile>& disks) {
  for (const auto& disk : disks) {
    if (disk.encrypted > 0) CO_TRY_VOID(co_await feed_key(vm, disk.id, disk.key));
  }
  co_return Result<void>{};
}

Result<void> Qemu::take_screens(const RunningPtr& vm) {
  if (vm->record.screen) TRY_VOID(vm->runtime.take("vnc"));
  if (vm->spice) TRY_VOID(vm->runtime.take("spice"));
  return {};
}

Async<Result<void>> Qemu::bring_up(RunningPtr vm, bool incoming) {
  CO_TRY_VOID(co_await connect(vm));
  // Sent at once, so that QEMU finds them when it gets to reading.
  auto greeting = vm->ask("qmp_capabilities", {}, 60s);
  std::optional<Async<Result<json::value>>> run;
  bool held = vm->limits != hypervisor::Limits();  // until they hold
  if (!incoming && !held) run = vm->ask("cont", {}, 60s);
  CO_TRY_VOID(co_await std::move(greeting));
  if (held) CO_TRY_VOID(co_await throttle_disks(vm, vm->limits));
  CO_TRY_VOID(take_screens(vm));
  if (incoming) {
    CO_TRY_VOID(co_await load_memory(vm, blocking_));
  }
  if (!run) run = vm->ask("cont", {}, 60s);
  CO_TRY_VOID(co_await std::move(*run));
  co_return Result<void>{};
}

// The firmware reads the order when it is reset, so what is set while the guest runs holds from its
// next boot on.
Async<void> Qemu::boot_as_usual(RunningPtr vm, std::map<std::string, int> order) {
  // First all are taken out: no two devices may have the same place, not even for a moment.
  for (bool placed : {false, true}) {
    for (const auto& [id, index] : order) {
      auto set = co_await vm->ask("qom-set", {{"path", "/machine/peripheral/" + id},
                                              {"property", "bootindex"},
                                              {"value", placed ? index : -1}});
      if (!set) spdlog::warn("{}: its usual boot order: {}", vm->record.name, set.error().message);
    }
  }
}

Async<Result<void>> Qemu::start(Machine machine) {
  if (auto present = running_.find(machine.uuid); present != running_.end()) {
    auto vm = present->second;
    if (vm->state == Observed::starting || vm->reason) {
      co_return fail(Code::unavailable, "{} is being {} at present", machine.name,
                     vm->reason ? "ended" : "started");
    }
    co_return co_await resume(machine.uuid);
  }
  std::error_code none;
  auto state = machine.folder / hypervisor::suspend_file;
  bool incoming = std::filesystem::exists(state, none);
  Manner manner;
  manner.more_memory = more_memory(machine, accelerator_);
  if (incoming) {
    manner.origin = Origin::incoming;
    manner.more_memory = more_memory_in(state, machine);
  }
  CO_TRY(auto vm, launch(machine, manner));
  CO_TRY_VOID(co_await see_up(vm, machine.disks,
                              [this, incoming](RunningPtr it) { return bring_up(it, incoming); }));
  if (vm->state == Observed::starting) vm->state = Observed::running;
  // Nobody waits for it: who follows the serial line shall not miss its beginning.
  if (machine.boot_once) scope_.spawn(boot_as_usual(vm, usual_boot_order(machine)));
  co_return Result<void>{};
}

Async<Result<RunningPtr>> Qemu::await_arrival(Machine machine, Manner manner, Prepare prepare) {
  if (running_.contains(machine.uuid))
    co_return fail(Code::precondition, "{} is on this host already", machine.name);
  CO_TRY(auto vm, launch(machine, manner));
  auto up = [this, &prepare](RunningPtr it) -> Async<Result<void>> {
    CO_TRY_VOID(co_await connect(it));
    CO_TRY_VOID(co_await it->ask("qmp_capabilities", {}, 60s));
    CO_TRY_VOID(co_await throttle_disks(it, it->limits));
    CO_TRY_VOID(take_screens(it));
    co_return co_await prepare(it);
  };
  CO_TRY_VOID(co_await see_up(vm, machine.disks, up));
  vm->state = Observed::paused;
  co_return vm;
}

// A caller that gives up, and a failure, leave no half-started machine: its process dies, which
// cleans up.
Async<Result<void>> Qemu::see_up(RunningPtr vm, std::vector<hypervisor::DiskFile> disks,
                                 Prepare bring_up) {
  watch(vm);
  Revert revert;
  revert.add([vm] { (void)vm->process->signal(SIGKILL); });
  Verb verb(vm);
  auto up = co_await give_keys(vm, disks);
  if (up) up = co_await bring_up(vm);
  if (up && !vm->ended) {
    revert.success();
    co_return Result<void>{};
  }
  (void)vm->process->signal(SIGKILL);
  (void)co_await until(vm, 10s, [](const Running& it) { return it.ended; });
  revert.success();
  auto why = up ? Error{Code::io, "", {}} : up.error();
  if (why.code == Code::unavailable || why.message.empty()) {  // the connection ended with QEMU
    why = {Code::io, vm->detail, {}};
  }
  co_return std::unexpected(std::move(why));
}

Async<Result<void>> Qemu::request_stop(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  vm->stop_asked = true;
  CO_TRY_VOID(co_await vm->ask("system_powerdown"));
  co_return Result<void>{};
}

Async<Result<void>> Qemu::kill(std::string uuid) {
  auto found = running_.find(uuid);
  if (found == running_.end()) co_return Result<void>{};
  auto vm = found->second;
  if (!vm->reason) {
    vm->reason = vm->panicked ? EndReason::guest_panic : EndReason::requested;
    vm->detail = vm->panicked ? vm->trouble : "killed";
  }
  co_return co_await end(vm, 2s);
}

Async<Result<void>> Qemu::pause(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  Verb verb(vm);
  CO_TRY_VOID(co_await vm->ask("stop"));
  co_return Result<void>{};
}

Async<Result<void>> Qemu::resume(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  CO_TRY_VOID(stays(*vm));
  {
    Verb verb(vm);
    CO_TRY_VOID(co_await vm->ask("cont"));
  }
  // What stopped it before may do so again before the answer is here.
  if (vm->state == Observed::paused && vm->cause != hypervisor::Cause::other && !vm->reason)
    tell(vm, hypervisor::Notice::Kind::paused, vm->trouble);
  co_return Result<void>{};
}

Async<Result<void>> Qemu::reset(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  CO_TRY_VOID(stays(*vm));
  Verb verb(vm);
  CO_TRY_VOID(co_await vm->ask("system_reset"));
  co_return Result<void>{};
}

Async<Result<void>> Qemu::suspend(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  CO_TRY_VOID(stays(*vm));
  if (vm->suspending)
    co_return fail(Code::conflict, "{} is being suspended already", vm->record.name);
  Verb verb(vm);
  bool ran = vm->state == Observed::running;
  vm->suspending = true;
  auto saved = co_await vm->ask("stop");
  auto written =
      saved ? co_await save_memory(vm, vm->record.folder / hypervisor::suspend_file, blocking_)
            : Result<void>(std::unexpected(saved.error()));
  vm->suspending = false;
  if (!written) {
    if (ran && !vm->ended) (void)co_await vm->ask("cont");
    co_return std::unexpected(written.error().within("suspend " + vm->record.name));
  }
  vm->reason = EndReason::requested;
  vm->detail = "suspended";
  co_return co_await end(vm, 10s);
}

namespace {
constexpr int picture_set = 77;  // number of the descriptor set that a picture is written through

Result<std::string> read_all(int fd) {
  auto size = ::lseek(fd, 0, SEEK_END);
  constexpr off_t picture_limit = 256 << 20;
  if (size <= 0 || size > picture_limit)
    return fail(Code::io, "QEMU wrote a picture of {} bytes", size);
  std::string content(static_cast<std::size_t>(size), '\0');
  auto got = ::pread(fd, content.data(), content.size(), 0);
  if (got != size) return fail(Code::io, "the picture cannot be read");
  return content;
}
}  // namespace

// QEMU writes into memory of ours, by a descriptor: no file that it could exchange for a link.
Async<Result<std::string>> Qemu::screenshot(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  if (!vm->record.screen) co_return fail(Code::unsupported, "{} has no screen", vm->record.name);
  Fd picture(::memfd_create("picture", MFD_CLOEXEC));
  if (!picture) co_return fail_errno(errno, "memfd_create");
  CO_TRY(auto writing, open_file(fmt::format("/proc/self/fd/{}", picture.get()), O_WRONLY));
  CO_TRY(auto added,
         co_await vm->ask("add-fd", {{"fdset-id", picture_set}}, 10s, std::move(writing)));
  auto number = integer_in(added, "fd");
  auto dumped = co_await vm->ask(
      "screendump", {{"filename", fmt::format("/dev/fdset/{}", picture_set)}, {"format", "png"}},
      30s);
  (void)co_await vm->ask("remove-fd", {{"fdset-id", picture_set}, {"fd", number}});
  if (!dumped) co_return std::unexpected(dumped.error());
  co_return read_all(picture.get());
}

Async<Result<std::string>> Qemu::screen_text(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  co_return co_await read_screen(std::move(vm));
}

}  // namespace truce::qemu
