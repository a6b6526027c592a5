#include "command_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/file.h"

namespace truce::qemu {
namespace {

using hypervisor::Machine;

Machine small() {
  Machine machine;
  machine.uuid = "6a1b0d52-8a0e-4d3c-9f0a-0c6b54f1c001";
  machine.name = "web01";
  machine.memory = mib(512);
  machine.folder = "/pool/vms/6a1b0d52";
  machine.disks = {
      {"disk0", "/pool/vms/6a1b0d52/disk0.qcow2", "qcow2", {"/pool/templates/debian/disk.qcow2"}}};
  return machine;
}

Wiring wiring(Accelerator accelerator) {
  Wiring made;
  made.accelerator = accelerator;
  made.vnc = "/run/truce/vms/6a1b0d52/vm/vnc.sock";
  return made;
}

// One word a line; rewritten by TRUCE_UPDATE_GOLDEN=1 and then reviewed as a diff.
void expect_golden(const std::string& name, const Machine& machine, const Wiring& wired) {
  auto words = command_line(machine, wired);
  ASSERT_TRUE(words) << words.error().message;
  std::string text;
  for (const auto& word : *words) {
    bool value = !word.starts_with('-') && !text.empty();
    if (value) text.back() = ' ';
    text += word + "\n";
  }
  auto path = std::filesystem::path(TRUCE_TEST_FILES) / "golden" / (name + ".txt");
  if (std::getenv("TRUCE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  auto expected = read_file(path);
  ASSERT_TRUE(expected) << expected.error().message;
  EXPECT_EQ(text, *expected);
}

TEST(CommandLine, a_machine_with_a_disk_under_tcg) {
  expect_golden("disk_tcg", small(), wiring(Accelerator::tcg));
}

TEST(CommandLine, an_encrypted_disk_with_a_snapshot_on_a_plain_template) {
  auto machine = small();
  auto& disk = machine.disks.front();
  disk.path = "/pool/vms/6a1b0d52/layers/disk0.2.qcow2";
  disk.backing.insert(disk.backing.begin(), "/pool/vms/6a1b0d52/disk0.qcow2");
  disk.encrypted = 2;
  disk.key = std::make_shared<const Secret>(std::string_view("what nobody shall see"));
  machine.disks.push_back({"disk1", "/pool/vms/6a1b0d52/disk1.qcow2", "qcow2", {}});
  machine.disks.back().encrypted = 1;
  machine.disks.back().key = machine.disks.front().key;
  auto wired = wiring(Accelerator::tcg);
  wired.keys = "/run/truce/vms/6a1b0d52/vm";
  expect_golden("encrypted_tcg", machine, wired);
}

TEST(CommandLine, a_machine_with_a_tap_a_seed_and_an_iso_under_kvm) {
  auto machine = small();
  machine.cpus = 4;
  machine.memory = gib(4);
  machine.disks.push_back({"data", "/pool/vms/6a1b0d52/data,1.raw", "raw", {}});
  machine.disks.push_back({"iso", "/pool/templates/install/cd.iso", "raw", {}, true, true});
  machine.disks.push_back({"seed", "/pool/vms/6a1b0d52/seed.iso", "raw", {}, true, true});
  machine.ports = {{"52:54:00:00:00:01", 17, {}, false}, {"52:54:00:00:00:02", 18, {}, false}};
  machine.ports[1].mtu = 1430;
  auto wired = wiring(Accelerator::kvm);
  wired.tap_fds = {6, 7};
  expect_golden("tap_cdrom_kvm", machine, wired);
}

TEST(CommandLine, a_machine_in_user_mode_that_continues_from_a_suspended_state) {
  auto machine = small();
  machine.ports = {{"52:54:00:00:00:01", -1, {"tcp:127.0.0.1:2222-:22", "udp::53-:53"}, true}};
  auto wired = wiring(Accelerator::tcg);
  wired.origin = Origin::incoming;
  expect_golden("user_incoming", machine, wired);
}

TEST(CommandLine, cards_that_reach_nobody_are_in_user_mode_and_restricted) {
  auto machine = small();
  machine.ports = {{.mac = "52:54:00:00:00:01", .user_mode = true, .isolated = true}};
  auto words = command_line(machine, wiring(Accelerator::tcg));
  ASSERT_TRUE(words) << words.error().message;
  EXPECT_EQ(std::ranges::count(*words, "user,id=net0,restrict=on"), 1);
}

TEST(CommandLine, a_machine_with_a_kernel_of_its_own) {
  auto machine = small();
  machine.kernel = "/pool/templates/tiny/vmlinux";
  machine.initrd = "/pool/templates/tiny/initrd";
  machine.command_line = "console=ttyS0 quiet";
  machine.disks.clear();
  machine.memory = kib(262152);
  expect_golden("kernel", machine, wiring(Accelerator::tcg));
}

TEST(CommandLine, a_microvm) {
  auto machine = small();
  machine.type = model::MachineType::microvm;
  machine.kernel = "/pool/templates/tiny/vmlinux";
  machine.command_line = "console=ttyS0";
  machine.disks.push_back({"seed", "/pool/vms/6a1b0d52/seed.iso", "raw", {}, true, true});
  machine.ports = {{"52:54:00:00:00:01", 17, {}, false}};
  auto wired = wiring(Accelerator::kvm);
  wired.tap_fds = {6};
  expect_golden("microvm_kvm", machine, wired);
  wired.accelerator = Accelerator::tcg;
  expect_golden("microvm_tcg", machine, wired);
}

// What a machine with these choices is made of, as the manager decides it.
void dress(Machine& machine, const model::Hardware& hardware) {
  model::Vm vm;
  vm.machine = machine.type;
  vm.cpus = machine.cpus;
  vm.memory = machine.memory;
  vm.hardware = hardware;
  auto outfit = model::outfit(vm);
  ASSERT_TRUE(outfit) << outfit.error().message;
  machine.outfit = *outfit;
}

TEST(CommandLine, a_legacy_machine_without_acpi) {
  auto machine = small();
  machine.type = model::MachineType::legacy;
  machine.disks.push_back({"cd0", "/pool/templates/old/cd.iso", "raw", {}, true, true});
  machine.disks.push_back({"seed", "/pool/vms/6a1b0d52/seed.iso", "raw", {}, true, false});
  machine.ports = {{"52:54:00:00:00:01", -1, {}, true}};
  model::Hardware hardware;
  hardware.acpi = false;
  hardware.cpu_model = "qemu32";
  hardware.nic_model = model::NicModel::rtl8139;
  hardware.display = model::Display::cirrus;
  hardware.usb = false;
  hardware.sound = model::Sound::sb16;
  hardware.parallel_port = true;
  dress(machine, hardware);
  auto wired = wiring(Accelerator::tcg);
  wired.line_fds = {{"parallel", 6}};
  expect_golden("legacy_tcg", machine, wired);
}

TEST(CommandLine, a_legacy_machine_with_scsi_that_boots_from_the_network) {
  auto machine = small();
  machine.type = model::MachineType::legacy;
  machine.ports = {{"52:54:00:00:00:01", -1, {}, true}};
  machine.kernel = "/left/out";
  model::Hardware hardware;
  hardware.disk_bus = model::DiskBus::scsi;
  hardware.boot = {model::BootDevice::network, model::BootDevice::disk};
  dress(machine, hardware);
  expect_golden("legacy_scsi_network", machine, wiring(Accelerator::tcg));
}

TEST(CommandLine, a_windows_machine_with_uefi_secure_boot_and_tpm_under_kvm) {
  auto machine = small();
  machine.cpus = 4;
  machine.disks.push_back({"cd0", "/pool/templates/win/cd.iso", "raw", {}, true, true});
  machine.disks.push_back({"answers", "/pool/vms/6a1b0d52/answers.iso", "raw", {}, true, true});
  machine.ports = {{"52:54:00:00:00:01", 17, {}, false}};
  model::Hardware hardware;
  hardware.guest = model::GuestKind::windows;
  hardware.cpu_model = "Skylake-Client";
  hardware.cores = 4;
  hardware.firmware = model::Firmware::uefi;
  hardware.secure_boot = model::SecureBoot::microsoft;
  hardware.tpm = true;
  hardware.disk_bus = model::DiskBus::sata;
  hardware.nic_model = model::NicModel::e1000e;
  hardware.display = model::Display::qxl;
  hardware.spice = true;
  hardware.sound = model::Sound::hda;
  dress(machine, hardware);
  auto wired = wiring(Accelerator::kvm);
  wired.tap_fds = {6};
  wired.tpm_fd = 7;
  wired.spice = "/run/truce/vms/6a1b0d52/vm/spice.sock";
  wired.firmware = {"/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
                    "/pool/vms/6a1b0d52/uefi-variables-microsoft.fd"};
  expect_golden("windows_secure_boot_kvm", machine, wired);
}

TEST(CommandLine, machines_that_came_from_vmware_have_what_they_had) {
  for (auto bus : {model::DiskBus::pvscsi, model::DiskBus::lsisas}) {
    auto machine = small();
    machine.disks.push_back({"disk1", "/pool/vms/6a1b0d52/disk1.qcow2", "qcow2", {}});
    machine.ports = {{"00:50:56:12:34:56", 17, {}, false}};
    model::Hardware hardware;
    hardware.disk_bus = bus;
    hardware.nic_model = model::NicModel::vmxnet3;
    dress(machine, hardware);
    auto wired = wiring(Accelerator::tcg);
    wired.tap_fds = {6};
    expect_golden(fmt::format("{}_vmxnet3_tcg", model::to_string(bus)), machine, wired);
  }
}

TEST(CommandLine, a_machine_with_numa_huge_pages_a_watchdog_and_devices_of_the_host) {
  auto machine = small();
  machine.cpus = 4;
  model::Hardware hardware;
  hardware.machine_version = "6.2";
  hardware.cpu_model = "x86-64-v2";
  hardware.sockets = 2;
  hardware.threads = 2;
  hardware.numa_nodes = 3;
  hardware.huge_pages = true;
  hardware.disk_bus = model::DiskBus::scsi;
  hardware.display = model::Display::virtio;
  hardware.gpu_3d = true;
  hardware.serial_ports = 3;
  hardware.watchdog = model::WatchdogAction::pause;
  hardware.pci = {"0000:01:00.0", "0000:02:00.1"};
  hardware.usb_devices = {"046d:c52b"};
  dress(machine, hardware);
  auto wired = wiring(Accelerator::tcg);
  wired.line_fds = {{"serial2", 6}, {"serial3", 7}};
  wired.render_node = "/dev/dri/renderD128";
  wired.usb_nodes = {"/dev/bus/usb/001/004"};
  expect_golden("host_devices_tcg", machine, wired);
  machine.outfit.numa_nodes = 1;
  auto words = command_line(machine, wired);
  ASSERT_TRUE(words);
  auto board = std::ranges::find(*words, "-machine");
  EXPECT_TRUE((board + 1)->ends_with(",memory-backend=ram0")) << *(board + 1);
}

TEST(CommandLine, what_is_booted_once_stands_first_and_leaves_the_kernel_out) {
  auto machine = small();
  machine.kernel = "/pool/templates/tiny/vmlinux";
  machine.disks.push_back({"cd0", "/pool/templates/old/cd.iso", "raw", {}, true, true});
  machine.boot_once = model::BootDevice::cdrom;
  auto words = command_line(machine, wiring(Accelerator::tcg));
  ASSERT_TRUE(words);
  EXPECT_EQ(std::ranges::find(*words, "-kernel"), words->end());
  EXPECT_NE(std::ranges::find(*words, "ide-cd,bus=ide.0,id=cd0,drive=cd0,bootindex=1"),
            words->end());
  EXPECT_TRUE(usual_boot_order(machine).empty()) << "its kernel is not loaded any more";
  machine.kernel.clear();
  std::map<std::string, int> usual = {{"disk0", 1}, {"cd0", 2}};
  EXPECT_EQ(usual_boot_order(machine), usual);
  machine.ports = {{"52:54:00:00:00:01", -1, {}, true}};
  machine.boot_once = model::BootDevice::network;
  usual["nic0"] = -1;
  EXPECT_EQ(usual_boot_order(machine), usual);
}

TEST(CommandLine, no_machine_is_started_without_its_sandbox) {
  for (auto type :
       {model::MachineType::q35, model::MachineType::microvm, model::MachineType::legacy}) {
    auto machine = small();
    machine.type = type;
    machine.kernel = "/k";
    auto words = command_line(machine, wiring(Accelerator::tcg));
    ASSERT_TRUE(words);
    auto sandbox = std::find(words->begin(), words->end(), "-sandbox");
    ASSERT_NE(sandbox, words->end());
    EXPECT_EQ(*(sandbox + 1),
              "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    for (const char* word : {"-nodefaults", "-no-user-config", "-no-shutdown"}) {
      EXPECT_NE(std::find(words->begin(), words->end(), word), words->end()) << word;
    }
  }
}

TEST(CommandLine, a_name_cannot_smuggle_in_an_option) {
  auto machine = small();
  machine.name = "x,process=evil";
  auto words = command_line(machine, wiring(Accelerator::tcg));
  ASSERT_TRUE(words);
  EXPECT_TRUE((*words)[2].starts_with("guest=x,,process=evil,process=vm:")) << (*words)[2];
}

TEST(CommandLine, what_qemu_cannot_do_is_refused_with_a_reason) {
  auto expect_refused = [](const Machine& machine, std::string_view word) {
    auto words = command_line(machine, wiring(Accelerator::tcg));
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().code, Code::invalid);
    EXPECT_TRUE(words.error().message.contains(word)) << words.error().message;
  };
  auto machine = small();
  machine.type = model::MachineType::microvm;
  expect_refused(machine, "kernel");
  machine = small();
  machine.disks[0].format = "vmdk";
  expect_refused(machine, "vmdk");
  machine = small();
  machine.disks.resize(disks_limit + 1, machine.disks[0]);
  expect_refused(machine, "9 disks");
  machine = small();
  machine.type = model::MachineType::legacy;
  machine.outfit.disk_bus = model::DiskBus::ide;
  machine.disks.resize(5, machine.disks[0]);
  expect_refused(machine, "ide has room for 4");
  machine = small();
  machine.ports.resize(ports_limit + 1, {"52:54:00:00:00:01", -1, {}, true});
  expect_refused(machine, "9 network ports");
}

TEST(CommandLine, the_memory_limit_leaves_room_for_qemu) {
  auto machine = small();
  machine.memory = gib(1);
  machine.cpus = 2;
  EXPECT_EQ(memory_limit(machine, Accelerator::kvm), mib(1024 + 256 + 32 + 32));
  EXPECT_EQ(memory_limit(machine, Accelerator::tcg), mib(1024 + 256 + 32 + 32 + 2 * 256));
  machine.outfit.tpm = true;
  machine.outfit.spice = true;
  EXPECT_EQ(memory_limit(machine, Accelerator::kvm), mib(1024 + 256 + 32 + 32 + 32 + 256));
  EXPECT_EQ(translation_cache(mib(64)), mib(32));
  EXPECT_EQ(translation_cache(mib(512)), mib(128));
  EXPECT_EQ(translation_cache(gib(64)), mib(256));
}

}  // namespace
}  // namespace truce::qemu
