#include "model/hardware.h"

#include <gtest/gtest.h>

namespace truce::model {
namespace {

Vm machine(MachineType type = MachineType::q35) {
  Vm vm;
  vm.name = "m";
  vm.cpus = 4;
  vm.memory = gib(1);
  vm.machine = type;
  vm.hardware.emplace();
  return vm;
}

void expect_refused(const Vm& vm, std::string_view field, std::string_view word) {
  auto made = outfit(vm);
  ASSERT_FALSE(made) << field;
  EXPECT_EQ(made.error().field, fmt::format("/hardware/{}", field)) << made.error().message;
  EXPECT_TRUE(made.error().message.contains(word)) << made.error().message;
}

TEST(Hardware, a_machine_without_choices_is_the_usual_one_of_its_type) {
  auto vm = machine();
  vm.hardware.reset();
  auto made = outfit(vm);
  ASSERT_TRUE(made);
  Outfit usual;
  usual.max_cpus = vm.cpus;
  usual.max_memory = vm.memory;
  EXPECT_EQ(*made, usual);
  auto legacy = outfit(machine(MachineType::legacy));
  ASSERT_TRUE(legacy);
  EXPECT_EQ(legacy->disk_bus, DiskBus::ide);
  EXPECT_EQ(legacy->nic_model, NicModel::e1000);
  EXPECT_FALSE(legacy->usb);
  auto microvm = outfit(machine(MachineType::microvm));
  ASSERT_TRUE(microvm);
  EXPECT_EQ(microvm->display, Display::none);
}

TEST(Hardware, what_a_machine_may_be_given_while_it_runs_is_never_less_than_it_has) {
  auto vm = machine();
  vm.cpus = 2;
  vm.memory = gib(2);
  vm.hardware->max_cpus = 4;
  vm.hardware->max_memory = gib(8);
  auto made = outfit(vm);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->max_cpus, 4);
  EXPECT_EQ(made->max_memory, gib(8));
  vm.hardware->cores = 4;
  EXPECT_EQ(outfit(vm).value().cores, 4) << "the most, not what it has";
  vm.hardware->cores = 3;
  expect_refused(vm, "cores", "has 4 at most");
  vm.hardware->cores.reset();
  vm.cpus = 6;
  vm.memory = gib(16);
  EXPECT_EQ(outfit(vm).value().max_cpus, 6);
  EXPECT_EQ(outfit(vm).value().max_memory, gib(16));
  vm.hardware->max_memory = gib(32);
  vm.memory = mib(513);
  expect_refused(vm, "max_memory", "2 MiB");
  vm.memory = gib(1);
  vm.hardware->huge_pages = true;
  expect_refused(vm, "max_memory", "huge pages");
  vm.hardware->huge_pages.reset();
  vm.machine = MachineType::legacy;
  expect_refused(vm, "max_memory", "q35");
}

TEST(Hardware, sockets_cores_and_threads_are_completed_and_make_up_the_processors) {
  struct Row {
    std::optional<std::int64_t> sockets, cores, threads;
    std::int64_t all[3];
  };
  const Row rows[] = {{2, {}, {}, {2, 2, 1}},
                      {{}, 2, {}, {2, 2, 1}},
                      {{}, {}, 2, {1, 2, 2}},
                      {1, 2, {}, {1, 2, 2}},
                      {4, 1, 1, {4, 1, 1}}};
  for (const auto& row : rows) {
    auto vm = machine();
    vm.hardware->sockets = row.sockets;
    vm.hardware->cores = row.cores;
    vm.hardware->threads = row.threads;
    auto made = outfit(vm);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->sockets, row.all[0]);
    EXPECT_EQ(made->cores, row.all[1]);
    EXPECT_EQ(made->threads, row.all[2]);
  }
  auto vm = machine();
  vm.hardware->sockets = 3;
  expect_refused(vm, "sockets", "the machine has 4");
  vm.hardware->sockets = 2;
  vm.hardware->cores = 4;
  expect_refused(vm, "cores", "2 sockets x 4 cores x 1 threads are 8");
}

