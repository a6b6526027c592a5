#include "hyperv/hyperv.h"

#include "follower.h"
#include "machines.h"
#include "moving/transfers.h"

namespace truce::hyperv {

using namespace platform;
using model::Observed;

namespace {

class HyperV final : public Platform, private Snapshots, private Making {
 public:
  HyperV(asio::any_io_executor loop, Account account, Pace pace)
      : session_(std::move(loop), std::move(account)),
        follower_(session_, pace),
        movers_(session_) {}

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  Async<Result<void>> connect() override;
  Async<Result<Update>> next(Duration patience) override;
  Async<Result<void>> start(std::string machine) override {
    return lead(std::move(machine), Observed::running);
  }
  Async<Result<void>> kill(std::string machine) override {
    return lead(std::move(machine), Observed::off);
  }
  Async<Result<void>> suspend(std::string machine) override {
    return lead(std::move(machine), Observed::suspended);
  }
  Async<Result<void>> request_stop(std::string machine) override;
  Async<Result<void>> reset(std::string machine) override;
  Snapshots* snapshots() override { return this; }
  Making* making() override { return this; }
  Transfers* transfers() override { return &movers_; }
  Async<void> close() override { co_return; }  // there is no session but the connections

 private:
  Async<Result<void>> lead(std::string machine, Observed wanted);
  Async<Result<std::string>> create(std::string machine, SnapshotOrder order) override;
  Async<Result<void>> restore(std::string machine, std::string snapshot) override;
  Async<Result<void>> remove(std::string machine, std::string snapshot, Extent extent) override;
  Async<Result<std::string>> clone(std::string machine, std::string new_name) override;
  Async<Result<void>> resize(std::string machine, std::optional<int> cpus,
                             std::optional<Bytes> memory) override;
  Async<Result<void>> remove(std::string machine) override;

  Session session_;
  Follower follower_;
  Movers movers_;
  Capabilities capabilities_;
};

Async<Result<void>> HyperV::connect() {
  CO_TRY_VOID(co_await session_.connect());
  const auto& host = session_.host();
  capabilities_ = {.name = "Hyper-V on " + host.release,
                   .version = host.version,
                   .instance = host.id,
                   .several_hosts = false,
                   .clone = false,
                   .clean_stop = true,
                   .suspend = true,
                   .snapshots_with_memory = true,
                   .quiesced_snapshots = true};
  co_return Result<void>();
}

Async<Result<Update>> HyperV::next(Duration patience) {
  CO_TRY_VOID(co_await connect());
  co_return co_await follower_.next(patience);
}

Async<Result<void>> HyperV::lead(std::string machine, Observed wanted) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await change_state(session_, std::move(found), wanted);
}

Async<Result<void>> HyperV::request_stop(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await hyperv::request_stop(session_, std::move(found));
}

Async<Result<void>> HyperV::reset(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await hyperv::reset(session_, std::move(found));
}

Async<Result<std::string>> HyperV::create(std::string machine, SnapshotOrder order) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await create_snapshot(session_, std::move(found), std::move(order));
}

Async<Result<void>> HyperV::restore(std::string machine, std::string snapshot) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await restore_snapshot(session_, std::move(found), std::move(snapshot));
}

Async<Result<void>> HyperV::remove(std::string machine, std::string snapshot, Extent extent) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await remove_snapshot(session_, std::move(found), std::move(snapshot), extent);
}

Async<Result<std::string>> HyperV::clone(std::string /*machine*/, std::string /*new_name*/) {
  co_return fail(Code::unsupported,
                 "Hyper-V has no copies of machines: export and import one there");
}

Async<Result<void>> HyperV::resize(std::string machine, std::optional<int> cpus,
                                   std::optional<Bytes> memory) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await hyperv::resize(session_, std::move(found), cpus, memory);
}

Async<Result<void>> HyperV::remove(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  co_return co_await remove_with_traces(session_, std::move(found));
}

}  // namespace

std::unique_ptr<Platform> open(asio::any_io_executor loop, Account account, Pace pace) {
  return std::make_unique<HyperV>(std::move(loop), std::move(account), pace);
}

}  // namespace truce::hyperv
