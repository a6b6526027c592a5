// What is written into control groups: on folders that look like them, and on the kernel's own.
#include "control_group.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "base/random.h"

namespace truce::qemu {
namespace {

using Path = std::filesystem::path;

class ControlGroups : public ::testing::Test {
 protected:
  ControlGroups() { EXPECT_TRUE(make_folder(root_)); }
  ~ControlGroups() override { (void)remove_tree(root_); }

  void put(const Path& file, std::string_view text = {}) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  /// The first line of what a file begins with now: a file of the kernel's keeps no old text.
  std::string in(const Path& file) {
    auto text = read_file(root_ / file);
    return text ? *text : "not there";
  }
  void put_v1(const Path& folder) {
    for (const char* file : {"cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us"})
      put(folder / file);
  }
  void put_v2(const Path& folder) {
    for (const char* file : {"cgroup.controllers", "cpu.weight", "cpu.max", "memory.low"})
      put(folder / file);
  }
  Path root_ = "/tmp/truce-groups-" + random_hex(6);
};

hypervisor::Limits limited() {
  hypervisor::Limits limits{.cpu_shares = 50, .cpu_limit = 150, .memory_reservation = mib(64)};
  limits.groups = {{"default", 100, 0}, {"lab", 400, 300}};
  return limits;
}

TEST_F(ControlGroups, version_1_has_shares_quotas_and_soft_limits_of_a_machine_and_its_groups) {
  put_v1("cpu/truce");
  put_v1("cpu/truce/lab.pool");
  put_v1("cpu/truce/lab.pool/u");
  put("memory/truce/lab.pool/u/memory.limit_in_bytes");
  put("memory/truce/lab.pool/u/memory.soft_limit_in_bytes");
  ControlGroup groups({root_ / "cpu/truce/lab.pool/u", root_ / "memory/truce/lab.pool/u"});
  ASSERT_TRUE(groups.change({.wanted = limited()}));
  EXPECT_EQ(in("cpu/truce/lab.pool/u/cpu.shares"), "512");
  EXPECT_EQ(in("cpu/truce/lab.pool/u/cpu.cfs_quota_us"), "150000");
  EXPECT_EQ(in("cpu/truce/lab.pool/u/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(in("cpu/truce/lab.pool/cpu.shares"), "4096");
  EXPECT_EQ(in("cpu/truce/lab.pool/cpu.cfs_quota_us"), "300000");
  EXPECT_EQ(in("cpu/truce/cpu.shares"), "1024");
  EXPECT_EQ(in("cpu/truce/cpu.cfs_quota_us"), "-1");
  EXPECT_EQ(in("memory/truce/lab.pool/u/memory.soft_limit_in_bytes"), "67108864");
}

TEST_F(ControlGroups, version_2_has_weights_and_bandwidth_and_groups_keep_for_their_machines) {
  put_v2("truce");
  put_v2("truce/lab.pool");
  put_v2("truce/lab.pool/u");
  ControlGroup groups({root_ / "truce/lab.pool/u"});
  ASSERT_TRUE(groups.change({.wanted = limited()}));
  EXPECT_EQ(in("truce/lab.pool/u/cpu.weight"), "50");
  EXPECT_EQ(in("truce/lab.pool/u/cpu.max"), "150000 100000");
  EXPECT_EQ(in("truce/lab.pool/u/memory.low"), "67108864");
  EXPECT_EQ(in("truce/lab.pool/cpu.weight"), "400");
  EXPECT_EQ(in("truce/lab.pool/cpu.max"), "300000 100000");
  EXPECT_EQ(in("truce/lab.pool/memory.low"), "max");
  EXPECT_EQ(in("truce/cpu.max"), "max 100000");
}

TEST_F(ControlGroups, a_machines_weight_is_never_below_what_is_reserved_for_it) {
  put_v2("truce/u");
  put_v2("truce");
  ControlGroup groups({root_ / "truce/u"});
  ASSERT_TRUE(groups.change({.cpus = 2, .wanted = {.cpu_reservation = 150}}));
  EXPECT_EQ(in("truce/u/cpu.weight"), "200");
  put_v2("truce/u");
  ASSERT_TRUE(groups.change({.cpus = 2, .wanted = {.cpu_shares = 10, .cpu_reservation = 150}}));
  EXPECT_EQ(in("truce/u/cpu.weight"), "150");
}

TEST_F(ControlGroups, groups_that_a_machine_was_not_started_in_are_left_alone) {
  put_v2("truce");
  put_v2("truce/u");
  ControlGroup groups({root_ / "truce/u"});
  ASSERT_TRUE(groups.change({.wanted = limited()}));
  EXPECT_EQ(in("truce/cpu.weight"), "") << "it is not the group 'lab'";
}

TEST_F(ControlGroups, what_a_group_has_used_is_read_in_both_versions) {
  put("cpu/u/cpu.shares", "1024");
  put("cpu/u/cpu.stat", "nr_periods 10\nnr_throttled 4\nthrottled_time 2500000000\n");
  put("memory/u/memory.limit_in_bytes", "1");
  put("memory/u/memory.usage_in_bytes", "4096\n");
  auto first = ControlGroup({root_ / "cpu/u", root_ / "memory/u"}).use();
  EXPECT_EQ(first.throttled_seconds, 2.5);
  EXPECT_EQ(first.memory.count, 4096U);

  put_v2("u");
  put("u/cpu.stat", "usage_usec 1500000\nthrottled_usec 250000\n");
  put("u/memory.current", "8192\n");
  put("u/cpu.pressure", "some avg10=12.50 avg60=1.00 avg300=0.00 total=5\n");
  put("u/io.pressure", "some avg10=0.25 avg60=1.00 avg300=0.00 total=5\nfull avg10=0 total=1\n");
  auto second = ControlGroup({root_ / "u"}).use();
  EXPECT_EQ(second.cpu_seconds, 1.5);
  EXPECT_EQ(second.throttled_seconds, 0.25);
  EXPECT_EQ(second.memory.count, 8192U);
  EXPECT_EQ(second.cpu_pressure, 12.5);
  EXPECT_EQ(second.io_pressure, 0.25);
  EXPECT_EQ(second.memory_pressure, 0);
}

// On this host, with whatever it has.
TEST(ControlGroupsOfTheKernel, are_made_in_the_groups_above_changed_and_go_with_them) {
  ControlGroupPlace place{.name = "truce-test-" + random_hex(4)};
  auto groups = ControlGroup::make(place, "u", {.memory = mib(64), .wanted = limited()});
  if (groups.folders().empty()) GTEST_SKIP() << "skipped, because there are no control groups here";
  for (const auto& folder : groups.folders()) {
    EXPECT_EQ(folder.parent_path().filename(), "lab.pool") << folder;
    auto quota = read_file(folder / "cpu.cfs_quota_us");
    if (quota) EXPECT_EQ(*quota, "150000\n");
    auto above = read_file(folder.parent_path() / "cpu.cfs_quota_us");
    if (above) EXPECT_EQ(*above, "300000\n");
  }
  EXPECT_EQ(ControlGroup::find(place, "u").folders(), groups.folders());
  auto wider = limited();
  wider.cpu_limit = 0;
  wider.groups[1].cpu_limit = 0;
  EXPECT_TRUE(groups.change({.wanted = wider}));
  for (const auto& folder : groups.folders()) {
    auto quota = read_file(folder / "cpu.cfs_quota_us");
    if (quota) EXPECT_EQ(*quota, "-1\n");
  }
  groups.discard();
  EXPECT_TRUE(ControlGroup::find(place, "u").folders().empty());
  for (const auto& folder : groups.folders()) {
    EXPECT_FALSE(std::filesystem::exists(folder.parent_path())) << "an empty group goes";
    EXPECT_EQ(::rmdir(folder.parent_path().parent_path().c_str()), 0);
  }
}

}  // namespace
}  // namespace truce::qemu
