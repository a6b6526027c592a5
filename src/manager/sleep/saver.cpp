// What is decided about hosts that sleep: the policy, looked at now and then.
#include "sleep/saver.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/log.h"
#include "cluster/cluster.h"
#include "plans/gather.h"
#include "sleep/phases.h"

namespace truce::manager {
namespace {

using model::PowerSaving;

constexpr std::size_t hosts_tried = 3, refusals_told = 5;
constexpr std::int64_t most_moves = 1000;  // of the machines of one host

PowerSaving mode_of(const Inventory& inventory) {
  auto cluster = the_cluster(inventory);
  return cluster ? cluster->object.power_saving : PowerSaving::off;
}

// The estate after a plan.
scheduler::Estate after(const scheduler::Estate& estate, const scheduler::Plan& plan) {
  auto changed = estate;
  for (const auto& move : plan.moves)
    changed.machines[static_cast<std::size_t>(move.machine)].host = move.to;
  return changed;
}

std::string told_of(std::vector<std::string> refusals) {
  auto more = refusals.size() - std::min(refusals.size(), refusals_told);
  refusals.resize(refusals.size() - more);
  if (more > 0) refusals.push_back(fmt::format("and {} more", more));
  return fmt::format("{}", fmt::join(refusals, "; "));
}

}  // namespace

PowerSaver::PowerSaver(Ledger& ledger, Plans& plans, Scope& scope, const Settings& settings,
                       PowerHands hands)
    : ledger_(ledger),
      plans_(plans),
      scope_(scope),
      settings_(settings),
      hands_(std::move(hands)),
      begun_(Clock::now()) {}

Async<void> PowerSaver::run() {
  while (true) {
    begin_legs();
    auto done = co_await look();
    if (!done && done.error().message != told_)
      spdlog::warn("power saving: {}", done.error().message);
    told_ = done ? "" : done.error().message;
    co_await sleep_for(settings_.power_pace.step);
  }
}

// After a start hosts come one after the other, and nobody knows what machines demand.
bool PowerSaver::is_known() const {
  if (Clock::now() - begun_ >= settings_.power_pace.warm_up) return true;
  const auto& inventory = ledger_.inventory();
  for (const auto& [name, kept] : inventory.all<model::Host>()) {
    const auto& host = kept->object;
    bool away = host.state == model::HostState::offline && !is_put_to_sleep(host);
    if (away && host.sleep != model::HostSleep::failed) return false;
  }
  auto time = now();
  return std::ranges::all_of(inventory.all<model::Vm>(), [&](const auto& entry) {
    const auto& vm = entry.second->object;
    return vm.wanted != model::Wanted::running || plans_.demands.of(vm.uuid, time);
  });
}

std::map<std::string, std::string> PowerSaver::resting() const {
  std::map<std::string, std::string> hosts;
  for (const auto& [name, when] : failed_) {
    if (Clock::now() - when < settings_.power_pace.rest)
      hosts[name] = "did not go to sleep lately, and is left alone for a while";
  }
  return hosts;
}

Async<Result<void>> PowerSaver::look() {
  auto mode = mode_of(ledger_.inventory());
  if (mode == PowerSaving::off) {
    plans_.power_advice.clear();
    looked_.reset();  // once it is switched on it looks at once
    co_return Result<void>{};
  }
  if (mode == PowerSaving::automatic) CO_TRY_VOID(co_await wake_needed());
  bool due = !looked_ || Clock::now() - *looked_ >= settings_.power_pace.look;
  if (!due || !is_known()) co_return Result<void>{};
  looked_ = Clock::now();
  co_return co_await decide(mode);
}

// Who waits for a place does not wait for the next look.
Async<Result<void>> PowerSaver::wake_needed() {
  co_return co_await wake_all(needed_for_machines(ledger_.inventory()));
}

Async<Result<void>> PowerSaver::wake_all(std::vector<ToWake> needs) {
  for (const auto& need : needs) {
    CO_TRY_VOID(co_await ledger_.change({}, [&](Change& change) -> Result<void> {
      auto kept = ledger_.inventory().find<model::Host>(need.host);
      bool sleeps = kept && kept->object.sleep == model::HostSleep::asleep;
      if (!sleeps || mode_of(ledger_.inventory()) != PowerSaving::automatic) return {};
      TRY_VOID(begin_wake(ledger_, change, kept->object));
      change.event("host.waking", "hosts/" + need.host, "", need.reason);
      return {};
    }));
  }
  co_return Result<void>{};
}

Async<Result<void>> PowerSaver::send_to_sleep(std::string name) {
  co_return co_await ledger_.change({}, [&](Change& change) -> Result<void> {
    const auto& inventory = ledger_.inventory();
    auto kept = inventory.find<model::Host>(name);
    // Computing takes a while, in which somebody may have thought better of it.
    bool may = kept && mode_of(inventory) == PowerSaving::automatic && !is_moving(inventory) &&
               !kept->object.draining;
    if (!may) return {};
    TRY_VOID(begin_sleep(ledger_, change, kept->object, {}, settings_.host));
    change.event("host.emptying", "hosts/" + name, "", "it is not needed: it goes to sleep");
    return {};
  });
}

Async<Result<void>> PowerSaver::decide(PowerSaving mode) {
  const auto& inventory = ledger_.inventory();
  auto time = now();
  auto wish = sleep_wish(the_cluster(inventory)->object);
  auto estate = std::make_shared<const scheduler::Estate>(
      gather(inventory, plans_.demands, time, scheduler::Keep::all_but_automatic));
  CO_TRY_VOID(scheduler::check(*estate));
  auto rows = power_rows(inventory, resting(), time, settings_.host);
  auto decision = scheduler::decide_sleep(*estate, rows, wish);
  auto needs = needed_for_upkeep(inventory);
  if (mode == PowerSaving::advise) {
    for (auto& need : needed_for_machines(inventory)) needs.push_back(std::move(need));
  }
  for (auto host : decision.wake)
    needs.push_back({estate->host_names[static_cast<std::size_t>(host)], decision.reason});
  std::vector<std::string> words;
  for (const auto& need : needs)
    words.push_back(fmt::format("wake {}: {}", need.host, need.reason));
  if (mode == PowerSaving::automatic) CO_TRY_VOID(co_await wake_all(needs));
  std::string sleeper;
  if (needs.empty() && !decision.sleep.empty())
    sleeper = estate->host_names[static_cast<std::size_t>(decision.sleep.front())];
  if (needs.empty() && sleeper.empty() && !is_moving(inventory)) {
    CO_TRY(sleeper, co_await choose(estate, rows, wish));
    if (!sleeper.empty()) words.push_back("empty " + sleeper + ", and switch it off");
  } else if (!sleeper.empty()) {
    words.push_back("switch off " + sleeper);
  }
  if (needs.empty() && sleeper.empty() && !decision.refusals.empty())
    words.push_back("awake: " + told_of(decision.refusals));
  plans_.power_advice = fmt::format("{}", fmt::join(words, "; "));
  bool sends = mode == PowerSaving::automatic && needs.empty() && !sleeper.empty();
  if (sends) CO_TRY_VOID(co_await send_to_sleep(sleeper));
  co_return Result<void>{};
}

// A host whose machines all find another place, and which is not needed then; empty: none is.
Async<Result<std::string>> PowerSaver::choose(std::shared_ptr<const scheduler::Estate> estate,
                                              std::vector<scheduler::PowerRow> rows,
                                              scheduler::SleepWish wish) {
  for (auto host : to_empty(*estate, rows, wish, hosts_tried)) {
    const auto& name = estate->host_names[static_cast<std::size_t>(host)];
    model::PlanCreate evacuation;
    evacuation.kind = model::PlanKind::evacuate;
    evacuation.host = name;
    evacuation.moves = most_moves;
    CO_TRY(auto plan, co_await plans_.compute(estate, evacuation));
    if (!plan.refusals.empty()) continue;
    auto decision = scheduler::decide_sleep(after(*estate, plan), rows, wish);
    if (std::ranges::find(decision.sleep, host) != decision.sleep.end()) co_return name;
  }
  co_return std::string();
}

}  // namespace truce::manager
