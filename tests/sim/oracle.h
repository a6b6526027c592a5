// Sees all, tells nobody: who wrote to which machine's disk, and when.
#pragma once

#include <limits>
#include <map>

#include "availability/epoch_guard.h"
#include "trace.h"

namespace truce::sim {

class Oracle {
 public:
  enum class Presents : std::uint8_t { yes, no };  ///< no: it goes on after it was frozen
  using Handle = std::size_t;
  explicit Oracle(Trace& trace) : trace_(trace) {}

  /// From now on the copy on that host writes.
  Handle begin(const std::string& vm, std::size_t host, availability::Epoch epoch, Moment now,
               Presents presents);
  /// Until then it does.
  void end(Handle handle, Moment until);

  /// The longest time until now for which two hosts wrote to one disk.
  [[nodiscard]] Moment overlap(Moment now) const { return longest(&Span::until, now); }
  /// The same with a storage that knows epochs.
  [[nodiscard]] Moment guarded_overlap(Moment now) const {
    return longest(&Span::guarded_until, now);
  }
  /// Starts with an epoch that had been presented by another host, or with a lower one.
  [[nodiscard]] std::size_t old_starts() const { return old_starts_; }

 private:
  struct Span {
    std::string vm;
    std::size_t host;
    availability::Epoch epoch;
    Moment from, until, guarded_until;
  };
  struct Last {
    availability::Epoch epoch = 0;
    std::size_t host = 0;
  };
  static constexpr Moment open{std::numeric_limits<std::int64_t>::max()};
  [[nodiscard]] Moment longest(Moment Span::* end, Moment now) const;

  Trace& trace_;
  availability::EpochGuard guard_;
  std::vector<Span> spans_;
  std::map<std::string, std::vector<Handle>> of_;
  std::map<std::string, Last> last_;
  std::size_t old_starts_ = 0;
};

}  // namespace truce::sim
