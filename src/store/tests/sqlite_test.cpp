#include "store/sqlite.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "commit_queue.h"
#include "in_loop.h"
#include "side_files.h"
#include "temporary_folder.h"

namespace truce::store {

namespace {

class SqliteStoreFile : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "store.db"; }
  Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path) {
    return SqliteStore::open(loop_.get_executor(), path);
  }
  void open() {
    store_.reset();
    auto opened = open(file());
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  Result<Revision> commit(std::vector<Write> writes) {
    return in_loop(loop_, store_->commit({}, std::move(writes)));
  }
  void backup(const std::filesystem::path& path) {
    auto done = in_loop(loop_, store_->backup(path));
    ASSERT_TRUE(done) << done.error().message;
  }
  Listing list(Store& store, std::string prefix = "") {
    return in_loop(loop_, store.list(std::move(prefix))).value();
  }
  void expect_refusal(Code code, std::string_view words) {
    auto refused = open(file());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find(file().string()), std::string::npos)
        << refused.error().message;
  }

  TemporaryFolder folder_;
  asio::io_context loop_;
  std::unique_ptr<SqliteStore> store_;
};

void expect_same(const Listing& one, const Listing& other) {
  EXPECT_EQ(one.revision, other.revision);
  ASSERT_EQ(one.entries.size(), other.entries.size());
  for (std::size_t i = 0; i < one.entries.size(); ++i) {
    EXPECT_EQ(one.entries[i].key, other.entries[i].key);
    EXPECT_EQ(one.entries[i].value, other.entries[i].value);
    EXPECT_EQ(one.entries[i].created, other.entries[i].created);
    EXPECT_EQ(one.entries[i].modified, other.entries[i].modified);
  }
}

}  // namespace

TEST_F(SqliteStoreFile, a_store_that_is_opened_again_shows_the_same_and_counts_on) {
  open();
  ASSERT_TRUE(commit({{"/a", "1"}, {"/b", std::string("\0x", 2)}}));
  ASSERT_TRUE(commit({{"/a", "2"}, {"/c", ""}}));
  ASSERT_TRUE(commit({{"/b", {}}}));
  auto before = list(*store_);
  open();
  expect_same(list(*store_), before);
  EXPECT_EQ(commit({{"/d", "1"}}), before.revision + 1);
  auto watch = store_->watch("", before.revision);  // of the time before the store was opened
  auto forgotten = in_loop(loop_, watch->next());
  ASSERT_FALSE(forgotten);
  EXPECT_EQ(forgotten.error().code, Code::limit);
  auto fresh = store_->watch("", before.revision + 1);
  EXPECT_EQ(in_loop(loop_, fresh->next())->revision, before.revision + 1);
}

TEST_F(SqliteStoreFile, a_second_open_in_the_same_process_is_refused_until_the_first_is_gone) {
  open();
  expect_refusal(Code::conflict, fmt::format("process {}:", ::getpid()));
  std::filesystem::create_symlink(folder_.path(), folder_.path() / "other-name");
  EXPECT_EQ(open(folder_.path() / "other-name" / "store.db").error().code, Code::conflict);
  store_.reset();
  EXPECT_TRUE(open(file()));
}

TEST_F(SqliteStoreFile, a_store_that_is_let_go_of_in_a_moment_is_waited_for) {
  auto held = Hold::take(file());
  ASSERT_TRUE(held) << held.error().message;
  std::jthread owner([hold = *std::move(held)]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    auto gone = std::move(hold);
  });
  open();
}

TEST_F(SqliteStoreFile, only_the_owner_may_read_the_files) {
  open();
  ASSERT_TRUE(commit({{"/a", "secret"}}));
  backup(folder_.path() / "copy.db");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600)) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 5U);
}

TEST_F(SqliteStoreFile, a_backup_taken_while_commits_run_is_a_store_of_one_moment) {
  open();
  auto commits = [](Store& store, int worker) -> Async<void> {
    for (int i = 1; i <= 50; ++i) {
      auto text = std::to_string(i);
      auto key = fmt::format("/{}", worker);
      EXPECT_TRUE(co_await store.commit({}, {{key + "/a", text}, {key + "/b", text}}));
    }
  };
  Scope scope(loop_.get_executor());
  for (int worker = 0; worker < 4; ++worker) scope.spawn(commits(*store_, worker));
  auto copy = folder_.path() / "copy.db";
  backup(copy);
  auto end = list(*store_).revision;
  in_loop(loop_, scope.join());

  auto again = in_loop(loop_, store_->backup(copy));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);

  auto opened = open(copy);
  ASSERT_TRUE(opened) << opened.error().message;
  auto listing = list(**opened);
  EXPECT_LE(listing.revision, end);
  for (std::size_t i = 0; i + 1 < listing.entries.size(); i += 2) {
    EXPECT_EQ(listing.entries[i].value, listing.entries[i + 1].value) << listing.entries[i].key;
  }
}

