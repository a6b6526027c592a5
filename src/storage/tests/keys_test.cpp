#include "storage/keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include "run.h"
#include "storage/places.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* good_key = "correct horse battery staple";

class FolderKeysTest : public testing::Test {
 protected:
  FolderKeysTest() { ::chmod(folder_.path().c_str(), 0700); }
  void put(const std::string& name, const std::string& content, mode_t mode = 0600) {
    ASSERT_TRUE(write_file_durably(folder_.path() / name, content, mode));
  }
  Error refused(const std::string& name) {
    auto found = run_to_end(keys_.find(name));
    EXPECT_FALSE(found) << name;
    return found ? Error{} : found.error();
  }
  TestFolder folder_;
  asio::thread_pool threads_{1};
  FolderKeys keys_{threads_, folder_.path()};
};

TEST_F(FolderKeysTest, a_file_is_a_key_without_the_line_break_at_its_end) {
  put("db", std::string(good_key) + "\n");
  put("other", good_key);
  for (const char* name : {"db", "other"}) {
    auto key = run_to_end(keys_.find(name));
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ((*key)->text(), good_key);
  }
  EXPECT_EQ(keys_.place("db"), (folder_.path() / "db").string());
}

TEST_F(FolderKeysTest, a_key_that_is_not_there_is_told_with_its_name_and_place) {
  auto error = refused("db");
  EXPECT_EQ(error.code, Code::not_found);
  EXPECT_TRUE(error.message.contains("key 'db'")) << error.message;
  EXPECT_TRUE(error.message.contains(keys_.place("db"))) << error.message;
}

TEST_F(FolderKeysTest, names_lead_nowhere_else) {
  ASSERT_TRUE(write_file_durably(folder_.path().parent_path() / "key-beside", good_key, 0600));
  for (const char* name : {"", ".", "..", "../key-beside", "a/b", "/etc/passwd", "a b", "a\n"})
    EXPECT_EQ(refused(name).code, Code::invalid) << name;
  EXPECT_EQ(refused(std::string("a\0b", 3)).code, Code::invalid);
  EXPECT_EQ(refused(std::string(65, 'a')).code, Code::invalid);
  fs::remove(folder_.path().parent_path() / "key-beside");
}

TEST_F(FolderKeysTest, what_others_can_read_or_exchange_is_refused_with_what_to_do) {
  put("db", good_key, 0640);
  auto error = refused("db");
  EXPECT_EQ(error.code, Code::forbidden);
  EXPECT_TRUE(error.message.contains("chmod 0600")) << error.message;
  put("link", good_key);
  fs::create_symlink("link", folder_.path() / "to");
  EXPECT_FALSE(run_to_end(keys_.find("to")));
  fs::create_directory(folder_.path() / "folder");
  EXPECT_FALSE(run_to_end(keys_.find("folder")));
  put("db", good_key);
  ::chmod(folder_.path().c_str(), 0770);
  EXPECT_EQ(refused("db").code, Code::forbidden);
  ::chmod(folder_.path().c_str(), 0700);
  EXPECT_TRUE(run_to_end(keys_.find("db")));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown((folder_.path() / "db").c_str(), 65534, 65534), 0);
  error = refused("db");
  EXPECT_TRUE(error.message.contains("chown root")) << error.message;
}

TEST_F(FolderKeysTest, what_is_no_key_is_refused_and_not_told) {
  put("empty", "");
  put("break", "\n");
  put("short", "sesame");
  put("binary", std::string(32, '\x01'));
  put("lines", "one two three four\nfive six seven");
  put("large", std::string(longest_key + 1, 'k'));
  put("huge", std::string(1 << 20, 'k'));
  for (const char* name : {"empty", "break", "short", "binary", "lines", "large", "huge"}) {
    auto error = refused(name);
    EXPECT_TRUE(error.code == Code::invalid || error.code == Code::limit) << name;
    EXPECT_FALSE(error.message.contains("sesame") || error.message.contains("kkk")) << name;
  }
  put("longest", std::string(longest_key, 'k') + "\n");
  EXPECT_TRUE(run_to_end(keys_.find("longest")));
}

class CommandKeysTest : public testing::Test {
 protected:
  Result<SecretPtr> ask(const std::string& script, Duration limit = 10s) {
    auto program = folder_.write("program", "#!/bin/sh\n" + script + "\n");
    return run_to_end(CommandKeys(program.string(), limit).find("db-1"));
  }
  TestFolder folder_;
};

TEST_F(CommandKeysTest, what_a_program_prints_for_a_name_is_the_key) {
  auto key = ask("echo \"secret of $1, one of $#\"");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ((*key)->text(), "secret of db-1, one of 1");
}

TEST_F(CommandKeysTest, its_failure_is_told_by_what_it_says_and_not_by_what_it_prints) {
  auto key = ask("echo top-secret-top-secret; echo the vault is sealed >&2; exit 3");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Code::unavailable);
  EXPECT_TRUE(key.error().message.contains("key 'db-1'")) << key.error().message;
  EXPECT_TRUE(key.error().message.contains("exit status 3: the vault is sealed"))
      << key.error().message;
  EXPECT_FALSE(key.error().message.contains("top-secret"));
}

TEST_F(CommandKeysTest, one_that_hangs_is_ended_with_what_it_began) {
  auto began = std::chrono::steady_clock::now();
  auto key = ask("sleep 60 & sleep 60", 300ms);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Code::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
}

TEST_F(CommandKeysTest, one_that_prints_too_much_or_nothing_gives_no_key) {
  EXPECT_EQ(ask("yes kkkkkkkk").error().code, Code::limit);
  EXPECT_EQ(ask("exit 0").error().code, Code::invalid);
  EXPECT_EQ(ask("echo short").error().code, Code::invalid);
  EXPECT_EQ(ask("yes complaint | head -c 1000000 >&2; exit 1").error().code, Code::unavailable);
}

TEST_F(CommandKeysTest, a_program_that_is_not_there_and_a_name_that_is_none_are_refused) {
  CommandKeys none((folder_.path() / "none").string());
  EXPECT_FALSE(run_to_end(none.find("db")));
  EXPECT_EQ(run_to_end(none.find("--help")).error().code, Code::invalid);
  EXPECT_EQ(run_to_end(none.find("../db")).error().code, Code::invalid);
}

TEST(KeyNotes, the_key_of_a_disk_is_noted_in_its_machines_home) {
  TestFolder home;
  EXPECT_EQ(*key_of_disk(home.path(), "disk0"), "");
  ASSERT_TRUE(note_key(home.path(), "disk0", "db"));
  EXPECT_EQ(*key_of_disk(home.path(), "disk0"), "db");
  EXPECT_EQ(noted_keys(home.path())->size(), 1U);
  ASSERT_TRUE(note_key(home.path(), "disk0", ""));
  EXPECT_EQ(*key_of_disk(home.path(), "disk0"), "");
  EXPECT_FALSE(note_key(home.path(), "disk0", "../x"));
  home.write("disk1.key", "no name of a key\n");
  EXPECT_EQ(key_of_disk(home.path(), "disk1").error().code, Code::corrupt);
}

}  // namespace
}  // namespace truce::storage
