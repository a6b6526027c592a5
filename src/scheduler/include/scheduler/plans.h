// What shall be where: plans over many machines, each with its reasons, its scores and its bound.
#pragma once

#include <functional>
#include <span>

#include "scheduler/estate.h"

namespace truce::scheduler {

/// How good a placement is; 0 is best. 100 times the sum of
///   contention: for each load, how far hosts are over the knee, convex: nothing up to `knee`,
///     25 (u - knee)², and 400 (u - steep)² more above `steep`, weighed by the hosts' sizes;
///   spread: for each load, the standard deviation of the parts of hosts that are in use;
///   rules: a price for each breach.
/// A load that some online host has no capacity of is left out.
struct Objective {
  std::array<double, load_count> contention{1, 1, 0.5, 0.5, 0, 0};      ///< by Load
  std::array<double, load_count> spread{0.2, 0.2, 0.1, 0.1, 0.2, 0.1};  ///< by Load
  double knee = 0.65, steep = 0.825;
  double should = 0.01, must = 1;  ///< a breach of a rule that is preferred, and of one that is not
  /// Points that a second of moving costs, times the weight, among up to ten hosts. Among more it
  /// costs less as each host is a smaller part of the score.
  double move = 0.0002;
};

/// A machine goes to another host.
struct Move {
  std::int32_t machine = none, from = none, to = none;
  std::string reason;
  double score_after = 0;  ///< once this and all before it are done
  double seconds = 0;      ///< how long it is expected to take
};

/// Moves in an order in which no host is over-filled and no rule is broken on the way. (Machines
/// that must be together move one after another; between the first and the last of them they are
/// not.) For consolidate the scores are numbers of hosts in use.
struct Plan {
  model::PlanKind kind = model::PlanKind::balance;
  std::int32_t host = none;  ///< the one that is emptied, or relieved
  std::vector<Move> moves;
  std::vector<std::string> refusals;
  double score_before = 0, score_after = 0;
  double bound = 0;  ///< proven: no plan can be better
  std::string bound_reason;
  std::uint64_t looked_at = 0;  ///< candidate moves whose score was computed
};

struct BalanceWish {
  Objective objective;
  std::size_t moves = 50;
  /// Of what lies between score and bound; less is not worth a plan. Where there are more hosts
  /// than `moves`, of so much less.
  double least_gain = 0.1;
  std::int32_t relieve = none;  ///< only moves away from this host, until it is below the knee
  std::uint64_t effort = 25'000'000;  ///< candidate moves that are looked at, about
};

/// Levels the load: the moves that gain most, one after another. Breaches of rules are mended
/// first. Machines that have moved lately stay. No plan at all when it would gain too little.
Plan balance(const Estate& estate, const BalanceWish& wish = {});

/// The online host that is heavily in contention, by a load above `steep`, and the most of these;
/// none: no host is.
std::int32_t hottest(const Estate& estate, const Objective& objective = {});

struct EvacuateWish {
  Objective objective;
  std::size_t moves = 10000;
  std::uint64_t effort = 5'000'000;  ///< looks of a search, where the first try leaves somebody
};

/// Empties a host. What cannot leave is refused, one sentence each; the rest goes. Where there is
/// no room, machines of other hosts may move first to make it.
Plan evacuate(const Estate& estate, std::int32_t host, const EvacuateWish& wish = {});

struct ConsolidateWish {
  std::size_t moves = 10000;
  int ceiling_percent = 80;  ///< of a host that demands for processors and memory may fill
};

/// Empties as many hosts as it can, so that they can be switched off. Hosts that are full are never
/// made fuller than the ceiling. Of several ways to choose hosts, the one that empties most counts.
Plan consolidate(const Estate& estate, const ConsolidateWish& wish = {});

/// The score of the estate as it is.
double score(const Estate& estate, const Objective& objective = {});
/// No placement of these machines has a lower score: all load that can move is spread evenly.
double score_bound(const Estate& estate, const Objective& objective = {});

/// Who breaks a rule now: one sentence each, at most `most`.
std::vector<std::string> breaches(const Estate& estate, const PlacementRule& rule,
                                  std::size_t most = 8);

/// How many hosts, the largest first, may fail so that all machines that run still find room.
std::int32_t hosts_may_fail(const Estate& estate);

struct Findings {
  std::vector<std::string> wrong;            ///< empty: the plan is what it says
  std::vector<std::string> notes;            ///< what was not verified
  double score_before = 0, score_after = 0;  ///< as they were found
};

/// Verifies a plan with code of its own: that every machine is where its move begins, that no hard
/// rule is broken by any step, and that scores and bound are true. Moves in a row between the same
/// two hosts may be of machines that must be together: their rules are looked at after the last.
Findings check_plan(const Estate& estate, const Plan& plan, const Objective& objective = {},
                    const ConsolidateWish& consolidation = {});

/// The same for hard rules alone: whether a plan can still be carried out on an estate that has
/// changed since. Scores and bound are left alone.
Findings check_steps(const Estate& estate, const Plan& plan);

/// The plan of the API with names as places; Code::invalid when it names what the estate does not
/// have. And back: what the scheduler knows of a plan is written into `object`.
Result<Plan> from_model(const Estate& estate, const model::Plan& object);
void to_model(const Estate& estate, const Plan& plan, model::Plan& object);

}  // namespace truce::scheduler
