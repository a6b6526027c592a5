#include "documents.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace truce::libvirt {
namespace {

using model::DiskBus;

std::string file(const std::string& name) {
  std::ifstream in(std::string(TRUCE_TEST_FILES) + "/domains/" + name);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

Places places() {
  return {.pools_by_path = {{"/srv/images", "pool-1"}, {"/dev/vg", "pool-2"}},
          .pools = {{"images", "pool-1"}, {"vg", "pool-2"}},
          .networks = {{"default", "net-1"}}};
}

DomainDocument read(const std::string& name) {
  auto read = read_domain(file(name), places());
  if (!read) ADD_FAILURE() << read.error().message;
  return read ? *std::move(read) : DomainDocument();
}

TEST(Documents, a_machine_of_qemu_is_read) {
  auto document = read("qemu.xml");
  const auto& machine = document.machine;
  EXPECT_EQ(machine.id, "6f1dfa41-bd30-4156-8b09-1d64d982618d");
  EXPECT_EQ(machine.uuid, machine.id);
  EXPECT_EQ(machine.name, "web01");
  EXPECT_EQ(machine.cpus, 2) << "those that are plugged in";
  EXPECT_EQ(machine.memory, gib(4));
  EXPECT_EQ(machine.firmware, model::Firmware::uefi);
  EXPECT_TRUE(machine.secure_boot);
  EXPECT_TRUE(machine.tpm);
  EXPECT_EQ(machine.tools, platform::Tools::running);
  EXPECT_TRUE(document.agent);
  EXPECT_EQ(machine.guest_kind, "http://debian.org/debian/12");
  EXPECT_EQ(machine.guest_os, "debian.org/debian/12");
}

TEST(Documents, disks_know_their_file_bus_and_pool_and_what_they_are_differences_to) {
  auto document = read("qemu.xml");
  const auto& disks = document.machine.disks;
  ASSERT_EQ(disks.size(), 4U) << "a CD is none";
  EXPECT_EQ(disks[0].id, "vda");
  EXPECT_EQ(disks[0].file, "/srv/images/web01.qcow2");
  EXPECT_EQ(disks[0].format, "qcow2");
  EXPECT_EQ(disks[0].pool, "pool-1");
  EXPECT_EQ(disks[0].bus, DiskBus::virtio);
  EXPECT_EQ(disks[0].parent, "/srv/images/debian.qcow2");
  EXPECT_EQ(disks[1].file, "/dev/vg/data");
  EXPECT_EQ(disks[1].pool, "pool-2");
  EXPECT_EQ(disks[1].bus, DiskBus::scsi);
  EXPECT_EQ(disks[2].file, "images/shared.img");
  EXPECT_EQ(disks[2].pool, "pool-1");
  EXPECT_FALSE(disks[2].bus) << "there is no word for USB";
  EXPECT_EQ(disks[2].controller, "usb");
  EXPECT_EQ(disks[3].file, "rbd:ceph/web01");
  EXPECT_EQ(disks[3].pool, "");
  EXPECT_EQ(document.keeps, std::vector<std::string>{"sdb"});
}

TEST(Documents, cards_lead_to_networks_of_libvirt_and_to_others) {
  auto document = read("qemu.xml");
  const auto& nics = document.machine.nics;
  ASSERT_EQ(nics.size(), 3U);
  EXPECT_EQ(nics[0].mac, "52:54:00:ab:cd:ef");
  EXPECT_EQ(nics[0].network, "net-1");
  EXPECT_EQ(nics[0].model, "virtio");
  EXPECT_TRUE(nics[0].connected);
  EXPECT_EQ(nics[1].network, "bridge:br0");
  EXPECT_FALSE(nics[1].connected);
  EXPECT_EQ(nics[2].network, "user");
  EXPECT_NE(nics[1].id, nics[2].id) << "though their addresses are the same";
  ASSERT_EQ(document.networks.size(), 2U);
  EXPECT_EQ(document.networks[0].name, "br0");
  EXPECT_EQ(document.networks[0].kind, "bridge");
}

TEST(Documents, a_machine_of_xen_is_read) {
  auto document = read("xen.xml");
  const auto& machine = document.machine;
  EXPECT_EQ(machine.name, "db 1");
  EXPECT_EQ(machine.cpus, 3);
  EXPECT_EQ(machine.memory, kib(592896));
  EXPECT_EQ(machine.firmware, model::Firmware::uefi);
  EXPECT_FALSE(machine.secure_boot);
  EXPECT_EQ(machine.tools, platform::Tools::none);
  ASSERT_EQ(machine.disks.size(), 1U);
  EXPECT_EQ(machine.disks[0].id, "xvda");
  EXPECT_EQ(machine.disks[0].pool, "pool-2");
  EXPECT_EQ(machine.disks[0].format, "raw");
  EXPECT_FALSE(machine.disks[0].bus);
  EXPECT_EQ(machine.disks[0].controller, "xen");
  ASSERT_EQ(machine.nics.size(), 1U);
  EXPECT_EQ(machine.nics[0].network, "bridge:xenbr1");
  EXPECT_EQ(machine.nics[0].label, "vif3.0");
}

// As libxl of Xen 4.17 has answered, of machines that ran (tests/peers/xen).
TEST(Documents, the_three_kinds_of_machines_of_a_real_xen_are_read) {
  for (const auto* name : {"pv", "pvh", "hvm"}) {
    auto document = read(fmt::format("xen-{}.xml", name));
    const auto& machine = document.machine;
    EXPECT_EQ(machine.name, fmt::format("{}1", name));
    EXPECT_EQ(machine.cpus, 1);
    EXPECT_EQ(machine.memory, std::string_view(name) == "hvm" ? mib(128) : mib(96));
    EXPECT_EQ(machine.firmware, model::Firmware::bios);
    EXPECT_FALSE(document.agent);
    ASSERT_EQ(machine.nics.size(), 1U);
    EXPECT_EQ(machine.nics[0].network, "bridge:xenbr0");
    bool emulated = std::string_view(name) == "hvm";
    EXPECT_EQ(machine.nics[0].model, emulated ? "rtl8139" : "netfront");
    EXPECT_EQ(machine.started_by, emulated ? "" : "the kernel /srv/guest/vmlinuz");
  }
  auto disks = read("xen-hvm.xml").machine.disks;
  ASSERT_EQ(disks.size(), 1U);
  EXPECT_EQ(disks[0].id, "sda");
  EXPECT_EQ(disks[0].file, "/var/lib/libvirt/images/hvm1.img");
  EXPECT_EQ(disks[0].format, "raw");
  EXPECT_EQ(disks[0].bus, std::nullopt) << "that is no virtio-scsi";
  EXPECT_EQ(disks[0].controller, "lsilogic");
}

TEST(Documents, a_machine_of_the_test_driver_is_read) {
  auto document = read("test.xml");
  const auto& machine = document.machine;
  EXPECT_EQ(machine.name, "test");
  EXPECT_EQ(machine.memory, gib(8));
  EXPECT_EQ(machine.firmware, model::Firmware::bios);
  ASSERT_EQ(machine.disks.size(), 1U);
  EXPECT_EQ(machine.disks[0].pool, "") << "its folder is no pool's";
  EXPECT_EQ(machine.nics.at(0).network, "net-1");
}

TEST(Documents, what_is_none_is_refused) {
  auto refused = [](std::string_view text) {
    auto none = read_domain(text, {});
    return none ? Code::internal : none.error().code;
  };
  for (const auto* text : {"", "<a/>", "<domain", "<domain><name>x</name></domain>",
                           "<domain><uuid>x</uuid></domain>"})
    EXPECT_EQ(refused(text), Code::corrupt) << text;
  EXPECT_EQ(refused(std::string(5 << 20, ' ')), Code::limit);
}

TEST(Documents, snapshots_are_read_and_stand_after_their_parents) {
  auto one = read_snapshot(
      "<domainsnapshot><name>s2</name><description>a &lt;b&gt;</description><state>running</state>"
      "<creationTime>1796146318</creationTime><parent><name>s1</name></parent></domainsnapshot>");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->id, "s2");
  EXPECT_EQ(one->description, "a <b>");
  EXPECT_EQ(one->parent, "s1");
  EXPECT_EQ(one->state, model::Observed::running);
  EXPECT_EQ(one->created, Time(std::chrono::seconds(1796146318)));
  auto ordered = in_order({{.id = "c", .parent = "b"},
                           *one,
                           {.id = "b", .parent = "s2"},
                           {.id = "r", .parent = "t"},
                           {.id = "t", .parent = "r"}});
  std::vector<std::string> ids, parents;
  for (const auto& each : ordered) {
    ids.push_back(each.id);
    parents.push_back(each.parent);
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"s2", "b", "c", "r", "t"}));
  EXPECT_EQ(parents, (std::vector<std::string>{"", "s2", "b", "", "r"}))
      << "a parent that is not there is none, and a ring is opened";
}

