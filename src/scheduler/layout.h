// Machines on hosts while a plan is made: what fits where, and what the score becomes.
#pragma once

#include <span>
#include <unordered_map>

#include "scheduler/plans.h"

namespace truce::scheduler {

/// The lanes of all loads, two of them unused: two registers of every x86-64.
using Half = float __attribute__((ext_vector_type(4)));
struct Lanes {
  Half low{}, high{};
};

/// Machines that move together, mostly a single one: those of a rule that must be on one host.
struct Unit {
  std::int32_t first = 0, count = 0;  ///< into Layout's list of members
  std::int32_t host = none;
  std::int64_t promised = 0, reserved_cpu = 0;
  float price = 0;     ///< points that its move costs
  bool bound = false;  ///< it has a reach, a class or rules: allowed() has to look
  bool movable = false;
};

/// What is known of a candidate before a host is chosen for it.
struct Leaving {
  std::int32_t unit = none, from = none;
  Lanes demand, squares;  ///< what it asks for, and by what its leaving changes the squares
  float contention = 0;   ///< by what it changes this
};

/// The state of a search: every change is exact, as all sums are whole numbers. Not for two
/// threads.
class Layout {
 public:
  Layout(const Estate& estate, const Objective& objective);

  [[nodiscard]] const Estate& estate() const { return estate_; }
  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  [[nodiscard]] const Unit& unit(std::int32_t unit) const { return units_[at(unit)]; }
  [[nodiscard]] std::span<const std::int32_t> members(std::int32_t unit) const {
    const auto& row = units_[at(unit)];
    return {members_.data() + row.first, static_cast<std::size_t>(row.count)};
  }
  /// Units that are on a host now.
  [[nodiscard]] const std::vector<std::int32_t>& on(std::int32_t host) const {
    return on_[at(host)];
  }
  /// Whether machines may come to the host at all.
  [[nodiscard]] bool takes(std::int32_t host) const { return takes_[at(host)] != 0; }
  [[nodiscard]] std::int64_t promised(std::int32_t host) const { return promised_[at(host)]; }
  [[nodiscard]] std::int64_t room(std::int32_t host) const { return room_[at(host)]; }
  [[nodiscard]] std::int64_t load(std::int32_t host, Load load) const {
    return sums_[at(host)][static_cast<std::size_t>(load)];
  }
  /// The part of the host that is in use, 0 where it has no capacity.
  [[nodiscard]] double used(std::int32_t host, Load load) const;
  [[nodiscard]] const Objective& objective() const { return objective_; }
  [[nodiscard]] double price_of_second() const;
  [[nodiscard]] bool scored(Load load) const { return scored_[static_cast<std::size_t>(load)]; }

  /// Whether there is room for it: a few comparisons.
  [[nodiscard]] bool fits(const Unit& unit, std::int32_t host) const {
    return takes(host) && promised_[at(host)] + unit.promised <= room_[at(host)] &&
           (unit.reserved_cpu == 0 ||
            reserved_[at(host)] + unit.reserved_cpu <= estate_.hosts[at(host)].reservable_cpu);
  }
  /// Whether reach, classes and rules that must be kept let it be there.
  [[nodiscard]] bool allowed(std::int32_t unit, std::int32_t host) const;
  /// Why it cannot go there, for people; empty when it can.
  [[nodiscard]] std::string refusal(std::int32_t unit, std::int32_t host) const;

  [[nodiscard]] Leaving leave(std::int32_t unit) const;
  /// By how many points the score falls when it goes there, but for rules.
  [[nodiscard]] float gain(const Leaving& leaving, std::int32_t to) const;
  /// By how many points breaches of rules fall.
  [[nodiscard]] double rule_gain(std::int32_t unit, std::int32_t to) const;
  /// Whether it breaks a rule where it is; and a rule that is broken less when it goes there.
  [[nodiscard]] bool breaks(std::int32_t unit) const;
  [[nodiscard]] std::int32_t mended_rule(std::int32_t unit, std::int32_t to) const;

  /// Moves it. The caller has asked fits() and allowed(), or takes back what it did.
  void move(std::int32_t unit, std::int32_t to);

