#include "platform/stored.h"

#include <gtest/gtest.h>

#include "platform/fake.h"

namespace truce::platform {
namespace {

/// Everything that a machine can have.
Machine full_machine() {
  Machine m{.id = "vm-7", .uuid = "4f", .name = "web \"01\" ü", .folder = "f", .host = "h"};
  m.template_ = true;
  m.state = model::Observed::absent;
  m.cpus = 4;
  m.memory = gib(3);
  m.firmware = model::Firmware::uefi;
  m.secure_boot = m.tpm = true;
  m.disks = {
      {.id = "2000", .label = "Hard disk 1", .size = gib(20480), .file = "[a] b", .thin = true},
      {.id = "2001", .format = "vmdk", .pool = "p", .bus = model::DiskBus::scsi}};
  m.disks[1].controller = "Para";
  m.disks[1].parent = "x";
  m.nics = {{.id = "4000", .label = "n", .mac = "52:54:00:00:00:01", .network = "net"}};
  m.nics[0].model = "vmxnet3";
  m.nics[0].connected = true;
  m.guest_os = "Debian";
  m.guest_kind = "debian12_64Guest";
  m.guest_name = "web";
  m.started_by = "the kernel /boot/vmlinuz";
  m.addresses = {"192.0.2.1", "2001:db8::1"};
  m.tools = Tools::running;
  m.snapshots = {{.id = "s-1", .name = "a", .created = Time(7s), .state = model::Observed::running},
                 {.id = "s-2", .name = "b", .description = "d", .parent = "s-1", .quiesced = true}};
  m.snapshot = "s-2";
  m.use = {100, mib(1), mib(2), gib(3)};
  return m;
}

Update full() {
  Update update;
  update.extent = Update::Extent::whole;
  update.at = Time(1234567ms);
  update.machines.seen = {full_machine()};
  update.machines.seen.push_back({.id = "vm-8", .name = "bare"});
  update.hosts.seen = {{"h", "esx1", "f", HostState::maintenance, 8, 20000, gib(64), "ESXi 8", "v",
                        "m", 1000, gib(1)}};
  update.pools.seen = {{"p", "store", "VMFS", "ds:///", gib(10), gib(5), false}};
  update.networks.seen = {{"net", "LAN", "Network"}};
  update.folders.seen = {{"root", "Datacenters", "Folder", ""}, {"f", "DC0", "Datacenter", "root"}};
  return update;
}

TEST(Stored, a_picture_is_read_as_it_was_written) {
  Inventory all;
  all.apply(full());
  auto text = to_text(all);
  auto read = read_text(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->at, Time(1234567ms));
  Inventory again;
  again.apply(*read);
  EXPECT_TRUE(again.known());
  EXPECT_EQ(again.machines(), all.machines());
  EXPECT_EQ(again.hosts(), all.hosts());
  EXPECT_EQ(again.pools(), all.pools());
  EXPECT_EQ(again.networks(), all.networks());
  EXPECT_EQ(again.folders(), all.folders());
  EXPECT_EQ(to_text(again), text);
}

TEST(Stored, what_is_no_picture_is_refused) {
  for (const auto* text : {"", "{", "[]", "{}", "null", "{\"machines\":[]}"})
    EXPECT_EQ(read_text(text).error().code, Code::corrupt) << text;
}

TEST(Stored, what_does_not_fit_is_passed_over) {
  auto read = read_text(
      R"({"told":1,"machines":[{"id":"a","cpus":"x","state":"?","tools":9,"new":{}},{"id":""},3]})");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->machines.seen.size(), 1U);
  Machine expected;
  expected.id = "a";
  EXPECT_EQ(read->machines.seen[0], expected);
}

}  // namespace
}  // namespace truce::platform
