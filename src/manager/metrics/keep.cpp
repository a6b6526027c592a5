#include "metrics/keep.h"

#include "base/log.h"

namespace truce::manager {
namespace {

constexpr auto forget_round = 1h;

template <class Quantities>
metrics::Kind kind_of(std::string name, const Quantities& quantities) {
  metrics::Kind kind{.name = std::move(name), .quantities = {}};
  for (const auto& quantity : quantities) kind.quantities.emplace_back(quantity.name);
  return kind;
}

constexpr std::size_t place(Measured kind) {
  return static_cast<std::size_t>(kind);
}

template <class T>
std::set<std::string> names(const Inventory& inventory) {
  std::set<std::string> all;
  for (const auto& [name, kept] : inventory.all<T>()) all.insert(name);
  return all;
}

}  // namespace

std::unique_ptr<metrics::History> open_history(const std::filesystem::path& folder) {
  auto opened = metrics::History::open(
      folder, {kind_of("vms", vm_quantities), kind_of("hosts", host_quantities),
               kind_of("pools", pool_quantities)});
  if (opened) return *std::move(opened);
  spdlog::warn("no metrics are kept: {}", opened.error().message);
  return nullptr;
}

void keep(metrics::History& history, Time time, Round round) {
  history.add(place(Measured::vm), time, std::move(round.vms));
  history.add(place(Measured::host), time, std::move(round.hosts));
  history.add(place(Measured::pool), time, std::move(round.pools));
}

Async<void> forget_deleted(const Ledger& ledger, metrics::History& history) {
  while (true) {
    co_await sleep_for(forget_round);
    const auto& inventory = ledger.inventory();
    std::set<std::string> uuids;
    for (const auto& [name, kept] : inventory.all<model::Vm>()) uuids.insert(kept->object.uuid);
    history.keep_only(place(Measured::vm), std::move(uuids));
    history.keep_only(place(Measured::host), names<model::Host>(inventory));
    auto pools = names<model::Pool>(inventory);
    for (const auto& [name, kept] : inventory.all<model::Pool>()) {
      for (const auto& at : kept->object.places) pools.insert(place_series(name, at.host));
    }
    history.keep_only(place(Measured::pool), std::move(pools));
  }
}

}  // namespace truce::manager
