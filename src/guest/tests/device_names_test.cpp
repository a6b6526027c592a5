#include "device_names.h"

#include <gtest/gtest.h>

#include "guest_device.h"

namespace truce::guest {
namespace {

Result<std::string> known(const std::string& device) {
  if (device == "/dev/sda1") return "aaaa-1";
  if (device == "/dev/xvda2") return "bbbb-2";
  return std::string();
}

TEST(DiskName, is_one_that_depends_on_what_a_disk_hangs_on) {
  for (const auto* name : {"/dev/sda", "/dev/sda1", "/dev/vdb", "/dev/xvda2", "/dev/hdc12",
                           "/dev/nvme0n1", "/dev/nvme0n1p2", "/dev/sdaa3"})
    EXPECT_TRUE(is_disk_name(name)) << name;
  for (const auto* name :
       {"", "/dev/", "/dev/sr0", "/dev/mapper/vg-root", "/dev/sd", "/dev/sda1x", "/dev/vg/root",
        "sda1", "/dev/nvme0", "/dev/nvme0n1p", "/dev/md0", "/dev/disk/by-uuid/1", "UUID=1"})
    EXPECT_FALSE(is_disk_name(name)) << name;
}

TEST(Fstab, has_uuids_where_names_were_and_stays_as_it_is_otherwise) {
  auto mended = mend_fstab(
      "# /dev/sda1 was here\n/dev/sda1 / ext4 errors=remount-ro 0 1\n"
      "\t/dev/xvda2\tnone swap sw 0 0\nUUID=1 /home ext4 defaults 0 2\n/dev/sdb1 /srv xfs\n"
      "/dev/mapper/vg-a /a ext4\n\n/dev/sr0 /cd udf ro",
      known);
  ASSERT_TRUE(mended);
  EXPECT_EQ(mended->text,
            "# /dev/sda1 was here\nUUID=aaaa-1 / ext4 errors=remount-ro 0 1\n"
            "\tUUID=bbbb-2\tnone swap sw 0 0\nUUID=1 /home ext4 defaults 0 2\n/dev/sdb1 /srv xfs\n"
            "/dev/mapper/vg-a /a ext4\n\n/dev/sr0 /cd udf ro");
  EXPECT_EQ(mended->changed,
            (std::vector<std::string>{"/dev/sda1 is UUID=aaaa-1", "/dev/xvda2 is UUID=bbbb-2"}));
  EXPECT_EQ(mended->left, std::vector<std::string>{"/dev/sdb1"});
}

TEST(Crypttab, has_its_devices_second) {
  auto mended = mend_crypttab("# name device\nhome /dev/sda1 none luks\nx /dev/md0\n", known);
  ASSERT_TRUE(mended);
  EXPECT_EQ(mended->text, "# name device\nhome UUID=aaaa-1 none luks\nx /dev/md0\n");
}

TEST(BootText, has_its_root_by_uuid_wherever_it_says_so) {
  auto mended = mend_boot_text(
      "set root='hd0,msdos1'\nlinux /boot/vmlinuz root=/dev/sda1 ro resume=/dev/xvda2 quiet\n"
      "GRUB_CMDLINE_LINUX=\"root=/dev/sda1\"\nRESUME=/dev/xvda2\nroot=/dev/mapper/vg-root "
      "myroot=/dev/sda1 root=/dev/sdz9 root=UUID=1",
      known);
  ASSERT_TRUE(mended);
  EXPECT_EQ(mended->text,
            "set root='hd0,msdos1'\nlinux /boot/vmlinuz root=UUID=aaaa-1 ro resume=UUID=bbbb-2 "
            "quiet\n"
            "GRUB_CMDLINE_LINUX=\"root=UUID=aaaa-1\"\nRESUME=UUID=bbbb-2\nroot=/dev/mapper/vg-root "
            "myroot=/dev/sda1 root=/dev/sdz9 root=UUID=1");
  EXPECT_EQ(mended->changed.size(), 2U) << "each is told once";
  EXPECT_EQ(mended->left, std::vector<std::string>{"/dev/sdz9"});
}

TEST(GuestDevice, is_the_disk_that_the_guest_means) {
  EXPECT_EQ(device_here("/dev/vda1", 1), "/dev/sda1");
  EXPECT_EQ(device_here("/dev/hdc", 1), "/dev/sda");
  EXPECT_EQ(device_here("/dev/xvdb3", 2), "/dev/sdb3");
  EXPECT_EQ(device_here("/dev/nvme1n1p2", 2), "/dev/sdb2");
  for (const auto* unknown : {"/dev/hda1", "/dev/sdc1", "/dev/sdab1", "/dev/sr0", ""})
    EXPECT_EQ(device_here(unknown, 2), "") << unknown;
}

}  // namespace
}  // namespace truce::guest
