// What a host's instances mean, where the model's do not show it.
#include "picture.h"

#include <gtest/gtest.h>

namespace truce::hyperv {
namespace {

using model::Observed;

constexpr auto machine_id = "0f5c0a11-2b3c-4d5e-8f90-abcdef012345";
constexpr auto first_id = "11111111-2b3c-4d5e-8f90-abcdef012345";
constexpr auto second_id = "22222222-2b3c-4d5e-8f90-abcdef012345";

using Values = std::vector<std::pair<std::string, std::string>>;

Instance instance(const Values& values) {
  Instance one("X");
  for (const auto& [name, value] : values) one.add(name, value);
  return one;
}

std::string path_to(std::string_view snapshot) {
  return fmt::format(
      R"(\\HV1\root\virtualization\v2:Msvm_VirtualSystemSettingData.InstanceID="Microsoft:{}")",
      snapshot);
}

Instance snapshot(const std::string& id, const std::string& parent, const std::string& created,
                  const std::string& kind = "Snapshot:Realized") {
  return instance({{"InstanceID", "Microsoft:" + id},
                   {"ElementName", "of " + created},
                   {"VirtualSystemIdentifier", machine_id},
                   {"VirtualSystemType", "Microsoft:Hyper-V:" + kind},
                   {"CreationTime", created},
                   {"Parent", parent.empty() ? "" : path_to(parent)}});
}

/// A host with one machine that is off.
Seen one_machine(const std::string& after = {}) {
  Seen seen;
  seen.classes["Msvm_ComputerSystem"] = {
      instance({{"Name", "HV1"}, {"ElementName", "HV1"}, {"EnabledState", "2"}}),
      instance({{"Name", "0F5C0A11-2B3C-4D5E-8F90-ABCDEF012345"},
                {"ElementName", "web01"},
                {"EnabledState", "3"}})};
  seen.classes["Msvm_VirtualSystemSettingData"] = {
      instance({{"InstanceID", "Microsoft:0F5C0A11-2B3C-4D5E-8F90-ABCDEF012345"},
                {"VirtualSystemIdentifier", "0F5C0A11-2B3C-4D5E-8F90-ABCDEF012345"},
                {"VirtualSystemType", "Microsoft:Hyper-V:System:Realized"},
                {"Parent", after.empty() ? "" : path_to(after)}})};
  return seen;
}

platform::Machine machine_in(const Seen& seen) {
  auto all = picture(seen, "host", "HV1", "Windows");
  EXPECT_EQ(all.machines.seen.size(), 1U) << "the host itself is none";
  return all.machines.seen.at(0);
}

void add_storage(Seen& seen, const std::string& place, const std::string& kind,
                 const std::string& file) {
  auto own = std::string("Microsoft:") + machine_id + "\\" + place;
  auto path = [&](const std::string& id) {
    std::string doubled;
    for (char c : id) doubled += c == '\\' ? "\\\\" : std::string(1, c);
    return R"(\\HV1\root\virtualization\v2:Msvm_ResourceAllocationSettingData.InstanceID=")" +
           doubled + "\"";
  };
  auto controller = own.substr(0, own.find('\\', own.find('\\') + 1));
  seen.classes["Msvm_ResourceAllocationSettingData"].push_back(
      instance({{"InstanceID", controller},
                {"ResourceSubType", "Microsoft:Hyper-V:" + kind},
                {"Address", "1"}}));
  seen.classes["Msvm_ResourceAllocationSettingData"].push_back(
      instance({{"InstanceID", own + "\\D"},
                {"ResourceSubType", "Microsoft:Hyper-V:Synthetic Disk Drive"},
                {"AddressOnParent", place.substr(place.size() - 1)},
                {"Parent", path(controller)}}));
  seen.classes["Msvm_StorageAllocationSettingData"].push_back(
      instance({{"InstanceID", own + "\\L"},
                {"ResourceSubType", "Microsoft:Hyper-V:Virtual Hard Disk"},
                {"HostResource", file},
                {"Parent", path(own + "\\D")}}));
}

TEST(Picture, disks_are_where_they_sit_in_the_order_that_they_boot_in) {
  auto seen = one_machine();
  add_storage(seen, "aaaa\\0\\0", "Synthetic SCSI Controller", R"(D:\vm\data.vhdx)");
  add_storage(seen, "bbbb\\0\\1", "Synthetic SCSI Controller",
              R"(C:\ClusterStorage\v1\more.AVHDX)");
  add_storage(seen, "cccc\\0\\0", "Emulated IDE Controller", R"(D:\vm\boot.vhd)");
  seen.classes["Win32_Volume"] = {
      instance({{"Name", "C:\\"}, {"DeviceID", "c"}, {"DriveType", "3"}, {"Capacity", "9"}}),
      instance({{"Name", R"(C:\ClusterStorage\V1\)"},
                {"DeviceID", "csv"},
                {"DriveType", "3"},
                {"Capacity", "9"}}),
      instance({{"Name", R"(\\?\Volume{1}\)"}, {"DeviceID", "x"}, {"DriveType", "3"}}),
      instance({{"Name", "E:\\"}, {"DeviceID", "cd"}, {"DriveType", "5"}, {"Capacity", "9"}})};
  seen.files[R"(D:\vm\data.vhdx)"] = {gib(8), "D:\\base.vhdx", true};
  std::vector<std::string> files;
  for (const auto& [file, machine] : disk_files(seen)) {
    files.push_back(file);
    EXPECT_EQ(machine, seen.of("Msvm_ComputerSystem").back().guid("Name"));
  }
  EXPECT_EQ(files, (std::vector<std::string>{R"(C:\ClusterStorage\v1\more.AVHDX)",
                                             R"(D:\vm\boot.vhd)", R"(D:\vm\data.vhdx)"}));
  auto machine = machine_in(seen);
  ASSERT_EQ(machine.disks.size(), 3U);
  EXPECT_EQ(machine.disks[0].label, "IDE 1:0");
  EXPECT_EQ(machine.disks[0].format, "vhd");
  EXPECT_EQ(machine.disks[0].bus, model::DiskBus::ide);
  EXPECT_EQ(machine.disks[1].label, "SCSI 0:0");
  EXPECT_EQ(machine.disks[1].size, gib(8));
  EXPECT_EQ(machine.disks[1].parent, "D:\\base.vhdx");
  EXPECT_EQ(machine.disks[2].label, "SCSI 1:1");
  EXPECT_EQ(machine.disks[2].pool, "csv");
  EXPECT_EQ(machine.disks[2].format, "vhdx");
  auto pools = picture(seen, "host", "HV1", "Windows").pools.seen;
  ASSERT_EQ(pools.size(), 2U) << "neither what has no letter nor a CD";
}

TEST(Picture, snapshots_stand_behind_their_parents_and_those_of_backups_are_not_shown) {
  auto seen = one_machine(second_id);
  auto& all = seen.classes["Msvm_VirtualSystemSettingData"];
  all.push_back(snapshot(second_id, first_id, "20260101000000.000000-000"));
  all.push_back(
      snapshot(first_id, "33333333-2b3c-4d5e-8f90-abcdef012345", "20260102000000.000000-000"));
  all.push_back(snapshot("33333333-2b3c-4d5e-8f90-abcdef012345", "", "20260101000000.000000-000",
                         "Snapshot:Recovery"));
  auto machine = machine_in(seen);
  ASSERT_EQ(machine.snapshots.size(), 2U);
  EXPECT_EQ(machine.snapshots[0].id, first_id);
  EXPECT_EQ(machine.snapshots[0].parent, "");
  EXPECT_EQ(machine.snapshots[1].parent, first_id);
  EXPECT_EQ(machine.snapshot, second_id);
}

TEST(Picture, a_ring_of_snapshots_is_not_followed) {
  auto seen = one_machine(first_id);
  auto& all = seen.classes["Msvm_VirtualSystemSettingData"];
  all.push_back(snapshot(first_id, second_id, "20260101000000.000000-000"));
  all.push_back(snapshot(second_id, first_id, "20260101000000.000000-000"));
  EXPECT_TRUE(machine_in(seen).snapshots.empty());
}

TEST(Picture, settings_of_definitions_and_snapshots_are_no_machines) {
  auto seen = one_machine();
  seen.classes["Msvm_ProcessorSettingData"] = {
      instance({{"InstanceID", std::string("Microsoft:") + machine_id + "\\a\\0"},
                {"VirtualQuantity", "2"}}),
      instance({{"InstanceID", std::string("Microsoft:") + first_id + "\\a\\0"},
                {"VirtualQuantity", "7"}}),
      instance({{"InstanceID", R"(Microsoft:Definition\B\Maximum)"}, {"VirtualQuantity", "64"}})};
  EXPECT_EQ(machine_in(seen).cpus, 2);
  EXPECT_EQ(owner_of(R"(Microsoft:Definition\B637F347\Default)"), "");
  EXPECT_EQ(owner_of(std::string("Microsoft:") + machine_id + "0"), "");
}

TEST(Picture, a_machine_without_its_settings_is_looked_at_again) {
  auto seen = one_machine();
  EXPECT_FALSE(is_torn(seen));
  seen.classes["Msvm_ComputerSystem"].push_back(instance({{"Name", first_id}}));
  EXPECT_TRUE(is_torn(seen));
}

TEST(Picture, states_of_both_versions_are_known) {
  EXPECT_EQ(read_state(2), Observed::running);
  EXPECT_EQ(read_state(3), Observed::off);
  EXPECT_EQ(read_state(6), Observed::suspended);
  EXPECT_EQ(read_state(32769), Observed::suspended);
  EXPECT_EQ(read_state(9), Observed::paused);
  EXPECT_EQ(read_state(32768), Observed::paused);
  EXPECT_EQ(read_state(10), Observed::starting);
  EXPECT_EQ(read_state(77), Observed::unknown);
}

}  // namespace
}  // namespace truce::hyperv
