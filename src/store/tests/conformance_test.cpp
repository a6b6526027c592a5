#include "conformance.h"

#include "store/memory.h"
#include "store/sqlite.h"
#include "temporary_folder.h"

namespace truce::store {

namespace {

OpenStore::Opened open_memory(asio::any_io_executor loop) {
  return {.around = nullptr, .store = std::make_unique<MemoryStore>(std::move(loop))};
}

OpenStore::Opened open_sqlite(asio::any_io_executor loop) {
  auto folder = std::make_shared<TemporaryFolder>();
  auto store = SqliteStore::open(std::move(loop), folder->path() / "store.db");
  if (!store) ADD_FAILURE() << store.error().message;
  return {.around = folder, .store = store ? *std::move(store) : nullptr};
}

INSTANTIATE_TEST_SUITE_P(All, StoreConformance,
                         testing::Values(OpenStore{"memory", open_memory},
                                         OpenStore{"sqlite", open_sqlite}),
                         [](const auto& test) { return test.param.name; });

}  // namespace

}  // namespace truce::store
