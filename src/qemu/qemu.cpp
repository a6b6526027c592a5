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
#include "running.h"
#include "snapshots.h"

namespace truce::qemu {

using hypervisor::Capabilities;
using hypervisor::EndReason;
using hypervisor::Machine;
using hypervisor::Notice;
using model::Observed;

namespace {

Result<Accelerator> choose_accelerator(const std::string& wanted) {
  if (wanted == "tcg") return Accelerator::tcg;
  auto kvm = open_file("/dev/kvm", O_RDWR);
  if (kvm) return Accelerator::kvm;
  if (wanted == "auto") return Accelerator::tcg;
  if (wanted == "kvm") {
    return fail(Code::unsupported,
                "KVM cannot be used: {}; is virtualization enabled in the firmware?",
                kvm.error().message);
  }
  return fail(Code::invalid, "accelerator: '{}' is none of auto, kvm and tcg", wanted);
}

// `QEMU emulator version 7.2.22 (Debian ...)`
std::string version_in(std::string_view text) {
  constexpr std::string_view before = "version ";
  auto at = text.find(before);
  if (at == text.npos) return "unknown";
  text.remove_prefix(at + before.size());
  return std::string(text.substr(0, text.find_first_of(" \n")));
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
  CO_TRY(auto accelerator, choose_accelerator(options.accelerator));
  Capabilities capabilities;
  capabilities.name = "qemu";
  capabilities.version = version_in(*version);
  capabilities.accelerator = to_string(accelerator);
  CO_TRY(auto offer, co_await ask_offer(options.program));
  Surroundings around;
  around.firmware = options.firmware;
  describe(offer, around, accelerator, capabilities);
  auto loop = co_await asio::this_coro::executor;
  co_return std::unique_ptr<Qemu>(new Qemu(loop, std::move(options), std::move(capabilities)));
}

Qemu::Qemu(asio::any_io_executor loop, Options options, Capabilities capabilities)
    : loop_(loop),
      options_(std::move(options)),
      capabilities_(std::move(capabilities)),
      accelerator_(capabilities_.accelerator == "kvm" ? Accelerator::kvm : Accelerator::tcg),
      sink_([](const Notice&) {}),
      scope_(std::move(loop)) {
  agents_ =
      std::make_unique<Agents>([this](const std::string& uuid) -> Result<std::filesystem::path> {
        TRY(auto vm, find(uuid));
        return vm->runtime.socket("agent");
      });
  snapshots_ = std::make_unique<ChainSnapshots>(SnapshotTools{
      [this](const std::string& uuid) { return find(uuid); }, *agents_, blocking_, scope_});
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

Result<RunningPtr> Qemu::launch(const Machine& machine, bool incoming) {
  auto vm = std::make_shared<Running>(loop_, machine.runtime);
  auto user = user_of(machine, options_.uid_base, accelerator_);
  Revert revert;
  TRY_VOID(vm->runtime.prepare(user));
  revert.add([vm] { vm->runtime.clear(); });
  TRY_VOID(own_files(machine, user));
  // There before the first snapshot, so that its rules can let the machine in.
  TRY_VOID(make_folder(machine.folder / hypervisor::layers_folder, 0711));

  ControlGroupPlace place;
  place.name = options_.control_group;
  vm->groups =
      ControlGroup::make(place, machine.uuid, {memory_limit(machine, accelerator_), machine.cpus});
  revert.add([vm] {
    vm->groups.kill();
    for (const auto& folder : vm->groups.folders()) ::rmdir(folder.c_str());
  });
  Surroundings around;
  around.firmware = options_.firmware;
  TRY(auto gear, make_gear(machine, vm->runtime, user, vm->groups, around));
  if (gear.tpm) scope_.spawn(reap(*std::move(gear.tpm)));
  gear.wiring.program = options_.program;
  gear.wiring.accelerator = accelerator_;
  gear.wiring.origin = incoming ? Origin::incoming : Origin::boot;
  TRY(auto words, command_line(machine, gear.wiring));
  vm->runtime.begin_log(words, machine.request);
  auto command = confined(machine, gear.wiring, vm->runtime, user, std::move(words));
  command.descriptors = gear.descriptors;
  command.cgroups = vm->groups.folders();
  TRY(vm->process, Process::start(command));
  revert.success();
  vm->spice = machine.outfit.spice;
  vm->record = {machine.uuid,
                machine.name,
                machine.folder,
                vm->process->pid(),
                vm->process->start_ticks(),
                vm->groups.folders(),
                has_screen(machine)};
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

Async<Result<void>> Qemu::bring_up(RunningPtr vm, bool incoming) {
  CO_TRY_VOID(co_await connect(vm));
  // Sent at once, so that QEMU finds them when it gets to reading.
  auto greeting = vm->ask("qmp_capabilities", {}, 60s);
  std::optional<Async<Result<json::value>>> run;
  if (!incoming) run = vm->ask("cont", {}, 60s);
  CO_TRY_VOID(co_await std::move(greeting));
  if (vm->record.screen) CO_TRY_VOID(vm->runtime.take("vnc"));
  if (vm->spice) CO_TRY_VOID(vm->runtime.take("spice"));
  if (incoming) {
    CO_TRY_VOID(co_await load_memory(vm, blocking_));
    run = vm->ask("cont", {}, 60s);
  }
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
  if (machine.runtime != options_.runtimes / machine.uuid) {
    co_return fail(Code::internal, "start {}: the runtime folder {} is not {}, where adopt() looks",
                   machine.name, machine.runtime.string(),
                   (options_.runtimes / machine.uuid).string());
  }
  std::error_code none;
  bool incoming = std::filesystem::exists(machine.folder / hypervisor::suspend_file, none);
  CO_TRY(auto vm, launch(machine, incoming));
  watch(vm);
  // A caller that gives up leaves no half-started machine: its process dies, which cleans up.
  Revert revert;
  revert.add([vm] { (void)vm->process->signal(SIGKILL); });
  Verb verb(vm);
  auto up = co_await bring_up(vm, incoming);
  if (up && !vm->ended) {
    if (vm->state == Observed::starting) vm->state = Observed::running;
    // Nobody waits for it: who follows the serial line shall not miss its beginning.
    if (machine.boot_once) scope_.spawn(boot_as_usual(vm, usual_boot_order(machine)));
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
    vm->reason = EndReason::requested;
    vm->detail = "killed";
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
  Verb verb(vm);
  CO_TRY_VOID(co_await vm->ask("cont"));
  co_return Result<void>{};
}

Async<Result<void>> Qemu::reset(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
  Verb verb(vm);
  CO_TRY_VOID(co_await vm->ask("system_reset"));
  co_return Result<void>{};
}

Async<Result<void>> Qemu::suspend(std::string uuid) {
  CO_TRY(auto vm, find(uuid));
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

}  // namespace truce::qemu
