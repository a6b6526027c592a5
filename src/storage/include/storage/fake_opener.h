// Pools for the tests of others.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "storage/fake_pool.h"
#include "storage/pool_opener.h"

namespace truce::storage {

/// Opens FakePools in real folders.
class FakeOpener final : public PoolOpener {
 public:
  /// By id: pools that hosts share are the same objects for all whose openers have the same of
  /// these.
  using Shared = std::map<std::string, std::shared_ptr<FakePool>>;
  explicit FakeOpener(std::shared_ptr<Shared> shared = std::make_shared<Shared>())
      : shared_(std::move(shared)) {}

  Async<Result<void>> make(model::Pool pool) override;
  Async<Result<std::shared_ptr<Pool>>> open(model::Pool pool) override;
  Async<Result<void>> remove(model::Pool pool) override;
  /// The pool of this name is not there until it is found again.
  void lose(const std::string& name) { lost_.insert(name); }
  void find(const std::string& name) { lost_.erase(name); }
  /// One that was opened; null when none was.
  std::shared_ptr<FakePool> pool(const std::string& name);

 private:
  std::shared_ptr<Shared> shared_;
  std::map<std::string, std::shared_ptr<FakePool>> pools_;
  std::set<std::string> lost_;
};

}  // namespace truce::storage
