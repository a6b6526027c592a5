#include "layout.h"

#include <algorithm>
#include <cmath>

#include "units.h"

namespace truce::scheduler {
namespace {

constexpr float far_slope = 400, near_slope = 25;
constexpr float points = 100;
constexpr std::size_t usual_hosts = 10;  // what Objective::move is said for

Half max0(Half value) {
  return __builtin_elementwise_max(value, Half(0));
}

float sum(Lanes lanes) {
  auto all = lanes.low + lanes.high;
  return (all.x + all.y) + (all.z + all.w);
}

void set(Lanes& lanes, std::size_t lane, float value) {
  if (lane < 4)
    lanes.low[lane] = value;
  else
    lanes.high[lane - 4] = value;
}

float get(const Lanes& lanes, std::size_t lane) {
  return lane < 4 ? lanes.low[lane] : lanes.high[lane - 4];
}

struct Knees {
  Half knee, steep;
};

// How much a host in which `used` is in use contends, by lane.
Half contention_of(Half used, const Knees& knees) {
  auto over = max0(used - knees.knee);
  auto far = max0(used - knees.steep);
  return over * over * near_slope + far * far * far_slope;
}

Knees knees_of(const Objective& objective) {
  return {Half(static_cast<float>(objective.knee)), Half(static_cast<float>(objective.steep))};
}

std::int64_t key(std::int32_t one, std::int64_t other) {
  return (std::int64_t{one} << 32) | other;
}

}  // namespace

Layout::Layout(const Estate& estate, const Objective& objective)
    : estate_(estate), objective_(objective) {
  count_hosts();
  make_units();
  weigh_loads();
  for (std::size_t i = 0; i < estate_.hosts.size(); ++i) {
    auto host = static_cast<std::int32_t>(i);
    refresh(host);
    add_squares(host, 1);
  }
  settle();
}

void Layout::count_hosts() {
  auto hosts = estate_.hosts.size();
  sums_.resize(hosts);
  promised_.resize(hosts);
  reserved_.resize(hosts);
  room_.resize(hosts);
  takes_.resize(hosts);
  on_.resize(hosts);
  for (std::size_t host = 0; host < hosts; ++host) {
    const auto& row = estate_.hosts[host];
    room_[host] = of(row.capacity, Load::promised);
    takes_[host] = row.online && !row.draining ? 1 : 0;
  }
  for (const auto& machine : estate_.machines) {
    if (machine.host == none) continue;
    auto host = at(machine.host);
    for (std::size_t load = 0; load < load_count; ++load) sums_[host][load] += machine.demand[load];
    promised_[host] += of(machine.demand, Load::promised);
    reserved_[host] += machine.reserved_cpu;
  }
}

// The more hosts, the less one of them counts for the score, and so does a move of it.
double Layout::price_of_second() const {
  auto hosts = std::max(estate_.hosts.size(), usual_hosts);
  return objective_.move * static_cast<double>(usual_hosts) / static_cast<double>(hosts);
}

void Layout::make_units() {
  auto price = static_cast<float>(price_of_second());
  auto blocks = blocks_of(estate_);
  members_ = std::move(blocks.members);
  for (const auto& [first, count] : blocks.ranges) {
    Unit unit{.first = first, .count = count, .movable = true};
    Lanes demand;
    for (auto number : std::span(members_).subspan(at(first), at(count))) {
      const auto& machine = estate_.machines[at(number)];
      unit.host = machine.host;
      unit.promised += of(machine.demand, Load::promised);
      unit.reserved_cpu += machine.reserved_cpu;
      unit.price += price * machine.seconds * machine.weight;
      unit.bound |= machine.reach != none || machine.conflict_class != none;
      unit.movable &= machine.fixed == none && estate_.hosts[at(machine.host)].online;
      for (std::size_t load = 0; load < load_count; ++load)
        set(demand, load, get(demand, load) + static_cast<float>(machine.demand[load]));
      count_class(number, machine.host, 1);
    }
    on_[at(unit.host)].push_back(static_cast<std::int32_t>(units_.size()));
    units_.push_back(unit);
    demands_.push_back(demand);
  }
  gather_rules();
}

void Layout::gather_rules() {
  std::vector<std::int32_t> unit_of(estate_.machines.size(), none);
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    for (auto machine : members(static_cast<std::int32_t>(unit)))
      unit_of[at(machine)] = static_cast<std::int32_t>(unit);
  }
  rules_of_.resize(units_.size());
  named_.resize(estate_.rules.size());
  placed_.resize(estate_.rules.size());
  for (std::size_t number = 0; number < estate_.rules.size(); ++number) {
    const auto& rule = estate_.rules[number];
    auto index = static_cast<std::int32_t>(number);
    named_[number].assign(estate_.hosts.size(), 0);
    for (auto host : rule.hosts) named_[number][at(host)] = 1;
    auto sorted = rule.machines;
    std::ranges::sort(sorted);
    sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
    for (auto machine : sorted) {
      auto unit = unit_of[at(machine)];
      if (unit == none) continue;
      ++placed_[number];
      ++counts_[key(index, place_of(index, units_[at(unit)].host))];
      auto& rows = rules_of_[at(unit)];
      if (rows.empty() || rows.back().rule != index) rows.push_back({index, 0});
      ++rows.back().members;
      units_[at(unit)].bound = true;
    }
  }
  for (std::size_t unit = 0; unit < units_.size(); ++unit)
    if (!rules_of_[unit].empty()) ruled_.push_back(static_cast<std::int32_t>(unit));
}

