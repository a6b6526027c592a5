#include "moving/new_domain.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "documents.h"

namespace truce::libvirt {
namespace {

using model::DiskBus, model::NicModel;

NewDomain machine() {
  NewDomain made;
  made.wish.name = "web <01>";
  made.wish.uuid = "11111111-2222-3333-4444-555555555555";
  made.wish.description = "a & b\nmoved from Truce by t-1";
  made.wish.cpus = 4;
  made.wish.cores = 2;
  made.wish.memory = mib(512);
  made.wish.disks = {{.size = mib(16), .bus = DiskBus::virtio},
                     {.size = mib(32), .bus = DiskBus::virtio}};
  made.disks = {{"/srv/a & b/web01-vda.qcow2", "qcow2", false}, {"/dev/vg/web01-vdb", "raw", true}};
  made.wish.nics = {
      {.mac = "52:54:00:00:00:01", .network = "net-1", .model = NicModel::virtio},
      {.mac = "52:54:00:00:00:02", .network = "bridge:br0", .model = NicModel::e1000},
      {.mac = "52:54:00:00:00:03", .network = "direct:eth0", .model = NicModel::e1000e},
      {.mac = "52:54:00:00:00:04", .network = "user", .model = NicModel::rtl8139}};
  made.cards = {{"network", "network", "default"}};
  for (std::size_t i = 1; i < made.wish.nics.size(); ++i)
    made.cards.push_back(*place_of_card(made.wish.nics[i].network));
  made.kvm = true;
  return made;
}

// Rewritten by TRUCE_UPDATE_GOLDEN=1 and then reviewed as a diff. Answers what is written in it.
std::string expect_document(const std::string& name, const NewDomain& made) {
  auto path = std::string(TRUCE_TEST_FILES) + "/domains/" + name;
  auto xml = domain_xml(made);
  if (std::getenv("TRUCE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << xml;
  std::stringstream wanted;
  wanted << std::ifstream(path).rdbuf();
  EXPECT_EQ(xml, wanted.str()) << path;
  return xml;
}

void expect_golden(const std::string& name, const NewDomain& made) {
  auto xml = expect_document(name, made);
  // What we write we read as what was wished.
  auto read =
      read_domain(xml, {.pools_by_path = {}, .pools = {}, .networks = {{"default", "net-1"}}});
  ASSERT_TRUE(read) << read.error().message;
  const auto& machine = read->machine;
  EXPECT_EQ(machine.name, made.wish.name);
  EXPECT_EQ(machine.uuid, made.wish.uuid);
  EXPECT_EQ(machine.cpus, made.wish.cpus);
  EXPECT_EQ(machine.memory, made.wish.memory);
  EXPECT_EQ(machine.firmware, made.wish.firmware);
  EXPECT_EQ(machine.secure_boot, made.wish.secure_boot);
  ASSERT_EQ(machine.disks.size(), made.wish.disks.size());
  for (std::size_t i = 0; i < machine.disks.size(); ++i) {
    EXPECT_EQ(machine.disks[i].bus, made.wish.disks[i].bus);
    EXPECT_EQ(machine.disks[i].file, made.disks[i].path);
    EXPECT_EQ(machine.disks[i].id, target_name(made, i));
  }
  ASSERT_EQ(machine.nics.size(), made.wish.nics.size());
  for (std::size_t i = 0; i < machine.nics.size(); ++i) {
    EXPECT_EQ(machine.nics[i].mac, made.wish.nics[i].mac);
    EXPECT_EQ(machine.nics[i].network, made.wish.nics[i].network);
    EXPECT_EQ(machine.nics[i].model, to_string(made.wish.nics[i].model));
  }
}

TEST(NewDomain, a_machine_with_bios_and_virtio) {
  expect_golden("new_bios_virtio.xml", machine());
}

TEST(NewDomain, a_machine_with_secure_boot_without_kvm_that_is_still_coming) {
  auto made = machine();
  made.kvm = false;
  made.incoming = true;
  made.wish.firmware = model::Firmware::uefi;
  made.wish.secure_boot = true;
  for (auto& disk : made.wish.disks) disk.bus = DiskBus::lsisas;
  expect_golden("new_secure_lsisas.xml", made);
}

TEST(NewDomain, a_machine_with_ide_is_an_older_pc) {
  auto made = machine();
  for (auto& disk : made.wish.disks) disk.bus = DiskBus::ide;
  made.wish.nics.clear();
  made.cards.clear();
  expect_golden("new_bios_ide.xml", made);
}

TEST(NewDomain, scsi_and_pvscsi_have_their_controllers) {
  for (auto bus : {DiskBus::scsi, DiskBus::pvscsi, DiskBus::sata}) {
    auto made = machine();
    for (auto& disk : made.wish.disks) disk.bus = bus;
    auto read = read_domain(domain_xml(made), {});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->machine.disks.at(1).bus, bus);
    EXPECT_EQ(read->machine.disks.at(1).id, "sdb");
  }
}

// --- on a host with Xen
// ----------------------------------------------------------------------------------------

NewDomain on_xen(model::XenKind kind, std::string loader) {
  auto made = machine();
  made.kvm = false;
  made.xen = true;
  made.wish.xen = {.kind = kind, .loader = std::move(loader)};
  made.disks[0].path = "/srv/a & b/web01-xvda.qcow2";
  made.disks[1].path = "/dev/vg/web01-xvdb";
  made.wish.nics.resize(2);
  made.wish.nics[0].model = NicModel::e1000;
  made.wish.nics[1].model = NicModel::rtl8139;
  made.cards.resize(2);
  return made;
}

void expect_golden_of_xen(const std::string& name, const NewDomain& made,
                          const std::vector<std::string>& cards) {
  auto read = read_domain(expect_document(name, made),
                          {.pools_by_path = {}, .pools = {}, .networks = {{"default", "net-1"}}});
  ASSERT_TRUE(read) << read.error().message;
  const auto& machine = read->machine;
  EXPECT_EQ(machine.cpus, made.wish.cpus);
  EXPECT_EQ(machine.memory, made.wish.memory);
  EXPECT_EQ(machine.firmware, made.wish.firmware);
  ASSERT_EQ(machine.disks.size(), 2U);
  ASSERT_EQ(machine.nics.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(machine.disks[i].controller, "xen");
    EXPECT_EQ(machine.disks[i].file, made.disks[i].path);
    EXPECT_EQ(machine.disks[i].id, i == 0 ? "xvda" : "xvdb");
    EXPECT_EQ(machine.nics[i].mac, made.wish.nics[i].mac);
    EXPECT_EQ(machine.nics[i].network, made.wish.nics[i].network);
    EXPECT_EQ(machine.nics[i].model, cards[i]);
  }
  auto loader = made.wish.xen.loader;
  EXPECT_EQ(machine.started_by, loader.empty() ? "" : "the kernel " + loader);
}

TEST(NewDomain, on_xen_any_system_starts_as_hvm) {
  expect_golden_of_xen("new_xen_hvm.xml", on_xen(model::XenKind::hvm, ""), {"e1000", "rtl8139"});
}

TEST(NewDomain, on_xen_a_machine_with_uefi_that_is_still_coming) {
  auto made = on_xen(model::XenKind::hvm, "");
  made.incoming = true;
  made.wish.firmware = model::Firmware::uefi;
  expect_golden_of_xen("new_xen_uefi.xml", made, {"e1000", "rtl8139"});
}

TEST(NewDomain, on_xen_linux_starts_by_a_program_of_its_host) {
  expect_golden_of_xen("new_xen_pvh.xml", on_xen(model::XenKind::pvh, "/opt/a & b/pvh.bin"),
                       {"netfront", "netfront"});
  expect_golden_of_xen("new_xen_pv.xml", on_xen(model::XenKind::pv, "/opt/pv.bin"),
                       {"netfront", "netfront"});
}

TEST(NewDomain, a_card_goes_into_what_has_a_name) {
  for (const auto* none : {"", "bridge:", "direct", "ethernet", "net-1"})
    EXPECT_EQ(place_of_card(none).error().code, Code::invalid) << none;
}

}  // namespace
}  // namespace truce::libvirt
