#include "vsphere/vsphere.h"

#include <algorithm>

#include "follower.h"
#include "moving/transfers.h"

namespace truce::vsphere {

using namespace platform;
using model::Observed;

namespace {

Ref machine_ref(std::string id) {
  return {"VirtualMachine", std::move(id)};
}

class Vsphere final : public Platform, private Snapshots, private Making {
 public:
  Vsphere(asio::any_io_executor loop, Account account)
      : session_(std::move(loop), std::move(account)), follower_(session_), movers_(session_) {}

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  Async<Result<void>> connect() override;
  Async<Result<Update>> next(Duration patience) override;
  Async<Result<void>> start(std::string machine) override;
  Async<Result<void>> request_stop(std::string machine) override;
  Async<Result<void>> kill(std::string machine) override;
  Async<Result<void>> reset(std::string machine) override;
  Async<Result<void>> suspend(std::string machine) override;
  Snapshots* snapshots() override { return this; }
  Making* making() override { return this; }
  Transfers* transfers() override { return &movers_; }
  Async<void> close() override;

 private:
  Async<Result<std::string>> create(std::string machine, SnapshotOrder order) override;
  Async<Result<void>> restore(std::string machine, std::string snapshot) override;
  Async<Result<void>> remove(std::string machine, std::string snapshot, Extent extent) override;
  Async<Result<std::string>> clone(std::string machine, std::string new_name) override;
  Async<Result<void>> resize(std::string machine, std::optional<int> cpus,
                             std::optional<Bytes> memory) override;
  Async<Result<void>> remove(std::string machine) override;

  /// A machine as far as `paths` tell.
  Async<Result<Machine>> look(std::string machine, std::vector<std::string> paths);
  /// Code::not_found unless the snapshot is one of the machine's: its id alone would name it, and
  /// so would a wrong one.
  Async<Result<Ref>> find(std::string machine, std::string snapshot);
  /// A task that shall lead to a state, which may be so already.
  Async<Result<void>> lead(std::string method, std::string machine, Observed wanted);
  /// Success when the machine is in that state, whatever the server has said.
  Async<Result<void>> unless(Error error, std::string machine, Observed wanted);

