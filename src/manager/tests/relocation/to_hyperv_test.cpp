#include "relocation/to_hyperv.h"

#include <gtest/gtest.h>

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel;

bool says(const std::vector<std::string>& lines, std::string_view part) {
  return std::ranges::any_of(lines, [&](const auto& line) { return line.contains(part); });
}

/// A machine here, and a host with Hyper-V.
class ToHyperVTest : public testing::Test {
 protected:
  ToHyperVTest() {
    vm_.name = "web01";
    vm_.uuid = "11111111-2222-3333-4444-555555555555";
    vm_.cpus = 2;
    vm_.memory = gib(1);
    vm_.wanted = model::Wanted::off;
    vm_.observed = model::Observed::off;
    vm_.disks = {{.id = "disk0", .size = gib(8)}};
    vm_.nics = {{.network = "LAN", .mac = "52:54:00:01:02:03"}};
    platform::Update update{.extent = platform::Update::Extent::whole};
    update.networks.seen = {{.id = "switch-1", .name = "LAN", .kind = "virtual switch"}};
    update.pools.seen = {
        {.id = "v-1", .name = "D:\\", .kind = {}, .url = {}, .size = gib(100), .free = gib(50)}};
    all_.apply(std::move(update));
  }
  Result<ToThere> map(std::optional<model::XenKind> xen = {}) {
    return to_there(vm_, {.to = "hv1", .xen = xen}, all_, "t-1",
                    platform::Transfers::Devices::hyperv);
  }

  model::Vm vm_;
  platform::Inventory all_;
};

TEST_F(ToHyperVTest, with_bios_it_is_of_generation_1_with_four_disks_on_ide) {
  vm_.disks.resize(6, vm_.disks.front());
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.firmware, model::Firmware::bios);
  EXPECT_EQ(to->machine.uuid, vm_.uuid);
  EXPECT_EQ(to->machine.mark, "t-1");
  EXPECT_EQ(to->machine.pool, "v-1");
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
