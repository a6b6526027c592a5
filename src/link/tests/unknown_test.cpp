// Hosts that have no certificate yet: what they may have, and whom they believe.
#include "world.h"

namespace truce::link {
namespace {

std::shared_ptr<Identity> stranger(const Authority& authority) {
  return must(Identity::unknown(authority.certificate().fingerprint));
}

TEST(LinkUnknown, a_stranger_gets_the_open_service_and_no_other) {
  World world;
  world.listen({.open_service = peer_service});
  auto socket = world.call(stranger(world.authority), world.target());
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(world.next().peer.host, "");
  auto target = world.target();
  target.service = api_service;
  auto refused = world.call(stranger(world.authority), target);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::forbidden);
  // Who has a certificate is known as before.
  ASSERT_TRUE(world.call());
  EXPECT_EQ(world.next().peer.host, "h1");
}

TEST(LinkUnknown, a_stranger_gets_nothing_where_no_service_is_open) {
  World world;
  for (std::string open : {"", "enroll"}) {  // one that is not there is as good as none
    world.listen({.open_service = open});
    auto refused = world.call(stranger(world.authority), world.target());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::forbidden);
    EXPECT_TRUE(world.incoming.empty());
  }
}

TEST(LinkUnknown, a_stranger_believes_the_authority_that_it_was_told_and_the_name_that_it_wants) {
  World world;
  world.listen({.open_service = peer_service});
  auto other = must(Authority::make("estate"));
  auto deceived = world.call(stranger(other), world.target());
  ASSERT_FALSE(deceived);
  EXPECT_EQ(deceived.error().code, Code::forbidden);
  auto target = world.target();
  target.host = "h3";
  auto misled = world.call(stranger(world.authority), target);
  ASSERT_FALSE(misled);
  EXPECT_EQ(misled.error().code, Code::forbidden);
  EXPECT_TRUE(world.incoming.empty());
}

TEST(LinkUnknown, a_bad_certificate_is_worse_than_none) {
  World world;
  world.listen({.open_service = peer_service});
  auto other = must(Authority::make("estate"));
  auto liar =
      world.call(world.identity({.host = "h1"}, other, world.authority.pem()), world.target());
  ASSERT_FALSE(liar);
  EXPECT_EQ(liar.error().code, Code::forbidden);
  EXPECT_TRUE(world.incoming.empty());
}

}  // namespace
}  // namespace truce::link