  Session session_;
  Follower follower_;
  Movers movers_;
  Capabilities capabilities_;
};

Async<Result<void>> Vsphere::connect() {
  CO_TRY_VOID(co_await session_.connect());
  const auto& service = session_.service();
  capabilities_ = {.name = service.name,
                   .version = service.version,
                   .instance = service.instance,
                   .several_hosts = service.is_center,
                   .clone = service.is_center,
                   .clean_stop = true,
                   .suspend = true,
                   .snapshots_with_memory = true,
                   .quiesced_snapshots = true};
  co_return Result<void>();
}

Async<Result<Update>> Vsphere::next(Duration patience) {
  CO_TRY_VOID(co_await connect());
  co_return co_await follower_.next(patience);
}

Async<Result<Machine>> Vsphere::look(std::string machine, std::vector<std::string> paths) {
  CO_TRY(auto seen, co_await session_.read(machine_ref(machine), std::move(paths)));
  auto there = machine_of(seen);
  there.id = machine;
  co_return there;
}

Async<Result<void>> Vsphere::unless(Error error, std::string machine, Observed wanted) {
  if (error.code == Code::precondition) {
    auto there = co_await look(machine, {"runtime"});
    if (there && there->state == wanted) co_return Result<void>();
  }
  co_return std::unexpected(std::move(error));
}

Async<Result<void>> Vsphere::lead(std::string method, std::string machine, Observed wanted) {
  auto done = co_await run_task(session_, {method, machine_ref(machine)});
  if (done) co_return Result<void>();
  co_return co_await unless(std::move(done).error(), machine, wanted);
}

Async<Result<void>> Vsphere::start(std::string machine) {
  co_return co_await lead("PowerOnVM_Task", machine, Observed::running);
}

Async<Result<void>> Vsphere::kill(std::string machine) {
  co_return co_await lead("PowerOffVM_Task", machine, Observed::off);
}

Async<Result<void>> Vsphere::suspend(std::string machine) {
  CO_TRY(auto there, co_await look(machine, {"runtime"}));
  if (there.state == Observed::off) co_return fail(Code::precondition, "{} does not run", machine);
  co_return co_await lead("SuspendVM_Task", machine, Observed::suspended);
}

Async<Result<void>> Vsphere::reset(std::string machine) {
  CO_TRY_VOID(co_await run_task(session_, {"ResetVM_Task", machine_ref(machine)}));
  co_return Result<void>();
}

Async<Result<void>> Vsphere::request_stop(std::string machine) {
  auto asked = co_await session_.call({"ShutdownGuest", machine_ref(machine)});
  if (asked) co_return Result<void>();
  co_return co_await unless(std::move(asked).error(), machine, Observed::off);
}

Async<Result<std::string>> Vsphere::create(std::string machine, SnapshotOrder order) {
  auto arguments = to_xml("name", escape_name(order.name)) +
                   to_xml("description", order.description) + flag_xml("memory", order.memory) +
                   flag_xml("quiesce", order.quiesce);
  CO_TRY(auto made,
         co_await run_task(session_, {"CreateSnapshot_Task", machine_ref(machine), arguments}));
  co_return made.value;
}

Async<Result<Ref>> Vsphere::find(std::string machine, std::string snapshot) {
  CO_TRY(auto there, co_await look(machine, {"snapshot"}));
  if (std::ranges::find(there.snapshots, snapshot, &Snapshot::id) == there.snapshots.end())
    co_return fail(Code::not_found, "{} has no snapshot {}", machine, snapshot);
  co_return Ref{"VirtualMachineSnapshot", snapshot};
}

Async<Result<void>> Vsphere::restore(std::string machine, std::string snapshot) {
  CO_TRY(auto ref, co_await find(machine, snapshot));
  CO_TRY_VOID(co_await run_task(session_, {"RevertToSnapshot_Task", ref}));
  co_return Result<void>();
}

Async<Result<void>> Vsphere::remove(std::string machine, std::string snapshot, Extent extent) {
  CO_TRY(auto ref, co_await find(machine, snapshot));
  auto arguments = flag_xml("removeChildren", extent == Extent::with_children);
  CO_TRY_VOID(co_await run_task(session_, {"RemoveSnapshot_Task", ref, arguments}));
  co_return Result<void>();
}

Async<Result<std::string>> Vsphere::clone(std::string machine, std::string new_name) {
  CO_TRY_VOID(co_await connect());
  if (!capabilities_.clone)
    co_return fail(Code::unsupported, "an ESXi host alone cannot clone: connect to its vCenter");
  CO_TRY(auto seen, co_await session_.read(machine_ref(machine), {"parent"}));
  if (seen.changes.empty())
    co_return fail(Code::precondition, "{} is in no folder that a copy could be in", machine);
  auto arguments = to_xml("folder", seen.changes[0].value.ref()) +
                   to_xml("name", escape_name(new_name)) +
                   "<spec><location/><template>false</template><powerOn>false</powerOn></spec>";
  CO_TRY(auto made, co_await run_task(session_, {"CloneVM_Task", machine_ref(machine), arguments}));
  co_return made.value;
}

Async<Result<void>> Vsphere::resize(std::string machine, std::optional<int> cpus,
                                    std::optional<Bytes> memory) {
  constexpr std::uint64_t mebi = 1 << 20;
  if (memory && memory->count % mebi != 0)
    co_return fail(Code::invalid, "{}: memory is given in whole MiB", to_string(*memory));
  std::string spec;
  if (cpus) spec += to_xml("numCPUs", std::to_string(*cpus));
  if (memory) spec += to_xml("memoryMB", std::to_string(memory->count / mebi));
  auto arguments = fmt::format("<spec>{}</spec>", spec);
  CO_TRY_VOID(co_await run_task(session_, {"ReconfigVM_Task", machine_ref(machine), arguments}));
  co_return Result<void>();
}

Async<Result<void>> Vsphere::remove(std::string machine) {
  CO_TRY_VOID(co_await run_task(session_, {"Destroy_Task", machine_ref(machine)}));
  co_return Result<void>();
}

Async<void> Vsphere::close() {
  co_await session_.close();
}

}  // namespace

std::unique_ptr<Platform> open(asio::any_io_executor loop, Account account) {
  return std::make_unique<Vsphere>(std::move(loop), std::move(account));
}

}  // namespace truce::vsphere
