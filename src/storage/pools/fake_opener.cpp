#include "storage/fake_opener.h"

#include "base/file.h"
#include "names.h"
#include "pools/pool_mark.h"

namespace truce::storage {

namespace fs = std::filesystem;

Async<Result<void>> FakeOpener::make(model::Pool pool) {
  CO_TRY_VOID(check_pool_name(pool.name));
  if (!fs::path(pool.source).is_absolute())
    co_return fail(Code::invalid, "'{}' is no absolute path of a folder", pool.source);
  auto root = fs::path(pool.source);
  CO_TRY_VOID(make_folder(root));
  co_return write_file_durably(root / pool_mark, format_mark({pool.name, pool.id}), 0644);
}

Async<Result<std::shared_ptr<Pool>>> FakeOpener::open(model::Pool pool) {
  CO_TRY(auto name, read_pool_mark(pool.source));
  if (lost_.contains(pool.name)) co_return fail(Code::unavailable, "'{}' is lost", pool.name);
  auto& opened = pools_[pool.name];
  if (!opened && pool.shared) opened = (*shared_)[pool.id];
  if (!opened) opened = std::make_shared<FakePool>(pool.source);
  if (pool.shared) (*shared_)[pool.id] = opened;
  co_return opened;
}

Async<Result<void>> FakeOpener::remove(model::Pool pool) {
  if (!read_pool_mark(pool.source)) co_return Result<void>{};
  auto left = FakePool(pool.source).vm_folders();
  if (left && !left->empty())
    co_return fail(Code::precondition, "'{}' holds files of machines still: {}", pool.name,
                   left->front());
  pools_.erase(pool.name);
  CO_TRY_VOID(remove_tree(fs::path(pool.source) / "vms"));
  co_return remove_tree(fs::path(pool.source) / pool_mark);
}

std::shared_ptr<FakePool> FakeOpener::pool(const std::string& name) {
  auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : found->second;
}

}  // namespace truce::storage
