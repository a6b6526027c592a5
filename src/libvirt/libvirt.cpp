#include "follower.h"
#include "libvirt/open.h"
#include "moving/transfers.h"
#include "verbs.h"

namespace truce::libvirt {

using namespace platform;

namespace {

// Copies of disks and memory take their time; whoever asks has limits of their own.
constexpr auto longest_verb = 6h;

class Libvirt final : public Platform, private Snapshots, private Making {
 public:
  Libvirt(asio::any_io_executor loop, Account account, KeepAlive keep)
      : link_(std::move(loop), std::move(account), keep), follower_(link_), movers_(link_) {}

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  Async<Result<void>> connect() override;
  Async<Result<Update>> next(Duration patience) override;
  Async<Result<void>> start(std::string machine) override { return act(libvirt::start, machine); }
  Async<Result<void>> request_stop(std::string machine) override {
    return act(libvirt::request_stop, machine);
  }
  Async<Result<void>> kill(std::string machine) override { return act(libvirt::kill, machine); }
  Async<Result<void>> reset(std::string machine) override { return act(libvirt::reset, machine); }
  Async<Result<void>> suspend(std::string machine) override {
    return act(libvirt::suspend, machine);
  }
  Snapshots* snapshots() override { return capabilities_.snapshots_with_memory ? this : nullptr; }
  Making* making() override { return this; }
  Transfers* transfers() override { return movers_.possible() ? &movers_ : nullptr; }
  Async<void> close() override { co_await link_.close(); }

 private:
  Async<Result<std::string>> create(std::string machine, SnapshotOrder order) override;
  Async<Result<void>> restore(std::string machine, std::string snapshot) override;
  Async<Result<void>> remove(std::string machine, std::string snapshot, Extent extent) override;
  Async<Result<std::string>> clone(std::string machine, std::string new_name) override;
  Async<Result<void>> resize(std::string machine, std::optional<int> cpus,
                             std::optional<Bytes> memory) override;
  Async<Result<void>> remove(std::string machine) override {
    return act(static_cast<Verb*>(libvirt::remove), machine);
  }

  using Verb = Result<void>(Connection&, const std::string&);
  Async<Result<void>> act(Verb* verb, std::string machine);
  /// Carries `work` out; the feed looks at the machine then, as not everything makes an event.
  template <class T>
  Async<Result<T>> act_on(std::string machine, std::function<Result<T>(Connection&)> work) {
    CO_TRY_VOID(co_await connect());
    auto done = co_await link_.call<T>(std::move(work), longest_verb);
    link_.note(machine);
    co_return done;
  }

  Link link_;
  Follower follower_;
  Movers movers_;
  Capabilities capabilities_;
};

Async<Result<void>> Libvirt::connect() {
  CO_TRY_VOID(co_await link_.connect());
  capabilities_ = link_.connection()->capabilities();
  movers_.can(link_.connection()->driver().moves);
  co_return Result<void>();
}

Async<Result<Update>> Libvirt::next(Duration patience) {
  CO_TRY_VOID(co_await connect());
  co_return co_await follower_.next(patience);
}

Async<Result<void>> Libvirt::act(Verb* verb, std::string machine) {
  co_return co_await act_on<void>(machine, [=](Connection& on) { return verb(on, machine); });
}

Async<Result<std::string>> Libvirt::create(std::string machine, SnapshotOrder order) {
  co_return co_await act_on<std::string>(
      machine, [=](Connection& on) { return create_snapshot(on, machine, order); });
}

Async<Result<void>> Libvirt::restore(std::string machine, std::string snapshot) {
  co_return co_await act_on<void>(
      machine, [=](Connection& on) { return restore_snapshot(on, machine, snapshot); });
}

Async<Result<void>> Libvirt::remove(std::string machine, std::string snapshot, Extent extent) {
  co_return co_await act_on<void>(
      machine, [=](Connection& on) { return remove_snapshot(on, machine, snapshot, extent); });
}

Async<Result<std::string>> Libvirt::clone(std::string machine, std::string new_name) {
  co_return co_await act_on<std::string>(
      machine, [=](Connection& on) { return libvirt::clone(on, machine, new_name); });
}

Async<Result<void>> Libvirt::resize(std::string machine, std::optional<int> cpus,
                                    std::optional<Bytes> memory) {
  co_return co_await act_on<void>(
      machine, [=](Connection& on) { return libvirt::resize(on, machine, cpus, memory); });
}

}  // namespace

std::unique_ptr<Platform> open(asio::any_io_executor loop, Account account) {
  return open_with(std::move(loop), std::move(account), {});
}

std::unique_ptr<Platform> open_with(asio::any_io_executor loop, Account account, KeepAlive keep) {
  return std::make_unique<Libvirt>(std::move(loop), std::move(account), keep);
}

}  // namespace truce::libvirt
