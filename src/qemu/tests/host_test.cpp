// What a host can give, on folders that look like a host's.
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "base/random.h"
#include "host/firmware.h"
#include "host/host_devices.h"
#include "host/offer.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;

class Host : public ::testing::Test {
 protected:
  Host() {
    around_.firmware = folder_ / "ovmf";
    around_.sys = folder_ / "sys";
    around_.dev = folder_ / "dev";
    EXPECT_TRUE(make_folder(folder_));
  }
  ~Host() override { (void)remove_tree(folder_); }

  void put(const fs::path& file, std::string_view text) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }
  void link(const fs::path& file, const fs::path& target) {
    fs::create_directories((folder_ / file).parent_path());
    fs::create_symlink(target, folder_ / file);
  }
  void usb(const std::string& port, std::string_view vendor, std::string_view product, int number) {
    auto at = fs::path("sys/bus/usb/devices") / port;
    put(at / "idVendor", std::string(vendor) + "\n");
    put(at / "idProduct", std::string(product) + "\n");
    put(at / "busnum", "1\n");
    put(at / "devnum", std::to_string(number) + "\n");
  }
  void pci(const std::string& address, const std::string& driver, std::string_view type) {
    auto at = fs::path("sys/bus/pci/devices") / address;
    put(at / "class", type);
    link(at / "iommu_group", "../../../kernel/iommu_groups/7");
    if (!driver.empty()) link(at / "driver", "../../../bus/pci/drivers/" + driver);
    link(fs::path("sys/kernel/iommu_groups/7/devices") / address, folder_ / at);
  }

  fs::path folder_ = "/tmp/truce-host-" + random_hex(6);
  Surroundings around_;
};

void expect_error(const Result<fs::path>& result, Code code, std::string_view words) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_TRUE(result.error().message.contains(words)) << result.error().message;
}

TEST_F(Host, a_usb_device_is_found_by_its_ids) {
  usb("1-1", "046d", "c52b", 4);
  usb("1-2", "0951", "1666", 5);
  usb("1-3", "0951", "1666", 6);
  EXPECT_EQ(usb_node("046d:c52b", around_).value(), around_.dev / "bus/usb/001/004");
  expect_error(usb_node("dead:beef", around_), Code::not_found, "no USB device dead:beef");
  expect_error(usb_node("0951:1666", around_), Code::conflict, "2 USB devices are 0951:1666");
}

TEST_F(Host, a_pci_device_is_given_only_when_its_whole_group_is_free) {
  expect_error(pci_group("0000:01:00.0", around_), Code::not_found, "no PCI device 0000:01:00.0");
  put("sys/bus/pci/devices/0000:09:00.0/class", "0x010802");
  expect_error(pci_group("0000:09:00.0", around_), Code::unsupported, "intel_iommu=on");
  pci("0000:01:00.0", "vfio-pci", "0x030000");
  pci("0000:00:01.0", "pcieport", "0x060400");
  EXPECT_EQ(pci_group("0000:01:00.0", around_).value(), around_.dev / "vfio/7");
  pci("0000:01:00.1", "snd_hda_intel", "0x040300");
  expect_error(pci_group("0000:01:00.0", around_), Code::precondition,
               "0000:01:00.1 is in use by snd_hda_intel");
  expect_error(pci_group("0000:01:00.1", around_), Code::precondition, "driverctl set-override");
}

TEST_F(Host, huge_pages_that_are_not_there_are_told_with_how_many_to_reserve) {
  auto pages = fs::path("sys/kernel/mm/hugepages/hugepages-2048kB");
  put(pages / "nr_hugepages", "10\n");
  put(pages / "free_hugepages", "4\n");
  EXPECT_TRUE(check_huge_pages(mib(8), around_));
  auto refused = check_huge_pages(mib(16), around_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::limit);
  EXPECT_TRUE(refused.error().message.ends_with("sysctl vm.nr_hugepages=14"))
      << refused.error().message;
}

TEST_F(Host, variables_are_copied_once_and_kept_for_each_kind_of_keys) {
  put("ovmf/OVMF_CODE_4M.fd", "code");
  put("ovmf/OVMF_VARS_4M.fd", "fresh");
  put("ovmf/OVMF_CODE_4M.secboot.fd", "code");
  put("ovmf/OVMF_VARS_4M.ms.fd", "microsoft");
  hypervisor::Machine machine;
  machine.folder = folder_;
  machine.outfit.firmware = model::Firmware::uefi;
  auto files = prepare_firmware(machine, around_.firmware);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(read_file(files->variables).value(), "fresh");
  std::ofstream(files->variables) << "changed by the guest";
  EXPECT_EQ(read_file(prepare_firmware(machine, around_.firmware)->variables).value(),
            "changed by the guest");
  machine.outfit.secure_boot = model::SecureBoot::microsoft;
  auto secure = prepare_firmware(machine, around_.firmware);
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->code.filename(), "OVMF_CODE_4M.secboot.fd");
  EXPECT_EQ(read_file(secure->variables).value(), "microsoft");
}

TEST_F(Host, a_kernel_without_efi_stub_is_not_started_by_uefi) {
  put("ovmf/OVMF_CODE_4M.fd", "code");
  put("ovmf/OVMF_VARS_4M.fd", "fresh");
  put("vmlinux",
      "\x7f"
      "ELF");
  put("vmlinuz", "MZ...");
  hypervisor::Machine machine;
  machine.folder = folder_;
  machine.kernel = folder_ / "vmlinux";
  auto refused = prepare_firmware(machine, around_.firmware);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("no EFI stub")) << refused.error().message;
  machine.boot_once = model::BootDevice::disk;
  EXPECT_TRUE(prepare_firmware(machine, around_.firmware));
  machine.boot_once.reset();
  machine.kernel = folder_ / "vmlinuz";
  EXPECT_TRUE(prepare_firmware(machine, around_.firmware));
}

TEST_F(Host, an_offer_is_read_from_what_qemu_says) {
  auto offer = read_offer(
      R"({"QMP": {}}
{"return": [{"name": "pc-q35-7.2"}, {"name": "pc-q35-10.0"}, {"name": "pc-i440fx-10.0"}], "id": "machines"}
{"return": [{"name": "qemu32"}, {"name": "host"}, {"nonsense": 1}, 7], "id": "processors"}
not JSON
{"return": [{"name": "virtio-vga-gl"}], "id": "devices"}
{"error": {"desc": "no"}, "id": "spice"}
)");
  EXPECT_EQ(offer.cpu_models, (std::vector<std::string>{"host", "qemu32"}));
  EXPECT_FALSE(offer.spice);
  hypervisor::Capabilities capabilities;
  describe(offer, around_, Accelerator::tcg, capabilities);
  EXPECT_EQ(capabilities.machine_types, (std::vector<std::string>{"q35", "legacy"}));
  EXPECT_EQ(capabilities.machine_version, "10.0");
  EXPECT_EQ(capabilities.cpu_models,
            (std::vector<std::string>{"qemu32", "x86-64-v2", "x86-64-v3"}));
  for (const char* field : {"firmware", "secure_boot", "spice", "gpu_3d", "pci", "usb_devices"}) {
    EXPECT_TRUE(capabilities.lacks.contains(field)) << field;
  }
  EXPECT_TRUE(capabilities.lacks["pci"].contains("IOMMU"));
}

}  // namespace
}  // namespace truce::qemu
