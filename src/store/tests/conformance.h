// What every store must do. An implementation joins by
//   INSTANTIATE_TEST_SUITE_P(Name, StoreConformance, testing::Values(OpenStore{...}));
// in one .cpp of its test program.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "in_loop.h"
#include "store/store.h"

namespace truce::store {

/// Makes an empty store on a loop. What it needs to live (a folder, a server) goes into `around`,
/// which is destroyed after the store.
struct OpenStore {
  struct Opened {
    std::shared_ptr<void> around;
    std::unique_ptr<Store> store;
  };
  std::string name;
  std::function<Opened(asio::any_io_executor)> open;
};

inline void PrintTo(const OpenStore& store, std::ostream* out) {
  *out << store.name;
}

class StoreConformance : public testing::TestWithParam<OpenStore> {
 protected:
  void SetUp() override {
    opened_ = GetParam().open(loop_.get_executor());
    ASSERT_TRUE(opened_.store);
  }
  void TearDown() override { opened_.store.reset(); }

  Store& store() { return *opened_.store; }

  Result<Revision> commit(std::vector<Condition> conditions, std::vector<Write> writes) {
    return in_loop(loop_, store().commit(std::move(conditions), std::move(writes)));
  }
  /// Commits without conditions, which must succeed.
  Revision write(std::vector<Write> writes) {
    auto revision = commit({}, std::move(writes));
    if (!revision) ADD_FAILURE() << revision.error().message;
    return revision.value_or(-1);
  }
  Revision put(std::string key, std::string value) {
    return write({{std::move(key), std::move(value)}});
  }
  std::optional<Entry> get(std::string key) {
    auto entry = in_loop(loop_, store().get(std::move(key)));
    if (!entry) ADD_FAILURE() << entry.error().message;
    return entry.value_or(std::nullopt);
  }
  Listing list(std::string prefix) {
    auto listing = in_loop(loop_, store().list(std::move(prefix)));
    if (!listing) ADD_FAILURE() << listing.error().message;
    return listing.value_or(Listing{});
  }
  std::vector<std::string> keys(std::string prefix) {
    std::vector<std::string> all;
    for (const auto& entry : list(std::move(prefix)).entries) all.push_back(entry.key);
    return all;
  }
  /// The watch's next batch; the limit only keeps a broken store from hanging the test.
  Result<Batch> next(Watch& watch) { return in_loop(loop_, within(30s, watch.next(), "watch")); }
  Code code_of(const Result<Revision>& result) {
    return result ? Code::internal : result.error().code;
  }

  asio::io_context loop_;
  OpenStore::Opened opened_;
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreConformance);

TEST_P(StoreConformance, an_absent_key_is_absent_and_a_written_one_is_read_back) {
  EXPECT_FALSE(get("/a"));
  auto value = std::string("one\0two\xff", 8);
  auto revision = put("/a", value);
  auto entry = get("/a");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->key, "/a");
  EXPECT_EQ(entry->value, value);
  EXPECT_EQ(entry->created, revision);
  EXPECT_EQ(entry->modified, revision);
  EXPECT_FALSE(get("/"));
  EXPECT_FALSE(get(""));
  EXPECT_FALSE(get(std::string(2 * max_key_size, 'k')));
}

TEST_P(StoreConformance, an_overwrite_keeps_the_created_revision) {
  auto first = put("/a", "1");
  auto second = put("/a", "2");
  EXPECT_EQ(second, first + 1);
  auto entry = get("/a");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->value, "2");
  EXPECT_EQ(entry->created, first);
  EXPECT_EQ(entry->modified, second);
}

TEST_P(StoreConformance, writing_the_same_value_again_is_a_change) {
  auto first = put("/a", "1");
  EXPECT_EQ(put("/a", "1"), first + 1);
  EXPECT_EQ(get("/a")->modified, first + 1);
}

TEST_P(StoreConformance, an_empty_value_is_not_absence) {
  put("/a", "");
  auto entry = get("/a");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->value, "");
}

TEST_P(StoreConformance, a_deleted_key_that_is_made_again_is_created_newly) {
  put("/a", "1");
  auto deleted = write({{"/a", std::nullopt}});
  EXPECT_FALSE(get("/a"));
  EXPECT_EQ(list("").revision, deleted);
  auto again = put("/a", "2");
  EXPECT_EQ(get("/a")->created, again);
  EXPECT_EQ(get("/a")->modified, again);
}

TEST_P(StoreConformance, a_commit_whose_conditions_hold_is_done) {
  auto a = put("/a", "1");
  auto both = commit({{"/a", a}, {"/b", 0}}, {{"/a", "2"}, {"/b", "1"}});
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(get("/a")->modified, *both);
  EXPECT_EQ(get("/b")->created, *both);
}

