#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "hosts_needed.h"
#include "layout.h"

namespace truce::scheduler {
namespace {

constexpr std::size_t failures_in_a_row = 64;

// How a host is chosen for what must leave another.
enum class Fit { tightest, cosine, l2 };
constexpr Fit fits[]{Fit::tightest, Fit::cosine, Fit::l2};

std::size_t at(std::int32_t index) {
  return static_cast<std::size_t>(index);
}

class Consolidation {
 public:
  Consolidation(const Estate& estate, const ConsolidateWish& wish, Fit fit)
      : estate_(estate), wish_(wish), fit_(fit), layout_(estate, {}) {
    for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
      auto host = static_cast<std::int32_t>(i);
      if (!layout_.on(host).empty()) ++in_use_;
      if (!layout_.takes(host)) continue;
      room_.push_back(layout_.room(host));
      if (layout_.on(host).empty()) continue;
      open_.push_back(host);
    }
    for (std::size_t i = 0; i < layout_.units().size(); ++i)
      promised_ += layout_.units()[i].promised;
  }

  // Empties hosts, the least loaded first, until no more can be emptied.
  Plan run() {
    plan_.kind = model::PlanKind::consolidate;
    plan_.score_before = plan_.score_after = static_cast<double>(in_use_);
    bool some = true;
    while (some) {
      some = false;
      std::size_t failures = 0;
      for (auto host : by_load()) {
        bool emptied = reserve_without(host) && try_to_empty(host);
        if (emptied) std::erase(open_, host);
        some |= emptied;
        failures = emptied ? 0 : failures + 1;
        if (failures == failures_in_a_row) break;
      }
    }
    return std::move(plan_);
  }

 private:
  std::vector<std::int32_t> by_load() {
    auto order = open_;
    std::ranges::sort(order, {}, [&](std::int32_t host) {
      auto room = static_cast<double>(std::max<std::int64_t>(layout_.room(host), 1));
      return std::pair(static_cast<double>(layout_.promised(host)) / room, host);
    });
    return order;
  }

  // Whether what runs would still fit if as many hosts failed as the estate allows for.
  [[nodiscard]] bool reserve_without(std::int32_t host) const {
    if (estate_.reserve_hosts == 0) return true;
    std::vector<std::int64_t> rooms;
    for (auto other : open_)
      if (other != host) rooms.push_back(layout_.room(other));
    std::ranges::sort(rooms);
    auto left = rooms.size() - std::min(rooms.size(), at(estate_.reserve_hosts));
    return std::accumulate(rooms.begin(), rooms.begin() + static_cast<std::ptrdiff_t>(left),
                           std::int64_t{0}) >= promised_;
  }

  bool try_to_empty(std::int32_t host) {
    auto units = layout_.on(host);
    std::ranges::sort(units, {}, [&](std::int32_t unit) {
      return std::tuple(-layout_.unit(unit).promised, -demand(unit, Load::cpu), unit);
    });
    std::vector<std::pair<std::int32_t, std::int32_t>> chosen;
    std::size_t moves = plan_.moves.size();
    for (auto unit : units) {
      auto to = layout_.unit(unit).movable ? place_for(unit, host) : none;
      moves += static_cast<std::size_t>(layout_.unit(unit).count);
      if (to == none || moves > wish_.moves) break;
      layout_.move(unit, to);
      chosen.emplace_back(unit, to);
    }
    for (auto it = chosen.rbegin(); it != chosen.rend(); ++it) layout_.move(it->first, host);
    if (chosen.size() < units.size()) return false;
    for (auto [unit, to] : chosen) note(unit, to);
    return true;
  }

  void note(std::int32_t unit, std::int32_t to) {
    auto from = layout_.unit(unit).host;
    layout_.move(unit, to);
    if (layout_.on(from).empty()) --in_use_;
    plan_.score_after = static_cast<double>(in_use_);
    for (auto machine : layout_.members(unit)) {
      plan_.moves.push_back(
          {.machine = machine,
           .from = from,
           .to = to,
           .reason = fmt::format("{} can then be switched off", estate_.host_names[at(from)]),
           .score_after = plan_.score_after,
           .seconds = estate_.machines[at(machine)].seconds});
    }
  }