TEST(Documents, pools_networks_and_volumes_are_read) {
  auto pool = read_pool(
      "<pool type='dir'><name>images</name><uuid>1979c823-4901-4435-8b01-ef5b3b0a48ec</uuid>"
      "<capacity unit='bytes'>1000</capacity><available unit='KiB'>2</available>"
      "<target><path>/srv/images/</path></target></pool>");
  ASSERT_TRUE(pool);
  EXPECT_EQ(pool->pool.name, "images");
  EXPECT_EQ(pool->pool.kind, "dir");
  EXPECT_EQ(pool->pool.size.count, 1000U);
  EXPECT_EQ(pool->pool.free, kib(2));
  EXPECT_EQ(pool->folder, "/srv/images");
  auto network =
      read_network("<network><name>n</name><uuid>u</uuid><forward mode='nat'/></network>");
  ASSERT_TRUE(network);
  EXPECT_EQ(network->kind, "nat");
  auto volume = read_volume(
      "<volume><name>v</name><capacity unit='bytes'>16</capacity><target><format type='qcow2'/>"
      "</target><backingStore><path>/b</path></backingStore></volume>");
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->format, "qcow2");
  EXPECT_EQ(volume->backing, "/b");
  EXPECT_EQ(read_host_uuid("<capabilities><host><uuid>AB</uuid></host></capabilities>"), "ab");
  auto maker = read_maker(
      "<sysinfo><system><entry name='manufacturer'>Acme</entry><entry name='product'>One</entry>"
      "</system></sysinfo>");
  EXPECT_EQ(maker.vendor + maker.model, "AcmeOne");
}

