// A copy of what one guest's card carries goes to another's.
#include "host_lab.h"
#include "mirror/mirrors.h"

namespace truce::network {
namespace {

inline constexpr Mac ids_mac{2, 0, 0, 0, 0, 0x19};
inline constexpr auto ids_mac_text = "02:00:00:00:00:19";

class MirrorTest : public PairTest {
 protected:
  void SetUp() override {
    PairTest::SetUp();
    if (IsSkipped()) return;
    if (auto why = run(host().why_not_mirror()); !why.empty())
      GTEST_SKIP() << "skipped, because " << why;
    reserve("ids", ids_mac_text);
    ids_.emplace(plug(ids_mac, ids_mac_text));
  }
  void mirror(const std::string& vm, const std::string& mac, const std::string& to) {
    auto done =
        run(host().reserve("lab", {.vm_name = vm, .mac = mac, .settings = {.mirror_to = to}}));
    ASSERT_TRUE(done) << done.error().message;
  }
  // Whether a datagram between the two gets to its end, and whether the third sees it.
  struct Seen {
    bool there = false, copied = false;
    bool operator==(const Seen&) const = default;
  };
  Seen pass(Guest& from, Guest& to, const Mac& to_mac) {
    auto port = ++port_;
    from.send_ip(to_mac, {from.address(), to.address(), port, port, {'x'}});
    Seen seen;
    seen.there = to.receive_udp(port, patience).has_value();
    seen.copied = ids_ && ids_->receive_udp(port, silence).has_value();
    return seen;
  }
  Seen sent() { return pass(*web_, *db_, db_mac); }
  Seen received() { return pass(*db_, *web_, web_mac); }

  static constexpr Seen copied{true, true}, alone{true, false};
  std::optional<Guest> ids_;
  std::uint16_t port_ = 7000;
};

TEST_F(MirrorTest, a_mirrored_card_is_copied_both_ways_while_it_is_wanted) {
  EXPECT_EQ(sent(), alone);
  mirror("web01", web_mac_text, ids_mac_text);
  EXPECT_EQ(sent(), copied);
  EXPECT_EQ(received(), copied);
  ASSERT_TRUE(run(host().ensure(lab)));
  EXPECT_EQ(sent(), copied);
  output({"nft", "flush", "ruleset"});
  ensure();
  EXPECT_EQ(sent(), copied) << "mended";
  mirror("web01", web_mac_text, "");
  EXPECT_EQ(sent(), alone);
  EXPECT_EQ(received(), alone);
  EXPECT_FALSE(output({"nft", "list", "tables"}).contains("truce-mirrors"));
}

TEST_F(MirrorTest, a_mirror_ends_with_either_card_and_is_there_again_with_it) {
  mirror("web01", web_mac_text, ids_mac_text);
  ids_.reset();
  EXPECT_EQ(sent(), alone);
  ids_.emplace(plug(ids_mac, ids_mac_text));
  EXPECT_EQ(sent(), copied);
  web_.reset();
  web_.emplace(plug_web());
  web_->set_address(web_address_);
  EXPECT_EQ(sent(), copied);
  EXPECT_EQ(received(), copied);
  ASSERT_TRUE(run(host().release("lab", web_mac_text)));
  EXPECT_FALSE(output({"nft", "list", "tables"}).contains("truce-mirrors"));
}

TEST_F(MirrorTest, a_card_that_gets_copies_is_not_copied_itself) {
  mirror("web01", web_mac_text, ids_mac_text);
  mirror("ids", ids_mac_text, web_mac_text);
  EXPECT_EQ(sent(), alone) << "the two would send each other's packets to and fro";
  mirror("ids", ids_mac_text, "");
  EXPECT_EQ(sent(), copied);
}

TEST(MirrorRules, are_two_chains_a_card) {
  auto text = mirror_rules({{"tt-a", "tt-b", 7}});
  EXPECT_TRUE(text.contains("hook ingress device \"tt-a\"")) << text;
  EXPECT_TRUE(text.contains("hook egress device \"tt-a\"")) << text;
  EXPECT_NE(text, mirror_rules({{"tt-a", "tt-b", 8}})) << "another card of the same name";
  EXPECT_FALSE(mirror_rules({}).contains("chain"));
}

}  // namespace
}  // namespace truce::network
