#include "network/fake.h"

#include <gtest/gtest.h>

#include "conformance_overlay.h"
#include "sandbox.h"

namespace truce::network {
namespace {

class FakeSubject {
 public:
  std::string why_not() { return {}; }
  Provider& provider() { return fake_; }
  template <class T>
  T run(Async<T> work) {
    return wait_for(loop_, std::move(work));
  }

 private:
  asio::io_context loop_;
  FakeNetwork fake_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, ProviderConformance, FakeSubject);
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, OverlayConformance, FakeSubject);

TEST(FakeNetwork, a_host_without_rights_refuses_nat_and_says_why) {
  asio::io_context loop;
  FakeNetwork fake({Mode::user}, "no rights");
  auto refused = wait_for(loop, fake.ensure({"a", Mode::nat, "10.1.2.0/24", "x"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unsupported);
  EXPECT_TRUE(refused.error().message.ends_with("no rights"));
  EXPECT_TRUE(wait_for(loop, fake.ensure({"a", Mode::user, "", ""})));
}

TEST(FakeNetwork, fails_once_when_told_to) {
  asio::io_context loop;
  FakeNetwork fake;
  fake.fail_next({Code::io, "broken", {}});
  EXPECT_FALSE(wait_for(loop, fake.ensure({"a", Mode::user, "", ""})));
  EXPECT_TRUE(wait_for(loop, fake.ensure({"a", Mode::user, "", ""})));
  EXPECT_EQ(fake.ensured(), 1U);
}

}  // namespace
}  // namespace truce::network
