#include "disk.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace truce::server {
namespace {

constexpr std::uint64_t size = 5 * block_size + 4096;

/// A file in place of a server's disk, and this host's shell in place of ssh.
class ServerDisks : public testing::Test {
 protected:
  ServerDisks() {
    std::string content(size, '\0');
    for (std::size_t at = 0; at < size; at += 512) content[at] = static_cast<char>(at / 512 * 7);
    std::ofstream(block_.path) << content;
  }
  ~ServerDisks() override { std::filesystem::remove(block_.path); }

  void write(std::uint64_t at, const std::string& text) {
    std::fstream file(block_.path, std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at)) << text;
  }
  std::string content() {
    std::ifstream file(block_.path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string read(const ServerDisk& disk, std::uint64_t at, std::size_t length) {
    std::string text(length, '\0');
    auto done = disk.read(at, std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(done) << done.error().message;
    return text;
  }
  std::shared_ptr<ServerDisk> open(std::shared_ptr<Trail> trail = nullptr) {
    auto disk = ServerDisk::open(way_, block_, std::move(trail), cancelled_);
    EXPECT_TRUE(disk) << disk.error().message;
    return disk.value_or(nullptr);
  }
  std::vector<platform::Range> changes(const Trail& trail) {
    auto changed = changes_of(way_, block_, trail, cancelled_);
    EXPECT_TRUE(changed) << changed.error().message;
    return changed.value_or(std::vector<platform::Range>());
  }

  Way way_{.words = {"sh", "-c"}};
  Block block_{.name = "sda",
               .path = std::filesystem::current_path() / fmt::format("disk-{}", ::getpid()),
               .sectors = size / 512};
  std::atomic<bool> cancelled_ = false;
};

TEST_F(ServerDisks, any_part_is_read_as_it_is) {
  auto disk = open();
  auto all = content();
  EXPECT_TRUE(read(*disk, 0, size) == all);
  EXPECT_TRUE(read(*disk, block_size - 100, 200) == all.substr(block_size - 100, 200));
  EXPECT_TRUE(read(*disk, size - 10, 10) == all.substr(size - 10));
  std::byte one;
  EXPECT_EQ(disk->read(size, {&one, 1}).error().code, Code::corrupt);
}

TEST_F(ServerDisks, only_what_was_written_since_it_was_brought_is_another) {
  auto trail = std::make_shared<Trail>(6);
  EXPECT_FALSE(trail->begin(0));
  read(*open(trail), 0, size);
  write(block_size + 5, "another");
  write(5 * block_size + 100, "the last one is short");
  EXPECT_TRUE(trail->begin(1));
  EXPECT_EQ(changes(*trail),
            (std::vector<platform::Range>{{block_size, block_size}, {5 * block_size, 4096}}));
  // These are read, and stored; the third pass has nothing to do.
  auto disk = open(trail);
  read(*disk, block_size, block_size);
  read(*disk, 5 * block_size, 4096);
  EXPECT_TRUE(trail->begin(2));
  EXPECT_TRUE(changes(*trail).empty());
}

TEST_F(ServerDisks, what_was_read_in_a_pass_that_did_not_end_counts_as_another) {
  auto trail = std::make_shared<Trail>(6);
  trail->begin(0);
  read(*open(trail), 0, size);
  trail->begin(1);
  write(0, "x");
  read(*open(trail), 0, block_size);
  EXPECT_TRUE(trail->begin(1)) << "again";
  EXPECT_EQ(changes(*trail), (std::vector<platform::Range>{{0, block_size}}));
}

TEST_F(ServerDisks, a_block_that_was_read_twice_is_not_known) {
  auto trail = std::make_shared<Trail>(6);
  trail->begin(0);
  read(*open(trail), 0, size);
  read(*open(trail), 0, 512);
  trail->begin(1);
  EXPECT_EQ(changes(*trail), (std::vector<platform::Range>{{0, block_size}}));
}

TEST_F(ServerDisks, nothing_is_known_after_a_gap) {
  auto trail = std::make_shared<Trail>(6);
  trail->begin(0);
  read(*open(trail), 0, size);
  EXPECT_FALSE(trail->begin(3));
  EXPECT_FALSE(trail->brought(0));
}

TEST_F(ServerDisks, a_disk_that_cannot_be_read_says_why) {
  block_.path = "/nowhere";
  auto disk = open();
  std::byte one;
  auto done = disk->read(0, {&one, 1});
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message.contains("/nowhere")) << done.error().message;
  EXPECT_TRUE(done.error().message.contains("No such file")) << done.error().message;
}

TEST_F(ServerDisks, what_waits_is_cancelled) {
  way_.words = {"sh", "-c", "sleep 30; :"};
  auto disk = open();
  cancelled_ = true;
  std::byte one;
  EXPECT_EQ(disk->read(0, {&one, 1}).error().code, Code::cancelled);
}

TEST(ServerWay, what_ssh_says_is_told_as_what_it_is) {
  auto code = [](int status, const char* said) {
    return judge_end({.code = status, .signal = {}}, said).error().code;
  };
  EXPECT_EQ(code(255, "root@h: Permission denied (publickey).\r\n"), Code::unauthenticated);
  EXPECT_EQ(code(255, "Host key verification failed.\r\n"), Code::forbidden);
  EXPECT_EQ(code(255, "ssh: connect to host h port 22: Connection refused"), Code::unavailable);
  EXPECT_EQ(code(1, "sudo: a password is required"), Code::forbidden);
  EXPECT_EQ(code(4, "its file systems stay writable"), Code::precondition);
  EXPECT_TRUE(judge_end({.code = 0, .signal = {}}, "Warning: added"));
}

TEST(ServerWay, an_address_becomes_words_of_ssh) {
  auto way = Way::to({.url = "ssh://[2001:db8::1]:2222", .user = "admin"});
  auto words = way.command("true").argv;
  EXPECT_EQ(words.at(words.size() - 2), "2001:db8::1");
  EXPECT_EQ(words.back(), "exec sudo -n sh -c 'true'");
  EXPECT_TRUE(std::ranges::find(words, "2222") != words.end());
  EXPECT_TRUE(std::ranges::find(words, "BatchMode=yes") != words.end());
}

}  // namespace
}  // namespace truce::server
