// What machines, hosts and pools use, at this moment and over time, as the API tells it.
#include <algorithm>
#include <cmath>

#include "api.h"
#include "metrics/keep.h"

namespace truce::manager {
namespace {

using model::Operation;

/// A query parameter that model::check_query has accepted, or the usual value.
template <class Enum>
Enum chosen(const std::string* text, Enum usual) {
  if (text == nullptr) return usual;
  auto names = model::enum_names<Enum>();
  return static_cast<Enum>(std::ranges::find(names, *text) - names.begin());
}

// As many digits as are known, and no more on the wire.
std::vector<double> rounded(const std::vector<float>& values, std::string_view unit) {
  auto steps = unit.starts_with("bytes") ? 1.0 : 100.0;
  std::vector<double> all;
  all.reserve(values.size());
  for (auto value : values) all.push_back(std::round(static_cast<double>(value) * steps) / steps);
  return all;
}

template <class Quantities>
Async<Result<http::Response>> series_of(Rooms& rooms, const Context& context, Measured kind,
                                        std::string object, const Quantities& quantities) {
  if (rooms.history == nullptr)
    co_return fail(Code::unsupported, "this server keeps no metrics (option metrics)");
  auto range = chosen(context.query("range"), model::MetricRange::hour);
  auto kept = co_await rooms.history->series(static_cast<std::size_t>(kind), std::move(object),
                                             static_cast<metrics::Level>(range), now());
  model::Series series;
  series.start = kept.start;
  series.step_seconds = kept.step.count();
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    auto& line = series.lines.emplace_back();
    line.name = quantities[i].name;
    line.unit = quantities[i].unit;
    line.average = rounded(kept.lines[i].average, line.unit);
    line.maximum = rounded(kept.lines[i].maximum, line.unit);
  }
  co_return http::json_response(200, model::to_json(series));
}

Async<Result<http::Response>> get_vm_metrics(Rooms& rooms, const Context& context) {
  CO_TRY(auto vm, find<model::Vm>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return co_await series_of(rooms, context, Measured::vm, vm->object.uuid, vm_quantities);
}

Async<Result<http::Response>> get_host_metrics(Rooms& rooms, const Context& context) {
  CO_TRY(auto host, find<model::Host>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return co_await series_of(rooms, context, Measured::host, host->object.name, host_quantities);
}

Async<Result<http::Response>> get_pool_metrics(Rooms& rooms, const Context& context) {
  CO_TRY(auto pool, find<model::Pool>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return co_await series_of(rooms, context, Measured::pool, pool->object.name, pool_quantities);
}

std::uint64_t whole(float value) {
  return value >= 0 ? static_cast<std::uint64_t>(value) : 0;
}

double known(float value) {
  return value >= 0 ? std::round(static_cast<double>(value) * 100) / 100 : 0;
}

model::Usage usage_of(const model::Vm& vm, const Measurements::VmState& state) {
  auto [cpu, memory, memory_percent, memory_guest, read, written, iops, received, sent] =
      state.values;
  model::Usage usage{.name = vm.name, .host = state.host};
  usage.cpu_percent = known(cpu);
  usage.cpus = vm.cpus;
  usage.memory = {whole(memory)};
  usage.memory_size = vm.memory;
  usage.memory_guest = {whole(memory_guest)};
  usage.disk_read_rate = {whole(read)};
  usage.disk_write_rate = {whole(written)};
  usage.disk_iops = known(iops);
  usage.receive_rate = {whole(received)};
  usage.send_rate = {whole(sent)};
  return usage;
}

double greed(const model::Usage& usage, model::UsageSort by) {
  auto sum = [](Bytes a, Bytes b) { return static_cast<double>(a.count + b.count); };
  switch (by) {
    case model::UsageSort::cpu:
      return usage.cpu_percent;
    case model::UsageSort::memory:
      return static_cast<double>(usage.memory.count);
    case model::UsageSort::disk:
      return sum(usage.disk_read_rate, usage.disk_write_rate);
    case model::UsageSort::network:
      return sum(usage.receive_rate, usage.send_rate);
    case model::UsageSort::name:
      return 0;
  }
  return 0;
}

Async<Result<http::Response>> list_usage(Rooms& rooms, const Context& context) {
  auto by = chosen(context.query("sort"), model::UsageSort::cpu);
  std::size_t limit = 50;
  if (const auto* asked = context.query("limit")) limit = std::stoul(*asked);
  const auto* project = context.query("project");
  model::UsageList list;
  for (const auto& [name, kept] : rooms.ledger.inventory().all<model::Vm>()) {
    const auto& vm = kept->object;
    if (!visible(context.caller, vm) || (project != nullptr && vm.project != *project)) continue;
    const auto* state = rooms.measurements.vm(vm);
    if (state == nullptr) continue;
    list.items.push_back(usage_of(vm, *state));
    list.time = std::max(list.time.value_or(state->time), state->time);
  }
  list.vms = static_cast<std::int64_t>(list.items.size());
  std::ranges::sort(list.items, [by](const auto& a, const auto& b) {
    auto first = greed(a, by), second = greed(b, by);
    return first != second ? first > second : a.name < b.name;
  });
  if (list.items.size() > limit) list.items.resize(limit);
  co_return http::json_response(200, model::to_json(list));
}

}  // namespace

void add_metric_handlers(Handlers& handlers) {
  handlers.on(Operation::get_vm_metrics, get_vm_metrics);
  handlers.on(Operation::get_host_metrics, get_host_metrics);
  handlers.on(Operation::get_pool_metrics, get_pool_metrics);
  handlers.on(Operation::list_usage, list_usage);
}

}  // namespace truce::manager
