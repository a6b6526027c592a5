#include "metrics/measurements.h"

#include <algorithm>
#include <cmath>

#include "pools/fill.h"
#include "pools/places.h"

namespace truce::manager {
namespace {

constexpr auto fresh = 30s;  // three rounds
constexpr auto forgotten = 5min;
constexpr double longest_interval = 120;  // seconds: older counters make no rate

using metrics::unknown;

// What grows by the second between two samples.
class Rates {
 public:
  Rates(double before, double now) : seconds_(now - before) {}

  [[nodiscard]] float of(double before, double now) const {
    bool usable = seconds_ > 0 && seconds_ <= longest_interval && now >= before;
    return usable ? static_cast<float>((now - before) / seconds_) : unknown;
  }
  [[nodiscard]] float of(Bytes before, Bytes now) const {
    return of(static_cast<double>(before.count), static_cast<double>(now.count));
  }
  [[nodiscard]] float of(std::int64_t before, std::int64_t now) const {
    return of(static_cast<double>(before), static_cast<double>(now));
  }
  template <class T>
  [[nodiscard]] float of(const std::optional<T>& before, const std::optional<T>& now) const {
    return before && now ? of(*before, *now) : unknown;
  }

 private:
  double seconds_;
};

float percent(double part, double whole) {
  return whole > 0 ? static_cast<float>(100 * part / whole) : unknown;
}

float number(Bytes size) {
  return static_cast<float>(size.count);
}

// `before` is null for a machine that was not measured yet, or has started anew.
std::array<float, vm_quantities.size()> vm_values(const Measurements::VmState* before,
                                                  const model::VmSample& now, const model::Vm& vm) {
  const auto& usage = now.usage;
  bool same_run = before != nullptr && usage.cpu_seconds >= before->usage.cpu_seconds;
  auto old = same_run ? before->usage : model::VmUsage();
  Rates rates(same_run ? before->clock : now.clock, now.clock);
  bool told = usage.guest_total.count > 0 && usage.guest_available <= usage.guest_total;
  return {
      rates.of(old.cpu_seconds, usage.cpu_seconds) * 100,
      number(usage.memory),
      percent(number(usage.memory), number(vm.memory)),
      told ? static_cast<float>(usage.guest_total.count - usage.guest_available.count) : unknown,
      rates.of(old.disk_read, usage.disk_read),
      rates.of(old.disk_written, usage.disk_written),
      rates.of(old.disk_reads + old.disk_writes, usage.disk_reads + usage.disk_writes),
      rates.of(old.net_received, usage.net_received),
      rates.of(old.net_sent, usage.net_sent)};
}

std::array<float, host_quantities.size()> host_values(const Measurements::HostState* before,
                                                      double clock, const model::HostSample& now) {
  auto old = before != nullptr ? before->sample : model::HostSample();
  Rates rates(before != nullptr ? before->clock : clock, clock);
  auto cpus = static_cast<float>(std::max<std::int64_t>(now.cpus, 1));
  auto used = now.memory.count - std::min(now.memory_available.count, now.memory.count);
  return {rates.of(old.cpu_busy, now.cpu_busy) * 100 / cpus,
          rates.of(old.cpu_iowait, now.cpu_iowait) * 100 / cpus,
          rates.of(old.cpu_steal, now.cpu_steal) * 100 / cpus,
          static_cast<float>(used),
          percent(static_cast<double>(used), number(now.memory)),
          number(now.swap_used),
          rates.of(old.disk_read, now.disk_read),
          rates.of(old.disk_written, now.disk_written),
          rates.of(old.disk_reads + old.disk_writes, now.disk_reads + now.disk_writes),
          rates.of(old.net_received, now.net_received),
          rates.of(old.net_sent, now.net_sent),
          rates.of(old.pressure_cpu, now.pressure_cpu) * 100,
          rates.of(old.pressure_memory, now.pressure_memory) * 100,
          rates.of(old.pressure_io, now.pressure_io) * 100};
}

template <class Values>
metrics::Sample sample_of(std::string object, const Values& values) {
  return {std::move(object), {values.begin(), values.end()}};
}

template <class Quantities, class Values>
Reading reading_of(std::string name, const Quantities& quantities, const Values& values,
                   Time time) {
  Reading reading{.name = std::move(name), .values = {}, .time = time};
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    if (!std::isnan(values[i])) reading.values[std::string(quantities[i].name)] = values[i];
  }
  return reading;
}

bool runs(const model::Vm& vm) {
  return vm.observed == model::Observed::running || vm.observed == model::Observed::paused;
}

}  // namespace

std::string place_series(const std::string& pool, const std::string& host) {
  return pool + "@" + host;
}

