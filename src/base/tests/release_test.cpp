#include "base/release.h"

#include <gtest/gtest.h>

namespace truce::release {
namespace {

TEST(Release, a_state_is_read_when_its_format_is_among_those_that_are_known) {
  for (auto known = oldest_format(); known <= format(); ++known) EXPECT_TRUE(check_format(known));
  auto newer = check_format(format() + 1);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Code::unsupported);
  EXPECT_NE(newer.error().message.find("has to be upgraded"), std::string::npos);
  auto older = check_format(oldest_format() - 1);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, Code::unsupported);
}

TEST(Release, a_host_has_a_part_when_it_knows_the_format_that_the_cluster_has_now) {
  struct Row {
    std::int64_t oldest, newest, found;
    std::string_view refusal;
  };
  const Row rows[] = {
      {1, 1, 1, ""},
      {1, 2, 1, ""},
      {1, 2, 2, ""},
      {1, 1, 2, "truced on node2 knows none after 1"},
      {2, 3, 1, "truced on node2 knows none before 2"},
  };
  for (const auto& row : rows) {
    auto checked = check_formats("node2", row.oldest, row.newest, row.found);
    auto said = checked ? std::string() : checked.error().message;
    EXPECT_EQ(said.empty(), row.refusal.empty()) << said;
    EXPECT_NE(said.find(row.refusal), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace truce::release