TEST_P(StoreConformance, a_commit_whose_condition_fails_changes_nothing) {
  auto a = put("/a", "1");
  auto newest = put("/b", "1");
  auto wrong = commit({{"/a", a}, {"/b", newest - 1}}, {{"/a", "2"}, {"/c", "1"}, {"/b", {}}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::conflict);
  EXPECT_NE(wrong.error().message.find("/b"), std::string::npos) << wrong.error().message;
  EXPECT_EQ(get("/a")->value, "1");
  EXPECT_TRUE(get("/b"));
  EXPECT_FALSE(get("/c"));
  EXPECT_EQ(list("").revision, newest);
}

TEST_P(StoreConformance,
       the_condition_of_absence_fails_for_a_present_key_and_holds_after_a_delete) {
  put("/a", "1");
  EXPECT_EQ(code_of(commit({{"/a", 0}}, {{"/a", "2"}})), Code::conflict);
  write({{"/a", {}}});
  EXPECT_TRUE(commit({{"/a", 0}}, {{"/a", "3"}}));
  EXPECT_EQ(get("/a")->value, "3");
}

TEST_P(StoreConformance, a_condition_on_a_deleted_or_never_made_key_fails) {
  auto a = put("/a", "1");
  write({{"/a", {}}});
  EXPECT_EQ(code_of(commit({{"/a", a}}, {{"/x", "1"}})), Code::conflict);
  EXPECT_EQ(code_of(commit({{"/never", 1}}, {{"/x", "1"}})), Code::conflict);
  EXPECT_FALSE(get("/x"));
}

TEST_P(StoreConformance, a_commit_that_changes_nothing_answers_the_newest_revision) {
  auto newest = put("/a", "1");
  EXPECT_EQ(write({}), newest);
  EXPECT_EQ(write({{"/absent", {}}}), newest);
  auto checked = commit({{"/a", newest}}, {});
  ASSERT_TRUE(checked);
  EXPECT_EQ(*checked, newest);
  EXPECT_EQ(code_of(commit({{"/a", newest + 1}}, {})), Code::conflict);
  EXPECT_EQ(put("/a", "2"), newest + 1);
}

TEST_P(StoreConformance, a_listing_is_ordered_by_bytes_and_ends_where_the_prefix_ends) {
  auto high = std::string("/p\xff");
  write({{"/p/b", "1"},
         {"/p", "2"},
         {"/q", "3"},
         {"/p/a/x", "4"},
         {"/p/a", "5"},
         {"/p0", "6"},
         {high, "7"},
         {"/p/B", "8"},
         {"/o", "9"}});
  EXPECT_EQ(keys("/p/"), (std::vector<std::string>{"/p/B", "/p/a", "/p/a/x", "/p/b"}));
  EXPECT_EQ(keys("/p"),
            (std::vector<std::string>{"/p", "/p/B", "/p/a", "/p/a/x", "/p/b", "/p0", high}));
  EXPECT_EQ(keys(high), (std::vector<std::string>{high}));
  EXPECT_EQ(keys("/p/a/x"), (std::vector<std::string>{"/p/a/x"}));
  EXPECT_EQ(keys("/p/a/xx"), std::vector<std::string>{});
  EXPECT_EQ(keys("").size(), 9U);
  EXPECT_EQ(keys("\xff"), std::vector<std::string>{});
}

TEST_P(StoreConformance, a_listing_has_whole_entries_and_the_newest_revision) {
  auto a = put("/l/a", "1");
  auto b = put("/l/b", "2");
  auto other = put("/other", "3");
  auto listing = list("/l/");
  EXPECT_EQ(listing.revision, other);
  ASSERT_EQ(listing.entries.size(), 2U);
  EXPECT_EQ(listing.entries[0].value, "1");
  EXPECT_EQ(listing.entries[0].modified, a);
  EXPECT_EQ(listing.entries[1].value, "2");
  EXPECT_EQ(listing.entries[1].created, b);
}

TEST_P(StoreConformance, the_largest_commit_is_done_whole) {
  std::vector<Write> writes;
  for (std::size_t i = 0; i < max_writes_in_commit; ++i) {
    writes.push_back({fmt::format("/many/{:03}", i), std::string(1'000, 'v')});
  }
  auto revision = write(writes);
  auto listing = list("/many/");
  ASSERT_EQ(listing.entries.size(), max_writes_in_commit);
  for (const auto& entry : listing.entries) EXPECT_EQ(entry.modified, revision);
  auto key = std::string(max_key_size, 'k');
  put(key, std::string(max_value_size, 'v'));
  EXPECT_EQ(get(key)->value.size(), max_value_size);
}

TEST_P(StoreConformance, a_commit_that_breaks_a_limit_is_refused_whole) {
  auto newest = put("/a", "1");
  auto long_key = std::string(max_key_size + 1, 'k');
  std::vector<Write> too_many;
  std::vector<Condition> too_many_conditions;
  for (std::size_t i = 0; i <= max_writes_in_commit; ++i) {
    too_many.push_back({fmt::format("/many/{}", i), "v"});
    too_many_conditions.push_back({fmt::format("/many/{}", i), 0});
  }
  EXPECT_EQ(code_of(commit({}, too_many)), Code::invalid);
  EXPECT_EQ(code_of(commit(too_many_conditions, {{"/b", "1"}})), Code::invalid);
  EXPECT_EQ(code_of(commit({}, {{"/b", "1"}, {long_key, "1"}})), Code::invalid);
  EXPECT_EQ(code_of(commit({{long_key, 0}}, {{"/b", "1"}})), Code::invalid);
  EXPECT_EQ(code_of(commit({}, {{"/b", "1"}, {"", "1"}})), Code::invalid);
  EXPECT_EQ(code_of(commit({}, {{"/b", "1"}, {"/c", std::string(max_value_size + 1, 'v')}})),
            Code::invalid);
  EXPECT_EQ(code_of(commit({}, {{"/b", "1"}, {"/b", "2"}})), Code::invalid);
  auto listing = list("");
  EXPECT_EQ(listing.entries.size(), 1U);
  EXPECT_EQ(listing.revision, newest);
}

TEST_P(StoreConformance, a_watch_delivers_commits_in_order_with_their_changes_in_order) {
  auto watch = store().watch("/w/", list("").revision + 1);
  auto first = write({{"/w/b", "1"}, {"/w/a", "2"}});
  auto second = write({{"/w/b", {}}, {"/w/absent", {}}});
  auto batch = next(*watch);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->revision, first);
  ASSERT_EQ(batch->changes.size(), 2U);
  EXPECT_EQ(batch->changes[0].key, "/w/b");
  EXPECT_EQ(batch->changes[1].key, "/w/a");
  ASSERT_TRUE(batch->changes[1].entry);
  EXPECT_EQ(batch->changes[1].entry->value, "2");
  EXPECT_EQ(batch->changes[1].entry->modified, first);
  batch = next(*watch);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->revision, second);
  ASSERT_EQ(batch->changes.size(), 1U);
  EXPECT_EQ(batch->changes[0].key, "/w/b");
  EXPECT_FALSE(batch->changes[0].entry);
}

TEST_P(StoreConformance, a_watch_sees_only_its_prefix) {
  auto watch = store().watch("/w/", list("").revision + 1);
  put("/v/x", "1");
  put("/w", "1");
  put("/w0", "1");
  auto mixed = write({{"/v/x", "2"}, {"/w/x", "2"}});
  auto batch = next(*watch);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->revision, mixed);
  ASSERT_EQ(batch->changes.size(), 1U);
  EXPECT_EQ(batch->changes[0].key, "/w/x");
}

TEST_P(StoreConformance, a_watch_from_the_past_begins_exactly_there) {
  put("/w/a", "1");
  auto second = put("/w/a", "2");
  put("/other", "1");
  auto third = put("/w/a", "3");
  auto watch = store().watch("/w/", second);
  for (auto revision : {second, third}) {
    auto batch = next(*watch);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->revision, revision);
  }
  auto fourth = put("/w/a", "4");
  EXPECT_EQ(next(*watch)->revision, fourth);
}