bool Measurements::tells_all(const model::Pool& pool, const std::string& host) const {
  for (const auto& place : pool.places) {
    auto kept = inventory_.find<model::Host>(place.host);
    if (kept && kept->object.state == model::HostState::online) return place.host == host;
  }
  return true;
}

std::array<float, pool_quantities.size()> pool_values(const model::Pool& pool) {
  // That one host of several cannot see it leaves it what it is for the others.
  bool lost = pool.places.size() < 2 && !pool.problem.empty();
  if (pool.total.count == 0 || lost) return {unknown, unknown, unknown, unknown};
  float most = 0;
  for (const auto& part : parts_of(pool)) {
    auto size = static_cast<double>(size_of(part).count);
    auto free = std::min(static_cast<double>(part.free.count), size);
    if (size > 0) most = std::max(most, percent(size - free, size));
  }
  return {number(pool.used), number(pool.free), number(pool.allocated), most};
}

Measurements::Measurements(asio::any_io_executor loop, const Inventory& inventory)
    : inventory_(inventory), taken_(std::move(loop)) {
  taken_.expires_at(asio::steady_timer::time_point::max());
}

Round Measurements::take(const std::string& host, model::Samples samples, Time time) {
  Round round;
  auto known = hosts_.find(host);
  auto values =
      host_values(known == hosts_.end() ? nullptr : &known->second, samples.clock, samples.host);
  hosts_[host] = {samples.clock, time, samples.host, values};
  round.hosts.push_back(sample_of(host, values));
  for (auto& sample : samples.vms) {
    auto kept = inventory_.vm_by_uuid(sample.uuid);
    if (!kept || kept->object.host != host) continue;
    auto before = vms_.find(sample.uuid);
    bool of_this_host = before != vms_.end() && before->second.host == host;
    auto used = vm_values(of_this_host ? &before->second : nullptr, sample, kept->object);
    round.vms.push_back(sample_of(sample.uuid, used));
    vms_[sample.uuid] = {host, sample.clock, time, std::move(sample.usage), used};
  }
  for (const auto& [name, kept] : inventory_.all<model::Pool>()) {
    const auto& pool = kept->object;
    auto here = pool_at(pool, host);
    if (!here || (pool.places.empty() && pool.host != host)) continue;
    // One of the hosts that have it brings what it is altogether.
    if (tells_all(pool, host)) {
      pools_[name] = time;
      round.pools.push_back(sample_of(name, pool_values(pool)));
    }
    if (pool.places.size() < 2 || pool.shared) continue;
    round.pools.push_back(sample_of(place_series(name, host), pool_values(*here)));
  }
  forget_gone(time);
  taken_.cancel();
  return round;
}

void Measurements::forget_gone(Time time) {
  auto old = [&](Time then) { return then + forgotten < time || then > time + forgotten; };
  std::erase_if(vms_, [&](const auto& entry) { return old(entry.second.time); });
  std::erase_if(hosts_, [&](const auto& entry) { return old(entry.second.time); });
  std::erase_if(pools_, [&](const auto& entry) { return old(entry.second); });
}

const Measurements::VmState* Measurements::vm(const model::Vm& vm) const {
  auto found = vms_.find(vm.uuid);
  bool told = found != vms_.end() && runs(vm) && found->second.time + fresh >= now();
  return told ? &found->second : nullptr;
}

const Measurements::HostState* Measurements::host(const std::string& name) const {
  auto found = hosts_.find(name);
  bool told = found != hosts_.end() && found->second.time + fresh >= now();
  return told ? &found->second : nullptr;
}

std::vector<Reading> Measurements::vms() const {
  std::vector<Reading> all;
  for (const auto& [name, kept] : inventory_.all<model::Vm>()) {
    const auto* state = vm(kept->object);
    if (state) all.push_back(reading_of(name, vm_quantities, state->values, state->time));
  }
  return all;
}

std::vector<Reading> Measurements::hosts() const {
  std::vector<Reading> all;
  for (const auto& [name, kept] : inventory_.all<model::Host>()) {
    const auto* state = host(name);
    if (state) all.push_back(reading_of(name, host_quantities, state->values, state->time));
  }
  return all;
}

std::vector<Reading> Measurements::pools() const {
  std::vector<Reading> all;
  for (const auto& [name, kept] : inventory_.all<model::Pool>()) {
    auto told = pools_.find(name);
    if (told == pools_.end() || told->second + fresh < now()) continue;
    all.push_back(reading_of(name, pool_quantities, pool_values(kept->object), told->second));
  }
  return all;
}

Async<void> Measurements::next_round() {
  (void)co_await taken_.async_wait(as_result);
}

}  // namespace truce::manager
