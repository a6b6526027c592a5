// What a host is told of a machine that is made.
#include "moving/new_machine.h"

#include <gtest/gtest.h>

namespace truce::hyperv {
namespace {

using model::DiskBus;
using platform::NewMachine;

NewMachine wish() {
  NewMachine machine;
  machine.name = "web01";
  machine.mark = "t-000000012";
  machine.uuid = "0a000000-0000-0000-0000-00000000000b";
  machine.memory = gib(1);
  machine.disks = {{gib(8), DiskBus::ide}};
  return machine;
}

/// What a setting says of a property; empty: nothing.
std::string said(const std::vector<Property>& properties, std::string_view name) {
  for (const auto& one : properties)
    if (one.name == name) return one.values.front();
  return {};
}

TEST(NewMachine, is_called_by_its_mark_and_never_starts_by_itself) {
  auto setting = system_setting(wish());
  EXPECT_EQ(said(setting.properties, "ElementName"), "web01 (t-000000012)");
  EXPECT_EQ(said(setting.properties, "AutomaticStartupAction"), "2");
  EXPECT_EQ(said(setting.properties, "VirtualSystemSubType"), "Microsoft:Hyper-V:SubType:1");
  EXPECT_TRUE(read_embedded(setting.text()));
  EXPECT_EQ(file_name("web01", "t-000000012", 3), "web01-t-000000012-3.vhdx");
  EXPECT_EQ(file_name(R"(a/b:c\d)", "t-1", 0), "a-b-c-d-t-1-0.vhdx");
  auto marked = read_marked(name_while_made(wish()));
  ASSERT_TRUE(marked);
  EXPECT_EQ(marked->name, "web01");
  EXPECT_EQ(marked->mark, "t-000000012");
  for (const auto* none : {"", "web01", "web01 ()", " (t-1)", "web01 (t-1) x"})
    EXPECT_FALSE(read_marked(none)) << none;
}

TEST(NewMachine, has_its_id_and_whose_signatures_it_believes) {
  auto machine = wish();
  auto words = system_words(machine);
  EXPECT_EQ(said(words, "BIOSGUID"), "{0A000000-0000-0000-0000-00000000000B}");
  EXPECT_EQ(said(words, "SecureBootEnabled"), "") << "generation 1 has none";
  machine.firmware = model::Firmware::uefi;
  EXPECT_EQ(said(system_words(machine), "SecureBootEnabled"), "false");
  EXPECT_EQ(said(system_words(machine), "SecureBootTemplateId"), "");
  machine.secure_boot = true;
  auto others = said(system_words(machine), "SecureBootTemplateId");
  machine.windows = true;
  EXPECT_NE(said(system_words(machine), "SecureBootTemplateId"), others);
}

TEST(NewMachine, has_seats_for_its_disks) {
  auto machine = wish();
  machine.disks.assign(4, {gib(8), DiskBus::ide});
  machine.disks.push_back({gib(8), DiskBus::scsi});
  auto seats = seats_of(machine);
  EXPECT_EQ(seats[3].ide, 1);
  EXPECT_EQ(seats[3].place, 1);
  EXPECT_TRUE(is_on_scsi(seats[4]));
  EXPECT_EQ(seats[4].place, 0);
  EXPECT_TRUE(check(machine));
  auto too_many = machine;
  too_many.disks.push_back({gib(8), DiskBus::ide});
  EXPECT_EQ(check(too_many).error().code, Code::invalid);
  machine.disks.assign(65, {gib(8), DiskBus::scsi});
  EXPECT_EQ(check(machine).error().code, Code::limit);
}

TEST(NewMachine, that_cannot_be_is_refused_by_its_field) {
  auto refused = [](auto change) {
    auto machine = wish();
    change(machine);
    auto checked = check(machine);
    return checked ? std::string("taken") : checked.error().message.substr(0, 5);
  };
  EXPECT_EQ(refused([](NewMachine& m) { m.name.clear(); }), "name:");
  EXPECT_EQ(refused([](NewMachine& m) { m.name.assign(99, 'a'); }), "name:");
  EXPECT_EQ(refused([](NewMachine& m) { m.cpus = 0; }), "cpus:");
  EXPECT_EQ(refused([](NewMachine& m) { m.memory = mib(255); }), "memor");
  EXPECT_EQ(refused([](NewMachine& m) { m.disks.clear(); }), "disks");
  EXPECT_EQ(refused([](NewMachine& m) { m.firmware = model::Firmware::uefi; }), "disks");
}

TEST(NewMachine, has_files_of_whole_mebibytes_and_addresses_as_windows_has_them) {
  auto setting = file_setting("D:\\a.vhdx", {(std::uint64_t{5} << 20) + 512});
  EXPECT_EQ(said(setting.properties, "MaxInternalSize"), std::to_string(6 << 20));
  EXPECT_EQ(hyperv_mac("00:15:5d:0a:0b:0c"), "00155D0A0B0C");
  auto card = card_setting({"00:15:5d:0a:0b:0c", "", model::NicModel::rtl8139});
  EXPECT_EQ(card.class_name, "Msvm_EmulatedEthernetPortSettingData");
  EXPECT_EQ(card_setting({}).class_name, "Msvm_SyntheticEthernetPortSettingData");
}

}  // namespace
}  // namespace truce::hyperv
