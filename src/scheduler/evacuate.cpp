#include <algorithm>
#include <tuple>

#include "layout.h"

namespace truce::scheduler {
namespace {

class Evacuation {
 public:
  Evacuation(const Estate& estate, std::int32_t host, const EvacuateWish& wish)
      : wish_(wish), host_(host), layout_(estate, wish.objective) {
    for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
      auto other = static_cast<std::int32_t>(i);
      if (other != host && layout_.takes(other)) takers_.push_back(other);
    }
  }

  Plan run() {
    plan_.kind = model::PlanKind::evacuate;
    plan_.host = host_;
    plan_.score_before = plan_.score_after = layout_.score();
    plan_.bound = std::min(score_bound(layout_.estate(), wish_.objective), plan_.score_before);
    plan_.bound_reason = "all load that can move spread evenly over all hosts that are online";
    auto wanted = units_to_move();
    auto left = first_try(wanted);
    if (!left.empty()) {
      if (auto found = search(wanted); !found.empty()) {
        start_again();
        for (auto [unit, to] : found) leave(unit, to);
        left.clear();
      }
    }
    for (auto unit : left) {
      if (!room_made(unit)) refuse(unit);
    }
    return std::move(plan_);
  }

 private:
  using Place = std::pair<std::int32_t, std::int32_t>;  // unit, host

  // The largest first: they find room least easily. What cannot move is refused at once.
  std::vector<std::int32_t> units_to_move() {
    std::vector<std::int32_t> wanted;
    for (auto unit : layout_.on(host_)) {
      if (layout_.unit(unit).movable)
        wanted.push_back(unit);
      else
        refuse(unit);
    }
    std::ranges::sort(wanted, {}, [&](std::int32_t unit) {
      return std::tuple(-layout_.unit(unit).promised, -layout_.unit(unit).reserved_cpu, unit);
    });
    return wanted;
  }

  void refuse(std::int32_t unit) { plan_.refusals.push_back(stuck(layout_, unit)); }

  [[nodiscard]] bool over(std::int32_t unit, std::int32_t more = 0) const {
    auto count = static_cast<std::size_t>(layout_.unit(unit).count + more);
    return plan_.moves.size() + count > wish_.moves;
  }

  void leave(std::int32_t unit, std::int32_t to) {
    auto reason = fmt::format("{} is emptied; {}",
                              layout_.estate().host_names[static_cast<std::size_t>(host_)],
                              reason_of(layout_, unit, to));
    carry_out(layout_, unit, to, std::move(reason), plan_);
  }

  void start_again() {
    for (auto it = done_.rbegin(); it != done_.rend(); ++it) layout_.move(it->first, it->second);
    done_.clear();
    plan_.moves.clear();
    plan_.score_after = plan_.score_before;
  }

  // Where the unit can go, the best first.
  std::vector<std::int32_t> choices(std::int32_t unit) {
    std::vector<std::pair<double, std::int32_t>> order;
    auto leaving = layout_.leave(unit);
    for (auto to : takers_) {
      ++plan_.looked_at;
      if (!layout_.fits(layout_.unit(unit), to) || !layout_.allowed(unit, to)) continue;
      order.emplace_back(-layout_.gain(leaving, to) - layout_.rule_gain(unit, to), to);
    }
    std::ranges::sort(order);
    std::vector<std::int32_t> hosts;
    for (auto [loss, to] : order) hosts.push_back(to);
    return hosts;
  }

  std::vector<std::int32_t> first_try(const std::vector<std::int32_t>& wanted) {
    std::vector<std::int32_t> left;
    for (auto unit : wanted) {
      auto hosts = choices(unit);
      if (hosts.empty() || over(unit)) {
        left.push_back(unit);
        continue;
      }
      leave(unit, hosts.front());
      done_.emplace_back(unit, host_);
    }
    return left;
  }

  // A place for each, if there is one: all choices are gone through, within the effort.
  std::vector<Place> search(const std::vector<std::int32_t>& wanted) {
    enough_ = plan_.looked_at + wish_.effort;
    auto kept = plan_;
    auto tried = done_;
    std::vector<Place> now;
    for (auto [unit, from] : tried) now.emplace_back(unit, layout_.unit(unit).host);
    start_again();
    std::vector<Place> found;
    bool all = descend(wanted, 0, found);
    for (auto it = found.rbegin(); it != found.rend(); ++it) layout_.move(it->first, host_);
    if (all && found.size() <= wish_.moves) return found;
    for (auto [unit, to] : now) layout_.move(unit, to);
    plan_ = std::move(kept);
    done_ = std::move(tried);
    return {};
  }

  bool descend(const std::vector<std::int32_t>& wanted, std::size_t next,
               std::vector<Place>& found) {
    if (next == wanted.size()) return true;
    auto unit = wanted[next];
    for (auto to : choices(unit)) {
      if (plan_.looked_at > enough_) return false;
      layout_.move(unit, to);
      found.emplace_back(unit, to);
      if (descend(wanted, next + 1, found)) return true;
      layout_.move(unit, host_);
      found.pop_back();
    }
    return false;
  }

  // Another machine goes first, where that makes room for this one.
  bool room_made(std::int32_t unit) {
    enough_ = plan_.looked_at + wish_.effort;
    for (auto host : takers_) {
      if (layout_.fits(layout_.unit(unit), host)) continue;  // then it is not room that lacks
      auto others = layout_.on(host);
      for (auto other : others) {
        if (!layout_.unit(other).movable || over(unit, layout_.unit(other).count)) continue;
        for (auto to : choices_but(other, host)) {
          layout_.move(other, to);
          bool helps = layout_.fits(layout_.unit(unit), host) && layout_.allowed(unit, host);
          layout_.move(other, host);
          if (plan_.looked_at > enough_) return false;
          if (!helps) continue;
          auto reason = fmt::format("makes room on {}",
                                    layout_.estate().host_names[static_cast<std::size_t>(host)]);
          carry_out(layout_, other, to, std::move(reason), plan_);
          leave(unit, host);
          return true;
        }
      }
    }
    return false;
  }

  std::vector<std::int32_t> choices_but(std::int32_t unit, std::int32_t host) {
    auto hosts = choices(unit);
    std::erase(hosts, host);
    return hosts;
  }

  const EvacuateWish& wish_;
  std::int32_t host_;
  Layout layout_;
  std::vector<std::int32_t> takers_;
  std::vector<Place> done_;   // what the first try moved, from where
  std::uint64_t enough_ = 0;  // looks, then a search ends
  Plan plan_;
};

}  // namespace

Plan evacuate(const Estate& estate, std::int32_t host, const EvacuateWish& wish) {
  return Evacuation(estate, host, wish).run();
}

}  // namespace truce::scheduler