void Layout::count_class(std::int32_t machine, std::int32_t host, std::int32_t by) {
  auto conflict_class = estate_.machines[at(machine)].conflict_class;
  if (conflict_class != none) classes_[key(conflict_class, host)] += by;
}

std::int64_t Layout::place_of(std::int32_t rule, std::int32_t host) const {
  auto domain = estate_.hosts[at(host)].domain;
  if (!estate_.rules[at(rule)].by_fault_domain) return host;
  return domain != none ? domain : std::int64_t{1 << 30} + host;  // a host of no domain fails alone
}

std::int32_t Layout::counted(std::int32_t rule, std::int32_t host) const {
  auto found = counts_.find(key(rule, place_of(rule, host)));
  return found == counts_.end() ? 0 : found->second;
}

// A load counts when all hosts that are online have some of it; its mean does not change by moves.
void Layout::weigh_loads() {
  auto hosts = estate_.hosts.size();
  used_.resize(hosts);
  inverse_.resize(hosts);
  share_.resize(hosts);
  contention_.resize(hosts);
  blocks_.resize((hosts + hosts_in_block - 1) / hosts_in_block);
  for (std::size_t load = 0; load < load_count; ++load) {
    double capacity = 0, demand = 0;
    bool known = true;
    for (std::size_t host = 0; host < hosts; ++host) {
      if (!estate_.hosts[host].online) continue;
      known &= estate_.hosts[host].capacity[load] > 0;
      capacity += estate_.hosts[host].capacity[load];
      demand += static_cast<double>(sums_[host][load]);
    }
    scored_[load] = known && capacity > 0;
    if (!scored_[load]) continue;
    capacities_[load] = capacity;
    exact_means_[load] = demand / capacity;
    set(mean_, load, static_cast<float>(demand / capacity));
    set(contention_weight_, load, static_cast<float>(objective_.contention[load]) * points);
    set(spread_, load, static_cast<float>(objective_.spread[load]) * points);
    for (std::size_t host = 0; host < hosts; ++host) {
      if (!estate_.hosts[host].online) continue;
      auto has = static_cast<double>(estate_.hosts[host].capacity[load]);
      set(inverse_[host], load, static_cast<float>(1 / has));
      set(share_[host], load, static_cast<float>(has / capacity));
    }
  }
}

// Everything that is kept of a host, from its sums.
void Layout::refresh(std::int32_t host) {
  auto row = at(host);
  blocks_[row / hosts_in_block].stale = true;
  for (std::size_t load = 0; load < load_count; ++load)
    set(used_[row], load, static_cast<float>(sums_[row][load]) * get(inverse_[row], load));
  auto knees = knees_of(objective_);
  const auto& used = used_[row];
  const auto& share = share_[row];
  contention_[row] = sum({contention_weight_.low * share.low * contention_of(used.low, knees),
                          contention_weight_.high * share.high * contention_of(used.high, knees)});
}

