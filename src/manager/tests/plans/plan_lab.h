// A ledger with two hosts, whose machines move when a test says so.
#pragma once

#include <gtest/gtest.h>

#include "on_loop.h"
#include "plans/plans.h"
#include "store/memory.h"
#include "tasks.h"

namespace truce::manager {

inline model::Host lab_host(std::string name) {
  model::Host made;
  made.name = std::move(name);
  made.state = model::HostState::online;
  made.cpus = 8;
  made.memory = gib(32);
  made.machine_types = {"q35"};
  return made;
}

inline model::Vm lab_machine(std::string name, std::string on, std::int64_t number) {
  model::Vm vm;
  vm.name = std::move(name);
  vm.uuid = vm.name;
  vm.number = number;
  vm.host = std::move(on);
  vm.cpus = 1;
  vm.memory = gib(1);
  vm.machine = model::MachineType::q35;
  vm.wanted = model::Wanted::running;
  vm.observed = model::Observed::running;
  return vm;
}

/// The hosts are h1 and h2. Plans are carried out.
class PlanLab {
 public:
  explicit PlanLab(asio::any_io_executor loop) : store_(loop), ledger(loop, store_), scope(loop) {
    plans.begin_move = [this](Ledger& into, Change& change, const model::Vm& vm,
                              const model::MigrateOptions& options) -> Result<model::Task> {
      if (!refusal.empty()) return fail(Code::precondition, "{}", refusal);
      begun.push_back(vm.name + " to " + options.to);
      return begin_task(into, change, "vm.migrate", "vms/" + vm.name, vm.project, vm.generation);
    };
  }

  Async<void> start() {
    EXPECT_TRUE(co_await ledger.open(scope));
    co_await change([](Change& change) {
      change.put(lab_host("h1"));
      change.put(lab_host("h2"));
    });
    scope.spawn(carry_out_plans(ledger, plans));
  }
  Async<void> stop() {
    scope.cancel();
    co_await scope.join();
  }

  template <class Build>
  Async<void> change(Build build) {
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      build(change);
      return {};
    });
    EXPECT_TRUE(done);
  }
  Async<Result<void>> apply(std::string name = "p") {
    co_return co_await ledger.change({}, [&](Change& change) -> Result<void> {
      TRY(auto task, begin_plan(ledger, plans, change, plan(name)));
      task_name = task.name;
      return {};
    });
  }
  [[nodiscard]] model::Plan plan(const std::string& name = "p") const {
    return ledger.inventory().find<model::Plan>(name)->object;
  }
  [[nodiscard]] model::Task task() const {
    return ledger.inventory().find<model::Task>(task_name)->object;
  }
  template <class Condition>
  Async<void> until(Condition condition) {
    constexpr int patience = 500;
    for (int i = 0; i < patience && !condition(); ++i) co_await sleep_for(10ms);
    EXPECT_TRUE(condition());
  }
  /// The move of a machine ends: it is where it was to go, or its task has failed.
  Async<void> end_move(std::size_t number, std::string error = {}, std::string name = "p") {
    co_await until([&] { return !plan(name).moves.at(number).task.empty(); });
    auto move = plan(name).moves[number];
    co_await change([&](Change& change) {
      auto moved = ledger.inventory().find<model::Task>(move.task)->object;
      auto vm = ledger.inventory().find<model::Vm>(move.vm)->object;
      if (error.empty()) vm.host = move.to;
      change.put(vm);
      end_task(change, moved,
               error.empty() ? model::TaskState::succeeded : model::TaskState::failed, error);
    });
  }

 private:
  store::MemoryStore store_;

 public:
  Ledger ledger;
  Plans plans;
  std::string refusal, task_name;
  std::vector<std::string> begun;
  Scope scope;
};

template <class Work>
void with_plan_lab(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    PlanLab lab(loop);
    co_await lab.start();
    co_await work(lab);
    co_await lab.stop();
  });
}

}  // namespace truce::manager
