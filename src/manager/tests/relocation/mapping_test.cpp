#include "relocation/mapping.h"

#include "mapping_lab.h"

namespace truce::manager {
namespace {

using model::DiskBus, model::NicModel;

/// What is on a platform: a machine with a disk and a card, two networks and two pools.
struct There {
  There() {
    machine.id = "vm-1";
    machine.uuid = "564d1111-2222-3333-4444-555566667777";
    machine.name = "Web 01";
    machine.state = model::Observed::off;
    machine.cpus = 2;
    machine.memory = gib(4);
    machine.disks = {
        {.id = "2000", .label = "Hard disk 1", .size = gib(10), .file = "[s] w/w.vmdk"}};
    machine.disks[0].controller = "ParaVirtualSCSIController";
    machine.nics = {
        {.id = "4000", .label = {}, .mac = "00:50:56:01:02:03", .network = "network-7"}};
    machine.nics[0].model = "VirtualVmxnet3";
  }
  platform::Inventory all() const {
    platform::Inventory all;
    platform::Update update{.extent = platform::Update::Extent::whole};
    update.machines.seen = {machine};
    update.networks.seen = {{.id = "network-7", .name = "VM Network", .kind = "Network"},
                            {.id = "dvportgroup-8", .name = "lab", .kind = {}}};
    update.pools.seen = {{.id = "datastore-1",
                          .name = "small",
                          .kind = {},
                          .url = {},
                          .size = gib(20),
                          .free = gib(1)},
                         {.id = "datastore-2",
                          .name = "large",
                          .kind = {},
                          .url = {},
                          .size = gib(100),
                          .free = gib(50)}};
    all.apply(std::move(update));
    return all;
  }
  platform::Machine machine;
};

class ToHereTest : public testing::Test {
 protected:
  Result<ToHere> map(model::MoveOptions options = {}) const {
    return to_here(there_.all(), there_.machine, options, {"default", "lab"});
  }
  There there_;
};

TEST_F(ToHereTest, what_qemu_has_stays_as_it_is) {
  there_.machine.firmware = model::Firmware::uefi;
  there_.machine.secure_boot = true;
  there_.machine.guest_kind = "windows2019srv_64Guest";
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->wish.name, "web-01");
  EXPECT_EQ(to->uuid, there_.machine.uuid);
  EXPECT_EQ(to->wish.cpus, 2);
  EXPECT_EQ(to->wish.memory, gib(4));
  EXPECT_EQ(to->wish.machine, model::MachineType::q35);
  EXPECT_EQ(to->wish.hardware->disk_bus, DiskBus::pvscsi);
  EXPECT_EQ(to->wish.hardware->nic_model, NicModel::vmxnet3);
  EXPECT_EQ(to->wish.hardware->firmware, model::Firmware::uefi);
  EXPECT_EQ(to->wish.hardware->secure_boot, model::SecureBoot::microsoft);
  EXPECT_EQ(to->wish.hardware->guest, model::GuestKind::windows);
  ASSERT_EQ(to->disks.size(), 1U);
  EXPECT_EQ(to->disks[0].id, "disk0");
  EXPECT_EQ(to->disks[0].theirs, "2000");
  EXPECT_EQ(to->report.bytes, gib(10));
  ASSERT_EQ(to->cards.size(), 1U);
  EXPECT_EQ(to->cards[0].mac, "00:50:56:01:02:03");
  EXPECT_EQ(to->cards[0].network, "default");
  EXPECT_TRUE(says(to->report.changed, "VM Network becomes default"));
  EXPECT_TRUE(says(to->report.changed, "name: Web 01 becomes web-01"));
  EXPECT_TRUE(says(to->report.lost, "variables of its firmware"));
}

TEST_F(ToHereTest, what_qemu_has_not_becomes_another_thing_and_is_told) {
  struct Row {
    std::string_view controller;
    model::Firmware firmware;
    DiskBus bus;
    model::MachineType type;
    bool told;
  };
  using enum model::MachineType;
  constexpr auto bios = model::Firmware::bios, uefi = model::Firmware::uefi;
  for (const auto& row : {Row{"VirtualLsiLogicSASController", bios, DiskBus::lsisas, q35, false},
                          Row{"VirtualLsiLogicController", bios, DiskBus::sata, q35, true},
                          Row{"VirtualAHCIController", uefi, DiskBus::sata, q35, false},
                          Row{"VirtualIDEController", bios, DiskBus::ide, legacy, false},
                          Row{"VirtualIDEController", uefi, DiskBus::sata, q35, true},
                          Row{"VirtualNVMEController", uefi, DiskBus::sata, q35, true},
                          Row{"SomethingNew", bios, DiskBus::sata, q35, true}}) {
    there_.machine.disks[0].controller = row.controller;
    there_.machine.firmware = row.firmware;
    auto to = map();
    ASSERT_TRUE(to) << row.controller;
    EXPECT_EQ(to->wish.hardware->disk_bus, row.bus) << row.controller;
    EXPECT_EQ(to->wish.machine, row.type) << row.controller;
    EXPECT_EQ(says(to->report.changed, "needs a driver"), row.told) << row.controller;
  }
}

TEST_F(ToHereTest, what_libvirt_calls_by_other_names_stays_too) {
  there_.machine.guest_kind = "http://microsoft.com/win/2k19";
  there_.machine.disks[0].controller = "virtio";
  there_.machine.disks[0].bus = DiskBus::virtio;
  there_.machine.nics[0].model = "virtio";
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->wish.hardware->guest, model::GuestKind::windows);
  EXPECT_EQ(to->wish.hardware->disk_bus, DiskBus::virtio);
  EXPECT_EQ(to->wish.hardware->nic_model, NicModel::virtio);
  EXPECT_TRUE(says(to->report.kept, "disks: virtio stays virtio"));
  EXPECT_TRUE(says(to->report.kept, "network cards: virtio stays virtio"));
  there_.machine.disks[0].controller = "lsilogic";
  there_.machine.disks[0].bus.reset();
  EXPECT_TRUE(says(map()->report.changed, "disks: lsilogic becomes sata"));
}