TEST_F(SqliteStoreFile, a_backup_of_an_idle_store_holds_all_of_it) {
  open();
  ASSERT_TRUE(commit({{"/a", "1"}, {"/b", std::string(300'000, 'b')}}));
  backup(folder_.path() / "copy.db");
  auto opened = open(folder_.path() / "copy.db");
  ASSERT_TRUE(opened) << opened.error().message;
  expect_same(list(**opened), list(*store_));
  auto nowhere = in_loop(loop_, store_->backup(folder_.path() / "absent" / "copy.db"));
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().message.find("absent/copy.db"), std::string::npos);
}

TEST_F(SqliteStoreFile, a_newer_schema_is_refused) {
  open();
  ASSERT_TRUE(commit({{"/a", "1"}}));
  store_.reset();
  {
    auto database = Database::open(file());
    ASSERT_TRUE(database);
    Seal seal{.version = schema_version + 1, .revision = 1, .entries = 1, .digest = 0};
    ASSERT_TRUE(
        database->execute(fmt::format("UPDATE seal SET version = {}, digest = 0, checksum = {}",
                                      seal.version, static_cast<std::int64_t>(checksum_of(seal)))));
  }
  expect_refusal(Code::unsupported, "newer");
}

TEST_F(SqliteStoreFile, a_file_that_is_no_store_is_refused) {
  ASSERT_TRUE(write_file_durably(file(), std::string(10'000, 'x')));
  expect_refusal(Code::corrupt, "not a database");
  std::filesystem::remove(file());
  {
    auto database = Database::open(file());
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE other (x)"));
  }
  expect_refusal(Code::corrupt, "seal");
}

TEST_F(SqliteStoreFile, a_folder_that_is_absent_is_an_error_that_names_it) {
  auto refused = open(folder_.path() / "absent" / "store.db");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("absent/store.db"), std::string::npos);
}

TEST_F(SqliteStoreFile, forty_thousand_entries_are_kept_and_listed) {
  open();
  auto fill = [](Store& store, int part) -> Async<void> {
    for (int first = part * 10'000; first < (part + 1) * 10'000; first += 100) {
      std::vector<Write> writes;
      for (int i = first; i < first + 100; ++i) {
        writes.push_back(
            {fmt::format("/vms/{:05}", i), std::string(1'000, static_cast<char>('a' + i % 26))});
      }
      EXPECT_TRUE(co_await store.commit({}, std::move(writes)));
    }
  };
  Scope scope(loop_.get_executor());
  for (int part = 0; part < 4; ++part) scope.spawn(fill(*store_, part));
  in_loop(loop_, scope.join());
  auto before = list(*store_, "/vms/");
  ASSERT_EQ(before.entries.size(), 40'000U);
  EXPECT_EQ(before.entries[27'001].key, "/vms/27001");
  open();
  expect_same(list(*store_, "/vms/"), before);
}

TEST_F(SqliteStoreFile, the_queue_of_commits_has_a_bound) {
  open();
  std::map<std::string, std::size_t> outcomes;
  auto one = [](Store& store, std::size_t i,
                std::map<std::string, std::size_t>& into) -> Async<void> {
    auto revision = co_await store.commit({}, {{fmt::format("/{}", i), "1"}});
    ++into[revision ? "done" : std::string(to_string(revision.error().code))];
  };
  Scope scope(loop_.get_executor());
  for (std::size_t i = 0; i < max_waiting_commits + 101; ++i)
    scope.spawn(one(*store_, i, outcomes));
  in_loop(loop_, scope.join());
  // The first goes to the disk at once, and what it makes room for is not known in advance.
  EXPECT_EQ(outcomes["done"] + outcomes["unavailable"], max_waiting_commits + 101);
  EXPECT_GT(outcomes["unavailable"], 0U);
  EXPECT_EQ(list(*store_).entries.size(), outcomes["done"]);
}

TEST_F(SqliteStoreFile, a_store_that_is_destroyed_answers_what_waits_and_keeps_what_it_answered) {
  open();
  std::map<std::string, std::size_t> outcomes;
  auto one = [](Store& store, int i, std::map<std::string, std::size_t>& into) -> Async<void> {
    auto revision = co_await store.commit({}, {{fmt::format("/{}", i), "1"}});
    ++into[revision ? "done" : std::string(to_string(revision.error().code))];
  };
  Scope scope(loop_.get_executor());
  for (int i = 0; i < 10; ++i) scope.spawn(one(*store_, i, outcomes));
  loop_.poll();  // all have begun
  store_.reset();
  in_loop(loop_, scope.join());
  EXPECT_EQ(outcomes["done"] + outcomes["cancelled"], 10U);
  open();
  EXPECT_EQ(list(*store_).entries.size(), outcomes["done"]);
}

}  // namespace truce::store