TEST_P(StoreConformance, a_watch_from_the_future_leaves_out_what_comes_before_it) {
  auto newest = put("/w/a", "1");
  auto watch = store().watch("/w/", newest + 3);
  put("/w/a", "2");
  put("/w/a", "3");
  auto third = put("/w/a", "4");
  auto batch = next(*watch);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->revision, third);
}

TEST_P(StoreConformance, a_waiting_watch_wakes_and_two_watches_get_the_same) {
  auto from = list("").revision + 1;
  auto one = store().watch("/w/", from);
  auto all = store().watch("", from);
  std::vector<std::string> seen;
  auto read = [](Watch& watch, std::string name, std::vector<std::string>& into) -> Async<void> {
    for (int i = 0; i < 2; ++i) {
      auto batch = co_await watch.next();
      into.push_back(
          fmt::format("{} {}", name, batch ? batch->changes.at(0).key : batch.error().message));
    }
  };
  Scope scope(loop_.get_executor());
  scope.spawn(read(*one, "one", seen));
  scope.spawn(read(*all, "all", seen));
  loop_.poll();  // both wait now
  EXPECT_TRUE(seen.empty());
  put("/w/a", "1");
  put("/w/b", "1");
  in_loop(loop_, scope.join());
  std::ranges::sort(seen);
  EXPECT_EQ(seen, (std::vector<std::string>{"all /w/a", "all /w/b", "one /w/a", "one /w/b"}));
}

