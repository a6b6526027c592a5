// Damaged files: a store must refuse, or show exactly what was answered. Never silently less.
#include <gtest/gtest.h>

#include <fstream>

#include "in_loop.h"
#include "store/sqlite.h"
#include "store_file.h"
#include "temporary_folder.h"
#include "wal.h"

namespace truce::store {

namespace {

constexpr std::size_t log_header = 32;
constexpr std::size_t frame_size = 24 + page_size;

/// The bytes of a store's three files at one moment, and what it had answered then.
struct Moment {
  std::string database;
  std::string log;
  std::string mark;
  std::string content;
};

std::string content_of(Store& store) {
  asio::io_context loop;
  auto listing = in_loop(loop, store.list("")).value();
  auto text = fmt::format("revision {}\n", listing.revision);
  for (const auto& entry : listing.entries) {
    text += fmt::format("{} {} {} {}\n", entry.key, entry.value, entry.created, entry.modified);
  }
  return text;
}

class DamagedStore : public testing::Test {
 protected:
  /// A store with entries in the database, and then some commits in the log, remembered one by one.
  void SetUp() override {
    asio::io_context loop;
    auto commit = [&](Store& store, std::vector<Write> writes) {
      ASSERT_TRUE(in_loop(loop, store.commit({}, std::move(writes))));
    };
    {
      auto store = SqliteStore::open(loop.get_executor(), file());
      ASSERT_TRUE(store) << store.error().message;
      for (int i = 0; i < 60; ++i)
        commit(**store, {{fmt::format("/{:02}", i), std::string(300, 'x')}});
    }
    auto store = SqliteStore::open(loop.get_executor(), file());
    ASSERT_TRUE(store) << store.error().message;
    for (int i = 0; i < 6; ++i) {
      commit(**store,
             {{fmt::format("/{:02}", 9 * i), "new"}, {fmt::format("/{:02}", 9 * i + 1), {}}});
      moments_.push_back({.database = read_file(file()).value(),
                          .log = read_file(log()).value(),
                          .mark = read_file(mark()).value(),
                          .content = content_of(**store)});
    }
  }

  std::filesystem::path file() const { return folder_.path() / "store.db"; }
  std::filesystem::path log() const { return folder_.path() / "store.db-wal"; }
  std::filesystem::path mark() const { return folder_.path() / "store.db.answered"; }
  const Moment& last() const { return moments_.back(); }
  const Moment& last_but_one() const { return moments_[moments_.size() - 2]; }

