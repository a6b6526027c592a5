#pragma once

#include "store/store.h"

namespace truce::store {

class Ledger;

/// A store that lives as long as its object: for tests and the simulator.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(asio::any_io_executor loop);
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  Async<Result<std::optional<Entry>>> get(std::string key) override;
  Async<Result<Listing>> list(std::string prefix) override;
  /// Others run between the call and the commit, as with a store that has to wait for a disk.
  Async<Result<Revision>> commit(std::vector<Condition> conditions,
                                 std::vector<Write> writes) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision from) override;

 private:
  std::shared_ptr<Ledger> ledger_;
};

}  // namespace truce::store