TEST_F(ToHereTest, what_xen_alone_has_becomes_virtio_and_what_its_host_did_is_told) {
  there_.machine.disks[0].controller = "xen";
  there_.machine.nics[0].model = "netfront";
  there_.machine.started_by = "the kernel /boot/vmlinuz";
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  EXPECT_EQ(to->wish.hardware->disk_bus, DiskBus::virtio);
  EXPECT_EQ(to->wish.hardware->nic_model, NicModel::virtio);
  for (const auto* part :
       {"xen becomes virtio", "netfront becomes virtio", "the kernel /boot/vmlinuz stays"})
    EXPECT_TRUE(says(to->report.changed, part)) << part;
}

TEST_F(ToHereTest, a_card_of_an_old_machine_fits_it) {
  there_.machine.disks[0].controller = "VirtualIDEController";
  there_.machine.nics[0].model = "VirtualE1000e";
  EXPECT_EQ(map()->wish.hardware->nic_model, NicModel::e1000);
  there_.machine.nics[0].model = "VirtualPCNet32";
  EXPECT_TRUE(says(map()->report.changed, "VirtualPCNet32 becomes e1000"));
}

TEST_F(ToHereTest, networks_are_chosen_by_name_for_one_or_for_all) {
  auto network = [&](std::vector<std::string> given) {
    return map({.to = "here", .network = std::move(given)});
  };
  EXPECT_EQ(network({"lab"})->cards[0].network, "lab");
  EXPECT_EQ(network({"VM Network=lab"})->cards[0].network, "lab");
  EXPECT_EQ(network({"other=lab"})->cards[0].network, "default");
  EXPECT_EQ(network({"VM Network=none"}).error().field, "/network");
  there_.machine.nics[0].network = "dvportgroup-8";
  EXPECT_EQ(network({})->cards[0].network, "lab") << "one of the same name is here";
  EXPECT_EQ(to_here(there_.all(), there_.machine, {}, {"other"}).error().field, "/network");
}

TEST_F(ToHereTest, what_cannot_come_is_refused_before_anything_is_made) {
  there_.machine.state = model::Observed::running;
  EXPECT_EQ(map().error().code, Code::precondition);
  there_ = There();
  there_.machine.template_ = true;
  EXPECT_EQ(map().error().code, Code::unsupported);
  there_ = There();
  there_.machine.disks.clear();
  EXPECT_EQ(map().error().code, Code::unsupported);
  there_ = There();
  there_.machine.disks.resize(8, there_.machine.disks[0]);
  EXPECT_EQ(map().error().code, Code::unsupported);
  there_ = There();
  there_.machine.name = "\xe6\x9c\xba";
  EXPECT_EQ(map().error().field, "/new_name");
  EXPECT_EQ(map({.to = "here", .new_name = "Not Plain"}).error().field, "/new_name");
  EXPECT_EQ(map({.to = "here", .new_name = "plain"})->wish.name, "plain");
}

class ToThereTest : public testing::Test {
 protected:
  ToThereTest() {
    vm_.name = "web01";
    vm_.uuid = "11111111-2222-3333-4444-555555555555";
    vm_.cpus = 4;
    vm_.memory = gib(2);
    vm_.wanted = model::Wanted::off;
    vm_.observed = model::Observed::off;
    vm_.disks = {{.id = "disk0", .size = gib(8)}, {.id = "disk1", .size = gib(1)}};
    vm_.nics = {{.network = "lab", .mac = "52:54:00:01:02:03"}};
  }
  Result<ToThere> map(model::MoveOptions options = {}) const {
    options.to = "prod";
    return to_there(vm_, options, there_.all(), "t-1", devices_);
  }
  There there_;
  model::Vm vm_;
  platform::Transfers::Devices devices_ = platform::Transfers::Devices::vmware;
};

