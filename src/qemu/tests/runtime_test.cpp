#include "runtime.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/random.h"
#include "control_group.h"

namespace truce::qemu {
namespace {

class RuntimeTest : public testing::Test {
 protected:
  RuntimeTest() : folder_("/tmp/truce-runtime-" + random_hex(6)), runtime_(folder_ / "vm1") {}
  ~RuntimeTest() override { (void)remove_tree(folder_); }
  std::filesystem::path folder_;
  Runtime runtime_;
};

TEST_F(RuntimeTest, a_record_is_read_as_it_was_written) {
  ASSERT_TRUE(runtime_.prepare(std::nullopt));
  Record record{
      "uuid", "web01", "/pool/x", 17, 12345678901234, {"/sys/fs/cgroup/memory/truce/uuid"}, true};
  ASSERT_TRUE(runtime_.write(record));
  auto read = runtime_.read();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_text(*read), to_text(record));
  EXPECT_EQ(read->start_ticks, 12345678901234U);
  EXPECT_EQ(read->control_groups, record.control_groups);
}

TEST_F(RuntimeTest, a_record_that_is_not_ours_is_corrupt) {
  for (
      const char* text :
      {"", "{", "[]", "{}", R"({"uuid": 5})",
       R"({"uuid":"a","name":"b","folder":"/c","pid":"x","start_ticks":1,"control_groups":[],"screen":true})",
       R"({"uuid":"a","name":"b","folder":"/c","pid":1,"start_ticks":-1,"control_groups":[],"screen":true})"}) {
    auto record = parse_record(text);
    EXPECT_TRUE(!record && record.error().code == Code::corrupt) << text;
  }
}

TEST_F(RuntimeTest, last_words_are_the_last_line_without_the_programs_name) {
  ASSERT_TRUE(runtime_.prepare(std::nullopt));
  EXPECT_EQ(runtime_.last_words(), "");
  std::ofstream(runtime_.log()) << "first\nqemu-system-x86_64: -blockdev x: Could not open 'y'\n\n";
  EXPECT_EQ(runtime_.last_words(), "-blockdev x: Could not open 'y'");
}

TEST_F(RuntimeTest, a_log_begins_with_the_words_and_the_request_which_are_no_last_words) {
  ASSERT_TRUE(runtime_.prepare(std::nullopt));
  runtime_.begin_log({"qemu-system-x86_64", "-name", "guest=web 01"}, "r-0123");
  auto line = read_file(runtime_.log()).value();
  EXPECT_TRUE(line.ends_with(" request r-0123: qemu-system-x86_64 -name 'guest=web 01'\n")) << line;
  EXPECT_EQ(runtime_.last_words(), "");
  auto folder = runtime_.folder().parent_path() / "kept";
  std::filesystem::create_directory(folder);
  runtime_.keep_log(folder);
  runtime_.clear();
  EXPECT_EQ(read_file(folder / "qemu.log").value(), line);
}

TEST_F(RuntimeTest, a_log_is_emptied_when_it_has_grown_too_large) {
  ASSERT_TRUE(runtime_.prepare(std::nullopt));
  std::ofstream(runtime_.log()) << std::string(1000, 'x');
  runtime_.bound_log();
  EXPECT_EQ(std::filesystem::file_size(runtime_.log()), 1000U);
  std::ofstream(runtime_.log()) << std::string(2 << 20, 'x');
  runtime_.bound_log();
  EXPECT_EQ(std::filesystem::file_size(runtime_.log()), 0U);
}

TEST_F(RuntimeTest, a_link_in_place_of_the_screens_socket_is_refused) {
  ASSERT_TRUE(runtime_.prepare(std::nullopt));
  ASSERT_EQ(::symlink("/run/other.sock", (runtime_.own() / "vnc.sock").c_str()), 0);
  auto taken = runtime_.take("vnc");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Code::corrupt);
  EXPECT_FALSE(std::filesystem::is_symlink(runtime_.socket("vnc")));
}

TEST_F(RuntimeTest, a_path_that_is_too_long_for_a_socket_is_refused) {
  Runtime deep(folder_ / std::string(100, 'd'));
  ASSERT_TRUE(deep.prepare(std::nullopt));
  auto socket = deep.listen("qmp");
  ASSERT_FALSE(socket);
  EXPECT_TRUE(socket.error().message.contains("run-dir"));
}

/// Plays the files of a cgroup file system: in a real one the kernel makes them with the folder.
class ControlGroupTest : public RuntimeTest {
 protected:
  void file(const std::filesystem::path& path, std::string_view text) {
    ASSERT_TRUE(make_folder(path.parent_path()));
    std::ofstream(path) << text;
  }
};

TEST_F(ControlGroupTest, a_kill_for_memory_is_seen_in_both_versions) {
  file(folder_ / "v1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  file(folder_ / "v2/memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\noom_group_kill 0\n");
  file(folder_ / "none/memory.events", "oom 1\noom_kill 0\n");
  EXPECT_TRUE(ControlGroup({folder_ / "v1"}).out_of_memory());
  EXPECT_TRUE(ControlGroup({folder_ / "v2"}).out_of_memory());
  EXPECT_FALSE(ControlGroup({folder_ / "none"}).out_of_memory());
  EXPECT_FALSE(ControlGroup({folder_ / "absent"}).out_of_memory());
}

TEST_F(ControlGroupTest, controllers_that_cannot_be_used_are_left_out) {
  ASSERT_TRUE(make_folder(folder_ / "memory"));  // an ordinary folder: there is no limit to write
  auto groups = ControlGroup::make({folder_, "truce"}, "uuid", {mib(64), 1});
  EXPECT_TRUE(groups.folders().empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "memory/truce/uuid"));
}

}  // namespace
}  // namespace truce::qemu
