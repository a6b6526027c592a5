#include "store/copy.h"

#include <gtest/gtest.h>

#include "in_loop.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "temporary_folder.h"

namespace truce::store {

namespace {

/// A store whose commits fail from some number on, done or not.
class Failing final : public Store {
 public:
  explicit Failing(Store& inner) : inner_(inner) {}
  Async<Result<std::optional<Entry>>> get(std::string key) override { return inner_.get(key); }
  Async<Result<Listing>> list(std::string prefix) override { return inner_.list(prefix); }
  Async<Result<Revision>> commit(std::vector<Condition> conditions,
                                 std::vector<Write> writes) override {
    if (good == 0 && !fails_after_it) co_return fail(Code::unavailable, "not now");
    bool last = good-- == 0;
    CO_TRY(auto revision, co_await inner_.commit(std::move(conditions), std::move(writes)));
    if (last) {
      good = 0;
      co_return fail(Code::timeout, "not known");
    }
    co_return revision;
  }
  std::unique_ptr<Watch> watch(std::string prefix, Revision from) override {
    return inner_.watch(std::move(prefix), from);
  }
  int good = 0;  ///< so many commits succeed
  bool fails_after_it = false;

 private:
  Store& inner_;
};

class Copy : public testing::Test {
 public:
  void fill(Store& store, int entries, std::size_t size = 20) {
    for (int i = 0; i < entries; i += 50) {
      std::vector<Write> writes;
      for (int j = i; j < std::min(entries, i + 50); ++j) {
        writes.push_back({fmt::format("vms/{:05}", j), std::string(size, static_cast<char>(j))});
      }
      ASSERT_TRUE(run(store.commit({}, std::move(writes))));
    }
  }
  template <class T>
  T run(Async<T> work) {
    return in_loop(loop, std::move(work));
  }
  std::vector<Entry> all(Store& store) { return run(store.list("")).value().entries; }

  asio::io_context loop;
  MemoryStore from{loop.get_executor()}, to{loop.get_executor()};
};

}  // namespace

TEST_F(Copy, holds_the_same_afterwards_and_says_so_again) {
  fill(from, 333);
  auto copied = run(copy(from, to));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->entries, 333U);
  EXPECT_EQ(*copied, content_of(all(from)));
  EXPECT_EQ(*copied, content_of(all(to)));
  EXPECT_FALSE(run(copy_underway(to)).value());
  EXPECT_EQ(run(copy(from, to)).value(), *copied);
}

TEST_F(Copy, of_nothing_is_nothing) {
  auto copied = run(copy(from, to));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->entries, 0U);
  EXPECT_TRUE(all(to).empty());
}

TEST_F(Copy, large_values_go_in_commits_that_any_store_takes) {
  fill(from, 40, 100'000);
  ASSERT_TRUE(run(from.commit({}, {{"largest", std::string(max_value_size, 'x')}})));
  auto copied = run(copy(from, to));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->entries, 41U);
}

TEST_F(Copy, a_store_that_is_in_use_is_left_alone) {
  fill(from, 10);
  ASSERT_TRUE(run(to.commit({}, {{"vms/00003", "mine"}})));
  auto refused = run(copy(from, to));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(all(to).size(), 1U);
}

TEST_F(Copy, it_can_be_broken_off_anywhere_and_done_again_even_from_other_content) {
  fill(from, 333);
  for (bool fails_after_it : {false, true}) {
    for (int good = 0; good < 6; ++good) {
      MemoryStore fresh(loop.get_executor());
      Failing failing(fresh);
      failing.good = good;
      failing.fails_after_it = fails_after_it;
      auto broken = run(copy(from, failing));
      if (broken) continue;  // it was enough
      MemoryStore changed(loop.get_executor());
      fill(changed, 100, 30);
      // Where it failed with its last commit, which was done, all is there already.
      bool whole = content_of(all(fresh)) == content_of(all(from));
      EXPECT_EQ(run(copy_underway(fresh)).value(), !whole && !all(fresh).empty());
      auto& source = whole ? static_cast<Store&>(from) : changed;
      auto again = run(copy(source, fresh));
      ASSERT_TRUE(again) << good << " " << again.error().message;
      EXPECT_EQ(content_of(all(fresh)), content_of(all(source)));
    }
  }
}

TEST_F(Copy, an_unfinished_copy_is_no_source) {
  fill(from, 333);
  Failing failing(to);
  failing.good = 2;
  EXPECT_FALSE(run(copy(from, failing)));
  MemoryStore third(loop.get_executor());
  auto refused = run(copy(to, third));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::precondition);
}

TEST_F(Copy, of_two_at_once_the_earlier_one_ends) {
  fill(from, 1'000);
  auto [one, two] = run([&]() -> Async<std::tuple<Result<Content>, Result<Content>>> {
    co_return co_await (copy(from, to) && copy(from, to));
  }());
  EXPECT_TRUE(one || two);
  EXPECT_EQ(content_of(all(to)), content_of(all(from)));
}

TEST_F(Copy, from_sqlite) {
  TemporaryFolder folder(quick_parent());
  auto file = SqliteStore::open(loop.get_executor(), folder.path() / "truce.db");
  ASSERT_TRUE(file) << file.error().message;
  fill(**file, 200);
  auto copied = run(copy(**file, to));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(content_of(all(to)), content_of(all(**file)));
  file->reset();
}

}  // namespace truce::store
