#include "availability/hang.h"

namespace truce::availability {

void HangWatch::begin(NodeTime now) {
  answered_ = false;
  excuse(now);
}

void HangWatch::excuse(NodeTime now) {
  sign_ = now;
  silent_looks_ = 0;
  work_.reset();
}

bool HangWatch::saw(const Pulse& pulse, const HangRules& rules, NodeTime now) {
  bool idle = pulse.work && pulse.work == work_;
  work_ = pulse.work;
  answered_ = answered_ || pulse.answers;
  if (pulse.answers || !idle) {
    sign_ = now;
    silent_looks_ = 0;
    return false;
  }
  ++silent_looks_;
  return answered_ && silent_looks_ >= rules.looks && now - sign_ >= rules.silence;
}

HangAnswer HangWatch::answer(Hang hang, const HangRules& rules, NodeTime now) {
  while (!resets_.empty() && now - resets_.front() >= rules.window) resets_.pop_front();
  if (rules.resets && resets_.size() < rules.at_most) {
    resets_.push_back(now);
    begin(now);
    return HangAnswer::reset;
  }
  switch (hang) {
    case Hang::watchdog:
      return HangAnswer::stand_still;
    case Hang::panic:
      return HangAnswer::end;
    case Hang::silence:
      break;
  }
  return HangAnswer::nothing;
}

}  // namespace truce::availability
