#include "server/server.h"

#include "movers.h"
#include "platform/inventory.h"
#include "scripts.h"

namespace truce::server {

using namespace platform;

namespace {

constexpr auto round_time = 15s;
constexpr Duration longest_look = 60s, longest_verb = 10min;

class Server final : public Platform {
 public:
  Server(asio::any_io_executor loop, Account account)
      : way_(Way::to(account)), movers_(way_, [this] { return look(); }), news_(std::move(loop)) {}

  [[nodiscard]] const Capabilities& capabilities() const override { return capabilities_; }
  Async<Result<void>> connect() override {
    if (report_) co_return Result<void>();
    CO_TRY_VOID(co_await look());
    co_return Result<void>();
  }
  Async<Result<Update>> next(Duration patience) override;

  Async<Result<void>> start(std::string machine) override {
    CO_TRY(auto report, co_await find(std::move(machine)));
    if (report.machine.state == model::Observed::running && !report.stopped)
      co_return Result<void>();
    co_return co_await act(start_script);
  }
  Async<Result<void>> request_stop(std::string machine) override {
    CO_TRY(auto report, co_await find(std::move(machine)));
    if (report.machine.state == model::Observed::off) co_return Result<void>();
    co_return co_await act(stop_script);
  }
  Async<Result<void>> kill(std::string) override { co_return not_here("has its power cut"); }
  Async<Result<void>> reset(std::string) override { co_return not_here("is reset"); }
  Async<Result<void>> suspend(std::string) override { co_return not_here("is suspended"); }
  Snapshots* snapshots() override { return nullptr; }
  Making* making() override { return nullptr; }
  Transfers* transfers() override { return &movers_; }
  Async<void> close() override { co_return; }

 private:
  static Result<void> not_here(std::string_view what) {
    return fail(Code::unsupported, "a server without a hypervisor {} at its own console", what);
  }
  Async<Result<Report>> look();
  Async<Result<Report>> find(std::string machine) {
    CO_TRY(auto report, co_await look());
    if (report.machine.id != machine) co_return fail(Code::not_found, "it is another server now");
    co_return report;
  }
  Async<Result<void>> act(std::string_view script) {
    auto done = co_await way_.run(std::string(script), longest_verb);
    news_.wake();
    CO_TRY_VOID(std::move(done));
    co_return Result<void>();
  }

  Way way_;
  Movers movers_;
  Wakeup news_;
  Capabilities capabilities_{.name = "Linux server", .clean_stop = true};
  std::optional<Report> report_;
  Inventory known_;
};

Async<Result<Report>> Server::look() {
  auto text = co_await way_.run(std::string(look_script), longest_look);
  auto report = text ? read_report(*text) : std::unexpected(std::move(text).error());
  // The last line says nothing of how it went where a shell's own start-up has failed.
  if (!report && report.error().code == Code::precondition)
    report = std::unexpected(Error{Code::unavailable, std::move(report).error().message, {}});
  if (!report) co_return report;
  capabilities_.version = report->host.hypervisor.substr(report->host.hypervisor.find(' ') + 1);
  capabilities_.instance = report->machine.uuid;
  report_ = *report;
  co_return report;
}

Async<Result<Update>> Server::next(Duration patience) {
  if (known_.known()) {
    co_await (news_.wait() || sleep_for(std::min<Duration>(patience, round_time)));
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      co_return fail(Code::cancelled, "cancelled");
  }
  auto before = report_ ? report_->ticks : Ticks();
  auto report = co_await look();
  if (!report) {
    known_ = {};
    co_return std::unexpected(std::move(report).error());
  }
  bool first = !known_.known();
  auto update = update_of(*report, before);
  auto changed = known_.apply(update);
  if (first) co_return update;
  changed.extent = Update::Extent::changes;
  co_return changed;
}

}  // namespace

std::unique_ptr<Platform> open(asio::any_io_executor loop, Account account) {
  return std::make_unique<Server>(std::move(loop), std::move(account));
}

}  // namespace truce::server
