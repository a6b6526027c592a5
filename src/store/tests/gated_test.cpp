#include "store/gated.h"

#include <gtest/gtest.h>

#include "in_loop.h"
#include "store/copy.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "temporary_folder.h"

namespace truce::store {
namespace {

Async<bool> put(Store& store, std::string key) {
  co_return (co_await store.commit({}, {{std::move(key), "1"}})).has_value();
}

TEST(GatedStore, holds_commits_back_while_it_is_shut_and_reads_go_on) {
  asio::io_context loop;
  MemoryStore inner(loop.get_executor());
  GatedStore store(loop.get_executor(), inner);
  EXPECT_TRUE(in_loop(loop, put(store, "a")));
  auto work = [](asio::any_io_executor executor, GatedStore& gated) -> Async<bool> {
    co_await gated.shut();
    bool done = false;
    Scope scope(executor);
    scope.spawn([](GatedStore& to, bool& flag) -> Async<void> { flag = co_await put(to, "b"); }(
                                                   gated, done));
    for (int i = 0; i < 10; ++i) co_await asio::post(executor, asio::use_awaitable);
    EXPECT_FALSE(done);
    EXPECT_TRUE((co_await gated.get("a")).value());
    EXPECT_EQ((co_await gated.list("")).value().entries.size(), 1U);
    gated.open();
    co_await scope.join();
    co_return done;
  };
  EXPECT_TRUE(in_loop(loop, work(loop.get_executor(), store)));
}

TEST(GatedStore, is_shut_only_when_no_commit_is_under_way) {
  asio::io_context loop;
  MemoryStore inner(loop.get_executor());
  GatedStore store(loop.get_executor(), inner);
  auto work = [](asio::any_io_executor executor, GatedStore& gated) -> Async<std::size_t> {
    Scope scope(executor);
    for (const auto* key : {"a", "b", "c"})
      scope.spawn([](GatedStore& to, std::string name) -> Async<void> { co_await put(to, name); }(
                                                           gated, key));
    co_await asio::post(executor, asio::use_awaitable);
    co_await gated.shut();
    auto seen = (co_await gated.list("")).value().entries.size();
    gated.open();
    co_await scope.join();
    co_return seen;
  };
  EXPECT_EQ(in_loop(loop, work(loop.get_executor(), store)), 3U);
}

TEST(GatedStore, says_try_again_to_who_has_waited_too_long) {
  asio::io_context loop;
  MemoryStore inner(loop.get_executor());
  GatedStore store(loop.get_executor(), inner, 1ms);
  auto work = [](GatedStore& gated) -> Async<Result<Revision>> {
    co_await gated.shut();
    co_return co_await gated.commit({}, {{"a", "1"}});
  };
  auto refused = in_loop(loop, work(store));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  store.open();
  EXPECT_FALSE(in_loop(loop, inner.get("a")).value());
}

TEST(WriteCopy, makes_a_store_in_sqlite_of_any_other) {
  asio::io_context loop;
  TemporaryFolder folder;
  MemoryStore from(loop.get_executor());
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(in_loop(loop, put(from, fmt::format("key/{}", i))));
  auto file = folder.path() / "copy";
  auto written = in_loop(loop, write_copy(loop.get_executor(), from, file));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  auto made = SqliteStore::open(loop.get_executor(), file);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(content_of(in_loop(loop, (*made)->list("")).value().entries),
            content_of(in_loop(loop, from.list("")).value().entries));
}

}  // namespace
}  // namespace truce::store
