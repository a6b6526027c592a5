#include "pools/intake.h"

namespace truce::manager {
namespace {

// Each is a write, and may bring two events.
constexpr std::size_t at_once = 40;

}  // namespace

Async<Result<void>> PoolIntake::take_in(std::string host, std::vector<model::Pool> seen) {
  if (seen.empty()) co_return Result<void>{};
  if (!next_) next_ = std::make_shared<Round>(loop_);
  auto round = next_;
  for (auto& pool : seen) {
    auto name = pool.name;
    round->sights[std::move(name)].push_back({host, std::move(pool)});
  }
  if (!std::exchange(stores_, true)) scope_.spawn(store_rounds());
  while (!round->done) co_await round->ended.async_wait(as_result);
  co_return *round->done;
}

Async<void> PoolIntake::store_rounds() {
  while (next_) {
    auto round = std::exchange(next_, nullptr);
    round->done = co_await store(*round);
    round->ended.cancel();
  }
  stores_ = false;
}

Async<Result<void>> PoolIntake::store(const Round& round) {
  for (const auto& [name, sights] : round.sights) {
    std::span<const PoolSight> left(sights);
    while (!left.empty()) {
      auto some = left.first(std::min(left.size(), at_once));
      left = left.subspan(some.size());
      CO_TRY_VOID(co_await ledger_.change({}, [&](Change& change) -> Result<void> {
        take_in_pool(ledger_.inventory(), change, name, some);
        return {};
      }));
    }
  }
  co_return Result<void>{};
}

}  // namespace truce::manager
