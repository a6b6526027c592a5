// The checker of plans. It shares no evaluation with what makes them: everything is counted anew,
// machine by machine.
#include <algorithm>
#include <cmath>
#include <set>

#include "scheduler/plans.h"

namespace truce::scheduler {
namespace {

constexpr std::size_t most_findings = 100;

class Checker {
 public:
  Checker(const Estate& estate, const Plan& plan, const Objective& objective,
          const ConsolidateWish& consolidation)
      : estate_(estate), plan_(plan), objective_(objective), consolidation_(consolidation) {
    on_.resize(estate.hosts.size());
    counted_.resize(estate.hosts.size());
    for (std::size_t i = 0; i < estate.machines.size(); ++i) {
      where_.push_back(estate.machines[i].host);
      if (where_[i] != none) on_[row(where_[i])].insert(static_cast<std::int32_t>(i));
    }
    rules_of_.resize(estate.machines.size());
    for (std::size_t i = 0; i < estate.rules.size(); ++i)
      for (auto machine : estate.rules[i].machines) rules_of_[row(machine)].insert(i);
  }

  // The hard rules of every step, and nothing else.
  Findings run_steps() {
    scores_ = false;
    walk_all();
    return std::move(findings_);
  }

  Findings run() {
    findings_.score_before = measure();
    same("the score before", plan_.score_before, findings_.score_before);
    if (!walk_all()) return std::move(findings_);
    findings_.score_after = measure();
    same("the score after", plan_.score_after, findings_.score_after);
    check_purpose();
    check_bound();
    return std::move(findings_);
  }

 private:
  static std::size_t row(std::int32_t index) { return static_cast<std::size_t>(index); }