TEST(Hardware, what_does_not_go_together_is_refused_with_its_field) {
  auto vm = machine();
  vm.hardware->secure_boot = SecureBoot::microsoft;
  expect_refused(vm, "secure_boot", "uefi");
  vm = machine();
  vm.hardware->firmware = Firmware::uefi;
  vm.hardware->acpi = false;
  expect_refused(vm, "acpi", "UEFI needs ACPI");
  vm = machine(MachineType::legacy);
  vm.hardware->firmware = Firmware::uefi;
  expect_refused(vm, "firmware", "q35");
  vm = machine(MachineType::legacy);
  vm.hardware->disk_bus = DiskBus::sata;
  expect_refused(vm, "disk_bus", "ide");
  vm = machine();
  vm.hardware->disk_bus = DiskBus::ide;
  expect_refused(vm, "disk_bus", "sata");
  vm = machine(MachineType::legacy);
  vm.hardware->nic_model = NicModel::e1000e;
  expect_refused(vm, "nic_model", "PCI Express");
  vm = machine();
  vm.hardware->gpu_3d = true;
  expect_refused(vm, "gpu_3d", "virtio");
  vm = machine();
  vm.hardware->display = Display::none;
  vm.hardware->spice = true;
  expect_refused(vm, "spice", "display");
  vm = machine();
  vm.hardware->numa_nodes = 5;
  expect_refused(vm, "numa_nodes", "processors");
  vm = machine();
  vm.memory = mib(513);
  vm.hardware->huge_pages = true;
  expect_refused(vm, "huge_pages", "2 MiB");
  vm = machine();
  vm.hardware->boot = {BootDevice::disk, BootDevice::disk};
  expect_refused(vm, "boot", "twice");
  vm = machine(MachineType::microvm);
  vm.hardware->tpm = true;
  expect_refused(vm, "tpm", "microvm");
}

TEST(Hardware, text_that_goes_into_a_command_line_has_a_form) {
  auto vm = machine();
  vm.hardware->cpu_model = "max,-sse";
  expect_refused(vm, "cpu_model", "max,-sse");
  for (const char* version : {"7", "7.", ".7", "7.x", "7.2,x=y", "-7.2"}) {
    vm = machine();
    vm.hardware->machine_version = version;
    expect_refused(vm, "machine_version", "is not a version");
  }
  for (const char* address : {"01:00.0", "0000:01:00.8", "0000:01:00.0,x", "0000:0A:00.0"}) {
    vm = machine();
    vm.hardware->pci = {address};
    expect_refused(vm, "pci", "0000:01:00.0");
  }
  vm = machine();
  vm.hardware->usb_devices = {"46d:c52b"};
  expect_refused(vm, "usb_devices", "046d:c52b");
}

TEST(Hardware, a_pointer_comes_with_a_display_that_was_chosen_and_with_windows) {
  auto vm = machine();
  vm.hardware->display = Display::virtio;
  EXPECT_TRUE(outfit(vm)->usb);
  vm.hardware->usb = false;
  EXPECT_FALSE(outfit(vm)->usb);
  vm = machine();
  vm.hardware->guest = GuestKind::windows;
  EXPECT_TRUE(outfit(vm)->usb);
  vm.hardware->display = Display::none;
  EXPECT_FALSE(outfit(vm)->usb);
}

TEST(Hardware, a_host_that_lacks_something_says_why) {
  Host host;
  host.name = "here";
  host.lacks["tpm"] = "swtpm is not installed";
  host.cpu_models = {"max", "qemu32"};
  host.machine_version = "7.2";
  Outfit plain;
  EXPECT_TRUE(check_host(plain, host));
  auto wanted = plain;
  wanted.tpm = true;
  auto refused = check_host(wanted, host);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unsupported);
  EXPECT_EQ(refused.error().field, "/hardware/tpm");
  EXPECT_EQ(refused.error().message, "here: swtpm is not installed");
  wanted = plain;
  wanted.cpu_model = "host";
  EXPECT_TRUE(check_host(wanted, host).error().message.contains("needs KVM"));
  wanted.cpu_model = "qemu32";
  EXPECT_TRUE(check_host(wanted, host));
  wanted = plain;
  wanted.version = "10.0";
  EXPECT_TRUE(check_host(wanted, host).error().message.contains("up to version 7.2, not 10.0"));
  EXPECT_TRUE(check_host(wanted, Host())) << "a host that says nothing of itself refuses nothing";
}

TEST(Hardware, a_change_keeps_what_it_does_not_name_and_an_empty_value_makes_usual) {
  Hardware hardware;
  hardware.tpm = true;
  hardware.cpu_model = "qemu32";
  hardware.boot = {BootDevice::cdrom};
  Hardware change;
  change.display = Display::qxl;
  change.cpu_model = "";
  change.boot.emplace();
  merge(change, hardware);
  Hardware expected;
  expected.tpm = true;
  expected.display = Display::qxl;
  EXPECT_EQ(hardware, expected);
}

TEST(Hardware, versions_are_compared_by_their_numbers) {
  EXPECT_EQ(compare_versions("7.2", "10.0"), -1);
  EXPECT_EQ(compare_versions("7.2", "7.2"), 0);
  EXPECT_EQ(compare_versions("4.0.1", "4.0"), 1);
  EXPECT_EQ(compare_versions("", "1.0"), -1);
}

}  // namespace
}  // namespace truce::model