TEST_P(StoreConformance, a_cancelled_wait_loses_nothing) {
  auto watch = store().watch("/w/", list("").revision + 1);
  auto cut = in_loop(loop_, within(1ms, watch->next(), "watch"));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::timeout);
  auto revision = put("/w/a", "1");
  auto batch = next(*watch);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->revision, revision);
}

TEST_P(StoreConformance, a_slow_watch_gets_limit_and_a_quiet_one_does_not) {
  auto from = list("").revision + 1;
  auto slow = store().watch("/busy/", from);
  auto quiet = store().watch("/quiet/", from);
  auto fill = [](Store& target, int count) -> Async<void> {
    for (int i = 0; i < count; ++i) {
      auto committed = co_await target.commit({}, {{"/busy/a", std::to_string(i)}});
      EXPECT_TRUE(committed);
    }
  };
  Scope scope(loop_.get_executor());
  for (int i = 0; i < 100; ++i) scope.spawn(fill(store(), 10));
  in_loop(loop_, scope.join());
  for (int i = 0; i < 1'000; ++i) {  // the promised past
    auto batch = next(*slow);
    ASSERT_TRUE(batch) << batch.error().message;
    ASSERT_EQ(batch->revision, from + i);
  }
  for (int i = 0; i < 100; ++i) scope.spawn(fill(store(), 100));
  in_loop(loop_, scope.join());
  auto late = next(*slow);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::limit);
  EXPECT_EQ(next(*slow).error().code, Code::limit);  // and for ever
  auto revision = put("/quiet/a", "1");
  auto batch = next(*quiet);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->revision, revision);
}

TEST_P(StoreConformance, a_closing_store_ends_its_watches) {
  auto watch = store().watch("", list("").revision + 1);
  std::optional<Code> ended;
  auto read = [](Watch& from, std::optional<Code>& into) -> Async<void> {
    auto batch = co_await from.next();
    if (!batch) into = batch.error().code;
  };
  Scope scope(loop_.get_executor());
  scope.spawn(read(*watch, ended));
  loop_.poll();
  opened_.store.reset();
  in_loop(loop_, scope.join());
  EXPECT_EQ(ended, Code::cancelled);
}

TEST_P(StoreConformance, concurrent_increments_by_compare_and_swap_lose_none) {
  constexpr int workers = 16;
  constexpr int increments = 10;
  std::vector<Revision> revisions;
  auto increment = [](Store& target, std::vector<Revision>& into) -> Async<void> {
    for (int done = 0; done < increments;) {
      auto entry = co_await target.get("/counter");
      auto old = entry && *entry ? **entry : Entry{.key = "/counter", .value = "0"};
      auto value = std::to_string(std::stoi(old.value) + 1);
      auto revision = co_await target.commit({{"/counter", old.modified}}, {{"/counter", value}});
      if (revision) {
        into.push_back(*revision);
        ++done;
      } else if (revision.error().code != Code::conflict) {
        ADD_FAILURE() << revision.error().message;
        co_return;
      }
    }
  };
  Scope scope(loop_.get_executor());
  for (int i = 0; i < workers; ++i) scope.spawn(increment(store(), revisions));
  in_loop(loop_, scope.join());
  EXPECT_EQ(get("/counter")->value, std::to_string(workers * increments));
  std::ranges::sort(revisions);
  EXPECT_TRUE(std::ranges::adjacent_find(revisions) == revisions.end());
  EXPECT_EQ(get("/counter")->modified, revisions.back());
}

TEST_P(StoreConformance, commits_at_the_same_time_get_revisions_of_their_own_without_gaps) {
  auto before = list("").revision;
  auto watch = store().watch("/c/", before + 1);
  auto one = [](Store& target, int i) -> Async<void> {
    auto revision = co_await target.commit(
        {}, {{fmt::format("/c/{}", i), "1"}, {"/c/last", std::to_string(i)}});
    EXPECT_TRUE(revision);
    auto entry = co_await target.get(fmt::format("/c/{}", i));
    EXPECT_TRUE(revision && entry && *entry && (*entry)->modified == *revision);
  };
  Scope scope(loop_.get_executor());
  for (int i = 0; i < 300; ++i) scope.spawn(one(store(), i));
  in_loop(loop_, scope.join());
  std::string last;
  for (Revision revision = before + 1; revision <= before + 300; ++revision) {
    auto batch = next(*watch);
    ASSERT_TRUE(batch) << batch.error().message;
    EXPECT_EQ(batch->revision, revision);
    ASSERT_EQ(batch->changes.size(), 2U);
    EXPECT_EQ(batch->changes[0].entry->created, revision);
    EXPECT_EQ(batch->changes[1].entry->created, before + 1);
    last = batch->changes[1].entry->value;
  }
  EXPECT_EQ(get("/c/last")->value, last);
}

}  // namespace truce::store
