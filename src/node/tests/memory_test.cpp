#include "memory.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"

namespace truce::node {
namespace {

HostMemory host(std::uint64_t total_gib, std::uint64_t available_mib) {
  return {gib(total_gib), mib(available_mib)};
}

Ballooned machine(std::string uuid, std::uint64_t memory, std::uint64_t least, std::uint64_t now,
                  std::uint64_t available = 0) {
  return {std::move(uuid), mib(memory), mib(least), mib(now), mib(available)};
}

TEST(Balloons, nothing_changes_between_the_two_limits) {
  EXPECT_TRUE(balloon_targets(host(10, 2000), 15, {machine("a", 1024, 256, 512)}).empty());
}

TEST(Balloons, each_gives_in_proportion_to_what_its_guest_can_do_without) {
  // 15 % of 10,000 MiB are 1,500, the middle is 2,000: 800 are wanted, and 1,200 can be given.
  HostMemory short_of{mib(10000), mib(1200)};
  auto targets =
      balloon_targets(short_of, 15,
                      {machine("a", 2048, 512, 2048, 1200), machine("b", 2048, 512, 2048, 400),
                       machine("c", 2048, 2048, 2048, 2000)});
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets["a"], mib(2048 - 600));
  EXPECT_EQ(targets["b"], mib(2048 - 200));
}

TEST(Balloons, no_machine_goes_below_its_least) {
  HostMemory empty{mib(10000), mib(0)};
  auto targets = balloon_targets(empty, 15, {machine("a", 1024, 1000, 1024, 1000)});
  EXPECT_EQ(targets["a"], mib(1000));
  EXPECT_TRUE(balloon_targets(empty, 15, {machine("a", 1024, 1000, 1000, 900)}).empty());
}

TEST(Balloons, a_guest_that_tells_nothing_gives_a_quarter_at_a_time_until_it_is_at_its_least) {
  HostMemory empty{mib(100000), mib(0)};
  auto one = machine("a", 1024, 512, 1024);
  int rounds = 0;
  for (; rounds < 50; ++rounds) {
    auto targets = balloon_targets(empty, 15, {one});
    if (targets.empty()) break;
    EXPECT_LT(targets["a"], one.now);
    one.now = targets["a"];
  }
  EXPECT_EQ(one.now, mib(512));
  EXPECT_GT(rounds, 3);
}

TEST(Balloons, memory_is_given_back_when_there_is_plenty_and_never_more_than_a_machine_has) {
  auto targets = balloon_targets(host(10, 9000), 15,
                                 {machine("a", 1024, 256, 300), machine("b", 512, 256, 512)});
  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets["a"], mib(1024));
}

TEST(Balloons, the_kernels_numbers_are_read_and_others_are_refused) {
  auto file = std::filesystem::temp_directory_path() / ("truce-meminfo-" + random_hex(4));
  ASSERT_TRUE(write_file_durably(file,
                                 "MemTotal:       24649244 kB\nMemFree:  1 kB\n"
                                 "MemAvailable:   22000000 kB\nHugePages_Total:       0\n"));
  auto memory = read_meminfo(file);
  ASSERT_TRUE(memory) << memory.error().message;
  EXPECT_EQ(memory->total, kib(24649244));
  EXPECT_EQ(memory->available, kib(22000000));
  ASSERT_TRUE(write_file_durably(file, "nothing of the kind\n"));
  EXPECT_EQ(read_meminfo(file).error().code, Code::corrupt);
  EXPECT_TRUE(remove_tree(file));
}

TEST(KsmPolicy, follows_the_memory_that_is_available_or_stays_as_it_is) {
  EXPECT_EQ(ksm_wanted(Ksm::leave, host(10, 1), 15), std::nullopt);
  EXPECT_EQ(ksm_wanted(Ksm::on, host(10, 9000), 15), true);
  EXPECT_EQ(ksm_wanted(Ksm::off, host(10, 1), 15), false);
  EXPECT_EQ(ksm_wanted(Ksm::automatic, host(10, 2000), 15), true);
  EXPECT_EQ(ksm_wanted(Ksm::automatic, host(10, 3000), 15), std::nullopt);
  EXPECT_EQ(ksm_wanted(Ksm::automatic, host(10, 5000), 15), false);
}

TEST(KsmPolicy, is_written_only_where_it_changes_something) {
  auto folder = std::filesystem::temp_directory_path() / ("truce-ksm-" + random_hex(4));
  EXPECT_FALSE(set_ksm(folder, true)) << "a kernel without it";
  ASSERT_TRUE(make_folder(folder));
  ASSERT_TRUE(write_file_durably(folder / "run", "0\n"));
  EXPECT_TRUE(set_ksm(folder, true));
  EXPECT_EQ(read_file(folder / "run")->substr(0, 1), "1");
  EXPECT_TRUE(set_ksm(folder, false));
  EXPECT_EQ(read_file(folder / "run")->substr(0, 1), "0");
  EXPECT_TRUE(remove_tree(folder));
}

}  // namespace
}  // namespace truce::node