  /// How much a host could take.
  [[nodiscard]] float coolness(std::int32_t host) const;

  [[nodiscard]] double score();
  /// Units that have rules.
  [[nodiscard]] const std::vector<std::int32_t>& ruled() const { return ruled_; }
  [[nodiscard]] std::size_t hosts_in_use() const;

 private:
  /// A rule that a unit is in, with so many of its machines.
  struct UnitRule {
    std::int32_t rule = none, members = 0;
  };

  /// What hosts that are neighbours in their row have of the score, by load.
  struct Block {
    std::array<double, load_count> contention{}, squares{};
    bool stale = true;
  };
  static constexpr std::size_t hosts_in_block = 64;

  static constexpr std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }
  void count_hosts();
  void make_units();
  void weigh_loads();
  void refresh(std::int32_t host);
  void settle();
  [[nodiscard]] Block block_from(std::size_t first) const;
  [[nodiscard]] std::int64_t place_of(std::int32_t rule, std::int32_t host) const;
  [[nodiscard]] std::int32_t counted(std::int32_t rule, std::int32_t host) const;
  void gather_rules();
  [[nodiscard]] double price_of(std::size_t rule) const;
  [[nodiscard]] std::vector<std::int64_t> broken_rules() const;
  void add_squares(std::int32_t host, double sign);
  void count_class(std::int32_t machine, std::int32_t host, std::int32_t by);
  /// Whether machines that must be together may not be.
  [[nodiscard]] bool quarrels(std::int32_t unit) const;
  [[nodiscard]] bool rule_allows(UnitRule row, std::int32_t from, std::int32_t to) const;
  [[nodiscard]] std::int32_t breach_change(UnitRule row, std::int32_t from, std::int32_t to) const;
  [[nodiscard]] std::string binding(std::int32_t unit, std::int32_t host) const;

  const Estate& estate_;
  Objective objective_;
  std::array<bool, load_count> scored_{};
  std::vector<Unit> units_;
  std::vector<std::int32_t> members_;
  std::vector<Lanes> demands_;                   ///< by unit
  std::vector<std::vector<UnitRule>> rules_of_;  ///< by unit
  std::vector<std::vector<char>> named_;         ///< by rule and host: it names it
  std::vector<std::int32_t> placed_;             ///< by rule: machines of it that are placed
  std::vector<std::vector<std::int32_t>> on_;    ///< by host
  std::vector<std::array<std::int64_t, load_count>> sums_;
  std::vector<std::int64_t> promised_, room_, reserved_;
  std::vector<char> takes_;
  std::vector<Lanes> used_, inverse_, share_;  ///< by host: parts in use, 1/capacity, its weight
  std::vector<float> contention_;              ///< by host
  Lanes mean_, squares_, deviation_, spread_, contention_weight_, heat_weight_;
  std::array<double, load_count> square_sums_{};
  std::array<double, load_count> capacities_{}, exact_means_{};  // of hosts that are online
  std::vector<Block> blocks_;
  std::vector<std::int32_t> ruled_;
  std::unordered_map<std::int64_t, std::int32_t> counts_;   ///< members of a rule by place
  std::unordered_map<std::int64_t, std::int32_t> classes_;  ///< machines of a class by host
};

/// A move that might be made, and what it gains, less what it costs.
struct Choice {
  std::int32_t unit = none, to = none;
  double gain = 0;
};

/// Looks at the moves of a unit to hosts, and keeps the best in `choice`. Answers how many it was.
std::uint64_t look(const Layout& layout, std::int32_t unit, std::span<const std::int32_t> hosts,
                   Choice& choice);

/// Whether a machine of the unit has moved lately.
bool rests(const Layout& layout, std::int32_t unit);

/// Why a move is good: what is worst on the one host, and how it is on the other.
std::string reason_of(const Layout& layout, std::int32_t unit, std::int32_t to);

/// Why a unit stays on its host, for people.
std::string stuck(const Layout& layout, std::int32_t unit);

/// Moves a unit and writes its moves down.
void carry_out(Layout& layout, std::int32_t unit, std::int32_t to, std::string reason, Plan& plan);

}  // namespace truce::scheduler