void Layout::add_squares(std::int32_t host, double sign) {
  for (std::size_t load = 0; load < load_count; ++load) {
    auto away = double{get(used_[at(host)], load)} - double{get(mean_, load)};
    square_sums_[load] += sign * double{get(share_[at(host)], load)} * away * away;
  }
}

// What depends on all hosts.
void Layout::settle() {
  constexpr float least = 1e-9F;  // nothing is divided by 0, in lanes that are not used either
  deviation_ = {Half(least), Half(least)};
  for (std::size_t load = 0; load < load_count; ++load) {
    auto deviation = static_cast<float>(std::sqrt(std::max(square_sums_[load], 0.0)));
    set(squares_, load, static_cast<float>(square_sums_[load]));
    set(deviation_, load, std::max(deviation, least));
    // By so much the spread changes with the squares.
    set(heat_weight_, load, get(spread_, load) / (2 * std::max(deviation, 1e-4F)));
  }
}

double Layout::used(std::int32_t host, Load load) const {
  auto capacity = of(estate_.hosts[at(host)].capacity, load);
  return capacity > 0 ? static_cast<double>(this->load(host, load)) / capacity : 0;
}

Leaving Layout::leave(std::int32_t unit) const {
  Leaving leaving{.unit = unit, .from = units_[at(unit)].host, .demand = demands_[at(unit)]};
  auto from = at(leaving.from);
  auto knees = knees_of(objective_);
  auto half = [&](Half used, Half inverse, Half share, Half mean, Half demand, Half weight,
                  Half& squares) {
    auto rest = max0(used - demand * inverse);
    squares = share * (rest - used) * (rest + used - mean * 2);
    return weight * share * contention_of(rest, knees);
  };
  auto low = half(used_[from].low, inverse_[from].low, share_[from].low, mean_.low,
                  leaving.demand.low, contention_weight_.low, leaving.squares.low);
  auto high = half(used_[from].high, inverse_[from].high, share_[from].high, mean_.high,
                   leaving.demand.high, contention_weight_.high, leaving.squares.high);
  leaving.contention = sum({low, high}) - contention_[from];
  return leaving;
}

float Layout::gain(const Leaving& leaving, std::int32_t to) const {
  auto host = at(to);
  auto knees = knees_of(objective_);
  // By the change of the squares, not from two roots: in a large estate these hardly differ.
  auto half = [&](Half used, Half inverse, Half share, Half mean, Half demand, Half weight,
                  Half change, Half squares, Half deviation, Half& spread) {
    auto full = used + demand * inverse;
    change += share * (full - used) * (full + used - mean * 2);
    spread *= change / (__builtin_elementwise_sqrt(max0(squares + change)) + deviation);
    return weight * share * contention_of(full, knees);
  };
  auto spread = spread_;
  auto low =
      half(used_[host].low, inverse_[host].low, share_[host].low, mean_.low, leaving.demand.low,
           contention_weight_.low, leaving.squares.low, squares_.low, deviation_.low, spread.low);
  auto high = half(used_[host].high, inverse_[host].high, share_[host].high, mean_.high,
                   leaving.demand.high, contention_weight_.high, leaving.squares.high,
                   squares_.high, deviation_.high, spread.high);
  auto contention = leaving.contention + sum({low, high}) - contention_[host];
  return -sum(spread) - contention;
}

bool Layout::rule_allows(UnitRule row, std::int32_t from, std::int32_t to) const {
  const auto& rule = estate_.rules[at(row.rule)];
  bool same = place_of(row.rule, from) == place_of(row.rule, to);
  auto others = counted(row.rule, to) - (same ? row.members : 0);
  switch (rule.kind) {
    case model::RuleKind::together:
      return placed_[at(row.rule)] == row.members || others > 0;
    case model::RuleKind::apart:
      return others == 0 && row.members == 1;
    case model::RuleKind::on_hosts:
      return named_[at(row.rule)][at(to)] != 0;
    case model::RuleKind::not_on_hosts:
      return named_[at(row.rule)][at(to)] == 0;
  }
  return true;
}

