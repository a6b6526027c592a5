// Plans over many machines: computed, kept, and carried out.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "api.h"
#include "plans/demands.h"
#include "plans/gather.h"
#include "scheduler/plans.h"

namespace truce::manager {

/// Begins the move of one machine to another host: its task is in the change then. An error is the
/// reason, in a sentence, why it cannot move now.
using BeginMove = std::function<Result<model::Task>(
    Ledger& ledger, Change& change, const model::Vm& vm, const model::MigrateOptions& options)>;

/// What plans need besides the store. One loop only, but for the thread that computes.
class Plans {
 public:
  /// The name of the next plan: later ones sort later, and none has the name of another.
  std::string next_name(const Inventory& inventory);

  /// Computes on a thread, so that the manager goes on. Code::unavailable when many wait already.
  Async<Result<scheduler::Plan>> compute(std::shared_ptr<const scheduler::Estate> estate,
                                         model::PlanCreate wish);

  /// Remembers what a plan was made from, for the newest few.
  void remember(std::string name, std::shared_ptr<const scheduler::Estate> estate);
  /// Null when it is no longer remembered.
  [[nodiscard]] std::shared_ptr<const scheduler::Estate> estate_of(const std::string& name) const;

  Demands demands;
  std::string power_advice;  ///< which hosts would be switched off or on now, for people
  BeginMove begin_move;      ///< empty: machines cannot move, and no plan is carried out

 private:
  asio::thread_pool pool_{1};
  std::size_t waiting_ = 0;
  std::int64_t last_ = 0;
  std::deque<std::pair<std::string, std::shared_ptr<const scheduler::Estate>>> estates_;
};

void add_plan_handlers(Handlers& handlers);

/// Puts a new plan into the change; the oldest go when there are too many.
void put_plan(const Inventory& inventory, Change& change, const model::Plan& plan);

/// Puts the task into the change that carries a plan out, and the plan as running. Refused when the
/// plan has no moves, when another is under way, and when machines or hosts have changed so that a
/// step would now break a rule, find no room or move what is to stay.
Result<model::Task> begin_plan(Ledger& ledger, Plans& plans, Change& change, model::Plan plan,
                               By by = By::somebody);

/// Carries running plans out, one move after the other, until cancelled. All that it knows is in
/// the store: it goes on after a restart where it was.
Async<void> carry_out_plans(Ledger& ledger, Plans& plans);

/// Looks at the load as the cluster says (Cluster.balance), and proposes a plan or carries it out,
/// until cancelled. What it is waiting for after a restart is known from the plans in the store.
Async<void> watch_load(Ledger& ledger, Plans& plans, BalancePace pace);

}  // namespace truce::manager
