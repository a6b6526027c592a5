#include "model/config.h"

#include <gtest/gtest.h>

#include <sstream>

#include "model/config_file.h"

namespace truce::model {
namespace {

/// The complaint about a file; empty when it is taken.
std::string complaint(const std::string& text, Config& config) {
  CLI::App app("", "truced");
  add_options_and_file(app, config);
  std::istringstream file(text);
  try {
    app.parse_from_stream(file);
  } catch (const CLI::Error& refused) {
    return refused.what();
  }
  return {};
}

TEST(ConfigFile, gives_each_key_its_value) {
  Config config;
  EXPECT_EQ(complaint("state-dir = \"/srv/vm\"\nuid-base = 5000\n# a comment\n", config), "");
  EXPECT_EQ(config.state_dir, "/srv/vm");
  EXPECT_EQ(config.uid_base, 5000);
}

TEST(ConfigFile, refuses_what_it_does_not_know_and_says_which_key) {
  struct Row {
    std::string text, key;
  };
  for (const auto& [text, key] : std::vector<Row>{{"stat-dir = /x", "stat-dir"},
                                                  {"uid-base = [-", "uid-base"},
                                                  {"uid-base = [1, 2]", "uid-base"},
                                                  {"uid-base = 0", "uid-base"},
                                                  {"uid-base = many", "uid-base"},
                                                  {"accelerator = fast", "accelerator"}}) {
    Config config;
    EXPECT_NE(complaint(text, config).find(key), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace truce::model