bool Layout::quarrels(std::int32_t unit) const {
  auto row = members(unit);
  auto class_of = [&](std::int32_t machine) {
    return estate_.machines[at(machine)].conflict_class;
  };
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (class_of(row[i]) == none) continue;
    const auto& enemies = estate_.conflicts[at(class_of(row[i]))];
    for (auto other : row.subspan(i + 1))
      if (std::ranges::find(enemies, class_of(other)) != enemies.end()) return true;
  }
  return false;
}

bool Layout::allowed(std::int32_t unit, std::int32_t host) const {
  if (!units_[at(unit)].bound) return true;
  if (units_[at(unit)].count > 1 && quarrels(unit)) return false;
  for (auto number : members(unit)) {
    const auto& machine = estate_.machines[at(number)];
    if (machine.reach != none && estate_.reaches[at(machine.reach)][at(host)] != none) return false;
    if (machine.conflict_class == none) continue;
    for (auto other : estate_.conflicts[at(machine.conflict_class)]) {
      auto found = classes_.find(key(other, host));
      if (found != classes_.end() && found->second > 0) return false;
    }
  }
  return std::ranges::all_of(rules_of_[at(unit)], [&](UnitRule row) {
    return !estate_.rules[at(row.rule)].must || rule_allows(row, units_[at(unit)].host, host);
  });
}

std::int32_t Layout::breach_change(UnitRule row, std::int32_t from, std::int32_t to) const {
  auto one = counted(row.rule, from), other = counted(row.rule, to), moved = row.members;
  bool same = place_of(row.rule, from) == place_of(row.rule, to);
  auto extra = [](std::int32_t count) { return std::max(count - 1, 0); };
  const auto& named = named_[at(row.rule)];
  switch (estate_.rules[at(row.rule)].kind) {
    case model::RuleKind::together:
      return same ? 0 : (one > moved ? 1 : 0) + 1 - (one > 0 ? 1 : 0) - (other > 0 ? 1 : 0);
    case model::RuleKind::apart:
      return same ? 0 : extra(one - moved) + extra(other + moved) - extra(one) - extra(other);
    case model::RuleKind::on_hosts:
      return moved * (named[at(from)] - named[at(to)]);
    case model::RuleKind::not_on_hosts:
      return moved * (named[at(to)] - named[at(from)]);
  }
  return 0;
}

double Layout::rule_gain(std::int32_t unit, std::int32_t to) const {
  double gain = 0;
  for (auto row : rules_of_[at(unit)]) {
    auto price = estate_.rules[at(row.rule)].must ? objective_.must : objective_.should;
    gain -= price * points * breach_change(row, units_[at(unit)].host, to);
  }
  return gain;
}

void Layout::move(std::int32_t unit, std::int32_t to) {
  auto& row = units_[at(unit)];
  auto from = row.host;
  if (from == to) return;
  add_squares(from, -1);
  add_squares(to, -1);
  for (auto number : members(unit)) {
    const auto& machine = estate_.machines[at(number)];
    for (std::size_t load = 0; load < load_count; ++load) {
      sums_[at(from)][load] -= machine.demand[load];
      sums_[at(to)][load] += machine.demand[load];
    }
    count_class(number, from, -1);
    count_class(number, to, 1);
  }
  for (auto rule : rules_of_[at(unit)]) {
    counts_[key(rule.rule, place_of(rule.rule, from))] -= rule.members;
    counts_[key(rule.rule, place_of(rule.rule, to))] += rule.members;
  }
  promised_[at(from)] -= row.promised;
  promised_[at(to)] += row.promised;
  reserved_[at(from)] -= row.reserved_cpu;
  reserved_[at(to)] += row.reserved_cpu;
  std::erase(on_[at(from)], unit);
  on_[at(to)].push_back(unit);
  row.host = to;
  refresh(from);
  refresh(to);
  add_squares(from, 1);
  add_squares(to, 1);
  settle();
}

