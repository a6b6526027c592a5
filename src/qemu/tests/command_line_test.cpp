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

TEST(CommandLine, a_machine_with_a_tap_a_seed_and_an_iso_under_kvm) {
  auto machine = small();
  machine.cpus = 4;
  machine.memory = gib(4);
  machine.disks.push_back({"data", "/pool/vms/6a1b0d52/data,1.raw", "raw", {}});
  machine.disks.push_back({"iso", "/pool/templates/install/cd.iso", "raw", {}, true, true});
  machine.disks.push_back({"seed", "/pool/vms/6a1b0d52/seed.iso", "raw", {}, true, true});
  machine.ports = {{"52:54:00:00:00:01", 17, {}, false}, {"52:54:00:00:00:02", 18, {}, false}};
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

TEST(CommandLine, no_machine_is_started_without_its_sandbox) {
  for (auto type : {model::MachineType::q35, model::MachineType::microvm}) {
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
  machine.ports.resize(ports_limit + 1, {"52:54:00:00:00:01", -1, {}, true});
  expect_refused(machine, "9 network ports");
}

TEST(CommandLine, the_memory_limit_leaves_room_for_qemu) {
  auto machine = small();
  machine.memory = gib(1);
  machine.cpus = 2;
  EXPECT_EQ(memory_limit(machine, Accelerator::kvm), mib(1024 + 256 + 32 + 32));
  EXPECT_EQ(memory_limit(machine, Accelerator::tcg), mib(1024 + 256 + 32 + 32 + 2 * 256));
  EXPECT_EQ(translation_cache(mib(64)), mib(32));
  EXPECT_EQ(translation_cache(mib(512)), mib(128));
  EXPECT_EQ(translation_cache(gib(64)), mib(256));
}

}  // namespace
}  // namespace truce::qemu
