// What each Provider must do. A subject gives: provider(), run(coroutine), config(name, octet),
// and SetUp() may skip.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "network/network.h"

namespace truce::network {

template <class Subject>
class ProviderConformance : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto why = subject_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
  }
  Provider& provider() { return subject_.provider(); }
  template <class T>
  T run(Async<T> work) {
    return subject_.run(std::move(work));
  }
  Result<void> ensure(std::string name, int octet = 90) {
    return run(provider().ensure(
        {std::move(name), Mode::nat, fmt::format("10.99.{}.0/24", octet), "truce.internal"}));
  }
  Result<void> reserve(std::string network, std::string vm, std::string mac) {
    return run(provider().reserve(std::move(network), {std::move(vm), std::move(mac)}));
  }
  Result<Plug> plug(std::string network, std::string mac) {
    return run(provider().plug(std::move(network), "vm", std::move(mac)));
  }

  Subject subject_;
};

TYPED_TEST_SUITE_P(ProviderConformance);

TYPED_TEST_P(ProviderConformance, says_which_modes_it_can) {
  auto modes = this->provider().modes();
  EXPECT_EQ(modes,
            (std::vector{Mode::nat, Mode::user, Mode::routed, Mode::isolated, Mode::bridged}));
  EXPECT_EQ(this->provider().why_not_nat(), "");
}

TYPED_TEST_P(ProviderConformance, ensure_and_remove_may_be_repeated) {
  ASSERT_TRUE(this->ensure("a"));
  ASSERT_TRUE(this->ensure("a"));
  EXPECT_EQ(this->provider().present(), std::vector<std::string>{"a"});
  ASSERT_TRUE(this->run(this->provider().remove("a")));
  ASSERT_TRUE(this->run(this->provider().remove("a")));
  EXPECT_TRUE(this->provider().present().empty());
}

TYPED_TEST_P(ProviderConformance, refuses_what_cannot_be_a_network) {
  auto refused = [this](Config config) {
    auto answer = this->run(this->provider().ensure(std::move(config)));
    return !answer && answer.error().code == Code::invalid;
  };
  EXPECT_TRUE(refused({"", Mode::nat, "10.99.1.0/24", "truce.internal"}));
  EXPECT_TRUE(refused({"../up", Mode::nat, "10.99.1.0/24", "truce.internal"}));
  EXPECT_TRUE(refused({"thirteen-char", Mode::nat, "10.99.1.0/24", "truce.internal"}));
  EXPECT_TRUE(refused({"a", Mode::nat, "10.99.1.7/24", "truce.internal"}));
  EXPECT_TRUE(refused({"a", Mode::nat, "10.99.1.0", "truce.internal"}));
  EXPECT_TRUE(refused({"a", Mode::nat, "10.99.1.0/30", "truce.internal"}));
  EXPECT_TRUE(refused({"a", Mode::nat, "10.99.1.0/24", "no domain\nuser=root"}));
  EXPECT_TRUE(this->provider().present().empty());
}

TYPED_TEST_P(ProviderConformance, refuses_a_subnet_that_another_network_has) {
  ASSERT_TRUE(this->ensure("a", 91));
  auto clash = this->ensure("b", 91);
  ASSERT_FALSE(clash);
  EXPECT_EQ(clash.error().code, Code::conflict);
  EXPECT_TRUE(this->ensure("b", 92));
}

TYPED_TEST_P(ProviderConformance, verbs_on_an_unknown_network_are_not_found) {
  EXPECT_EQ(this->plug("none", "02:00:00:00:00:01").error().code, Code::not_found);
  EXPECT_EQ(this->reserve("none", "vm", "02:00:00:00:00:01").error().code, Code::not_found);
  EXPECT_EQ(this->run(this->provider().leases("none")).error().code, Code::not_found);
  EXPECT_TRUE(this->run(this->provider().release("none", "02:00:00:00:00:01")));
}

