#include "plans/demands.h"

#include <algorithm>
#include <cmath>

namespace truce::manager {
namespace {

constexpr float newest = 0.04F;  // its part in the average, with a round every 10 seconds
constexpr std::size_t least_minutes = 2;
constexpr auto forgotten_after = std::chrono::minutes(15);
constexpr double mebi = 1 << 20, kibi = 1 << 10;

// The quantities of a sample that are wanted; 0 where nothing is known.
std::array<float, 4> values_of(const metrics::Sample& sample) {
  auto of = [&](std::string_view name) {
    auto found = std::ranges::find(vm_quantities, name, &Quantity::name);
    auto place = static_cast<std::size_t>(found - vm_quantities.begin());
    bool known = place < sample.values.size() && !std::isnan(sample.values[place]);
    return known ? sample.values[place] : 0.0F;
  };
  return {of("cpu"), of("memory"), of("disk_read") + of("disk_write"),
          of("net_receive") + of("net_send")};
}

std::int64_t minute_of(Time time) {
  return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

std::int32_t whole(double value, double unit) {
  constexpr double most = 1 << 30;
  return static_cast<std::int32_t>(std::clamp(std::ceil(value / unit), 0.0, most));
}

}  // namespace

void Demands::take(const std::vector<metrics::Sample>& vms, Time time) {
  for (const auto& sample : vms) {
    auto values = values_of(sample);
    auto [entry, is_new] = machines_.try_emplace(sample.object);
    auto& line = entry->second;
    auto number = minute_of(time);
    auto& minute = line.past[static_cast<std::size_t>(number) % minutes];
    if (minute.number != number) minute = {.number = number};
    for (std::size_t i = 0; i < lines; ++i) {
      line.average[i] =
          is_new ? values[i] : line.average[i] + newest * (values[i] - line.average[i]);
      minute.sum[i] += values[i];
    }
    ++minute.count;
    line.time = time;
  }
  forget(time);
}

void Demands::forget(Time time) {
  if (time - forgotten_ < std::chrono::minutes(1)) return;
  forgotten_ = time;
  std::erase_if(machines_,
                [&](const auto& entry) { return entry.second.time + forgotten_after < time; });
}

std::optional<scheduler::Demand> Demands::of(const std::string& uuid, Time time) const {
  auto found = machines_.find(uuid);
  if (found == machines_.end()) return std::nullopt;
  const auto& line = found->second;
  std::array<std::vector<float>, lines> seen;
  for (const auto& minute : line.past) {
    if (minute.count == 0 || minute.number + std::int64_t{minutes} <= minute_of(time)) continue;
    for (std::size_t i = 0; i < lines; ++i)
      seen[i].push_back(minute.sum[i] / static_cast<float>(minute.count));
  }
  if (seen[0].size() < least_minutes) return std::nullopt;
  Values most{};
  for (std::size_t i = 0; i < lines; ++i) {
    std::ranges::sort(seen[i]);
    auto place = (seen[i].size() * 9 + 9) / 10 - 1;
    most[i] = std::max(line.average[i], seen[i][place]);
  }
  return scheduler::Demand{.cpu = whole(double{most[0]}, 1),
                           .memory = whole(double{most[1]}, mebi),
                           .disk = whole(double{most[2]}, kibi),
                           .net = whole(double{most[3]}, kibi)};
}

}  // namespace truce::manager
