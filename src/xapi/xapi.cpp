#include "xapi/xapi.h"

#include "follower.h"
#include "machines.h"
#include "moving/transfers.h"

namespace truce::xapi {

using namespace platform;
using model::Observed;

namespace {

class Xapi final : public Platform, private Snapshots, private Making {
 public:
  Xapi(asio::any_io_executor loop, Account account)
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
  Async<void> close() override { co_await session_.close(); }

 private:
  Async<Result<std::string>> create(std::string machine, SnapshotOrder order) override;
  Async<Result<void>> restore(std::string machine, std::string snapshot) override;
  Async<Result<void>> remove(std::string machine, std::string snapshot, Extent extent) override;
  Async<Result<std::string>> clone(std::string machine, std::string new_name) override;
  Async<Result<void>> resize(std::string machine, std::optional<int> cpus,
                             std::optional<Bytes> memory) override;
  Async<Result<void>> remove(std::string machine) override;

  /// A task that shall lead to a state, in which the machine may be already when it has failed.
  Async<Result<void>> lead(Found machine, std::string method, std::vector<std::string> more,
                           Observed wanted);

  Session session_;
  Follower follower_;
  Movers movers_;
  Capabilities capabilities_;
};

Async<Result<void>> Xapi::connect() {
  CO_TRY_VOID(co_await session_.connect());
  const auto& pool = session_.pool();
  capabilities_ = {.name = pool.product,
                   .version = pool.version,
                   .instance = pool.id,
                   .several_hosts = true,
                   .clone = true,
                   .clean_stop = true,
                   .suspend = true,
                   .snapshots_with_memory = true,
                   .quiesced_snapshots = false};
  co_return Result<void>();
}

Async<Result<Update>> Xapi::next(Duration patience) {
  CO_TRY_VOID(co_await connect());
  co_return co_await follower_.next(patience);
}

Async<Result<void>> Xapi::lead(Found machine, std::string method, std::vector<std::string> more,
                               Observed wanted) {
  Call call{std::move(method), {to_json(machine.ref)}};
  call.parameters.insert(call.parameters.end(), more.begin(), more.end());
  auto done = co_await run_task(session_, std::move(call));
  if (done) co_return Result<void>();
  if (done.error().code == Code::precondition) {
    auto there = co_await find_by_ref(session_, machine.ref);
    if (there && there->is(wanted)) co_return Result<void>();
  }
  co_return std::unexpected(std::move(done).error());
}

Async<Result<void>> Xapi::start(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (found.is(Observed::running)) co_return Result<void>();
  if (found.is(Observed::paused))
    co_return co_await lead(found, "VM.unpause", {}, Observed::running);
  const auto* method = found.is(Observed::suspended) ? "VM.resume" : "VM.start";
  co_return co_await lead(found, method, {"false", "false"}, Observed::running);
}

Async<Result<void>> Xapi::kill(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (found.is(Observed::off)) co_return Result<void>();
  co_return co_await lead(found, "VM.hard_shutdown", {}, Observed::off);
}

Async<Result<void>> Xapi::suspend(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (found.is(Observed::suspended)) co_return Result<void>();
  co_return co_await lead(found, "VM.suspend", {}, Observed::suspended);
}

Async<Result<void>> Xapi::reset(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  CO_TRY_VOID(co_await run_task(session_, {"VM.hard_reboot", {to_json(found.ref)}}));
  co_return Result<void>();
}

Async<Result<void>> Xapi::request_stop(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (found.is(Observed::off)) co_return Result<void>();
  if (!found.may("clean_shutdown"))
    co_return fail(
        Code::precondition,
        "{} cannot be asked to power off now: it does not run, or its guest has no tools", machine);
  co_return co_await begin_task(session_, {"VM.clean_shutdown", {to_json(found.ref)}});
}

Async<Result<std::string>> Xapi::create(std::string machine, SnapshotOrder order) {
  if (order.quiesce)
    co_return fail(Code::unsupported, "XenServer and XCP-ng do not quiesce guests any more");
  CO_TRY(auto found, co_await find_machine(session_, machine));
  bool runs = found.is(Observed::running) || found.is(Observed::paused);
  const auto* method = order.memory && runs ? "VM.checkpoint" : "VM.snapshot";
  CO_TRY(auto made,
         co_await run_task(session_, {method, {to_json(found.ref), to_json(order.name)}}));
  if (!order.description.empty())
    CO_TRY_VOID(co_await session_.call(
        {"VM.set_name_description", {to_json(made), to_json(order.description)}}));
  CO_TRY(auto taken, co_await find_by_ref(session_, made));
  co_return taken.vm.uuid;
}

Async<Result<void>> Xapi::restore(std::string machine, std::string snapshot) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  CO_TRY(auto taken, co_await find_snapshot(session_, found, snapshot));
  CO_TRY_VOID(co_await run_task(session_, {"VM.revert", {to_json(taken.ref)}}));
  // With memory it is suspended now, as XAPI leaves it; it was running.
  if (!taken.is(Observed::suspended)) co_return Result<void>();
  co_return co_await start(machine);
}

Async<Result<void>> Xapi::remove(std::string machine, std::string snapshot, Extent extent) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  CO_TRY(auto taken, co_await find_snapshot(session_, found, snapshot));
  std::vector<Found> going{taken};
  if (extent == Extent::with_children) {
    CO_TRY(going, co_await find_subtree(session_, taken));
  }
  co_return co_await remove_all(session_, std::move(going));
}

Async<Result<std::string>> Xapi::clone(std::string machine, std::string new_name) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await xapi::clone(session_, std::move(found), std::move(new_name));
}

Async<Result<void>> Xapi::resize(std::string machine, std::optional<int> cpus,
                                 std::optional<Bytes> memory) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await xapi::resize(session_, std::move(found), cpus, memory);
}

Async<Result<void>> Xapi::remove(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (!found.is(Observed::off))
    co_return fail(Code::precondition, "{} is not off: it can be removed only then", machine);
  auto snapshots = found.vm.snapshots;
  std::vector<Found> going{std::move(found)};
  for (const auto& ref : snapshots) {
    auto taken = co_await find_by_ref(session_, ref);
    if (taken && taken->vm.snapshot) going.push_back(*std::move(taken));
  }
  co_return co_await remove_all(session_, std::move(going));
}

}  // namespace

std::unique_ptr<Platform> open(asio::any_io_executor loop, Account account) {
  return std::make_unique<Xapi>(std::move(loop), std::move(account));
}

}  // namespace truce::xapi
