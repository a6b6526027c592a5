// The next move of a balance in an estate of which not all moves can be looked at each time.
#pragma once

#include <queue>
#include <tuple>

#include "layout.h"

namespace truce::scheduler {

/// Keeps for each host the best move away from it, and for each machine that breaks a rule the best
/// that mends it. After a move it looks anew only at those whose turn comes while one of the two
/// hosts has changed: what others gain falls slowly, and is computed again before they go. From
/// time to time everything is looked at anew.
class Eager {
 public:
  /// `looked_at` counts the moves whose gain was computed. Beyond `effort` nothing is begun anew.
  Eager(const Layout& layout, std::vector<std::int32_t> givers, std::vector<std::int32_t> takers,
        std::uint64_t effort, std::uint64_t& looked_at);

  /// The best move found, of at most so many machines; one that gains less than `least` if there
  /// is none. The caller makes it, and says so.
  Choice next(double least, std::size_t most_machines);
  void made(std::int32_t from, std::int32_t to);

 private:
  /// The best move of a host, or of one unit that breaks a rule.
  struct Source {
    std::int32_t host = none, unit = none;
    Choice best;
    std::uint64_t turn = 0;  ///< when it was looked at
    std::uint32_t look = 0;  ///< how often: entries of earlier looks do not count
  };
  using Entry = std::tuple<double, std::int32_t, std::uint32_t>;  // gain, minus the source, look

  void look_again();
  void choose_takers();
  void look_at(std::int32_t source);
  void consider(std::int32_t unit, std::span<const std::int32_t> takers, Choice& choice);
  [[nodiscard]] bool stale(const Source& source) const;
  [[nodiscard]] bool widen();

  const Layout& layout_;
  std::vector<std::int32_t> givers_, takers_;
  std::vector<Source> sources_;
  std::vector<std::int32_t> source_of_;  // by host
  std::vector<std::int32_t> cool_;       // who may take
  std::vector<std::uint64_t> changed_;   // by host: the turn of its last change
  std::priority_queue<Entry> queue_;
  std::uint64_t effort_, turn_ = 1, looked_again_ = 0, took_ = 0;
  std::uint64_t& looked_at_;
  std::size_t wide_, most_machines_ = 1;
  std::int32_t last_ = 0;  ///< the source of the move that was answered
};

}  // namespace truce::scheduler
