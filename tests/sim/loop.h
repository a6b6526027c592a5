// Time in the simulation: events in the order of their moments.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "base/time.h"

namespace truce::sim {

/// True time since the beginning. No one in the simulation sees it: they have clocks.
using Moment = std::chrono::microseconds;

class Loop {
 public:
  [[nodiscard]] Moment now() const { return now_; }
  void at(Moment when, std::function<void()> what) {
    events_.push_back({std::max(when, now_), next_++, std::move(what)});
    std::ranges::push_heap(events_);
  }
  void after(Moment delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  void run_until(Moment end) {
    while (!events_.empty() && events_.front().when <= end) {
      std::ranges::pop_heap(events_);
      auto event = std::move(events_.back());
      events_.pop_back();
      now_ = event.when;
      event.what();
    }
    now_ = end;
  }

 private:
  struct Event {
    Moment when;
    std::uint64_t number;
    std::function<void()> what;
    // The earliest is the largest: the top of the heap.
    std::strong_ordering operator<=>(const Event& other) const {
      return std::pair(other.when, other.number) <=> std::pair(when, number);
    }
    bool operator==(const Event& other) const { return number == other.number; }
  };
  Moment now_{0};
  std::uint64_t next_ = 0;
  std::vector<Event> events_;  // a heap
};

/// A computer's clock: it began at some number, and runs a little too quick or too slow.
struct Clock {
  Moment offset{0};
  double rate = 1;

  template <class Point>
  [[nodiscard]] Point read(Moment truth) const {
    return Point(offset +
                 Moment(static_cast<std::int64_t>(static_cast<double>(truth.count()) * rate)));
  }
  /// When the clock will have reached that point.
  template <class Point>
  [[nodiscard]] Moment when(Point point) const {
    auto passed = static_cast<double>((point.time_since_epoch() - offset).count());
    return Moment(static_cast<std::int64_t>(passed / rate) + 1);
  }
};

}  // namespace truce::sim
