// Balancing by itself: the load is looked at now and then, and a plan proposed or carried out.
#include <algorithm>

#include "base/log.h"
#include "cluster/cluster.h"
#include "plans/gather.h"
#include "plans/plans.h"

namespace truce::manager {
namespace {

using model::BalanceMode;
using Clock = std::chrono::steady_clock;
using Steps = scheduler::Plan;

constexpr int most_doublings = 4;

BalanceMode mode_of(const Inventory& inventory) {
  auto cluster = the_cluster(inventory);
  return cluster ? cluster->object.balance : BalanceMode::off;
}

// Plans that nobody asked for.
bool is_own(const model::Plan& plan) {
  return plan.user.empty() && plan.kind == model::PlanKind::balance;
}

std::vector<model::Plan> own_proposals(const Inventory& inventory) {
  std::vector<model::Plan> found;
  for (const auto& [name, kept] : inventory.all<model::Plan>()) {
    if (is_own(kept->object) && kept->object.state == model::PlanState::proposed)
      found.push_back(kept->object);
  }
  return found;
}

// How many of the newest plans have failed, or were cancelled, one after the other.
int failed_in_a_row(const Inventory& inventory) {
  const auto& all = inventory.all<model::Plan>();
  int failed = 0;
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    const auto& plan = it->second->object;
    if (!is_own(plan)) continue;
    if (plan.state != model::PlanState::failed) break;
    ++failed;
  }
  return failed;
}

// Whether nothing moves that a plan would come in the way of. A host that is being emptied may take
// what room there is; one that is empty already, and kept so, is no reason to wait.
bool is_quiet(const Inventory& inventory) {
  auto online = std::ranges::count_if(inventory.all<model::Host>(), [](const auto& entry) {
    return entry.second->object.state == model::HostState::online;
  });
  auto moves = [](const auto& entry) { return !entry.second->object.moving_to.empty(); };
  auto empties = [](const auto& entry) {
    return entry.second->object.kind == model::JobKind::drain_host;
  };
  auto runs = [](const auto& entry) {
    return entry.second->object.state == model::PlanState::running;
  };
  return online >= 2 && std::ranges::none_of(inventory.all<model::Vm>(), moves) &&
         std::ranges::none_of(inventory.all<model::Job>(), empties) &&
         std::ranges::none_of(inventory.all<model::Plan>(), runs);
}

bool same_moves(const model::Plan& one, const model::Plan& other) {
  return std::ranges::equal(one.moves, other.moves, [](const auto& a, const auto& b) {
    return a.vm == b.vm && a.from == b.from && a.to == b.to;
  });
}

class LoadWatch {
 public:
  LoadWatch(Ledger& ledger, Plans& plans, BalancePace pace)
      : ledger_(ledger), plans_(plans), pace_(pace) {}

  Async<void> run() {
    co_await sleep_for(pace_.warm_up);
    go_on_where_it_was();
    while (true) {
      auto done = co_await look_once();
      if (!done && done.error().message != told_)
        spdlog::warn("balancing by itself: {}", done.error().message);
      if (!done) told_ = done.error().message;
      co_await sleep_for(pace_.look);
    }
  }

 private:
  /// What one look is about.
  struct Look {
    BalanceMode mode = BalanceMode::off;
    bool whole = true;  ///< the load of all hosts; else of a hot one, which is in `wish`
    model::PlanCreate wish;
    store::Revision revision = 0;
    std::shared_ptr<const scheduler::Estate> estate;

    [[nodiscard]] By by() const {
      return mode == BalanceMode::automatic ? By::itself : By::somebody;
    }
  };

  // A restart is no reason to look sooner.
  void go_on_where_it_was() {
    for (const auto& [name, kept] : ledger_.inventory().all<model::Plan>()) {
      if (!is_own(kept->object)) continue;
      looked_ = looked_at_all_ = Clock::now() - std::max(now() - kept->object.created, Duration{});
    }
  }

  [[nodiscard]] bool is_time(const Inventory& inventory) const {
    auto every = pace_.minute * the_cluster(inventory)->object.balance_minutes;
    // What has failed is tried again, but ever more rarely: each time a machine may be disturbed.
    auto rarely = every * (1 << std::min(failed_in_a_row(inventory), most_doublings));
    return !looked_at_all_ || Clock::now() - *looked_at_all_ >= rarely;
  }

