#include "oracle.h"

#include <algorithm>

namespace truce::sim {

Oracle::Handle Oracle::begin(const std::string& vm, std::size_t host, availability::Epoch epoch,
                             Moment now, Presents presents) {
  trace_.say("disk    {} is written by host {} as epoch {}", vm, host, epoch);
  auto admitted =
      presents == Presents::yes ? guard_.present(vm, epoch).has_value() : guard_.admits(vm, epoch);
  auto& last = last_[vm];
  if (presents == Presents::yes) {
    if (epoch < last.epoch || (epoch == last.epoch && host != last.host)) ++old_starts_;
    if (epoch >= last.epoch) last = {epoch, host};
  }
  for (auto other : of_[vm]) {
    auto& span = spans_[other];
    if (span.host != host && span.until > now)
      trace_.say("disk    {} IS WRITTEN BY HOST {} AS WELL, as epoch {}", vm, span.host,
                 span.epoch);
    if (admitted && span.epoch < epoch) span.guarded_until = std::min(span.guarded_until, now);
  }
  of_[vm].push_back(spans_.size());
  spans_.push_back({vm, host, epoch, now, open, admitted ? open : now});
  return spans_.size() - 1;
}

void Oracle::end(Handle handle, Moment until) {
  auto& span = spans_[handle];
  span.until = std::min(span.until, until);
  span.guarded_until = std::min(span.guarded_until, until);
}

Moment Oracle::longest(Moment Span::* end, Moment now) const {
  Moment worst{0};
  for (const auto& [vm, handles] : of_) {
    for (std::size_t i = 0; i < handles.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const auto& a = spans_[handles[i]];
        const auto& b = spans_[handles[j]];
        if (a.host == b.host) continue;
        worst = std::max(worst, std::min({a.*end, b.*end, now}) - std::max(a.from, b.from));
      }
    }
  }
  return worst;
}

}  // namespace truce::sim
