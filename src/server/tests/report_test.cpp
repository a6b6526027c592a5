#include "report.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

namespace truce::server {
namespace {

std::string sample(const std::string& name) {
  auto text =
      read_file(std::filesystem::path(TRUCE_TEST_FILES) / "corpus_server_report_fuzz" / name);
  EXPECT_TRUE(text) << name;
  return text.value_or("");
}

TEST(ServerReport, a_server_has_its_processors_disks_and_cards) {
  auto report = read_report(sample("rack"));
  ASSERT_TRUE(report) << report.error().message;
  const auto& machine = report->machine;
  EXPECT_EQ(machine.name, "db1");
  EXPECT_EQ(machine.uuid, "4c4c4544-0042-3510-8054-b4c04f4d3532");
  EXPECT_EQ(machine.cpus, 16);
  EXPECT_EQ(machine.memory.count, std::uint64_t{65'767'108} * 1024);
  EXPECT_EQ(machine.firmware, model::Firmware::uefi);
  EXPECT_TRUE(machine.secure_boot && machine.tpm);
  EXPECT_EQ(machine.guest_os, "Debian GNU/Linux 12 (bookworm)");
  ASSERT_EQ(machine.disks.size(), 3U);
  EXPECT_EQ(machine.disks[0].controller, "SATA");
  EXPECT_EQ(machine.disks[0].size.count, std::uint64_t{937'703'088} * 512);
  EXPECT_EQ(machine.disks[1].controller, "SCSI");
  EXPECT_FALSE(machine.disks[1].bus);
  EXPECT_EQ(machine.disks[2].id, "nvme0n1");
  ASSERT_EQ(machine.nics.size(), 2U);
  EXPECT_EQ(machine.nics[0].mac, "b4:45:06:11:22:33");
  EXPECT_EQ(machine.nics[0].model, "igb");
  EXPECT_TRUE(machine.nics[0].connected);
  EXPECT_FALSE(machine.nics[1].connected);
  EXPECT_EQ(machine.addresses, (std::vector<std::string>{"10.1.2.3", "2001:db8::3"}));
  EXPECT_EQ(machine.state, model::Observed::running);
  EXPECT_EQ(report->host.vendor, "Dell Inc.");
  EXPECT_EQ(report->host.cpu_mhz, 16 * 2400);
  EXPECT_EQ(report->blocks[0].written, 8'123'456U);
}

TEST(ServerReport, one_whose_file_systems_are_read_only_is_off) {
  auto text = sample("rack");
  for (std::size_t at = 0; (at = text.find(" rw,", at)) != text.npos;) text.replace(at, 4, " ro,");
  auto report = read_report(text);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->machine.state, model::Observed::off);
  EXPECT_FALSE(report->stopped);
}

TEST(ServerReport, a_board_without_identity_has_that_of_its_system) {
  auto text = sample("rack");
  auto at = text.find("uuid ");
  text.replace(at, text.find('\n', at) - at, "uuid 00000000-0000-0000-0000-000000000000");
  auto report = read_report(text);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->machine.uuid, "0b1f3c5e-7a9d-4e2b-8c6f-1d3a5b7c9e0f");
  at = text.find("\nid ");
  text.erase(at, text.find('\n', at + 1) - at);
  report = read_report(text);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::unsupported);
}

TEST(ServerReport, half_a_report_is_none) {
  auto text = sample("rack");
  EXPECT_EQ(read_report(text.substr(0, text.size() / 2)).error().code, Code::corrupt);
  EXPECT_EQ(read_report("").error().code, Code::corrupt);
  EXPECT_EQ(read_report("truce 1\nend\n").error().code, Code::unsupported);
  EXPECT_TRUE(read_report("Welcome to db1!\n" + text)) << "what a shell's start-up says is skipped";
}

TEST(ServerReport, names_that_are_no_words_of_a_shell_are_no_disks) {
  auto text = sample("rack");
  text.insert(text.find("disk sda"), "disk $(reboot) 100 0 /sys\ndisk ../sda 100 0 /sys\n");
  auto report = read_report(text);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->blocks.size(), 3U);
}

TEST(ServerReport, the_use_is_that_between_two_reports) {
  auto report = read_report(sample("rack"));
  ASSERT_TRUE(report);
  auto before = report->ticks;
  report->ticks.all += 1000;
  report->ticks.busy += 250;
  auto update = update_of(*report, before);
  EXPECT_EQ(update.hosts.seen.at(0).cpu_mhz_used, 16 * 2400 / 4);
  EXPECT_EQ(update.machines.seen.at(0).disks.at(0).pool, update.pools.seen.at(0).id);
  EXPECT_EQ(update.machines.seen.at(0).nics.at(0).network, update.networks.seen.at(0).id);
}

}  // namespace
}  // namespace truce::server
