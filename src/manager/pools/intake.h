// What hosts report of their pools.
#pragma once

#include "pools/pools.h"

namespace truce::manager {

/// Stores it, in few commits at a time, of all that has come meanwhile.
class PoolIntake {
 public:
  PoolIntake(Ledger& ledger, Scope& scope, asio::any_io_executor loop)
      : ledger_(ledger), scope_(scope), loop_(std::move(loop)) {}

  /// Answers when it is stored.
  Async<Result<void>> take_in(std::string host, std::vector<model::Pool> seen);

 private:
  /// What is stored together, by pool.
  struct Round {
    explicit Round(asio::any_io_executor loop)
        : ended(std::move(loop), asio::steady_timer::time_point::max()) {}
    std::map<std::string, std::vector<PoolSight>> sights;
    std::optional<Result<void>> done;
    asio::steady_timer ended;  ///< cancelled once `done` is set
  };
  Async<void> store_rounds();
  Async<Result<void>> store(const Round& round);

  Ledger& ledger_;
  Scope& scope_;
  asio::any_io_executor loop_;
  std::shared_ptr<Round> next_;  ///< null: nothing waits
  bool stores_ = false;
};

}  // namespace truce::manager