TEST(Documents, a_copy_has_nothing_that_is_the_originals_alone) {
  auto copy =
      as_copy(file("qemu.xml"), "a <b>",
              {{"vda", "/srv/images/x.qcow2"}, {"sda", "/dev/vg/x"}, {"sdb", "/srv/images/y.img"}});
  ASSERT_TRUE(copy);
  for (const auto* gone : {"6F1DFA41", "52:54:00", "web01_VARS", "43dc0cf8", "debian.qcow2"})
    EXPECT_FALSE(copy->contains(gone)) << gone;
  EXPECT_TRUE(copy->contains("<name>a &lt;b&gt;</name>"));
  EXPECT_TRUE(copy->contains("<genid"));
  EXPECT_TRUE(copy->contains("file=\"/srv/images/x.qcow2\""));
  EXPECT_TRUE(copy->contains("dev=\"/dev/vg/x\""));
  EXPECT_TRUE(copy->contains("volume=\"y.img\""));
  EXPECT_TRUE(copy->contains("debian.iso")) << "what is in a drive stays";
}

TEST(Documents, what_libvirt_is_told_is_escaped) {
  EXPECT_TRUE(snapshot_xml("a&b", "<c>").contains("<description>&lt;c&gt;</description>"));
  auto xml = volume_xml("a\"<", {.format = "qcow2", .size = mib(1)});
  auto volume = read_volume(xml);
  ASSERT_TRUE(volume) << xml;
  EXPECT_EQ(volume->name, "a\"<");
  EXPECT_EQ(volume->size, mib(1));
  EXPECT_EQ(volume->format, "qcow2");
}

TEST(Documents, a_host_tells_what_kinds_of_machines_it_starts) {
  auto guest = [](std::string kind, std::string arch) {
    return "<guest><os_type>" + kind + "</os_type><arch name='" + arch +
           "'><domain type='xen'/></arch></guest>";
  };
  using enum model::XenKind;
  EXPECT_EQ(read_xen_kinds("<capabilities>" + guest("xen", "x86_64") + guest("hvm", "i686") +
                           guest("xenpvh", "i686") + guest("hvm", "x86_64") +
                           guest("xenpvh", "x86_64") + "</capabilities>"),
            (std::vector{pv, hvm, pvh}));
  auto without_svm = "<capabilities>" + guest("xen", "x86_64") + "</capabilities>";
  EXPECT_EQ(read_xen_kinds(without_svm), std::vector{pv});
  EXPECT_FALSE(read_has_kvm(without_svm));
  EXPECT_TRUE(read_has_kvm(
      "<capabilities><guest><os_type>hvm</os_type><arch name='x86_64'><domain type='qemu'/>"
      "<domain type='kvm'/></arch></guest></capabilities>"));
  EXPECT_TRUE(read_xen_kinds("").empty());
}

}  // namespace
}  // namespace truce::libvirt
