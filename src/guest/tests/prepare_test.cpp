#include "guest/prepare.h"

#include <gtest/gtest.h>

#include "memory_files.h"

namespace truce::guest {
namespace {

using Words = std::vector<std::string>;

bool says(const std::vector<std::string>& lines, std::string_view part) {
  return std::ranges::any_of(lines, [&](const auto& line) { return line.contains(part); });
}

/// A Debian that knows VMware alone.
class ALinux : public testing::Test {
 protected:
  ALinux() {
    auto& all = files_.files;
    all["/etc/fstab"] = "/dev/sda1 / ext4 defaults 0 1\n";
    all["/boot/grub/grub.cfg"] = "linux /boot/vmlinuz-6.1 root=/dev/sda1 ro quiet\n";
    all["/etc/network/interfaces"] = "iface ens192 inet dhcp\n";
    all["/usr/sbin/update-initramfs"] = "";
    all["/boot/initrd.img-6.1"] = "";
    all["/etc/initramfs-tools/modules"] = "# a comment\ndummy";
    all["/lib/modules/6.1/modules.dep"] =
        "kernel/drivers/scsi/vmw_pvscsi.ko: kernel/drivers/scsi/scsi_mod.ko\n"
        "kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko\n"
        "kernel/drivers/block/xen-blkfront.ko.xz:\nkernel/drivers/net/vmxnet3.ko:\n";
    files_.uuids["/dev/sda1"] = "aaaa-1";
    files_.program = [this](const Words& argv) { return run(argv); };
  }
  Result<std::string> run(const Words& argv) {
    if (argv.front() == "update-initramfs") {
      held_ +=
          "usr/lib/modules/6.1/kernel/drivers/block/virtio_blk.ko\n"
          "usr/lib/modules/6.1/kernel/drivers/block/xen-blkfront.ko.xz\n";
      return std::string();
    }
    if (argv == Words{"lsinitramfs", "/boot/initrd.img-6.1"}) return held_;
    return fail(Code::io, "{}: no such program", argv.front());
  }

  MemoryFiles files_;
  std::string held_ = "kernel\nusr/lib/modules/6.1/kernel/drivers/scsi/vmw_pvscsi.ko\n";
  Guest guest_{.family = Family::linux_, .name = "Debian GNU/Linux 12"};
  Order order_{.macs = {"00:50:56:00:00:01"}};
};

TEST_F(ALinux, boots_elsewhere_by_uuid_with_drivers_for_all_and_keeps_the_names_of_its_cards) {
  auto done = prepare(files_, guest_, order_);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(files_.files["/etc/fstab"], "UUID=aaaa-1 / ext4 defaults 0 1\n");
  EXPECT_TRUE(files_.files["/boot/grub/grub.cfg"].contains("root=UUID=aaaa-1 ro"));
  EXPECT_EQ(files_.files["/etc/initramfs-tools/modules"],
            "# a comment\ndummy\n# Written by Truce: on whatever this machine is moved "
            "to.\nvirtio_blk\nxen_blkfront\n");
  EXPECT_TRUE(files_.files["/etc/systemd/network/10-truce-ens192.link"].contains(
      "MACAddress=00:50:56:00:00:01\n\n[Link]\nName=ens192\n"));
  EXPECT_TRUE(says(done->changed, "initramfs of 6.1: has virtio_blk, xen_blkfront, too"));
  EXPECT_TRUE(says(done->changed, "network card 00:50:56:00:00:01 stays ens192"));
  EXPECT_TRUE(done->left.empty()) << done->left.front();
}

TEST_F(ALinux, is_changed_once) {
  ASSERT_TRUE(prepare(files_, guest_, order_));
  auto writes = files_.writes;
  auto done = prepare(files_, guest_, order_);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->changed.empty()) << done->changed.front();
  EXPECT_EQ(files_.writes, writes);
}

TEST_F(ALinux, tells_what_it_could_not_do) {
  files_.uuids.clear();
  files_.files["/etc/network/interfaces"] += "iface ens224 inet dhcp\n";
  files_.files.erase("/usr/sbin/update-initramfs");
  auto done = prepare(files_, guest_, order_);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->changed.empty());
  EXPECT_TRUE(says(done->left, "/etc/fstab: /dev/sda1 has no UUID"));
  EXPECT_TRUE(says(done->left, "speak of 2 (ens192, ens224), of which 1"));
  EXPECT_TRUE(says(done->left, "neither update-initramfs nor dracut"));
}

