// A store whose writers can be held back, while all that it holds moves to another one.
#pragma once

#include <filesystem>

#include "store/store.h"

namespace truce::store {

/// Reads go through always. While it is shut commits wait, for `patience` at most, and are
/// Code::unavailable then: nothing of them happened.
class GatedStore final : public Store {
 public:
  GatedStore(asio::any_io_executor loop, Store& inner,
             Duration patience = std::chrono::seconds(20));
  ~GatedStore() override;
  GatedStore(const GatedStore&) = delete;
  GatedStore& operator=(const GatedStore&) = delete;

  /// Returns when no commit is under way any more; none begins before open().
  Async<void> shut();
  void open();
  /// What is in it, whether it is shut or not.
  Store& inner() { return inner_; }

  Async<Result<std::optional<Entry>>> get(std::string key) override;
  Async<Result<Listing>> list(std::string prefix) override;
  Async<Result<Revision>> commit(std::vector<Condition> conditions,
                                 std::vector<Write> writes) override;
  std::unique_ptr<Watch> watch(std::string prefix, Revision from) override;

 private:
  /// What commits that wait look at: it may outlive the store.
  struct Gate;
  Store& inner_;
  Duration patience_;
  std::shared_ptr<Gate> gate_;
};

/// Writes all that `from` holds at one revision into a new store in SQLite at `file`, which must
/// not exist, durably; revisions are the new store's. Others may write to `from` meanwhile.
Async<Result<void>> write_copy(asio::any_io_executor loop, Store& from, std::filesystem::path file);

}  // namespace truce::store
