// A ledger with hosts whose power a test plays, and managers that come and go.
#pragma once

#include "moves/moves.h"
#include "plans/plan_lab.h"
#include "sleep/phases.h"
#include "sleep/saver.h"

namespace truce::manager {

constexpr PowerPace quick_power{.step = 2ms,
                                .look = 5ms,
                                .warm_up = 0ms,
                                .settle = 20ms,
                                .again = 10ms,
                                .soft = 1h,
                                .hard = 1h,
                                .call = 5ms,
                                .wake = 1h,
                                .tries = 3,
                                .rest = 1h};

/// What a host's controller is, and what it was told.
struct PlayedPower {
  power::PowerState state = power::PowerState::on;
  bool obeys = true;                ///< an orderly off switches it off, and a wake on
  std::vector<std::string> orders;  ///< and how the host was marked then: `orderly while going`
};

class PlayedControl final : public power::PowerControl {
 public:
  PlayedControl(PlayedPower& power, std::function<std::string()> mark)
      : power_(power), mark_(std::move(mark)) {}
  Async<Result<power::PowerState>> state() override { co_return power_.state; }
  Async<Result<void>> wake() override {
    power_.orders.push_back("wake while " + mark_());
    if (power_.obeys) power_.state = power::PowerState::on;
    co_return Result<void>();
  }
  Async<Result<void>> off(power::Off how) override {
    bool orderly = how == power::Off::orderly;
    power_.orders.push_back((orderly ? "orderly while " : "at once while ") + mark_());
    if (power_.obeys || !orderly) power_.state = power::PowerState::off;
    co_return Result<void>();
  }

 private:
  PlayedPower& power_;
  std::function<std::string()> mark_;
};

/// The hosts are h1, which manages, h2 and h3, which were tried, and whatever a test adds.
class SleepLab {
 public:
  explicit SleepLab(asio::any_io_executor l) : loop(l), store_(l), ledger(l, store_), scope_(l) {
    settings.host = "h1";
    settings.power_pace = quick_power;
  }

  Async<void> start() {
    EXPECT_TRUE(co_await ledger.open(scope_));
    scope_.spawn(run_drains(ledger));
    co_await change([](Change& change) {
      model::Cluster cluster;
      cluster.name = "estate";
      cluster.rest_minutes = 0;
      cluster.spare_hosts = 0;
      change.put(cluster);
      for (std::string name : {"h1", "h2", "h3"}) change.put(host_named(name));
    });
  }
  Async<void> stop() {
    co_await depose();
    scope_.cancel();
    co_await scope_.join();
  }

  static model::Host host_named(const std::string& name) {
    auto host = lab_host(name);
    host.role = name == "h1" ? model::HostRole::manager : model::HostRole::node;
    host.power = "ipmi://truce@" + name;
    host.power_tried = true;
    return host;
  }

  /// A manager begins to lead, and does no more.
  void lead() {
    term_ = std::make_unique<Scope>(loop);
    saver_ = std::make_unique<PowerSaver>(ledger, plans, *term_, settings, hands());
    term_->spawn(saver_->run());
  }
  Async<void> depose() {
    if (!term_) co_return;
    term_->cancel();
    co_await term_->join();
    saver_.reset();
    term_.reset();
  }

  template <class Build>
  Async<void> change(Build build) {
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      build(change);
      return {};
    });
    EXPECT_TRUE(done) << done.error().message;
  }
  /// A host as it stands is changed by a function.
  template <class Edit>
  Async<void> edit(std::string name, Edit edit) {
    co_await change([&](Change& change) {
      auto host = this->host(name);
      edit(host);
      change.put(host);
    });
  }
  Async<Result<void>> send_to_sleep(std::string name) {
    co_return co_await ledger.change({}, [&](Change& change) -> Result<void> {
      TRY_VOID(begin_sleep(ledger, change, host(name), {}, settings.host));
      return {};
    });
  }
  Async<Result<void>> wake(std::string name) {
    co_return co_await ledger.change({}, [&](Change& change) -> Result<void> {
      TRY_VOID(begin_wake(ledger, change, host(name)));
      return {};
    });
  }
  Async<void> put_asleep(std::string name) {
    powers[name].state = power::PowerState::off;
    co_await edit(name, [](model::Host& host) {
      host.sleep = model::HostSleep::asleep;
      host.sleep_since = now();
      host.state = model::HostState::offline;
      host.draining = true;
    });
  }
  /// Its node connects and reports, as take_in_host() takes it.
  Async<void> report(std::string name) {
    co_await change([&](Change& change) {
      auto known = host(name);
      auto told = known;
      told.state = model::HostState::online;
      told.problem.clear();
      note_awake(ledger.inventory(), change, known, told);
      change.put(told);
    });
  }
  Async<void> set_saving(model::PowerSaving mode) {
    co_await change([&](Change& change) {
      auto cluster = ledger.inventory().find<model::Cluster>("estate")->object;
      cluster.power_saving = mode;
      change.put(cluster);
    });
  }

  [[nodiscard]] model::Host host(const std::string& name) const {
    return ledger.inventory().find<model::Host>(name)->object;
  }
  [[nodiscard]] bool is(const std::string& name, model::HostSleep phase) const {
    return host(name).sleep == phase;
  }
  /// The newest task of that kind.
  [[nodiscard]] model::Task task(std::string_view kind) const {
    model::Task found;
    for (const auto& [name, kept] : ledger.inventory().all<model::Task>())
      if (kept->object.kind == kind) found = kept->object;
    return found;
  }
  [[nodiscard]] std::int64_t events(std::string_view kind) const {
    return std::ranges::count_if(ledger.inventory().all<model::Event>(), [&](const auto& entry) {
      return entry.second->object.kind == kind;
    });
  }
  template <class Condition>
  Async<void> until(Condition condition) {
    constexpr int patience = 5000;
    for (int i = 0; i < patience && !condition(); ++i) co_await sleep_for(5ms);
    EXPECT_TRUE(condition());
  }

  asio::any_io_executor loop;

 private:
  PowerHands hands() {
    return {[this](model::Host host) -> Async<Result<std::unique_ptr<power::PowerControl>>> {
              auto name = host.name;
              co_return std::make_unique<PlayedControl>(powers[name], [this, name] {
                return std::string(model::to_string(this->host(name).sleep));
              });
            },
            [this](std::string host, bool only_ask) -> Async<Result<void>> {
              asked.push_back(host + (only_ask ? " is asked" : " is told"));
              if (answer.empty()) co_return Result<void>();
              co_return fail(Code::precondition, "{}", answer);
            },
            [this](const std::string& host) { asked.push_back(host + " is dropped"); }};
  }

  store::MemoryStore store_;

 public:
  Ledger ledger;
  Plans plans;
  Settings settings;
  std::map<std::string, PlayedPower> powers;
  std::vector<std::string> asked;
  std::string answer;  ///< of a host that is asked; empty: nothing speaks against it

 private:
  Scope scope_;
  std::unique_ptr<Scope> term_;
  std::unique_ptr<PowerSaver> saver_;
};

template <class Work>
void with_sleep_lab(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    SleepLab lab(loop);
    co_await lab.start();
    co_await work(lab);
    co_await lab.stop();
  });
}

}  // namespace truce::manager
