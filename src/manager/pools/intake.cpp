#include "pools/intake.h"

namespace truce::manager {

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
  for (auto first = round.sights.begin(), next = first; first != round.sights.end(); first = next) {
    CO_TRY_VOID(co_await ledger_.change({}, [&](Change& change) -> Result<void> {
      for (next = first; next != round.sights.end() && !change.full(); ++next)
        take_in_pool(ledger_.inventory(), change, next->first, next->second);
      return {};
    }));
  }
  co_return Result<void>{};
}

}  // namespace truce::manager