float Layout::coolness(std::int32_t host) const {
  const auto& used = used_[at(host)];
  const auto& share = share_[at(host)];
  auto low = max0(mean_.low - used.low), high = max0(mean_.high - used.high);
  return sum({heat_weight_.low * share.low * low * low,
              heat_weight_.high * share.high * high * high}) -
         contention_[at(host)];
}

Layout::Block Layout::block_from(std::size_t first) const {
  Block block{.stale = false};
  auto end = std::min(first + hosts_in_block, estate_.hosts.size());
  for (std::size_t load = 0; load < load_count; ++load) {
    if (!scored_[load]) continue;
    for (auto host = first; host < end; ++host) {
      if (!estate_.hosts[host].online) continue;
      double has = estate_.hosts[host].capacity[load];
      auto used = static_cast<double>(sums_[host][load]) / has;
      auto near = std::max(used - objective_.knee, 0.0);
      auto far = std::max(used - objective_.steep, 0.0);
      auto away = used - exact_means_[load];
      block.contention[load] +=
          has * (double{near_slope} * near * near + double{far_slope} * far * far);
      block.squares[load] += has * away * away;
    }
  }
  return block;
}

// From whole numbers only, block by block, so that it is the same whatever the way to it was.
double Layout::score() {
  for (std::size_t i = 0; i < blocks_.size(); ++i)
    if (blocks_[i].stale) blocks_[i] = block_from(i * hosts_in_block);
  double score = 0;
  for (std::size_t load = 0; load < load_count; ++load) {
    if (!scored_[load]) continue;
    double contention = 0, squares = 0;
    for (const auto& block : blocks_) {
      contention += block.contention[load];
      squares += block.squares[load];
    }
    score += (objective_.contention[load] * contention / capacities_[load]) +
             objective_.spread[load] * std::sqrt(squares / capacities_[load]);
  }
  auto broken = broken_rules();
  for (std::size_t rule = 0; rule < broken.size(); ++rule)
    score += price_of(rule) * static_cast<double>(broken[rule]);
  return score * double{points};
}

// By rule, how often it is broken.
std::vector<std::int64_t> Layout::broken_rules() const {
  std::vector<std::int64_t> broken(estate_.rules.size()), places(estate_.rules.size());
  if (broken.empty()) return broken;
  for (const auto& [place, members] : counts_) {
    if (members <= 0) continue;
    auto rule = at(static_cast<std::int32_t>(place >> 32));
    auto kind = estate_.rules[rule].kind;
    if (kind == model::RuleKind::apart) broken[rule] += members - 1;
    if (kind == model::RuleKind::together) broken[rule] += places[rule]++ > 0 ? 1 : 0;
  }
  for (auto unit : ruled_) {
    for (auto row : rules_of_[at(unit)]) {
      bool named = named_[at(row.rule)][at(units_[at(unit)].host)] != 0;
      auto kind = estate_.rules[at(row.rule)].kind;
      bool wrong = (kind == model::RuleKind::on_hosts && !named) ||
                   (kind == model::RuleKind::not_on_hosts && named);
      if (wrong) broken[at(row.rule)] += row.members;
    }
  }
  return broken;
}

std::int32_t Layout::mended_rule(std::int32_t unit, std::int32_t to) const {
  for (auto row : rules_of_[at(unit)])
    if (breach_change(row, units_[at(unit)].host, to) < 0) return row.rule;
  return none;
}

bool Layout::breaks(std::int32_t unit) const {
  auto host = units_[at(unit)].host;
  return std::ranges::any_of(rules_of_[at(unit)], [&](UnitRule row) {
    bool named = named_[at(row.rule)][at(host)] != 0;
    switch (estate_.rules[at(row.rule)].kind) {
      case model::RuleKind::together:
        return counted(row.rule, host) < placed_[at(row.rule)];
      case model::RuleKind::apart:
        return counted(row.rule, host) > 1;
      case model::RuleKind::on_hosts:
        return !named;
      case model::RuleKind::not_on_hosts:
        return named;
    }
    return false;
  });
}

double Layout::price_of(std::size_t rule) const {
  return estate_.rules[rule].must ? objective_.must : objective_.should;
}

std::size_t Layout::hosts_in_use() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(on_, [](const auto& units) { return !units.empty(); }));
}

}  // namespace truce::scheduler
