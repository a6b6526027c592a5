#include "platform/inventory.h"

#include <gtest/gtest.h>

namespace truce::platform {
namespace {

Machine machine(std::string id, std::string name, std::string uuid = {}) {
  Machine made;
  made.id = std::move(id);
  made.name = std::move(name);
  made.uuid = std::move(uuid);
  return made;
}

Update whole(std::vector<Machine> machines) {
  Update update;
  update.extent = Update::Extent::whole;
  update.at = Time(5s);
  update.machines.seen = std::move(machines);
  return update;
}

TEST(Inventory, nothing_is_known_before_a_whole_picture) {
  Inventory all;
  Update some;
  some.machines.seen = {machine("vm-1", "a")};
  all.apply(some);
  EXPECT_FALSE(all.known());
  all.apply(whole({}));
  EXPECT_TRUE(all.known());
  EXPECT_TRUE(all.machines().empty());
}

TEST(Inventory, only_what_differs_is_a_change) {
  Inventory all;
  all.apply(whole({machine("vm-1", "a"), machine("vm-2", "b")}));
  auto changed = all.apply(whole({machine("vm-1", "a"), machine("vm-2", "c")}));
  ASSERT_EQ(changed.machines.seen.size(), 1U);
  EXPECT_EQ(changed.machines.seen[0].name, "c");
  EXPECT_TRUE(changed.machines.gone.empty());
}

TEST(Inventory, a_whole_picture_removes_what_it_does_not_show) {
  Inventory all;
  all.apply(whole({machine("vm-1", "a"), machine("vm-2", "b")}));
  auto changed = all.apply(whole({machine("vm-2", "b")}));
  EXPECT_EQ(changed.machines.gone, std::vector<std::string>{"vm-1"});
  EXPECT_TRUE(changed.machines.seen.empty());
  EXPECT_FALSE(all.machines().contains("vm-1"));
}

TEST(Inventory, changes_leave_what_they_do_not_name) {
  Inventory all;
  all.apply(whole({machine("vm-1", "a"), machine("vm-2", "b")}));
  Update update;
  update.at = Time(9s);
  update.machines.gone = {"vm-2", "vm-7"};
  auto changed = all.apply(update);
  EXPECT_EQ(changed.machines.gone, std::vector<std::string>{"vm-2"});
  EXPECT_TRUE(all.machines().contains("vm-1"));
  EXPECT_EQ(all.told(), Time(9s));
}

TEST(Inventory, an_id_that_another_machine_has_now_is_gone_and_seen) {
  Inventory all;
  all.apply(whole({machine("vm-1", "a", "11111111-0000-0000-0000-000000000000")}));
  auto changed = all.apply(whole({machine("vm-1", "a", "22222222-0000-0000-0000-000000000000")}));
  EXPECT_EQ(changed.machines.gone, std::vector<std::string>{"vm-1"});
  EXPECT_EQ(changed.machines.seen.size(), 1U);
  EXPECT_EQ(all.machines().size(), 1U);
}

TEST(Inventory, paths_follow_the_folders_and_end_in_a_ring) {
  Inventory all;
  auto update = whole({});
  update.folders.seen = {{"root", "Datacenters", "Folder", ""},
                         {"dc", "DC0", "Datacenter", "root"},
                         {"vm", "vm", "Folder", "dc"},
                         {"x", "x", "Folder", "y"},
                         {"y", "y", "Folder", "x"}};
  all.apply(update);
  EXPECT_EQ(all.path_of("vm"), "DC0/vm");
  EXPECT_EQ(all.path_of("root"), "");
  EXPECT_EQ(all.path_of("none"), "");
  EXPECT_FALSE(all.path_of("x").empty());
}

}  // namespace
}  // namespace truce::platform