  [[nodiscard]] std::int64_t demand(std::int32_t unit, Load load) const {
    std::int64_t sum = 0;
    for (auto machine : layout_.members(unit))
      sum += of(estate_.machines[at(machine)].demand, load);
    return sum;
  }

  // What a unit asks for.
  struct Wanted {
    std::int64_t cpu = 0, memory = 0, promised = 0;
  };

  [[nodiscard]] bool below_ceiling(const Wanted& wanted, std::int32_t host) const {
    auto below = [&](Load load, std::int64_t more) {
      auto capacity = std::int64_t{of(estate_.hosts[at(host)].capacity, load)};
      return capacity == 0 ||
             (layout_.load(host, load) + more) * 100 <= capacity * wish_.ceiling_percent;
    };
    return below(Load::cpu, wanted.cpu) && below(Load::memory, wanted.memory);
  }

  std::int32_t place_for(std::int32_t unit, std::int32_t from) {
    const auto& row = layout_.unit(unit);
    Wanted wanted{demand(unit, Load::cpu), demand(unit, Load::memory), row.promised};
    std::int32_t best = none;
    double best_worth = 0;
    for (auto host : open_) {
      if (host == from || !layout_.fits(row, host)) continue;
      ++plan_.looked_at;
      if (!below_ceiling(wanted, host)) continue;
      auto worth = worth_of(wanted, host);
      if ((best == none || worth > best_worth) && layout_.allowed(unit, host)) {
        best = host;
        best_worth = worth;
      }
    }
    return best;
  }

  // How well what is asked for suits what is left of a host, both as parts of it.
  [[nodiscard]] double worth_of(const Wanted& wanted, std::int32_t host) const {
    auto has_memory = static_cast<double>(std::max<std::int64_t>(layout_.room(host), 1));
    auto has_cpu =
        static_cast<double>(std::max(of(estate_.hosts[at(host)].capacity, Load::cpu), 1));
    auto memory = static_cast<double>(wanted.promised) / has_memory;
    auto cpu = static_cast<double>(wanted.cpu) / has_cpu;
    auto memory_left = 1 - static_cast<double>(layout_.promised(host)) / has_memory;
    auto cpu_left = 1 - static_cast<double>(layout_.load(host, Load::cpu)) / has_cpu;
    switch (fit_) {
      case Fit::tightest:
        return memory - memory_left;
      case Fit::l2:
        return -(memory_left - memory) * (memory_left - memory) -
               (cpu_left - cpu) * (cpu_left - cpu);
      case Fit::cosine:
        return (memory * memory_left + cpu * cpu_left) /
               std::max(std::hypot(memory_left, cpu_left), 1e-9);
    }
    return 0;
  }

  const Estate& estate_;
  const ConsolidateWish& wish_;
  Fit fit_;
  Layout layout_;
  std::vector<std::int32_t> open_;  // in use, and not emptied yet
  std::vector<std::int64_t> room_;
  std::int64_t promised_ = 0;
  std::size_t in_use_ = 0;
  Plan plan_;
};

}  // namespace

Plan consolidate(const Estate& estate, const ConsolidateWish& wish) {
  Plan best;
  std::uint64_t looked_at = 0;
  for (auto fit : fits) {
    auto plan = Consolidation(estate, wish, fit).run();
    looked_at += plan.looked_at;
    bool first = fit == fits[0];
    if (first || std::pair(plan.score_after, plan.moves.size()) <
                     std::pair(best.score_after, best.moves.size()))
      best = std::move(plan);
  }
  auto needed = hosts_needed(estate, wish.ceiling_percent);
  best.bound = static_cast<double>(needed.hosts);
  best.bound_reason = needed.reason;
  best.looked_at = looked_at;
  if (best.moves.empty())
    best.refusals.emplace_back("no host that is in use can be emptied into the others");
  return best;
}

}  // namespace truce::scheduler