TYPED_TEST_P(ProviderConformance, a_network_in_user_mode_needs_nothing_of_the_host) {
  ASSERT_TRUE(this->run(this->provider().ensure({"u", Mode::user, "", ""})));
  EXPECT_TRUE(this->reserve("u", "vm", "02:00:00:00:00:01"));
  auto plug = this->plug("u", "02:00:00:00:00:01");
  ASSERT_TRUE(plug);
  EXPECT_FALSE(plug->tap);
  auto leases = this->run(this->provider().leases("u"));
  ASSERT_TRUE(leases);
  EXPECT_TRUE(leases->empty());
}

TYPED_TEST_P(ProviderConformance, a_plug_is_open_and_one_mac_has_only_one_at_a_time) {
  ASSERT_TRUE(this->ensure("a"));
  {
    auto first = this->plug("a", "02:00:00:00:00:01");
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE(first->tap);
    auto second = this->plug("a", "02:00:00:00:00:01");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::unavailable);
    EXPECT_TRUE(this->plug("a", "02:00:00:00:00:02"));
  }
  EXPECT_TRUE(this->plug("a", "02:00:00:00:00:01"));
}

TYPED_TEST_P(ProviderConformance, traffic_is_told_of_nics_that_are_plugged_in_and_of_no_others) {
  ASSERT_TRUE(this->ensure("a"));
  auto plug = this->plug("a", "02:00:00:00:00:01");
  ASSERT_TRUE(plug) << plug.error().message;
  auto traffic = this->run(this->provider().traffic({"02:00:00:00:00:01", "02:00:00:00:00:77"}));
  ASSERT_TRUE(traffic) << traffic.error().message;
  EXPECT_EQ(traffic->size(), 1U);
  EXPECT_TRUE(traffic->contains("02:00:00:00:00:01"));
}

TYPED_TEST_P(ProviderConformance, refuses_names_and_macs_that_are_none) {
  ASSERT_TRUE(this->ensure("a"));
  auto code = [](const auto& result) { return result ? Code::internal : result.error().code; };
  for (auto mac : {"", "02:00:00:00:00", "02-00-00-00-00-01", "ff:ff:ff:ff:ff:ff",
                   "01:00:5e:00:00:01", "02:00:00:00:00:0g", "00:00:00:00:00:00"}) {
    EXPECT_EQ(code(this->reserve("a", "vm", mac)), Code::invalid) << mac;
    EXPECT_EQ(code(this->plug("a", mac)), Code::invalid) << mac;
  }
  EXPECT_EQ(code(this->reserve("a", "a,10.99.90.9\n", "02:00:00:00:00:01")), Code::invalid);
}

TYPED_TEST_P(ProviderConformance, an_address_is_fixed_once_and_only_within_the_subnet) {
  ASSERT_TRUE(this->ensure("a", 94));
  auto fix = [this](std::string vm, std::string mac, std::string address) {
    auto done = this->run(this->provider().reserve(
        "a", {.vm_name = std::move(vm), .mac = std::move(mac), .address = std::move(address)}));
    return done ? Code::internal : done.error().code;
  };
  constexpr auto fine = Code::internal;
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", "10.99.94.50"), fine);
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", "10.99.94.50"), fine);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "10.99.94.50"), Code::conflict);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "10.99.94.1"), Code::invalid);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "10.99.95.50"), Code::invalid);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "10.99.94"), Code::invalid);
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", "10.99.94.51"), fine);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "10.99.94.50"), fine);
}

