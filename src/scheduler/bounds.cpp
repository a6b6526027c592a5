// What can be proven of scores and of failures.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "scheduler/plans.h"

namespace truce::scheduler {
namespace {

struct Part {
  double capacity = 0, fixed = 0;  // what cannot move away
  [[nodiscard]] double full() const { return fixed / capacity; }
};

// The least score of one load when all that can move flows like water. Contention and spread are
// convex and the same function of every host, so the level surface is best for both.
double level(std::vector<Part> parts, double demand, double contention, double spread,
             const Objective& objective) {
  std::ranges::sort(parts, {}, &Part::full);
  double all = 0, below = 0, above = 0;
  for (const auto& part : parts) {
    all += part.capacity;
    above += part.fixed;
  }
  double surface = 0;
  for (const auto& part : parts) {
    below += part.capacity;
    above -= part.fixed;
    surface = (demand - above) / below;
    bool last = &part == &parts.back();
    if (last || surface <= (&part + 1)->full()) break;
  }
  double score = 0, squares = 0;
  for (const auto& part : parts) {
    auto used = std::max(surface, part.full());
    auto near = std::max(used - objective.knee, 0.0), far = std::max(used - objective.steep, 0.0);
    score += part.capacity / all * (25 * near * near + 400 * far * far);
    squares += part.capacity / all * (used - demand / all) * (used - demand / all);
  }
  return contention * score + spread * std::sqrt(squares);
}

}  // namespace

double score_bound(const Estate& estate, const Objective& objective) {
  double bound = 0;
  for (std::size_t load = 0; load < load_count; ++load) {
    std::vector<Part> parts(estate.hosts.size());
    bool known = true;
    for (std::size_t host = 0; host < estate.hosts.size(); ++host) {
      parts[host].capacity = estate.hosts[host].capacity[load];
      known &= !estate.hosts[host].online || parts[host].capacity > 0;
    }
    if (!known) continue;
    double demand = 0;
    for (const auto& machine : estate.machines) {
      if (machine.host == none) continue;
      auto host = static_cast<std::size_t>(machine.host);
      if (!estate.hosts[host].online) continue;
      demand += machine.demand[load];
      if (machine.fixed != none) parts[host].fixed += machine.demand[load];
    }
    std::vector<Part> online;
    for (std::size_t host = 0; host < parts.size(); ++host)
      if (estate.hosts[host].online) online.push_back(parts[host]);
    if (online.empty()) continue;
    bound += level(std::move(online), demand, objective.contention[load], objective.spread[load],
                   objective);
  }
  return 100 * bound;
}

namespace {

// Whether machines with so much memory find room in what the hosts have left, the largest first.
bool find_room(std::vector<std::int64_t> wanted, std::vector<std::int64_t> left) {
  std::ranges::sort(wanted, std::greater());
  for (auto memory : wanted) {
    auto most = std::ranges::max_element(left);
    if (most == left.end() || *most < memory) return false;
    *most -= memory;
  }
  return true;
}

}  // namespace

std::int32_t hosts_may_fail(const Estate& estate) {
  constexpr std::size_t most_looked_at = 16;
  std::vector<std::int64_t> promised(estate.hosts.size());
  for (const auto& machine : estate.machines) {
    if (machine.host != none)
      promised[static_cast<std::size_t>(machine.host)] += of(machine.demand, Load::promised);
  }
  std::vector<std::size_t> order;
  for (std::size_t host = 0; host < estate.hosts.size(); ++host)
    if (estate.hosts[host].online && !estate.hosts[host].draining) order.push_back(host);
  std::ranges::sort(order, {}, [&](std::size_t host) { return std::pair(-promised[host], host); });
  std::size_t may = 0;
  for (std::size_t failed = 1; failed < std::min(order.size(), most_looked_at); ++failed) {
    std::vector<char> gone(estate.hosts.size());
    for (std::size_t i = 0; i < failed; ++i) gone[order[i]] = 1;
    std::vector<std::int64_t> wanted, left;
    for (const auto& machine : estate.machines) {
      if (machine.host != none && gone[static_cast<std::size_t>(machine.host)] != 0)
        wanted.push_back(of(machine.demand, Load::promised));
    }
    for (std::size_t i = failed; i < order.size(); ++i)
      left.push_back(of(estate.hosts[order[i]].capacity, Load::promised) - promised[order[i]]);
    if (!find_room(std::move(wanted), std::move(left))) break;
    may = failed;
  }
  return static_cast<std::int32_t>(may);
}

std::vector<std::string> breaches(const Estate& estate, const PlacementRule& rule,
                                  std::size_t most) {
  std::vector<std::string> told;
  auto tell = [&](std::string text) {
    if (told.size() < most) told.push_back(std::move(text));
  };
  std::map<std::pair<bool, std::int32_t>, std::pair<std::int32_t, std::int32_t>> places;
  std::int32_t first = none;
  for (auto machine : rule.machines) {
    auto host = estate.machines[static_cast<std::size_t>(machine)].host;
    if (host == none) continue;
    const auto& name = estate.machine_names[static_cast<std::size_t>(machine)];
    const auto& host_name = estate.host_names[static_cast<std::size_t>(host)];
    bool named = std::ranges::find(rule.hosts, host) != rule.hosts.end();
    if ((rule.kind == model::RuleKind::on_hosts && !named) ||
        (rule.kind == model::RuleKind::not_on_hosts && named)) {
      tell(fmt::format("{} is on {}", name, host_name));
    }
    auto domain = estate.hosts[static_cast<std::size_t>(host)].domain;
    bool by_domain = rule.by_fault_domain && domain != none;
    auto [place, is_new] =
        places.emplace(std::pair(by_domain, by_domain ? domain : host), std::pair(machine, host));
    if (first == none) first = machine;
    const auto& other = estate.machine_names[static_cast<std::size_t>(place->second.first)];
    if (rule.kind == model::RuleKind::apart && !is_new) {
      tell(by_domain ? fmt::format("{} and {} are in one fault domain ({})", other, name, host_name)
                     : fmt::format("{} and {} are both on {}", other, name, host_name));
    }
    if (rule.kind == model::RuleKind::together && is_new && places.size() > 1) {
      const auto& there = estate.machines[static_cast<std::size_t>(first)].host;
      tell(fmt::format("{} is on {}, {} on {}",
                       estate.machine_names[static_cast<std::size_t>(first)],
                       estate.host_names[static_cast<std::size_t>(there)], name, host_name));
    }
  }
  return told;
}

}  // namespace truce::scheduler
