#include "invocation.h"

#include <gtest/gtest.h>

#include "completion.h"
#include "help.h"

namespace truce::cli {
namespace {

Invocation invoke(const std::vector<std::string>& words) {
  auto read = read_words(words);
  EXPECT_TRUE(read) << read.error().message;
  return std::get<Invocation>(read.value());
}

std::string refusal(const std::vector<std::string>& words) {
  auto read = read_words(words);
  if (read) return "read";
  EXPECT_EQ(read.error().code, Code::invalid);
  return read.error().message;
}

std::string text(const std::vector<std::string>& words) {
  auto read = read_words(words);
  EXPECT_TRUE(read) << read.error().message;
  return std::get<Text>(read.value()).text;
}

TEST(Invocation, words_and_options_reach_their_places) {
  auto got =
      invoke({"vm", "create", "web01", "--template", "debian-12", "--memory=2GiB", "--start"});
  EXPECT_EQ(got.row->path, "/v1/vms");
  EXPECT_EQ(got.value("name"), "web01");
  EXPECT_EQ(got.value("template"), "debian-12");
  EXPECT_EQ(got.value("memory"), "2GiB");
  EXPECT_TRUE(got.has("start"));
  EXPECT_FALSE(got.has("cpus"));
}

TEST(Invocation, options_of_every_command_stand_anywhere) {
  auto got = invoke(
      {"--format", "json", "--url=unix:/x", "vm", "--quiet", "list", "--no-wait", "--token", "t"});
  EXPECT_EQ(got.row->verb, "list");
  EXPECT_EQ(got.style, Style::json);
  EXPECT_EQ(got.url, "unix:/x");
  EXPECT_EQ(got.token, "t");
  EXPECT_TRUE(got.quiet);
  EXPECT_FALSE(got.wait);
  EXPECT_TRUE(got.given.empty());
}

TEST(Invocation, a_list_option_takes_one_value_each_time) {
  auto got = invoke({"vm", "create", "--forward", "1:2", "--forward", "3:4", "web01"});
  EXPECT_EQ(got.given.at("forward"), (std::vector<std::string>{"1:2", "3:4"}));
  EXPECT_EQ(got.value("name"), "web01");
}

TEST(Invocation, an_empty_value_is_a_value) {
  auto got = invoke({"vm", "set", "web01", "--iso", ""});
  ASSERT_TRUE(got.has("iso"));
  EXPECT_EQ(got.value("iso"), "");
  EXPECT_EQ(invoke({"vm", "set", "web01", "--iso="}).value("iso", "absent"), "");
}

TEST(Invocation, braces_and_brackets_are_plain_text) {
  EXPECT_EQ(invoke({"vm", "set", "a", "--description", "{}"}).value("description"), "{}");
  EXPECT_EQ(invoke({"vm", "set", "a", "--description", "[x,y]"}).value("description"), "[x,y]");
}

TEST(Invocation, what_stands_after_two_dashes_belongs_to_the_guest) {
  auto got = invoke({"vm", "exec", "web01", "--timeout", "5", "--", "ls", "--help", "--", "-l"});
  EXPECT_EQ(got.rest, (std::vector<std::string>{"ls", "--help", "--", "-l"}));
  EXPECT_EQ(got.value("timeout"), "5");
  EXPECT_TRUE(refusal({"vm", "exec", "web01"}).contains("write it after --"));
}

TEST(Invocation, follow_is_another_word_for_watch) {
  EXPECT_TRUE(invoke({"event", "list", "--follow"}).has("watch"));
  EXPECT_TRUE(refusal({"vm", "list", "--follow"}).contains("--follow is not known"));
}

TEST(Invocation, mistakes_are_named_with_a_guess) {
  EXPECT_TRUE(refusal({"vn", "list"}).starts_with("there is no command 'vn'; did you mean 'vm'?"));
  EXPECT_TRUE(
      refusal({"vm", "strat", "a"}).starts_with("there is no 'vm strat'; did you mean 'start'?"));
  EXPECT_TRUE(refusal({"vm"}).starts_with("say what to do"));
  EXPECT_TRUE(
      refusal({"vm", "create", "a", "--memroy", "1"})
          .starts_with("vm create: option --memroy is not known; did you mean '--memory'?"));
}

TEST(Invocation, wrong_usage_shows_the_usage) {
  EXPECT_TRUE(refusal({"vm", "start"}).contains("usage: truce vm start NAME"));
  EXPECT_TRUE(refusal({"vm", "start", "a", "b"}).contains("usage: truce vm start NAME"));
  EXPECT_NE(refusal({"vm", "create", "a", "--memory"}), "read");
  EXPECT_NE(refusal({"vm", "create", "a", "--clone", "deep"}), "read");
  EXPECT_NE(refusal({"vm", "list", "--format", "xml"}), "read");
  EXPECT_NE(refusal({"vm", "create", "a", "--cpus", "1", "--cpus", "2"}), "read");
  EXPECT_NE(refusal({"vm", "start", "a", "-x"}), "read");
}

TEST(Invocation, commands_without_verb_take_words) {
  EXPECT_EQ(invoke({"login", "https://h:7443", "--fingerprint", "ab"}).value("server"),
            "https://h:7443");
  EXPECT_EQ(invoke({"completion", "bash"}).value("shell"), "bash");
  EXPECT_NE(refusal({"completion", "tcsh"}), "read");
}

TEST(Help, is_there_for_all_a_noun_and_a_verb) {
  EXPECT_EQ(text({}), text({"--help"}));
  EXPECT_EQ(text({"help"}), text({"-h"}));
  EXPECT_EQ(text({"help", "vm"}), text({"vm", "--help"}));
  EXPECT_EQ(text({"help", "vm", "create"}), text({"vm", "create", "web01", "--help"}));
  EXPECT_TRUE(text({"vm", "--help"}).contains("truce vm list"));
  EXPECT_TRUE(text({"help", "login"}).contains("Usage: truce login SERVER"));
  EXPECT_TRUE(refusal({"help", "vn"}).contains("did you mean 'vm'?"));
  EXPECT_TRUE(refusal({"help", "vm", "fly"}).contains("there is no 'vm fly'"));
}

TEST(Help, tells_limits_defaults_and_examples) {
  auto help = text({"vm", "create", "--help"});
  EXPECT_TRUE(help.contains("--memory SIZE"));
  EXPECT_TRUE(help.contains("(32MiB to 16TiB, default: 512MiB)")) << help;
  EXPECT_TRUE(help.contains("--cloud-init FILE"));
  EXPECT_TRUE(help.contains("truce vm create web01 --template debian-12"));
}

TEST(Help, no_line_is_longer_than_a_terminal) {
  for (const auto& words :
       {std::vector<std::string>{}, {"help", "vm"}, {"help", "vm", "create"}, {"help", "token"}}) {
    auto all = text(words);
    std::string_view left = all;
    while (!left.empty()) {
      auto line = left.substr(0, left.find('\n'));
      left.remove_prefix(std::min(left.size(), line.size() + 1));
      if (!line.starts_with("  truce ") && line.starts_with("  ")) {
        EXPECT_LE(line.size(), 80U) << line;
      }
    }
  }
}

TEST(Version, is_the_projects) {
  EXPECT_EQ(text({"--version"}), "truce " TRUCE_VERSION "\n");
}

std::vector<std::string> offered(const std::vector<std::string>& words) {
  return complete(words).words;
}

TEST(Completion, offers_nouns_then_verbs_then_names) {
  EXPECT_EQ(offered({"te"}), std::vector<std::string>{"template"});
  EXPECT_EQ(offered({"vm", "sus"}), std::vector<std::string>{"suspend"});
  EXPECT_EQ(complete({"vm", "start", ""}).noun, "vm");
  EXPECT_EQ(complete({"vm", "start", "a", ""}).noun, "");
  EXPECT_EQ(complete({"template", "delete", "d"}).noun, "template");
}

TEST(Completion, a_new_name_is_not_completed) {
  EXPECT_EQ(complete({"vm", "create", ""}).noun, "");
  EXPECT_EQ(complete({"vm", "rename", ""}).noun, "vm");
  EXPECT_EQ(complete({"vm", "rename", "a", ""}).noun, "");
}

TEST(Completion, offers_options_and_their_values) {
  EXPECT_EQ(offered({"vm", "create", "--memory-m"}), std::vector<std::string>{"--memory-min"});
  EXPECT_EQ(offered({"vm", "list", "--observed", "p"}), std::vector<std::string>{"paused"});
  EXPECT_EQ(offered({"vm", "list", "--format", "j"}), std::vector<std::string>{"json"});
  EXPECT_EQ(complete({"vm", "create", "a", "--template", ""}).noun, "template");
  EXPECT_EQ(complete({"vm", "create", "a", "--network", ""}).noun, "network");
  EXPECT_EQ(complete({"vm", "create", "a", "--iso", ""}).noun, "template");
}

TEST(Completion, the_value_of_an_option_is_no_word) {
  EXPECT_EQ(complete({"vm", "--url", "unix:/x", "start", ""}).noun, "vm");
  EXPECT_EQ(complete({"vm", "start", "--format", "json", ""}).noun, "vm");
}

TEST(Completion, knows_help_and_completion) {
  EXPECT_EQ(offered({"completion", ""}), (std::vector<std::string>{"bash", "fish", "zsh"}));
  EXPECT_EQ(offered({"help", "tok"}), std::vector<std::string>{"token"});
  EXPECT_EQ(offered({"help", "vm", "cl"}), offered({"vm", "cl"}));
}

TEST(Completion, nothing_of_ours_is_offered_for_the_guests_command) {
  auto got = complete({"vm", "exec", "a", "--", "--"});
  EXPECT_TRUE(got.words.empty());
  EXPECT_TRUE(got.noun.empty());
}

TEST(Completion, there_is_a_script_for_each_shell) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    EXPECT_TRUE(completion_script(shell).value().contains("truce __complete")) << shell;
  }
  EXPECT_FALSE(completion_script("tcsh"));
}

}  // namespace
}  // namespace truce::cli
