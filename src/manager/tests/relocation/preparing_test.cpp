// Guests that are changed when they have come, by a program that the test plays.
#include "relocation/preparing.h"

#include <fstream>

#include "disk_node.h"

namespace truce::manager {
namespace {

namespace fs = std::filesystem;

/// The program, as a script. `$6` is where the first disk is.
void play_program(Stage& stage, const std::string& script) {
  auto path = stage.estate.folder / "prepare";
  fs::permissions(stage.estate.folder, fs::perms(0755));  // it runs as somebody else
  std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
  fs::permissions(path, fs::perms(0755));
}

TEST(Preparing, what_a_program_writes_is_on_the_disk_and_what_it_tells_in_the_task) {
  with_stage([](Stage& stage) -> Async<void> {
    play_program(stage, R"(qemu-io -f raw -c 'write -q -P 7 65536 4096' "$6" >&2 || exit 1
echo '{"guest":"Debian 12","changed":["fstab: /dev/sda1 is UUID=1"],"left":["a card"]}')");
    auto task = co_await come(stage, R"(,"prepare":true)");
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_TRUE(shown.raw.contains("guest: fstab: /dev/sda1 is UUID=1")) << shown.raw;
    EXPECT_TRUE(shown.raw.contains("guest, left: a card")) << shown.raw;
    auto& disk = stage.node.disks.at(co_await uuid_of(stage) + "/disk0");
    auto expected = stage.theirs.content(stage.machine, "2000")->content();
    std::fill_n(expected.begin() + 65536, 4096, std::byte{7});
    EXPECT_TRUE(disk->content() == expected);
  });
}

TEST(Preparing, a_guest_that_cannot_be_changed_undoes_the_move_and_says_why) {
  with_stage([](Stage& stage) -> Async<void> {
    play_program(stage, "echo looking >&2; echo 'truce: no system is on these disks' >&2; exit 1");
    auto task = co_await come(stage, R"(,"prepare":true)");
    EXPECT_EQ(co_await stage.estate.task_ends(task), "failed");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_TRUE(shown.text("/error").contains("changed: truce: no system is on these disks. Leave"))
        << shown.raw;
    co_await until_gone(stage);
    EXPECT_EQ(named(stage.theirs, "web01"), 1U);
  });
}

TEST(Preparing, disks_are_copied_again_when_the_manager_ended_meanwhile) {
  with_stage([](Stage& stage) -> Async<void> {
    play_program(stage, R"(qemu-io -f raw -c 'write -q -P 9 0 4096' "$6" >&2; sleep 100)");
    auto task = co_await come(stage, R"(,"prepare":true)");
    co_await until_step(stage.estate, task, "looked into");
    co_await sleep_for(300ms);
    co_await stage.estate.manager->stop();
    play_program(stage, R"(echo '{"guest":"Debian 12","changed":[],"left":[]}')");
    co_await come_back(stage);
    EXPECT_EQ(co_await stage.estate.task_ends(task), "succeeded");
    auto shown = co_await stage.estate.call("GET", "/v1/tasks/" + task);
    EXPECT_TRUE(shown.raw.contains("copied again")) << shown.raw;
    EXPECT_TRUE(shown.raw.contains("nothing had to be changed in it")) << shown.raw;
    auto& disk = stage.node.disks.at(co_await uuid_of(stage) + "/disk0");
    EXPECT_TRUE(disk->content() == stage.theirs.content(stage.machine, "2000")->content());
  });
}

TEST(Preparing, can_be_called_off_and_leaves_nothing) {
  with_stage([](Stage& stage) -> Async<void> {
    play_program(stage, "sleep 100");
    auto task = co_await come(stage, R"(,"prepare":true)");
    co_await until_step(stage.estate, task, "looked into");
    co_await stage.estate.call("POST", "/v1/tasks/" + task + "/cancel");
    EXPECT_EQ(co_await stage.estate.task_ends(task), "cancelled");
    co_await until_gone(stage);
  });
}

TEST(Preparing, is_of_what_comes_here) {
  with_stage([](Stage& stage) -> Async<void> {
    EXPECT_EQ(co_await stage.estate.task_ends(co_await come(stage)), "succeeded");
    auto refused = co_await stage.estate.call("POST", "/v1/vms/web01/move",
                                              R"({"to":"prod","network":["LAN"],"prepare":true})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(refused.raw.contains("/prepare")) << refused.raw;
  });
}

TEST(GuestChanges, are_read_whatever_a_program_says) {
  auto changes = read_changes(R"({"guest":"D","changed":["a\u001b[1m",1,"b"],"left":7})");
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->changed, (std::vector<std::string>{"a?[1m", "b"}));
  EXPECT_TRUE(changes->left.empty());
  for (const auto* none : {"", "[]", "{", "null"})
    EXPECT_EQ(read_changes(none).error().code, Code::corrupt) << none;
}

}  // namespace
}  // namespace truce::manager
