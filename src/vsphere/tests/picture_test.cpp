#include "picture.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace truce::vsphere {
namespace {

using platform::Update;

std::string file(const std::string& name) {
  std::ifstream in(std::string(TRUCE_TEST_FILES) + "/envelopes/" + name);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

void take(Picture& picture, const std::string& element) {
  auto update = read_object(element);
  ASSERT_TRUE(update) << update.error().message;
  auto taken = picture.take(*update);
  ASSERT_TRUE(taken) << taken.error().message;
}

TEST(Picture, a_machine_is_read_as_the_documents_describe_it) {
  Picture picture;
  take(picture, file("machine.xml"));
  auto update = picture.collect(Update::Extent::whole);
  ASSERT_EQ(update.machines.seen.size(), 1U);
  const auto& machine = update.machines.seen[0];
  EXPECT_EQ(machine.id, "vm-62");
  EXPECT_EQ(machine.name, "web/01");
  EXPECT_EQ(machine.folder, "group-v3");
  EXPECT_EQ(machine.host, "host-21");
  EXPECT_EQ(machine.uuid, "265104de-1472-547c-b873-6dc7883fb6cb");
  EXPECT_EQ(machine.state, model::Observed::running);
  EXPECT_EQ(machine.cpus, 4);
  EXPECT_EQ(machine.memory, gib(8));
  EXPECT_EQ(machine.firmware, model::Firmware::uefi);
  EXPECT_TRUE(machine.secure_boot);
  EXPECT_TRUE(machine.tpm);
  EXPECT_EQ(machine.guest_os, "Debian GNU/Linux 12 (64-bit)");
  EXPECT_EQ(machine.addresses, (std::vector<std::string>{"192.0.2.7", "2001:db8::7"}));
  EXPECT_EQ(machine.tools, platform::Tools::running);
  EXPECT_EQ(machine.use.cpu_mhz, 120);
  EXPECT_EQ(machine.use.memory, mib(4096));
  EXPECT_EQ(machine.use.storage, gib(3));
}

TEST(Picture, disks_know_their_bus_file_and_pool_and_cards_their_network) {
  Picture picture;
  take(picture, file("machine.xml"));
  auto machine = picture.collect(Update::Extent::whole).machines.seen.at(0);
  ASSERT_EQ(machine.disks.size(), 3U);
  EXPECT_EQ(machine.disks[0].label, "Hard disk 1");
  EXPECT_EQ(machine.disks[0].bus, model::DiskBus::scsi);
  EXPECT_EQ(machine.disks[0].controller, "ParaVirtualSCSIController");
  EXPECT_EQ(machine.disks[0].size, gib(16));
  EXPECT_EQ(machine.disks[0].file, "[store] web01/web01-000001.vmdk");
  EXPECT_EQ(machine.disks[0].parent, "[store] web01/web01.vmdk");
  EXPECT_EQ(machine.disks[0].pool, "datastore-60");
  EXPECT_TRUE(machine.disks[0].thin);
  EXPECT_EQ(machine.disks[1].bus, model::DiskBus::ide);
  EXPECT_EQ(machine.disks[1].size, kib(2048)) << "old servers tell kilobytes alone";
  EXPECT_FALSE(machine.disks[2].bus) << "there is no word for NVMe";
  ASSERT_EQ(machine.nics.size(), 2U);
  EXPECT_EQ(machine.nics[0].mac, "00:50:56:ab:cd:ef");
  EXPECT_EQ(machine.nics[0].network, "network-7");
  EXPECT_EQ(machine.nics[0].model, "VirtualVmxnet3");
  EXPECT_TRUE(machine.nics[0].connected);
  EXPECT_EQ(machine.nics[1].network, "dvportgroup-13");
}

TEST(Picture, snapshots_stand_after_their_parents) {
  Picture picture;
  take(picture, file("machine.xml"));
  auto machine = picture.collect(Update::Extent::whole).machines.seen.at(0);
  ASSERT_EQ(machine.snapshots.size(), 3U);
  EXPECT_EQ(machine.snapshots[0].name, "before");
  EXPECT_EQ(machine.snapshots[0].parent, "");
  EXPECT_EQ(machine.snapshots[1].parent, machine.snapshots[0].id);
  EXPECT_EQ(machine.snapshots[1].state, model::Observed::running);
  EXPECT_TRUE(machine.snapshots[1].quiesced);
  EXPECT_EQ(machine.snapshots[2].parent, machine.snapshots[0].id);
  EXPECT_EQ(machine.snapshot, machine.snapshots[2].id);
}

TEST(Picture, a_property_that_is_taken_away_is_nothing) {
  Picture picture;
  take(picture, file("machine.xml"));
  (void)picture.collect(Update::Extent::whole);
  take(picture,
       "<objectSet><kind>modify</kind><obj type=\"VirtualMachine\">vm-62</obj>"
       "<changeSet><name>snapshot</name><op>remove</op></changeSet>"
       "<changeSet><name>guest.net</name><op>indirectRemove</op></changeSet></objectSet>");
  auto update = picture.collect(Update::Extent::changes);
  ASSERT_EQ(update.machines.seen.size(), 1U);
  EXPECT_TRUE(update.machines.seen[0].snapshots.empty());
  EXPECT_TRUE(update.machines.seen[0].addresses.empty());
  EXPECT_EQ(update.machines.seen[0].cpus, 4) << "the others stay";
  EXPECT_TRUE(picture.unread().empty());
}

TEST(Picture, parts_of_properties_are_to_be_read_again) {
  Picture picture;
  take(picture, file("machine.xml"));
  take(picture,
       "<objectSet><kind>modify</kind><obj type=\"VirtualMachine\">vm-62</obj><changeSet>"
       "<name>config.hardware.device[2000].backing.fileName</name><op>assign</op><val>x</val>"
       "</changeSet><changeSet><name>guest.net[\"4000\"]</name><op>remove</op></changeSet>"
       "<changeSet><name>config.hardwares</name><op>assign</op></changeSet></objectSet>");
  std::vector<Place> expected = {{{"VirtualMachine", "vm-62"}, "config.hardware"},
                                 {{"VirtualMachine", "vm-62"}, "guest.net"}};
  EXPECT_EQ(picture.unread(), expected);
  EXPECT_TRUE(picture.unread().empty());
}

TEST(Picture, changes_of_what_is_not_there_show_nothing) {
  Picture picture;
  take(picture,
       "<objectSet><kind>modify</kind><obj type=\"VirtualMachine\">vm-9</obj><changeSet>"
       "<name>name</name><op>assign</op><val>x</val></changeSet></objectSet>");
  take(picture, "<objectSet><kind>enter</kind><obj type=\"ResourcePool\">r</obj></objectSet>");
  EXPECT_TRUE(picture.collect(Update::Extent::whole).empty());
}

TEST(Picture, what_enters_again_begins_anew) {
  Picture picture;
  take(picture, file("machine.xml"));
  take(picture,
       "<objectSet><kind>enter</kind><obj type=\"VirtualMachine\">vm-62</obj><changeSet>"
       "<name>name</name><op>assign</op><val>x</val></changeSet></objectSet>");
  auto machine = picture.collect(Update::Extent::whole).machines.seen.at(0);
  EXPECT_EQ(machine.name, "x");
  EXPECT_TRUE(machine.disks.empty());
}

TEST(Picture, a_machine_that_its_host_cannot_be_asked_about_is_unknown) {
  Picture picture;
  take(picture,
       "<objectSet><kind>enter</kind><obj type=\"VirtualMachine\">vm-9</obj><changeSet>"
       "<name>runtime</name><op>assign</op><val><host type=\"HostSystem\">host-1</host>"
       "<connectionState>disconnected</connectionState><powerState>poweredOn</powerState></val>"
       "</changeSet></objectSet>");
  EXPECT_EQ(picture.collect(Update::Extent::whole).machines.seen.at(0).state,
            model::Observed::unknown);
}

TEST(Picture, hosts_pools_networks_and_folders_are_read) {
  Picture picture;
  for (const auto* name : {"host.xml", "datastore.xml", "portgroup.xml", "datacenter.xml"})
    take(picture, file(name));
  auto update = picture.collect(Update::Extent::whole);
  ASSERT_EQ(update.hosts.seen.size(), 1U);
  EXPECT_EQ(update.hosts.seen[0].state, platform::HostState::maintenance);
  EXPECT_EQ(update.hosts.seen[0].cpus, 16);
  EXPECT_EQ(update.hosts.seen[0].cpu_mhz, 8 * 2400);
  EXPECT_EQ(update.hosts.seen[0].memory, gib(64));
  EXPECT_EQ(update.hosts.seen[0].memory_used, mib(2048));
  EXPECT_EQ(update.hosts.seen[0].hypervisor, "VMware ESXi 8.0.1 build-1");
  ASSERT_EQ(update.pools.seen.size(), 1U);
  EXPECT_EQ(update.pools.seen[0].kind, "VMFS");
  EXPECT_EQ(update.pools.seen[0].free, gib(10));
  EXPECT_TRUE(update.pools.seen[0].reachable);
  ASSERT_EQ(update.networks.seen.size(), 1U);
  EXPECT_EQ(update.networks.seen[0].kind, "DistributedVirtualPortgroup");
  ASSERT_EQ(update.folders.seen.size(), 1U);
  EXPECT_EQ(update.folders.seen[0].kind, "Datacenter");
}

}  // namespace
}  // namespace truce::vsphere
