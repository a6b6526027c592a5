#include "storage/seed.h"

#include <boost/json.hpp>

#include "base/process.h"
#include "run.h"

namespace truce::storage {
namespace {

SeedContent example() {
  return {"6f9d",
          "web01",
          "#cloud-config\npackages: [htop]\n",
          {"ssh-ed25519 AAAA me@\"home\": #1"},
          {"52:54:00:00:00:01", "52:54:00:00:00:02"}};
}

TEST(Seed, the_meta_data_names_the_machine_and_quotes_its_keys) {
  auto value = boost::json::parse(meta_data(example()));
  EXPECT_EQ(value.at("instance-id"), "6f9d");
  EXPECT_EQ(value.at("local-hostname"), "web01");
  EXPECT_EQ(value.at("public-keys").at(0), "ssh-ed25519 AAAA me@\"home\": #1");
}

TEST(Seed, user_data_that_cloud_init_knows_passes_unchanged) {
  for (const auto* text :
       {"#cloud-config\na: 1\n", "#!/bin/sh\necho\n", "Content-Type: multipart/mixed\n",
        "## template: jinja\n#cloud-config\n", "#include\nhttp://x\n"}) {
    auto content = example();
    content.user_data = text;
    EXPECT_EQ(user_data(content), text);
  }
}

TEST(Seed, user_data_without_a_first_line_of_its_own_is_taken_for_cloud_config) {
  auto content = example();
  content.user_data = "packages: [htop]\n";
  EXPECT_EQ(user_data(content), "#cloud-config\npackages: [htop]\n");
  content.user_data = "";
  EXPECT_EQ(user_data(content), "#cloud-config\n");
}

TEST(Seed, each_network_card_is_matched_by_its_mac_and_asks_for_an_address) {
  auto value = boost::json::parse(network_config(example()));
  EXPECT_EQ(value.at("version"), 2);
  auto second = value.at("ethernets").at("nic1");
  EXPECT_EQ(second.at("match").at("macaddress"), "52:54:00:00:00:02");
  EXPECT_EQ(second.at("dhcp4"), true);
}

TEST(Seed, answers_have_the_name_and_label_that_their_installer_looks_for) {
  TestFolder folder;
  auto path = folder.path() / "answers.iso";
  struct Row {
    Installer installer;
    std::string_view name, label;
  };
  for (const auto& row : {Row{Installer::windows, "Autounattend.xml", "UNATTEND"},
                          Row{Installer::anaconda, "ks.cfg", "OEMDRV"},
                          Row{Installer::debian, "preseed.cfg", "PRESEED"}}) {
    auto written = run_to_end(write_answers(path, row.installer, "the answers"));
    ASSERT_TRUE(written) << written.error().message;
    auto iso = read_file(path);
    ASSERT_TRUE(iso);
    // [ECMA-119] 8.4.7: the volume identifier of the primary descriptor, in sector 16.
    EXPECT_EQ(iso->substr(16 * 2048 + 40, row.label.size()), row.label);
    EXPECT_TRUE(iso->contains(row.name)) << "the Rock Ridge name";
    EXPECT_TRUE(iso->contains("the answers"));
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  }
}

TEST(Seed, the_image_is_labelled_cidata_and_holds_the_three_files) {
  TestFolder folder;
  auto path = folder.path() / "seed.iso";
  for (int i = 0; i < 2; ++i) {
    auto written = run_to_end(write_seed(path, example()));
    ASSERT_TRUE(written) << written.error().message;
  }
  auto iso = read_file(path);
  ASSERT_TRUE(iso);
  EXPECT_EQ(iso->substr(32808, 7), "cidata ") << "ECMA-119, 8.4.7: the volume's name";
  Command command;
  command.argv = {"xorriso",     "-osirrox", "on", "-indev",
                  path.string(), "-extract", "/",  (folder.path() / "out").string()};
  ASSERT_TRUE(run_to_end(run_checked(std::move(command), 30s)));
  EXPECT_EQ(read_file(folder.path() / "out/user-data"), example().user_data);
  EXPECT_EQ(read_file(folder.path() / "out/meta-data"), meta_data(example()));
  EXPECT_EQ(read_file(folder.path() / "out/network-config"), network_config(example()));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2)
      << "no leftovers";
}

}  // namespace
}  // namespace truce::storage
