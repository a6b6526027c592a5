#include "relocation/to_hyperv.h"

#include "mapping_lab.h"

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel;

/// A machine here, and a host with Hyper-V.
class ToHyperVTest : public AMachineThatGoes {
 protected:
  ToHyperVTest()
      : AMachineThatGoes({.id = "switch-1", .name = "LAN", .kind = "virtual switch"}, "D:\\") {}
  Result<ToThere> map(std::optional<model::XenKind> xen = {}) {
    return to_there(vm_, {.to = "hv1", .xen = xen}, all_, "t-1",
                    platform::Transfers::Devices::hyperv);
  }
};

TEST_F(ToHyperVTest, with_bios_it_is_of_generation_1_with_four_disks_on_ide) {
  vm_.disks.resize(6, vm_.disks.front());
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.firmware, model::Firmware::bios);
  EXPECT_EQ(to->machine.uuid, vm_.uuid);
  EXPECT_EQ(to->machine.mark, "t-1");
  EXPECT_EQ(to->machine.pool, "p-1");
  std::vector<DiskBus> buses;
  for (const auto& disk : to->machine.disks) buses.push_back(disk.bus);
  EXPECT_EQ(buses, (std::vector{DiskBus::ide, DiskBus::ide, DiskBus::ide, DiskBus::ide,
                                DiskBus::scsi, DiskBus::scsi}));
  EXPECT_EQ(to->machine.nics.at(0).model, NicModel::virtio);
  EXPECT_EQ(to->machine.nics.at(0).network, "switch-1");
  EXPECT_TRUE(says(to->report.kept, "firmware: bios, as generation 1"));
  EXPECT_TRUE(says(to->report.changed, "disks: virtio becomes IDE"));
  EXPECT_TRUE(says(to->report.changed, "disks after the first 4: virtio becomes Hyper-V SCSI"));
  EXPECT_TRUE(says(to->report.changed, "virtio becomes Hyper-V's own (hv_netvsc)"));
  EXPECT_EQ(map(model::XenKind::hvm).error().field, "/xen");
}

TEST_F(ToHyperVTest, with_uefi_it_is_of_generation_2_with_whose_signatures_it_believed) {
  vm_.hardware.emplace().firmware = model::Firmware::uefi;
  vm_.hardware->secure_boot = model::SecureBoot::microsoft;
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_TRUE(to->machine.secure_boot);
  EXPECT_FALSE(to->machine.windows);
  EXPECT_EQ(to->machine.disks.at(0).bus, DiskBus::scsi);
  EXPECT_TRUE(says(to->report.kept, "firmware: uefi, as generation 2"));
  EXPECT_TRUE(says(to->report.changed, "disks: virtio becomes Hyper-V SCSI"));
  EXPECT_FALSE(says(to->report.lost, "Secure Boot"));
  vm_.hardware->guest = model::GuestKind::windows;
  vm_.hardware->secure_boot = model::SecureBoot::snakeoil;
  to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_TRUE(to->machine.windows);
  EXPECT_FALSE(to->machine.secure_boot);
  EXPECT_TRUE(says(to->report.lost, "Secure Boot: Hyper-V believes"));
}

TEST_F(ToHyperVTest, old_machines_have_an_old_card_and_memory_is_of_even_mebibytes) {
  vm_.machine = model::MachineType::legacy;
  vm_.hardware.emplace().disk_bus = DiskBus::ide;
  vm_.hardware->nic_model = NicModel::rtl8139;
  vm_.memory = mib(255);
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.memory, mib(256));
  EXPECT_TRUE(says(to->report.changed, "memory: 256MiB"))
      << fmt::format("{}", fmt::join(to->report.changed, "\n"));
  EXPECT_EQ(to->machine.nics.at(0).model, NicModel::rtl8139);
  EXPECT_TRUE(says(to->report.kept, "disks: ide stays"));
  EXPECT_TRUE(says(to->report.changed, "rtl8139 becomes Hyper-V's old one"));
}

}  // namespace
}  // namespace truce::manager
