// Where files of a host lie, and who reads them.
#include "moving/shares.h"

#include <gtest/gtest.h>

namespace truce::hyperv {
namespace {

TEST(SharePath, is_that_of_a_volume) {
  auto at = read_share_path(R"(D:\Hyper-V\web 01.vhdx)");
  ASSERT_TRUE(at) << at.error().message;
  EXPECT_EQ(at->share, "D$");
  EXPECT_EQ(at->path, "Hyper-V/web 01.vhdx");
  for (const auto* none : {"", "D:", R"(D:\)", R"(\\nas\share\web01.vhdx)", "web01.vhdx",
                           R"(1:\web01.vhdx)", R"(D:\a\..\b.vhdx)", R"(\\?\Volume{1}\x.vhdx)"}) {
    auto refused = read_share_path(none);
    ASSERT_FALSE(refused) << none;
    EXPECT_EQ(refused.error().code, Code::unsupported) << none;
  }
}

TEST(ShareAccess, has_users_as_windows_names_them) {
  auto whose = [](std::string_view user) {
    auto access = access_for("hv1", user, nullptr, "HV1");
    return access.domain + "|" + access.user;
  };
  EXPECT_EQ(whose("Administrator"), "HV1|Administrator");
  EXPECT_EQ(whose(R"(.\Administrator)"), "HV1|Administrator");
  EXPECT_EQ(whose(R"(CORP\truce)"), "CORP|truce");
  EXPECT_EQ(whose("truce@corp.example.com"), "corp.example.com|truce");
}

}  // namespace
}  // namespace truce::hyperv
