#include <algorithm>
#include <numeric>

#include "eager.h"
#include "layout.h"
#include "refine.h"

namespace truce::scheduler {
namespace {

constexpr std::uint64_t least_looks = 20'000;  // a move
constexpr std::size_t usual_moves = 50;  // a move gains its part of so many, of what a plan must
constexpr double nothing = 1e-4;         // points among ten hosts: what is less is not worth a move

class Balancer {
 public:
  Balancer(const Estate& estate, const BalanceWish& wish)
      : wish_(wish), layout_(estate, wish.objective) {
    for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
      auto host = static_cast<std::int32_t>(i);
      if (layout_.takes(host) && host != wish.relieve) takers_.push_back(host);
      if (!estate.hosts[i].online) continue;
      if (wish.relieve == none || host == wish.relieve) givers_.push_back(host);
    }
  }

  Plan run() {
    plan_.host = wish_.relieve;
    plan_.score_before = plan_.score_after = layout_.score();
    plan_.bound = std::min(score_bound(layout_.estate(), wish_.objective), plan_.score_before);
    plan_.bound_reason = "all load that can move spread evenly over all hosts that are online";
    auto possible = plan_.score_before - plan_.bound;
    auto hosts = static_cast<double>(std::max<std::size_t>(layout_.estate().hosts.size(), 1));
    auto least =
        std::max(wish_.least_gain * possible / std::max(hosts, static_cast<double>(usual_moves)),
                 nothing * std::min(1.0, 10 / hosts));
    if (!all_can_be_looked_at())
      eager_.emplace(layout_, givers_, takers_, wish_.effort, plan_.looked_at);
    while (!done()) {
      auto choice = best(least);
      if (choice.gain < least) break;
      mended_ |= layout_.mended_rule(choice.unit, choice.to) != none;
      auto from = layout_.unit(choice.unit).host;
      carry_out(layout_, choice.unit, choice.to, reason_of(layout_, choice.unit, choice.to), plan_);
      if (eager_) eager_->made(from, choice.to);
    }
    if (wish_.relieve == none) refine(layout_.estate(), wish_, least, plan_);
    // So many moves can do no more in a larger estate.
    weigh_up(possible * std::min(1.0, static_cast<double>(wish_.moves) / hosts));
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool done() const {
    if (plan_.moves.size() >= wish_.moves) return true;
    if (wish_.relieve == none) return false;
    for (std::size_t i = 0; i < load_count; ++i) {
      auto load = static_cast<Load>(i);
      bool hot = layout_.scored(load) && wish_.objective.contention[i] > 0 &&
                 layout_.used(wish_.relieve, load) > wish_.objective.knee;
      if (hot) return false;
    }
    return true;
  }

  // A plan that gains little is no plan: machines would move for ever.
  void weigh_up(double possible) {
    auto gained = plan_.score_before - plan_.score_after;
    if (plan_.moves.empty()) {
      plan_.refusals.emplace_back(wish_.relieve != none && done()
                                      ? "the host is not over the knee"
                                      : "no move gains more than it costs");
    } else if (!mended_ && wish_.relieve == none && gained < wish_.least_gain * possible) {
      plan_.refusals.push_back(
          fmt::format("{} moves would gain {:.2f} of {:.2f} points, which is not worth them",
                      plan_.moves.size(), gained, possible));
      plan_.moves.clear();
      plan_.score_after = plan_.score_before;
    }
  }

  void consider(std::int32_t unit, const std::vector<std::int32_t>& hosts, Choice& choice) {
    auto count = static_cast<std::size_t>(layout_.unit(unit).count);
    if (plan_.moves.size() + count > wish_.moves || rests(layout_, unit)) return;
    plan_.looked_at += look(layout_, unit, hosts, choice);
  }

  // By so many looks for each move.
  [[nodiscard]] bool all_can_be_looked_at() const {
    auto looks = std::max(wish_.effort / std::max<std::size_t>(wish_.moves, 1), least_looks);
    return wish_.relieve != none || layout_.units().size() * takers_.size() <= looks;
  }

  Choice best(double least) {
    if (eager_) return eager_->next(least, wish_.moves - plan_.moves.size());
    Choice choice;
    look_at_all(givers_, takers_, choice);
    return choice;
  }

  void look_at_all(const std::vector<std::int32_t>& from, const std::vector<std::int32_t>& to,
                   Choice& choice) {
    for (auto host : from) {
      for (auto unit : layout_.on(host)) consider(unit, to, choice);
    }
  }

  const BalanceWish& wish_;
  Layout layout_;
  std::vector<std::int32_t> givers_, takers_;
  Plan plan_;
  std::optional<Eager> eager_;  // in estates where not all moves can be looked at
  bool mended_ = false;
};

}  // namespace

std::uint64_t look(const Layout& layout, std::int32_t unit, std::span<const std::int32_t> hosts,
                   Choice& choice) {
  const auto& row = layout.unit(unit);
  if (!row.movable) return 0;
  std::uint64_t looks = 0;
  auto leaving = layout.leave(unit);
  for (auto host : hosts) {
    if (host == row.host || !layout.fits(row, host)) continue;
    ++looks;
    double gain = layout.gain(leaving, host) - row.price;
    if (row.bound) gain += layout.rule_gain(unit, host);
    if (gain > choice.gain && layout.allowed(unit, host)) choice = {unit, host, gain};
  }
  return looks;
}

bool rests(const Layout& layout, std::int32_t unit) {
  return std::ranges::any_of(layout.members(unit), [&](std::int32_t machine) {
    return !layout.estate().machines[static_cast<std::size_t>(machine)].rested;
  });
}

Plan balance(const Estate& estate, const BalanceWish& wish) {
  return Balancer(estate, wish).run();
}

std::int32_t hottest(const Estate& estate, const Objective& objective) {
  Layout layout(estate, objective);
  auto found = none;
  double most = objective.steep;
  for (std::size_t i = 0; i < estate.hosts.size(); ++i) {
    if (!estate.hosts[i].online) continue;
    for (std::size_t load = 0; load < load_count; ++load) {
      auto host = static_cast<std::int32_t>(i);
      bool counts = layout.scored(static_cast<Load>(load)) && objective.contention[load] > 0;
      auto used = counts ? layout.used(host, static_cast<Load>(load)) : 0;
      if (used <= most) continue;
      most = used;
      found = host;
    }
  }
  return found;
}

double score(const Estate& estate, const Objective& objective) {
  return Layout(estate, objective).score();
}

}  // namespace truce::scheduler
