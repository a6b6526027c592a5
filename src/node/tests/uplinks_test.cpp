#include "networks/uplinks.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"

namespace truce::node {
namespace {

// What /sys/class/net shows of a bridge br0.
class Uplinks : public testing::Test {
 protected:
  ~Uplinks() override { EXPECT_TRUE(remove_tree(interfaces_)); }
  void plug(const std::string& name, const std::string& carrier, bool tap = false) {
    EXPECT_TRUE(make_folder(interfaces_ / "br0/brif" / name));
    EXPECT_TRUE(make_folder(interfaces_ / name));
    if (!carrier.empty())
      EXPECT_TRUE(write_file_durably(interfaces_ / name / "carrier", carrier + "\n"));
    if (tap) EXPECT_TRUE(write_file_durably(interfaces_ / name / "tun_flags", "0x1002\n"));
  }
  [[nodiscard]] std::string problem() const { return why_cut_off(interfaces_, "br0"); }

  std::filesystem::path interfaces_ =
      std::filesystem::temp_directory_path() / ("truce-uplinks-" + random_hex(6));
};

TEST_F(Uplinks, a_bridge_with_one_live_uplink_leads_somewhere) {
  plug("eth0", "0");
  plug("eth1", "1");
  EXPECT_EQ(problem(), "");
}

TEST_F(Uplinks, a_bridge_whose_uplinks_are_all_dead_leads_nowhere) {
  plug("eth0", "0");
  EXPECT_EQ(problem(), "bridge br0 leads nowhere: eth0 has no carrier");
  plug("eth1", "");  // it is down
  EXPECT_EQ(problem(), "bridge br0 leads nowhere: eth0, eth1 have no carrier");
}

TEST_F(Uplinks, machines_are_no_uplinks) {
  plug("tap1", "1", true);
  EXPECT_EQ(problem(), "") << "a bridge without uplinks is not meant to lead anywhere";
  plug("eth0", "0");
  EXPECT_EQ(problem(), "bridge br0 leads nowhere: eth0 has no carrier");
}

TEST_F(Uplinks, a_bridge_that_is_not_there_is_not_said_to_lead_nowhere) {
  EXPECT_EQ(problem(), "");
}

}  // namespace
}  // namespace truce::node