TEST_F(ALinux, whose_programs_fail_is_an_error) {
  files_.program = [](const Words& argv) -> Result<std::string> {
    return fail(Code::io, "{}: disk full", argv.front());
  };
  auto done = prepare(files_, guest_, order_);
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().message.contains("lsinitramfs")) << done.error().message;
}

TEST_F(ALinux, with_dracut_is_told_its_way) {
  auto& all = files_.files;
  all.erase("/usr/sbin/update-initramfs");
  all["/usr/bin/dracut"] = "";
  all["/boot/initramfs-6.1.img"] = "";
  std::string listed = "Image: /boot/initramfs-6.1.img: 30M\n";
  files_.program = [&](const Words& argv) -> Result<std::string> {
    if (argv == Words{"dracut", "--force", "/boot/initramfs-6.1.img", "6.1"})
      listed +=
          "-rw-r--r-- 1 root root 9 Jan 1 lib/modules/6.1/kernel/drivers/block/virtio_blk.ko.xz\n"
          "-rw-r--r-- 1 root root 9 Jan 1 "
          "lib/modules/6.1/kernel/drivers/block/xen-blkfront.ko.xz\n";
    return listed;
  };
  auto done = prepare(files_, guest_, order_);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(all["/etc/dracut.conf.d/90-truce.conf"].contains(
      "add_drivers+=\" virtio_blk vmw_pvscsi xen_blkfront \"\n"));
  EXPECT_TRUE(says(done->left, "initramfs of 6.1: vmw_pvscsi could not be put in"));
}

TEST(AWindows, starts_all_drivers_for_disks_that_it_has) {
  MemoryFiles files;
  auto& keys = files.registry.keys;
  const std::string services = "ControlSet001\\Services\\";
  keys["Select"]["Current"] = 1;
  keys[services + "storahci"]["Start"] = 3;
  keys[services + "storahci\\StartOverride"]["0"] = 3;
  keys[services + "storvsc"]["Start"] = 0;
  keys[services + "LSI_SAS"]["Start"] = 3;
  keys[services + "e1i65x64"]["Start"] = 3;
  auto done = prepare(files, {.family = Family::windows, .name = "Windows"}, {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(keys[services + "storahci"]["Start"], 0U);
  EXPECT_FALSE(keys.contains(services + "storahci\\StartOverride"));
  EXPECT_EQ(keys[services + "LSI_SAS"]["Start"], 0U);
  EXPECT_EQ(keys[services + "e1i65x64"]["Start"], 3U) << "no disk hangs on that";
  EXPECT_EQ(done->changed.size(), 2U);
  EXPECT_TRUE(says(done->left, "no virtio drivers"));
  done = prepare(files, {.family = Family::windows, .name = "Windows"}, {});
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->changed.empty());
}

TEST(AWindows, whose_registry_says_nothing_is_refused) {
  MemoryFiles files;
  EXPECT_EQ(prepare(files, {.family = Family::windows, .name = ""}, {}).error().code,
            Code::corrupt);
  files.registry.keys["Select"]["Current"] = 2;
  files.registry.keys["ControlSet001\\Services\\storahci"]["Start"] = 3;
  EXPECT_EQ(prepare(files, {.family = Family::windows, .name = ""}, {}).error().code,
            Code::corrupt);
}

}  // namespace
}  // namespace truce::guest