TYPED_TEST_P(ProviderConformance, addresses_of_both_families_are_given_fixed_and_kept) {
  Config config{"a", Mode::nat, "10.99.94.0/24", "truce.internal"};
  ASSERT_TRUE(this->run(this->provider().ensure(config)));
  auto fix = [this](std::string vm, std::string mac, std::string address) {
    auto done = this->run(this->provider().reserve(
        "a", {.vm_name = std::move(vm), .mac = std::move(mac), .address6 = std::move(address)}));
    return done ? Code::internal : done.error().code;
  };
  constexpr auto fine = Code::internal;
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", "fd00:94::50"), Code::invalid) << "there is no IPv6";
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", ""), fine);
  config.subnet6 = "fd00:94::/64";
  ASSERT_TRUE(this->run(this->provider().ensure(config)));
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", ""), fine);
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", "fd00:94::50"), fine);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "fd00:94::50"), Code::conflict);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "fd00:94::1"), Code::invalid);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "fd00:95::50"), Code::invalid);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "10.99.94.9"), Code::invalid);
  EXPECT_EQ(fix("web", "02:00:00:00:00:01", "fd00:94::51"), fine);
  EXPECT_EQ(fix("db", "02:00:00:00:00:02", "fd00:94::50"), fine);
  for (auto text : {"fd00:94::/63", "fd00:94::5/64", "fe80::/64", "10.0.0.0/24"}) {
    config.subnet6 = text;
    EXPECT_EQ(this->run(this->provider().ensure(config)).error().code, Code::invalid) << text;
  }
  Config clash{"b", Mode::nat, "10.99.95.0/24", "truce.internal"};
  clash.subnet6 = "fd00:94::8000/113";
  EXPECT_EQ(this->run(this->provider().ensure(clash)).error().code, Code::conflict);
}

TYPED_TEST_P(ProviderConformance, takes_only_groups_that_are_well_formed) {
  auto code = [this](Group group) {
    auto done = this->run(this->provider().set_groups({std::move(group)}));
    return done ? Code::internal : done.error().code;
  };
  using Direction = Rule::Direction;
  EXPECT_EQ(code({"web", {{Direction::ingress, "tcp", {{80, 80}}, "10.0.0.0/8", ""}}}),
            Code::internal);
  EXPECT_EQ(code({"web", {}}), Code::internal);
  EXPECT_EQ(code({"a { }", {}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "tcp } drop", {}, "", ""}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "icmp", {{80, 80}}, "", ""}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "tcp", {{90, 80}}, "", ""}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "any", {}, "10.0.0.1/8", ""}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "any", {}, "10.0.0.0/33", ""}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "any", {}, "", "x y"}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "icmp", {}, "fd00::/8", ""}}}), Code::internal);
  EXPECT_EQ(code({"web", {{Direction::ingress, "any", {}, "fd00::1/8", ""}}}), Code::invalid);
  EXPECT_EQ(code({"web", {{Direction::ingress, "any", {}, "fd00::/8 accept", ""}}}), Code::invalid);
}

TYPED_TEST_P(ProviderConformance, reservations_end_with_the_subnet_and_come_back_with_a_release) {
  ASSERT_TRUE(
      this->run(this->provider().ensure({"tiny", Mode::nat, "10.99.93.0/29", "truce.internal"})));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(
        this->reserve("tiny", fmt::format("vm{}", i), fmt::format("02:00:00:00:00:0{}", i)));
    ASSERT_TRUE(
        this->reserve("tiny", fmt::format("vm{}", i), fmt::format("02:00:00:00:00:0{}", i)));
  }
  auto full = this->reserve("tiny", "vm5", "02:00:00:00:00:05");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::limit);
  ASSERT_TRUE(this->run(this->provider().release("tiny", "02:00:00:00:00:03")));
  ASSERT_TRUE(this->run(this->provider().release("tiny", "02:00:00:00:00:03")));
  EXPECT_TRUE(this->reserve("tiny", "vm5", "02:00:00:00:00:05"));
}

REGISTER_TYPED_TEST_SUITE_P(
    ProviderConformance, says_which_modes_it_can, ensure_and_remove_may_be_repeated,
    refuses_what_cannot_be_a_network, refuses_a_subnet_that_another_network_has,
    verbs_on_an_unknown_network_are_not_found, a_network_in_user_mode_needs_nothing_of_the_host,
    a_plug_is_open_and_one_mac_has_only_one_at_a_time,
    traffic_is_told_of_nics_that_are_plugged_in_and_of_no_others,
    refuses_names_and_macs_that_are_none, an_address_is_fixed_once_and_only_within_the_subnet,
    addresses_of_both_families_are_given_fixed_and_kept, takes_only_groups_that_are_well_formed,
    reservations_end_with_the_subnet_and_come_back_with_a_release);

}  // namespace truce::network