TEST_F(ToThereTest, where_machines_have_our_devices_they_stay) {
  devices_ = platform::Transfers::Devices::ours;
  for (auto bus : {DiskBus::virtio, DiskBus::scsi, DiskBus::sata, DiskBus::lsisas}) {
    vm_.hardware.emplace().disk_bus = bus;
    EXPECT_EQ(map()->machine.disks[0].bus, bus);
  }
  vm_.hardware.emplace().nic_model = NicModel::rtl8139;
  EXPECT_EQ(map()->machine.nics[0].model, NicModel::rtl8139);
  EXPECT_TRUE(map()->report.changed.empty());
}

TEST_F(ToThereTest, a_machine_has_what_its_guest_needs_there) {
  auto to = map();
  ASSERT_TRUE(to) << to.error().message;
  const auto& machine = to->machine;
  EXPECT_EQ(machine.name, "web01");
  EXPECT_EQ(machine.uuid, vm_.uuid);
  EXPECT_TRUE(machine.description.contains("t-1"));
  EXPECT_EQ(machine.cpus, 4);
  EXPECT_EQ(machine.pool, "datastore-2") << "the one with most room";
  ASSERT_EQ(machine.disks.size(), 2U);
  EXPECT_EQ(machine.disks[0].bus, DiskBus::pvscsi);
  ASSERT_EQ(machine.nics.size(), 1U);
  EXPECT_EQ(machine.nics[0].network, "dvportgroup-8");
  EXPECT_EQ(machine.nics[0].model, NicModel::vmxnet3);
  EXPECT_TRUE(says(to->report.changed, "disks: virtio becomes pvscsi"));
  vm_.hardware.emplace().guest = model::GuestKind::windows;
  EXPECT_EQ(map()->machine.disks[0].bus, DiskBus::lsisas);
  EXPECT_EQ(map()->machine.nics[0].model, NicModel::e1000e);
}

TEST_F(ToThereTest, what_does_not_go_along_is_told) {
  vm_.nics[0].security_groups = {"web"};
  vm_.disks[0].key = "key1";
  vm_.iso = "cd@1";
  vm_.hardware.emplace().tpm = true;
  auto lost = map()->report.lost;
  for (const auto* part : {"security groups", "encryption", "CD", "TPM"})
    EXPECT_TRUE(says(lost, part)) << part;
}

TEST_F(ToThereTest, places_are_named_and_what_is_not_there_is_refused) {
  EXPECT_EQ(map({.pool = "nowhere"}).error().field, "/pool");
  EXPECT_EQ(map({.pool = "small"}).error().code, Code::limit);
  EXPECT_EQ(map({.pool = "large"})->machine.pool, "datastore-2");
  EXPECT_EQ(map({.host = "nobody"}).error().field, "/host");
  EXPECT_EQ(map({.network = {"VM Network"}})->machine.nics[0].network, "network-7");
  EXPECT_EQ(map({.network = {"lab=VM Network"}})->machine.nics[0].network, "network-7");
  vm_.nics[0].network = "default";
  EXPECT_EQ(map().error().field, "/network");
  vm_.observed = vm_.wanted == model::Wanted::off ? model::Observed::running : vm_.observed;
  EXPECT_EQ(map().error().code, Code::precondition);
}

TEST_F(ToThereTest, what_a_move_has_made_is_known_again_and_others_are_not) {
  auto made = there_.machine;
  made.uuid = vm_.uuid;
  EXPECT_FALSE(is_made_by(vm_, {}, "t-1", made)) << "another name";
  EXPECT_TRUE(is_made_by(vm_, {.new_name = "Web 01"}, "t-1", made));
  made.name = "web01";
  EXPECT_TRUE(is_made_by(vm_, {}, "t-1", made));
  made.uuid = there_.machine.uuid;
  EXPECT_FALSE(is_made_by(vm_, {}, "t-1", made)) << "another machine of that name";
  EXPECT_TRUE(check_name_there(there_.all(), "web01", vm_.uuid));
  EXPECT_EQ(check_name_there(there_.all(), "Web 01", vm_.uuid).error().field, "/new_name");
  there_.machine.id = vm_.uuid;  // as libvirt's are
  EXPECT_EQ(check_name_there(there_.all(), "web01", vm_.uuid).error().code, Code::conflict);
}

}  // namespace
}  // namespace truce::manager