  template <class... Args>
  void wrong(fmt::format_string<Args...> format, Args&&... args) {
    if (findings_.wrong.size() < most_findings)
      findings_.wrong.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  static bool near(double one, double other) {
    return std::abs(one - other) <= 1e-6 * std::max({1.0, std::abs(one), std::abs(other)});
  }
  void same(std::string_view what, double said, double found) {
    if (!near(said, found)) wrong("{} is said to be {:.6f}, and is {:.6f}", what, said, found);
  }

  // False when the plan is too wrong to go on.
  bool walk_all() {
    for (std::size_t begin = 0; begin < plan_.moves.size();) {
      auto end = begin + 1;
      while (end < plan_.moves.size() && plan_.moves[end].from == plan_.moves[begin].from &&
             plan_.moves[end].to == plan_.moves[begin].to)
        ++end;
      if (!walk(begin, end)) return false;
      begin = end;
    }
    return true;
  }

  // Moves in a row between the same hosts.
  bool walk(std::size_t begin, std::size_t end) {
    std::vector<double> scores;
    for (auto i = begin; i < end; ++i) {
      if (!step(i)) return false;
      scores.push_back(scores_ ? measure() : 0);
    }
    for (auto i = begin; i < end; ++i) {
      const auto& move = plan_.moves[i];
      // Of machines that move together each has the score after the last of them.
      auto later = std::span(scores).subspan(i - begin);
      bool found =
          std::ranges::any_of(later, [&](double score) { return near(move.score_after, score); });
      if (scores_ && !found)
        wrong("move {}: the score is said to be {:.6f}, and is {:.6f}", i + 1, move.score_after,
              scores[i - begin]);
      check_together(i);
    }
    return true;
  }

  bool step(std::size_t number) {
    const auto& move = plan_.moves[number];
    auto hosts = static_cast<std::int32_t>(estate_.hosts.size());
    bool known = move.machine >= 0 && row(move.machine) < estate_.machines.size() &&
                 move.from >= 0 && move.from < hosts && move.to >= 0 && move.to < hosts;
    if (!known) {
      wrong("move {} names something that is not there", number + 1);
      return false;
    }
    auto what =
        fmt::format("move {} ({} to {})", number + 1, estate_.machine_names[row(move.machine)],
                    estate_.host_names[row(move.to)]);
    const auto& machine = estate_.machines[row(move.machine)];
    if (where_[row(move.machine)] != move.from || move.from == move.to) {
      wrong("{}: the machine does not go from {} to another host", what,
            estate_.host_names[row(move.from)]);
      return false;
    }
    if (move.reason.empty()) wrong("{}: no reason is given", what);
    if (machine.fixed != none)
      wrong("{}: it cannot move: {}", what, estate_.sentences[row(machine.fixed)]);
    const auto& to = estate_.hosts[row(move.to)];
    if (!to.online || !estate_.hosts[row(move.from)].online) wrong("{}: a host is offline", what);
    if (to.draining) wrong("{}: that host is being drained", what);
    if (machine.reach != none && estate_.reaches[row(machine.reach)][row(move.to)] != none)
      wrong("{}: {}", what,
            estate_.sentences[row(estate_.reaches[row(machine.reach)][row(move.to)])]);
    on_[row(move.from)].erase(move.machine);
    check_neighbours(what, machine, move.to);
    on_[row(move.to)].insert(move.machine);
    for (auto host : {move.from, move.to}) counted_[row(host)].reset();
    where_[row(move.machine)] = move.to;
    check_room(what, machine, move.to);
    check_rules(what, move.machine);
    return true;
  }

  void check_neighbours(const std::string& what, const MachineRow& machine, std::int32_t to) {
    if (machine.conflict_class == none) return;
    const auto& enemies = estate_.conflicts[row(machine.conflict_class)];
    for (auto other : on_[row(to)]) {
      auto its = estate_.machines[row(other)].conflict_class;
      if (its != none && std::ranges::find(enemies, its) != enemies.end())
        wrong("{}: it may not be beside {}", what, estate_.machine_names[row(other)]);
    }
  }

  std::int64_t all_on(std::int32_t host, Load load) const {
    std::int64_t sum = 0;
    for (auto machine : on_[row(host)]) sum += of(estate_.machines[row(machine)].demand, load);
    return sum;
  }

  void check_room(const std::string& what, const MachineRow& machine, std::int32_t to) {
    const auto& host = estate_.hosts[row(to)];
    if (all_on(to, Load::promised) > of(host.capacity, Load::promised))
      wrong("{}: more memory is promised there than it has", what);
    std::int64_t reserved = 0;
    for (auto other : on_[row(to)]) reserved += estate_.machines[row(other)].reserved_cpu;
    if (machine.reserved_cpu > 0 && reserved > host.reservable_cpu)
      wrong("{}: more processor time is reserved there than it has", what);
    if (!scores_ || plan_.kind != model::PlanKind::consolidate) return;
    for (auto load : {Load::cpu, Load::memory}) {
      auto most = std::int64_t{of(host.capacity, load)} * consolidation_.ceiling_percent;
      if (most > 0 && all_on(to, load) * 100 > most)
        wrong("{}: it is filled above the ceiling", what);
    }
  }

  // Whether two hosts are one place for a rule.
  bool one_place(const PlacementRule& rule, std::int32_t one, std::int32_t other) const {
    if (one == other) return true;
    auto domain = estate_.hosts[row(one)].domain;
    return rule.by_fault_domain && domain != none && domain == estate_.hosts[row(other)].domain;
  }

  // Machines of a rule that are placed, but for one.
  std::vector<std::int32_t> others_of(const PlacementRule& rule, std::int32_t machine) const {
    std::set<std::int32_t> others;
    for (auto other : rule.machines)
      if (other != machine && where_[row(other)] != none) others.insert(other);
    return {others.begin(), others.end()};
  }

  void check_rules(const std::string& what, std::int32_t machine) {
    auto host = where_[row(machine)];
    for (auto number : rules_of_[row(machine)]) {
      const auto& rule = estate_.rules[number];
      if (!rule.must) continue;
      bool named = std::ranges::find(rule.hosts, host) != rule.hosts.end();
      bool broken = (rule.kind == model::RuleKind::on_hosts && !named) ||
                    (rule.kind == model::RuleKind::not_on_hosts && named);
      if (rule.kind == model::RuleKind::apart) {
        for (auto other : others_of(rule, machine))
          broken |= one_place(rule, host, where_[row(other)]);
      }
      if (broken) wrong("{}: the rule '{}' is broken", what, rule.name);
    }
  }

  void check_together(std::size_t number) {
    auto machine = plan_.moves[number].machine;
    for (auto index : rules_of_[row(machine)]) {
      const auto& rule = estate_.rules[index];
      if (!rule.must || rule.kind != model::RuleKind::together) continue;
      auto others = others_of(rule, machine);
      bool beside = std::ranges::any_of(others, [&](std::int32_t other) {
        return one_place(rule, where_[row(machine)], where_[row(other)]);
      });
      if (!others.empty() && !beside)
        wrong("move {}: the rule '{}' is broken", number + 1, rule.name);
    }
  }

  void check_purpose() {
    if (plan_.host == none) return;
    bool empties = plan_.kind == model::PlanKind::evacuate;
    if (empties && !on_[row(plan_.host)].empty() && plan_.refusals.empty())
      wrong("{} machines stay, and it is not said why", on_[row(plan_.host)].size());
    if (plan_.kind != model::PlanKind::balance) return;
    for (const auto& move : plan_.moves)
      if (move.from != plan_.host) wrong("a move is not away from the host that is relieved");
  }

  // --- scores --------------------------------------------------------------------------------

  double measure() const {
    if (plan_.kind == model::PlanKind::consolidate)
      return static_cast<double>(
          std::ranges::count_if(on_, [](const auto& machines) { return !machines.empty(); }));
    double points = 0;
    for (std::size_t load = 0; load < load_count; ++load) points += measure(load);
    for (const auto& rule : estate_.rules)
      points += (rule.must ? objective_.must : objective_.should) *
                static_cast<double>(times_broken(rule));
    return 100 * points;
  }

  struct Host {
    double capacity = 0, used = 0, stays = 0;
  };
  // Nothing when some host that is online has no capacity of it.
  std::vector<Host> hosts_of(std::size_t load) const {
    std::vector<Host> hosts;
    for (std::size_t i = 0; i < estate_.hosts.size(); ++i) {
      if (!estate_.hosts[i].online) continue;
      if (estate_.hosts[i].capacity[load] == 0) return {};
      if (!counted_[i]) counted_[i] = count(i);
      hosts.push_back((*counted_[i])[load]);
    }
    return hosts;
  }

  // Machine by machine.
  [[nodiscard]] std::array<Host, load_count> count(std::size_t number) const {
    std::array<Host, load_count> host;
    for (std::size_t load = 0; load < load_count; ++load)
      host[load].capacity = estate_.hosts[number].capacity[load];
    for (auto index : on_[number]) {
      const auto& machine = estate_.machines[row(index)];
      for (std::size_t load = 0; load < load_count; ++load) {
        host[load].used += machine.demand[load];
        if (machine.fixed != none) host[load].stays += machine.demand[load];
      }
    }
    return host;
  }

  double measure(std::size_t load) const { return worth(load, hosts_of(load)); }

  double worth(std::size_t load, const std::vector<Host>& hosts) const {
    double capacity = 0, used = 0;
    for (const auto& host : hosts) {
      capacity += host.capacity;
      used += host.used;
    }
    double contention = 0, deviation = 0;
    for (const auto& host : hosts) {
      auto part = host.used / host.capacity, weight = host.capacity / capacity;
      if (part > objective_.knee) contention += weight * 25 * std::pow(part - objective_.knee, 2);
      if (part > objective_.steep)
        contention += weight * 400 * std::pow(part - objective_.steep, 2);
      deviation += weight * std::pow(part - used / capacity, 2);
    }
    return objective_.contention[load] * contention +
           objective_.spread[load] * std::sqrt(deviation);
  }

  std::int64_t times_broken(const PlacementRule& rule) const {
    std::set<std::int32_t> machines;
    for (auto machine : rule.machines)
      if (where_[row(machine)] != none) machines.insert(machine);
    std::int64_t off = 0;
    std::vector<std::int32_t> places;  // a host of each
    for (auto machine : machines) {
      auto host = where_[row(machine)];
      bool named = std::ranges::find(rule.hosts, host) != rule.hosts.end();
      off += named == (rule.kind == model::RuleKind::not_on_hosts) ? 1 : 0;
      if (std::ranges::none_of(places, [&](auto other) { return one_place(rule, host, other); }))
        places.push_back(host);
    }
    auto several = static_cast<std::int64_t>(places.size());
    switch (rule.kind) {
      case model::RuleKind::together:
        return several > 0 ? several - 1 : 0;
      case model::RuleKind::apart:
        return static_cast<std::int64_t>(machines.size()) - several;
      case model::RuleKind::on_hosts:
      case model::RuleKind::not_on_hosts:
        return off;
    }
    return 0;
  }

  // --- bounds --------------------------------------------------------------------------------

  void check_bound() {
    if (plan_.bound > plan_.score_after && !near(plan_.bound, plan_.score_after))
      wrong("the bound is above the score after");
    if (plan_.kind == model::PlanKind::consolidate) {
      check_hosts_bound();
      return;
    }
    double least = 0;
    for (std::size_t load = 0; load < load_count; ++load) least += least_worth(load);
    least *= 100;
    if (plan_.bound > least + 1e-6 * std::max(1.0, least))
      wrong("the bound is said to be {:.6f}, and not more than {:.6f} is proven", plan_.bound,
            least);
  }

  // The score when all that can move stands at one level, which is found by halving.
  double least_worth(std::size_t load) const {
    auto hosts = hosts_of(load);
    if (hosts.empty()) return 0;
    double demand = 0, low = 0, high = 0;
    for (const auto& host : hosts) {
      demand += host.used;
      high = std::max(high, host.used / host.capacity);
    }
    for (int round = 0; round < 200; ++round) {
      auto middle = (low + high) / 2;
      double holds = 0;
      for (const auto& host : hosts) holds += std::max(middle * host.capacity, host.stays);
      (holds < demand ? low : high) = middle;
    }
    for (auto& host : hosts) host.used = std::max(high * host.capacity, host.stays);
    return worth(load, hosts);
  }

  void check_hosts_bound() {
    std::vector<std::int64_t> gives;
    std::int64_t wanted = 0;
    for (std::size_t i = 0; i < estate_.hosts.size(); ++i) {
      std::int64_t used = 0;
      for (const auto& machine : estate_.machines)
        if (machine.host == static_cast<std::int32_t>(i))
          used += of(machine.demand, Load::promised);
      wanted += used;
      gives.push_back(std::max<std::int64_t>(of(estate_.hosts[i].capacity, Load::promised), used));
    }
    std::ranges::sort(gives, std::greater());
    double needed = 0;
    for (auto host = gives.begin(); host != gives.end() && wanted > 0; ++host, ++needed)
      wanted -= *host;
    if (plan_.bound > needed + 0.5)
      findings_.notes.push_back(
          fmt::format("that {} hosts are needed was not proven again; memory alone needs {}: {}",
                      plan_.bound, needed, plan_.bound_reason));
  }

  const Estate& estate_;
  const Plan& plan_;
  const Objective& objective_;
  const ConsolidateWish& consolidation_;
  std::vector<std::int32_t> where_;
  std::vector<std::set<std::int32_t>> on_;
  // By host, until a machine comes or goes.
  mutable std::vector<std::optional<std::array<Host, load_count>>> counted_;
  std::vector<std::set<std::size_t>> rules_of_;
  bool scores_ = true;  // whether they are looked at
  Findings findings_;
};

}  // namespace

Findings check_plan(const Estate& estate, const Plan& plan, const Objective& objective,
                    const ConsolidateWish& consolidation) {
  if (auto sound = check(estate); !sound) return {.wrong = {sound.error().message}};
  return Checker(estate, plan, objective, consolidation).run();
}

Findings check_steps(const Estate& estate, const Plan& plan) {
  if (auto sound = check(estate); !sound) return {.wrong = {sound.error().message}};
  Objective objective;
  ConsolidateWish consolidation;
  return Checker(estate, plan, objective, consolidation).run_steps();
}

}  // namespace truce::scheduler
