#include "refine.h"

#include <algorithm>

#include "layout.h"

namespace truce::scheduler {
namespace {

constexpr int most_rounds = 3;
constexpr double rounding = 1e-5;  // points

class Refinement {
 public:
  Refinement(const Estate& estate, const BalanceWish& wish, double least, Plan& plan)
      : estate_(estate), wish_(wish), least_(least), plan_(plan), layout_(estate, wish.objective) {
    for (std::size_t i = 0; i < estate.hosts.size(); ++i)
      if (layout_.takes(static_cast<std::int32_t>(i)))
        takers_.push_back(static_cast<std::int32_t>(i));
    for (const auto& unit : layout_.units()) homes_.push_back(unit.host);
  }

  void run() {
    start();
    auto until = plan_.looked_at + wish_.effort;
    bool better = fill();
    for (int round = 0; round < most_rounds && plan_.looked_at < until; ++round) {
      bool exchanged = exchange_all(until);
      bool filled = fill();
      if (!exchanged && !filled) break;
      better = true;
    }
    if (better) put_in_order();
  }

 private:
  // Where the plan ends. A machine that it moves twice goes to its last place at once.
  void start() {
    std::map<std::int32_t, std::int32_t> unit_of;
    for (std::size_t i = 0; i < layout_.units().size(); ++i)
      for (auto machine : layout_.members(static_cast<std::int32_t>(i)))
        unit_of[machine] = static_cast<std::int32_t>(i);
    for (const auto& move : plan_.moves) send(unit_of.at(move.machine), move.to);
  }

  void send(std::int32_t unit, std::int32_t to) {
    layout_.move(unit, to);
    if (to == homes_[static_cast<std::size_t>(unit)])
      targets_.erase(unit);
    else
      targets_[unit] = to;
  }

  [[nodiscard]] std::size_t moves() const {
    std::size_t count = 0;
    for (auto [unit, to] : targets_) count += static_cast<std::size_t>(layout_.unit(unit).count);
    return count;
  }

  Choice best() {
    Choice choice;
    auto spare = wish_.moves - std::min(wish_.moves, moves());
    for (std::size_t i = 0; i < layout_.units().size(); ++i) {
      auto unit = static_cast<std::int32_t>(i);
      bool moved = targets_.contains(unit);  // then it costs no further move
      auto count = static_cast<std::size_t>(layout_.units()[i].count);
      if ((!moved && count > spare) || rests(layout_, unit)) continue;
      plan_.looked_at += look(layout_, unit, takers_, choice);
    }
    return choice;
  }

  // Uses moves that are left over.
  bool fill() {
    bool some = false;
    while (moves() < wish_.moves) {
      auto choice = best();
      if (choice.gain < least_) break;
      send(choice.unit, choice.to);
      some = true;
    }
    return some;
  }

  bool exchange_all(std::uint64_t until) {
    bool some = false;
    auto before = targets_;
    for (auto [unit, to] : before) {
      auto now = targets_.find(unit);
      if (now == targets_.end() || now->second != to || plan_.looked_at >= until) continue;
      auto home = homes_[static_cast<std::size_t>(unit)];
      send(unit, home);
      auto back = layout_.gain(layout_.leave(unit), to) - layout_.unit(unit).price +
                  layout_.rule_gain(unit, to);
      auto choice = best();
      bool better = choice.gain > std::max(back, 0.0) + rounding;
      if (better)
        send(choice.unit, choice.to);
      else
        send(unit, to);
      some |= better;
    }
    return some;
  }

  // Makes the moves from the start, so that each finds room when it is its turn.
  void put_in_order() {
    Layout layout(estate_, wish_.objective);
    auto plan = plan_;
    plan.moves.clear();
    auto left = targets_;
    while (!left.empty()) {
      Choice choice{.gain = -std::numeric_limits<double>::infinity()};
      for (auto [unit, to] : left) plan.looked_at += look(layout, unit, std::span(&to, 1), choice);
      if (choice.unit == none) return;  // there is no such order: the plan stays
      carry_out(layout, choice.unit, choice.to, reason_of(layout, choice.unit, choice.to), plan);
      left.erase(choice.unit);
    }
    if (plan.score_after + price(plan) < plan_.score_after + price(plan_) - rounding)
      plan_ = std::move(plan);
  }

  [[nodiscard]] double price(const Plan& plan) const {
    double sum = 0;
    for (const auto& move : plan.moves)
      sum += layout_.price_of_second() * move.seconds *
             double{estate_.machines[static_cast<std::size_t>(move.machine)].weight};
    return sum;
  }

  const Estate& estate_;
  const BalanceWish& wish_;
  double least_;
  Plan& plan_;
  Layout layout_;
  std::vector<std::int32_t> takers_, homes_;
  std::map<std::int32_t, std::int32_t> targets_;  // where units go that do not stay
};

}  // namespace

void refine(const Estate& estate, const BalanceWish& wish, double least, Plan& plan) {
  auto looks = estate.machines.size() * estate.hosts.size();
  if (plan.moves.empty() || looks * plan.moves.size() > wish.effort) return;
  Refinement(estate, wish, least, plan).run();
}

}  // namespace truce::scheduler
