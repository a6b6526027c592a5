// The small program without the whole one beside it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fake_daemon.h"

namespace truce::cli {
namespace {

namespace fs = std::filesystem;

class SmallProgram : public testing::Test {
 protected:
  SmallProgram() {
    fs::create_directory(daemon.folder() / "bin");
    fs::copy_file(TRUCE_PROGRAM, daemon.folder() / "bin" / "truce");
    std::ofstream(path("disk.raw")) << "some disk";
    fs::resize_file(path("disk.raw"), 1 << 20);
  }
  std::string path(const std::string& name) { return (daemon.folder() / name).string(); }
  Output run(std::vector<std::string> words) {
    words.insert(words.begin(), path("bin/truce"));
    Command command;
    command.argv = std::move(words);
    // A look for leaks at the end needs what a confined process has given up.
    command.environment.emplace_back("ASAN_OPTIONS", "detect_leaks=0");
    return run_to_end(std::move(command), {});
  }

  FakeDaemon daemon;
};

TEST_F(SmallProgram, works_on_images_and_answers_questions_alone) {
  auto done = run({"image", "convert", path("disk.raw"), path("disk.qcow2"), "-O", "qcow2"});
  EXPECT_EQ(done.status.code, 0) << done.err;
  EXPECT_EQ(run({"image", "compare", path("disk.raw"), path("disk.qcow2")}).out, "the same\n");
  EXPECT_EQ(run({"--version"}).out.substr(0, 6), "truce ");
  EXPECT_TRUE(run({"vm", "--help"}).out.contains("Verbs:"));
  EXPECT_EQ(run({"vm", "strat", "a"}).status.code, 2);
}

TEST_F(SmallProgram, hands_over_what_needs_the_network_or_other_libraries) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"vm", "list"},
           {"image", "info", "nbd://127.0.0.1:1/"},
           {"image", "pack", path("disk.raw"), "--output", path("x.ova")},
           {"image", "convert", path("disk.raw"), path("z.qcow2"), "-O", "qcow2", "--compress",
            "-o", "level=fast"}}) {
    auto alone = run(words);
    EXPECT_EQ(alone.status.code, 1) << words[1];
    EXPECT_TRUE(alone.err.contains("truce-whole")) << alone.err;
    EXPECT_FALSE(fs::exists(path("z.qcow2")));
  }
  auto built = fs::path(TRUCE_PROGRAM).parent_path();
  auto libexec = daemon.folder() / "libexec" / "truce";
  fs::create_directories(libexec);
  fs::create_symlink(built / "truce-remote", libexec / "truce-remote");
  EXPECT_FALSE(run({"vm", "list"}).err.contains("truce-whole"));
  EXPECT_TRUE(run({"image", "info", "nbd://127.0.0.1:1/"}).err.contains("truce-whole"));
  fs::create_symlink(built / "truce-whole", libexec / "truce-whole");
  auto packed = run({"image", "convert", path("disk.raw"), path("z.qcow2"), "-O", "qcow2",
                     "--compress", "-o", "level=fast"});
  EXPECT_EQ(packed.status.code, 0) << packed.err;
  EXPECT_TRUE(fs::exists(path("z.qcow2")));
}

}  // namespace
}  // namespace truce::cli
