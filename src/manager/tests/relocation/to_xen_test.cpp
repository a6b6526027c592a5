#include "relocation/to_xen.h"

#include "mapping_lab.h"

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel, model::XenKind;

/// A machine here, and a Xen host with a bridge and a pool.
class ToXenTest : public AMachineThatGoes {
 protected:
  ToXenTest()
      : AMachineThatGoes({.id = "bridge:xenbr0", .name = "xenbr0", .kind = "bridge"}, "images") {}
  Result<ToThere> map(std::optional<XenKind> kind = {}, std::optional<std::string> loader = {},
                      platform::Transfers::Devices devices = platform::Transfers::Devices::xen) {
    return to_there(vm_, {.to = "xen1", .xen = kind, .xen_loader = std::move(loader)}, all_, "t-1",
                    devices);
  }
};

TEST_F(ToXenTest, any_machine_goes_as_hvm) {
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.xen.kind, XenKind::hvm);
  EXPECT_EQ(to->machine.xen.loader, "");
  EXPECT_EQ(to->machine.firmware, model::Firmware::bios);
  EXPECT_EQ(to->machine.nics.at(0).model, NicModel::e1000);
  EXPECT_EQ(to->machine.nics.at(0).network, "bridge:xenbr0");
  EXPECT_TRUE(says(to->report.kept, "start: as HVM"));
  EXPECT_TRUE(says(to->report.kept, "firmware: bios"));
  EXPECT_TRUE(says(to->report.changed, "disks: virtio becomes xen (xvda), which is IDE as well"));
  EXPECT_TRUE(says(to->report.changed, "virtio becomes e1000, which is netfront as well"));
  EXPECT_TRUE(says(to->report.lost, "guest's agent"));
  EXPECT_FALSE(says(to->report.changed, "only the first 4"));
  vm_.hardware.emplace().nic_model = NicModel::rtl8139;
  vm_.hardware->guest = model::GuestKind::windows;
  vm_.disks.resize(5, vm_.disks.front());
  to = map(XenKind::hvm);
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.nics.at(0).model, NicModel::rtl8139);
  EXPECT_TRUE(says(to->report.kept, "rtl8139 stays"));
  EXPECT_TRUE(says(to->report.changed, "only the first 4 are IDE"));
}

TEST_F(ToXenTest, a_machine_with_uefi_needs_that_on_its_host_and_has_no_secure_boot) {
  vm_.hardware.emplace().firmware = model::Firmware::uefi;
  vm_.hardware->secure_boot = model::SecureBoot::microsoft;
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.firmware, model::Firmware::uefi);
  EXPECT_FALSE(to->machine.secure_boot);
  EXPECT_TRUE(says(to->report.changed, "firmware: uefi, which that host needs OVMF for"));
  EXPECT_TRUE(says(to->report.lost, "Secure Boot"));
  EXPECT_TRUE(says(to->report.lost, "variables of its firmware"));
}

TEST_F(ToXenTest, a_pool_takes_machines_as_hvm_only_and_gives_them_ids_of_its_own) {
  constexpr auto xapi = platform::Transfers::Devices::xapi;
  vm_.hardware.emplace().firmware = model::Firmware::uefi;
  auto to = map({}, {}, xapi);
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->machine.mark, "t-1");
  EXPECT_EQ(to->machine.uuid, "");
  EXPECT_TRUE(says(to->report.kept, "firmware: uefi"));
  EXPECT_FALSE(says(to->report.changed, "OVMF"));
  EXPECT_TRUE(says(to->report.lost, "its id (uuid)"));
  EXPECT_EQ(map(XenKind::pv, {}, xapi).error().field, "/xen");
  // What is left of one that was being made is known by its name, whatever its id is.
  const model::MoveOptions options{.to = "xen1", .new_name = "b"};
  platform::Machine there{.uuid = "another", .name = "b (t-1)"};
  EXPECT_TRUE(is_made_by(vm_, options, "t-1", there));
  EXPECT_FALSE(is_made_by(vm_, options, "t-2", there));
  there.name = "b";
  EXPECT_FALSE(is_made_by(vm_, options, "t-1", there));
  there.uuid = vm_.uuid;
  EXPECT_TRUE(is_made_by(vm_, options, "t-1", there));
}

TEST_F(ToXenTest, linux_goes_as_pvh_or_pv_when_asked_and_is_told_what_it_needs) {
  vm_.hardware.emplace().firmware = model::Firmware::uefi;
  struct Row {
    XenKind kind;
    std::string_view word, loader;
  };
  for (const auto& row :
       {Row{XenKind::pvh, "as PVH, by", "/usr/lib/grub-xen/grub-i386-xen_pvh.bin"},
        Row{XenKind::pv, "as PV, by", "/usr/lib/grub-xen/grub-x86_64-xen.bin"}}) {
    auto to = map(row.kind);
    ASSERT_TRUE(to) << to.error().message;
    EXPECT_EQ(to->machine.xen.kind, row.kind);
    EXPECT_EQ(to->machine.xen.loader, row.loader);
    EXPECT_EQ(to->machine.firmware, model::Firmware::bios) << "none is asked for";
    for (auto part : {row.word, row.loader, std::string_view("its firmware (uefi)"),
                      std::string_view("MODULES=most"), std::string_view("needs xen-netfront"),
                      std::string_view("console=hvc0")})
      EXPECT_TRUE(says(to->report.changed, part)) << part;
  }
  EXPECT_EQ(map(XenKind::pv, "/opt/xen/pv-grub.gz")->machine.xen.loader, "/opt/xen/pv-grub.gz");
}

TEST_F(ToXenTest, what_cannot_start_so_is_refused) {
  for (const auto* loader : {"grub.bin", "/srv/../etc/shadow", "/a b", "/a<b"})
    EXPECT_EQ(map(XenKind::pvh, loader).error().field, "/xen_loader") << loader;
  EXPECT_EQ(map({}, "/usr/lib/xen/pv-grub").error().field, "/xen_loader");
  vm_.hardware.emplace().guest = model::GuestKind::windows;
  EXPECT_EQ(map(XenKind::pv).error().field, "/xen");
}

TEST_F(ToXenTest, what_goes_elsewhere_is_told_nothing_of_xen) {
  using enum platform::Transfers::Devices;
  for (auto devices : {vmware, ours}) {
    EXPECT_EQ(map(XenKind::hvm, {}, devices).error().field, "/xen");
    EXPECT_EQ(map({}, "/a", devices).error().field, "/xen_loader");
    EXPECT_TRUE(map({}, {}, devices));
  }
  platform::Machine machine;
  EXPECT_EQ(to_here(all_, machine, {.to = "here", .xen = XenKind::pv}, {}).error().field, "/xen");
}

}  // namespace
}  // namespace truce::manager
