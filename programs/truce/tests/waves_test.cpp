#include "moves/waves.h"

#include <gtest/gtest.h>

#include "fake_daemon.h"

namespace truce::cli {
namespace {

std::string why(std::string_view text) {
  auto read = read_waves(text);
  return read ? std::string() : read.error().message;
}

TEST(Waves, a_line_has_what_stands_behind_vm_move) {
  auto read = read_waves(
      "# first the small ones\n"
      "prod/web01 --to here --warm --start   # by night\n"
      "\n"
      "web02 --to prod --network \"VM Network\" --pool 'store 1'\r\n"
      "wave\n"
      "wave\n"
      "prod/db1 --to kvm1");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ(read->at(0).machine, "prod/web01");
  EXPECT_EQ(read->at(0).to, "here");
  EXPECT_TRUE(read->at(0).move.has("warm"));
  EXPECT_EQ(read->at(1).move.value("network"), "VM Network");
  EXPECT_EQ(read->at(1).move.value("pool"), "store 1");
  EXPECT_EQ(read->at(1).line, 4U);
  EXPECT_EQ(read->at(1).wave, 1U);
  EXPECT_EQ(read->at(2).wave, 2U) << "an empty wave is none";
}

TEST(Waves, what_is_wrong_names_its_line) {
  EXPECT_EQ(why("\n# nothing\n"), "it has no moves");
  EXPECT_TRUE(why("a --to here\nb --too here\n").starts_with("line 2: ")) << why("b --too here");
  EXPECT_TRUE(why("a --to here\nb --to 'x\n").contains("line 2: a quote"));
  EXPECT_EQ(why("a --to here\n\na --to prod\n"), "line 3: 'a' is in line 1, too");
  EXPECT_TRUE(why("a\n").starts_with("line 1: "));
  EXPECT_TRUE(why("a --help\n").starts_with("line 1: "));
}

TEST(Waves, the_rest_is_told_from_what_has_come) {
  using model::TaskState;
  std::vector<MoveStanding> moves{{gib(10).count, 1, TaskState::succeeded},
                                  {gib(20).count, 0.5, TaskState::running},
                                  {gib(10).count, 0, TaskState::queued},
                                  {gib(90).count, 0.2, TaskState::failed}};
  EXPECT_EQ(shown_standing(moves, 60s),
            "4 machines: 1 came, 1 failed, 1 move; 50% of 40GiB, 1:00 left");
  moves[1] = moves[2] = {gib(1).count, 1, TaskState::succeeded};
  EXPECT_EQ(shown_standing(moves, 60s), "4 machines: 3 came, 1 failed; 100% of 12GiB");
}

class MoveWave : public testing::Test {
 protected:
  static std::string task(std::string_view machine, std::string_view state) {
    return fmt::format(
        R"({{"name":"t-{0}","kind":"vm.move","target":"vms/{0}","state":"{1}","progress":1,)"
        R"("error":"{2}","created":"2026-11-22T11:13:47.000Z"}})",
        machine, state, state == "failed" ? "the disk is full" : "");
  }
  void has(const std::string& machine, const std::string& ends) {
    daemon_.on(
        "POST /v1/vms/" + machine + "/move-report", 200,
        fmt::format(R"({{"name":"{}","to":"prod","bytes":1073741824,"lost":["x"]}})", machine));
    daemon_.on("POST /v1/vms/" + machine + "/move", 202, task(machine, "running"));
    daemon_.on("GET /v1/tasks/t-" + machine, 200, task(machine, ends));
  }
  std::size_t begun() {
    auto all = daemon_.requests();
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [](const auto& each) { return each.contains("/move {"); }));
  }
  static int status(const Output& output) { return output.status.code.value_or(-1); }
  FakeDaemon daemon_;
};

TEST_F(MoveWave, all_of_them_come) {
  has("a", "succeeded");
  has("b", "succeeded");
  daemon_.start();
  auto got = daemon_.run({"vm", "move-wave", "-"}, "a --to prod\nwave\nb --to prod\n");
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_TRUE(got.out.contains("a        prod  succeeded")) << got.out;
  EXPECT_TRUE(got.out.contains("t-b")) << got.out;
  EXPECT_EQ(begun(), 2U);
}

TEST_F(MoveWave, nothing_begins_when_one_of_them_cannot) {
  has("a", "succeeded");
  daemon_.on("POST /v1/vms/b/move-report", [](const http::Request&) {
    return http::problem(Error{Code::precondition, "'b' is running: shut it down first", {}});
  });
  daemon_.start();
  auto got = daemon_.run({"vm", "move-wave", "-"}, "a --to prod\nb --to prod\n");
  EXPECT_EQ(status(got), 1);
  EXPECT_TRUE(got.err.contains("line 2: b: 'b' is running")) << got.err;
  EXPECT_TRUE(got.err.contains("1 of 2 machines cannot move")) << got.err;
  EXPECT_EQ(begun(), 0U);
}

TEST_F(MoveWave, the_next_wave_waits_for_one_that_came_whole) {
  has("a", "failed");
  has("b", "succeeded");
  daemon_.start();
  auto file = "a --to prod\nwave\nb --to prod\n";
  auto got = daemon_.run({"vm", "move-wave", "-"}, file);
  EXPECT_EQ(status(got), 1);
  EXPECT_TRUE(got.out.contains("the disk is full")) << got.out;
  EXPECT_TRUE(got.out.contains("not begun")) << got.out;
  EXPECT_TRUE(got.err.contains("2 of 2 machines have not come")) << got.err;
  got = daemon_.run({"vm", "move-wave", "-", "--go-on", "--quiet"}, file);
  EXPECT_EQ(status(got), 1);
  EXPECT_EQ(got.out, "b\n");
}

TEST_F(MoveWave, at_least_one_begins_at_a_time) {
  has("a", "succeeded");
  daemon_.start();
  for (const char* number : {"0", "many"}) {
    auto got = daemon_.run({"vm", "move-wave", "-", "--at-once", number}, "a --to prod\n");
    EXPECT_EQ(status(got), 2) << got.err;
  }
  EXPECT_EQ(begun(), 0U);
}

TEST_F(MoveWave, a_dry_run_only_says_what_would_be) {
  has("a", "succeeded");
  daemon_.start();
  auto got = daemon_.run({"vm", "move-wave", "-", "--dry-run"}, "a --to prod\n");
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_TRUE(got.out.contains("1GiB")) << got.out;
  EXPECT_EQ(begun(), 0U);
}

}  // namespace
}  // namespace truce::cli
