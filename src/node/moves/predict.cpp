#include "moves/predict.h"

#include <algorithm>

namespace truce::node {
namespace {

constexpr int rounds_limit = 60;
constexpr double fixed_seconds = 0.03;  // state of the devices, and the words between the hosts
constexpr double slowest = 0.01;        // of its speed that QEMU leaves a guest
constexpr double slowed_a_round = 0.9;  // roughly what each round of throttling leaves

Duration milliseconds(double seconds) {
  return Duration(static_cast<Duration::rep>(std::min(seconds, 1e9) * 1000));
}

}  // namespace

Forecast predict(const Outlook& outlook) {
  Forecast forecast;
  auto bandwidth = std::max(1.0, static_cast<double>(outlook.bandwidth.count));
  auto dirty = static_cast<double>(outlook.dirty_rate.count);
  auto left = static_cast<double>(outlook.memory.count);
  auto memory = left;
  auto allowed = static_cast<double>(outlook.downtime.count()) / 1000;
  auto total = static_cast<double>(outlook.disks.count) / bandwidth;
  double speed = 1;
  forecast.converges = dirty < bandwidth;
  while (left / bandwidth > allowed && forecast.rounds < rounds_limit) {
    auto seconds = left / bandwidth;
    total += seconds;
    ++forecast.rounds;
    if (dirty * speed > bandwidth / 2 && outlook.auto_converge)
      speed = std::max(slowest, speed * slowed_a_round);
    left = std::min(memory, dirty * speed * seconds);  // the same page twice counts once
  }
  forecast.downtime = milliseconds(left / bandwidth + fixed_seconds);
  forecast.total = milliseconds(total + left / bandwidth + fixed_seconds);
  return forecast;
}

}  // namespace truce::node
