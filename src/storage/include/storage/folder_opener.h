// Folders of this host as pools.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <vector>

#include "storage/folder_pool.h"
#include "storage/pool_opener.h"

namespace truce::storage {

/// A folder is refused that other users may not pass through, lies in memory
/// or in the kernel, is not empty, is inside of another pool, or is one of `reserved`.
class FolderOpener final : public PoolOpener {
 public:
  /// `first` outlives this and the pools that it opens. `reserved`: folders of the daemon itself.
  FolderOpener(asio::thread_pool& threads, FolderPool& first,
               std::vector<std::filesystem::path> reserved)
      : threads_(threads), first_(first), reserved_(std::move(reserved)) {}

  Async<Result<void>> make(model::Pool pool) override;
  Async<Result<std::shared_ptr<Pool>>> open(model::Pool pool) override;
  Async<Result<void>> remove(model::Pool pool) override;

 private:
  asio::thread_pool& threads_;
  FolderPool& first_;
  std::vector<std::filesystem::path> reserved_;
};

}  // namespace truce::storage
