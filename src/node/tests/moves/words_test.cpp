#include "moves/words.h"

#include <gtest/gtest.h>

namespace truce::node {
namespace {

TEST(Words, are_read_as_they_were_said) {
  Word word{.kind = Word::Kind::plan};
  word.plan.live = true;
  word.plan.outline = "what it is \"like\"";
  word.plan.copied = {{"disk0", false}, {"disk1", true}};
  word.plan.channels = 4;
  word.plan.compress = true;
  word.plan.addresses = {{"52:54:00:00:00:01", "10.77.0.9"}};
  auto read = parse_word(to_text(word));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->plan.live);
  EXPECT_EQ(read->plan.outline, word.plan.outline);
  ASSERT_EQ(read->plan.copied.size(), 2U);
  EXPECT_EQ(read->plan.copied[0].id, "disk0");
  EXPECT_FALSE(read->plan.copied[0].whole);
  EXPECT_TRUE(read->plan.copied[1].whole);
  EXPECT_EQ(read->plan.channels, 4);
  EXPECT_TRUE(read->plan.compress);
  EXPECT_FALSE(read->plan.post_copy);
  EXPECT_EQ(read->plan.addresses, word.plan.addresses);

  auto file = parse_word(to_text({.kind = Word::Kind::file, .name = "tpm/state-1", .size = 7}));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->name, "tpm/state-1");
  EXPECT_EQ(file->size, 7U);
  auto refused =
      parse_word(to_text({.kind = Word::Kind::refused, .code = "limit", .error = "full"}));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error, "full");
}

TEST(Words, name_no_file_that_does_not_go_along) {
  for (const auto* name : {"../../etc/passwd", "/etc/passwd", "tpm/../x", "tpm/.x", "tpm/",
                           "tpm/a/b", "disk0.qcow2", "layers.json", "", "seed.iso/x"}) {
    EXPECT_FALSE(is_home_file(name)) << name;
    EXPECT_FALSE(parse_word(to_text({.kind = Word::Kind::file, .name = name}))) << name;
  }
  for (const auto* disk : {"../disk0", "disk0.qcow2", "", "a/b"})
    EXPECT_FALSE(parse_word(to_text({.kind = Word::Kind::file, .name = disk, .disk = true})))
        << disk;
  for (const auto* name : {"seed.iso", "uefi-variables.fd", "tpm/tpm2-00.permall", "suspend.state"})
    EXPECT_TRUE(is_home_file(name)) << name;
}

TEST(Words, that_no_node_says_are_refused) {
  for (const auto* text :
       {"", "[]", "{}", R"({"say":"hello"})", R"({"say":"plan"})", R"({"say":"plan","plan":{}})",
        R"({"say":"plan","plan":{"channels":17}})", R"({"say":"piece","at":-1})",
        R"({"say":"piece","at":"1"})", R"({"say":"plan","plan":{"channels":1,"copied":[1]}})",
        R"({"say":"plan","plan":{"channels":1,"copied":[{"disk":"../x"}]}})"}) {
    EXPECT_FALSE(parse_word(text)) << text;
  }
}

}  // namespace
}  // namespace truce::node
