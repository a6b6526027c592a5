// Which format the state has: the newest that all hosts know.
#include "base/log.h"
#include "base/release.h"
#include "cluster/cluster.h"

namespace truce::manager {
namespace {

constexpr Duration look_again = 1s;

}  // namespace

std::int64_t common_format(const Inventory& inventory) {
  const auto& hosts = inventory.all<model::Host>();
  if (hosts.empty()) return inventory.format();
  auto common = release::format();
  for (const auto& [name, kept] : hosts) common = std::min(common, kept->object.format);
  return common;
}

Async<void> watch_format(Ledger& ledger) {
  const auto& inventory = ledger.inventory();
  while (true) {
    auto done = co_await ledger.change({}, [&](Change& change) -> Result<void> {
      auto common = common_format(inventory);
      if (common <= inventory.format()) return {};
      change.raise_format(common);
      change.event("cluster.format", "cluster", "",
                   fmt::format("the state has format {} from now on: all hosts know it, and no "
                               "truced that does not can be used any more",
                               common));
      return {};
    });
    if (!done) spdlog::warn("format of the state: {}", done.error().message);
    co_await sleep_for(look_again);
  }
}

}  // namespace truce::manager