  static void put(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  /// What a store shows that finds these files, or why it refuses.
  Result<std::string> open(const Moment& moment) {
    put(file(), moment.database);
    put(log(), moment.log);
    put(mark(), moment.mark);
    asio::io_context loop;
    auto store = SqliteStore::open(loop.get_executor(), file());
    if (!store) return std::unexpected(std::move(store).error());
    return content_of(**store);
  }

  void expect_refused_or_whole(const Moment& damaged, const std::string& what) {
    auto seen = open(damaged);
    if (seen) {
      EXPECT_EQ(*seen, last().content) << what << ": opened, but shows something else";
      ++opened_;
      return;
    }
    ++refused_;
    EXPECT_EQ(seen.error().code, Code::corrupt) << what << ": " << seen.error().message;
    EXPECT_NE(seen.error().message.find("backup"), std::string::npos) << seen.error().message;
  }

  TemporaryFolder folder_{quick_parent()};
  std::vector<Moment> moments_;
  int opened_ = 0;
  int refused_ = 0;
};

std::string code_of(const Result<std::string>& opened) {
  return opened ? "opened" : std::string(to_string(opened.error().code));
}

bool thorough() {
  return std::getenv("TRUCE_LONG_TESTS") != nullptr;
}

}  // namespace

TEST_F(DamagedStore, the_undamaged_files_open_at_every_moment) {
  for (const auto& moment : moments_) EXPECT_EQ(open(moment).value_or("refused"), moment.content);
}

TEST_F(DamagedStore, a_flipped_byte_of_the_database_is_found_or_harmless) {
  // Without its log: the log's pages would hide what lies under them.
  asio::io_context loop;
  open(last()).value();  // moves the log into the database
  moments_.push_back({.database = read_file(file()).value(),
                      .log = "",
                      .mark = last().mark,
                      .content = last().content});
  const auto& whole = last().database;
  for (std::size_t at = 0; at < whole.size(); at += (at < 200 || thorough()) ? 1 : 59) {
    auto damaged = last();
    auto flip = at % 3 == 0 ? 0xff : 1 << at % 8;
    damaged.database[at] = static_cast<char>(whole[at] ^ flip);
    expect_refused_or_whole(damaged, fmt::format("database byte {} xor {:#x}", at, flip));
  }
  EXPECT_GT(refused_, 50);
}

TEST_F(DamagedStore, a_flipped_byte_of_the_database_under_its_log_is_found_or_harmless) {
  const auto& whole = last().database;
  for (std::size_t at = 0; at < whole.size(); at += (at < 100 || thorough()) ? 1 : 211) {
    auto damaged = last();
    damaged.database[at] = static_cast<char>(~whole[at]);
    expect_refused_or_whole(damaged, fmt::format("database byte {} inverted", at));
  }
}

TEST_F(DamagedStore, a_flipped_byte_of_the_log_is_found_or_harmless) {
  const auto& whole = last().log;
  for (std::size_t at = 0; at < whole.size();) {
    auto damaged = last();
    auto flip = at % 3 == 0 ? 0xff : 1 << at % 8;
    damaged.log[at] = static_cast<char>(whole[at] ^ flip);
    expect_refused_or_whole(damaged, fmt::format("log byte {} xor {:#x}", at, flip));
    auto in_frame = at < log_header ? 0 : (at - log_header) % frame_size;
    at += in_frame < 32 || thorough() ? 1 : 233;
  }
  EXPECT_GT(refused_, 500);
}

TEST_F(DamagedStore, files_that_lost_their_end_or_are_gone_are_found) {
  for (std::size_t size = 0; size < last().log.size(); size += thorough() ? 97 : 1'777) {
    auto damaged = last();
    damaged.log.resize(size);
    EXPECT_EQ(code_of(open(damaged)), "corrupt") << "log cut to " << size;
  }
  for (std::size_t size = 0; size < last().database.size(); size += thorough() ? 97 : 1'777) {
    auto damaged = last();
    damaged.database.resize(size);
    expect_refused_or_whole(damaged, fmt::format("database cut to {}", size));
  }
  auto empty = last();
  empty.database.clear();
  empty.log.clear();
  EXPECT_EQ(code_of(open(empty)), "corrupt");
  empty.log = last().log;
  empty.mark.clear();
  EXPECT_EQ(code_of(open(empty)), "corrupt") << "log without its database, no mark";
}

TEST_F(DamagedStore, older_files_in_place_of_newer_ones_are_found) {
  for (const auto& older : moments_) {
    if (&older == &last()) continue;
    auto mixed = last();
    mixed.log = older.log;
    EXPECT_EQ(code_of(open(mixed)), "corrupt");
  }
}

TEST_F(DamagedStore, the_log_alone_proves_damage_before_its_last_transaction) {
  const auto& whole = last();
  auto sound = last_but_one().log.size();  // what follows is the last transaction
  ASSERT_LT(sound, whole.log.size());
  for (std::size_t at = 0; at < whole.log.size();) {
    auto damaged = whole;
    damaged.mark.clear();
    damaged.log[at] = static_cast<char>(whole.log[at] ^ 0x10);
    auto seen = open(damaged);
    if (at < sound) {
      EXPECT_EQ(code_of(seen), "corrupt") << "log byte " << at;
    } else {
      EXPECT_EQ(seen.value_or("refused"), last_but_one().content) << "a torn tail, byte " << at;
    }
    auto in_frame = at < log_header ? 0 : (at - log_header) % frame_size;
    at += in_frame < 24 ? 1 : 1'013;
  }
}

TEST_F(DamagedStore, a_torn_tail_is_silently_left_out) {
  // A crash while the last transaction was written: it was not answered.
  auto torn = last();
  torn.mark = last_but_one().mark;
  auto sound = last_but_one().log.size();
  for (auto size = sound; size < last().log.size(); size += 509) {
    torn.log = last().log.substr(0, size);
    EXPECT_EQ(open(torn).value_or("refused"), last_but_one().content) << size;
  }
  torn.log = last().log;
  EXPECT_EQ(open(torn).value_or("refused"), last().content);  // written whole, only not answered
  for (auto at = sound; at + frame_size < last().log.size(); at += frame_size) {
    torn.log = last().log;
    torn.log.replace(at, frame_size, frame_size,
                     '\0');  // its end reached the disk before its start
    EXPECT_EQ(open(torn).value_or("refused"), last_but_one().content) << at;
  }
  torn.log = last().log + std::string(3 * frame_size, '\0');
  EXPECT_EQ(open(torn).value_or("refused"), last().content);
  auto earlier = last().log.substr(log_header);  // remains of a log before this one
  for (std::size_t at = 8; at < earlier.size(); at += frame_size) earlier[at] ^= 1;
  torn.log = last().log + earlier;
  EXPECT_EQ(open(torn).value_or("refused"), last().content);
}

TEST_F(DamagedStore, a_row_that_is_lost_changed_or_older_is_found_and_named) {
  auto change = [&](const std::string& sql) {
    open(last()).value();  // moves the log into the database
    {
      auto database = Database::open(file());
      ASSERT_TRUE(database);
      auto done = database->execute(sql);
      ASSERT_TRUE(done) << done.error().message;
    }
    asio::io_context loop;
    auto store = SqliteStore::open(loop.get_executor(), file());
    ASSERT_FALSE(store) << sql;
    EXPECT_EQ(store.error().code, Code::corrupt) << store.error().message;
    EXPECT_NE(store.error().message.find("entr"), std::string::npos) << store.error().message;
  };
  auto hex = [](std::string_view key) { return fmt::format("x'{:02x}'", fmt::join(key, "")); };
  change(fmt::format("DELETE FROM entry WHERE key = {}", hex("/05")));
  change(fmt::format("UPDATE entry SET value = x'00' WHERE key = {}", hex("/05")));
  change(fmt::format("UPDATE entry SET created = created - 1 WHERE key = {}", hex("/05")));
  Entry older{.key = "/00", .value = std::string(300, 'x'), .created = 1, .modified = 1};
  change(fmt::format("REPLACE INTO entry VALUES ({}, CAST('{}' AS BLOB), 1, 1, {})", hex(older.key),
                     older.value, static_cast<std::int64_t>(checksum_of(older))));
}

}  // namespace truce::store