  // Whether a hot host is looked for meanwhile. Not where somebody has yet to answer to a proposal.
  [[nodiscard]] bool is_time_for_hot(const Inventory& inventory) const {
    return Clock::now() - *looked_ >= pace_.hot && own_proposals(inventory).empty() &&
           failed_in_a_row(inventory) == 0;
  }

  // Nothing when it is not the time for a plan.
  Result<std::optional<Look>> begin() {
    const auto& inventory = ledger_.inventory();
    Look look{.mode = mode_of(inventory), .revision = inventory.revision()};
    if (look.mode == BalanceMode::off) {
      looked_ = looked_at_all_ = std::nullopt;  // once it is switched on it looks at once
      return std::nullopt;
    }
    look.whole = is_time(inventory);
    if (!is_quiet(inventory) || (!look.whole && !is_time_for_hot(inventory))) return std::nullopt;
    looked_ = Clock::now();
    if (look.whole) looked_at_all_ = looked_;
    look.wish.kind = model::PlanKind::balance;
    look.estate = std::make_shared<const scheduler::Estate>(
        gather(inventory, plans_.demands, now(), keep_for(look.wish.kind, look.by())));
    if (look.whole) return look;
    TRY_VOID(scheduler::check(*look.estate));
    auto hot = scheduler::hottest(*look.estate);
    if (hot == scheduler::none) return std::nullopt;
    look.wish.host = look.estate->host_names[static_cast<std::size_t>(hot)];
    return look;
  }

  Async<Result<void>> look_once() {
    CO_TRY(auto look, begin());
    if (!look) co_return Result<void>{};
    CO_TRY(auto steps, co_await plans_.compute(look->estate, look->wish));
    std::string name;
    CO_TRY_VOID(co_await ledger_.change(
        {}, [&](Change& change) -> Result<void> { return take(change, *look, steps, name); }));
    told_.clear();
    co_return Result<void>{};
  }

  // Puts what becomes of a plan that was computed into the change. `name`: what it is called.
  Result<void> take(Change& change, const Look& look, const Steps& steps, std::string& name) {
    const auto& inventory = ledger_.inventory();
    // Computing takes a while, in which somebody may have thought better of it.
    if (mode_of(inventory) != look.mode || !is_quiet(inventory)) return {};
    auto older = own_proposals(inventory);
    if (steps.moves.empty()) {
      if (look.whole) withdraw(change, older, "the load is not uneven any more");
      return {};
    }
    model::Plan plan{.name = name,
                     .kind = look.wish.kind,
                     .state = model::PlanState::proposed,
                     .revision = look.revision,
                     .created = now()};
    scheduler::to_model(*look.estate, steps, plan);
    if (look.mode == BalanceMode::propose && older.size() == 1 && same_moves(older[0], plan))
      return {};
    if (name.empty()) {
      name = plans_.next_name(inventory);
      plans_.remember(name, look.estate);  // before it is seen, as it can be checked from then on
    }
    plan.name = name;
    withdraw(change, older, plan.name + " takes its place");
    put_plan(inventory, change, plan);
    auto worth = fmt::format("{} moves for a score of {:.2f} instead of {:.2f}", plan.moves.size(),
                             plan.score_after, plan.score_before);
    if (look.mode == BalanceMode::propose) {
      change.event("plan.proposed", "plans/" + plan.name, "",
                   fmt::format("{}: truce plan apply {}", worth, plan.name));
      return {};
    }
    change.event("plan.applied", "plans/" + plan.name, "", worth + ", carried out by itself");
    TRY_VOID(begin_plan(ledger_, plans_, change, plan, By::itself));
    return {};
  }

  static void withdraw(Change& change, const std::vector<model::Plan>& plans,
                       const std::string& why) {
    for (const auto& plan : plans) {
      change.erase<model::Plan>(plan.name);
      change.event("plan.withdrawn", "plans/" + plan.name, "", why);
    }
  }

  Ledger& ledger_;
  Plans& plans_;
  BalancePace pace_;
  std::optional<Clock::time_point> looked_, looked_at_all_;
  std::string told_;  ///< why it went wrong the last time
};

}  // namespace

Async<void> watch_load(Ledger& ledger, Plans& plans, BalancePace pace) {
  LoadWatch watch(ledger, plans, pace);
  co_await watch.run();
}

}  // namespace truce::manager
