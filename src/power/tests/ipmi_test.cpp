// Against ipmi_sim of Debian's package openipmi.
#include "controllers.h"
#include "ipmi_output.h"

namespace truce::power {
namespace {

const Patience quick{.limit = std::chrono::milliseconds(200),
                     .between = std::chrono::milliseconds(10)};
const Patience slow{.limit = std::chrono::minutes(2), .between = std::chrono::milliseconds(20)};

class IpmiTest : public testing::Test {
 protected:
  void SetUp() override {
    for (auto program : {"ipmi_sim", "ipmitool"})
      if (!find_program(program)) GTEST_SKIP() << program << " is not installed";
  }
  // The simulator knows no cipher suite newer than 3.
  std::unique_ptr<PowerControl> control(std::uint16_t port,
                                        const std::string& password = "correct-horse",
                                        const std::string& user = "truce",
                                        const std::string& program = "ipmitool") {
    auto made =
        make_control(loop.executor(), Ipmi{.host = "127.0.0.1",
                                           .port = port,
                                           .user = user,
                                           .password = std::make_shared<const Secret>(password),
                                           .cipher_suite = 3,
                                           .program = program});
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
  }
  static Async<Result<PowerState>> answer(PowerControl& bmc) {
    while (true) {
      auto state = co_await bmc.state();
      if (state || state.error().code != Code::unavailable) co_return state;
    }
  }

  Loop loop;
  Folder folder;
};

TEST_F(IpmiTest, a_host_is_switched_on_and_off_and_says_how_it_is) {
  IpmiSimulator simulator(loop, folder);
  auto bmc = control(simulator.port);
  EXPECT_EQ(loop.run(answer(*bmc)).value(), PowerState::off);
  auto on = loop.run(switch_on(*bmc, slow));
  ASSERT_TRUE(on) << on.error().message;
  EXPECT_EQ(folder.read("power"), "1\n");
  ASSERT_TRUE(loop.run(switch_off(*bmc, Off::orderly, slow)));
  EXPECT_TRUE(folder.read("log").contains("set shutdown 1")) << folder.read("log");
  ASSERT_TRUE(loop.run(switch_on(*bmc, slow)));
  ASSERT_TRUE(loop.run(switch_off(*bmc, Off::at_once, slow)));
  EXPECT_TRUE(folder.read("log").contains("set power 0")) << folder.read("log");
}

TEST_F(IpmiTest, a_wrong_password_or_user_is_refused_and_stands_in_no_message) {
  IpmiSimulator simulator(loop, folder);
  ASSERT_TRUE(loop.run(answer(*control(simulator.port))));
  auto state = loop.run(control(simulator.port, "tr0ub4dor")->state());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::forbidden) << state.error().message;
  EXPECT_FALSE(state.error().message.contains("tr0ub4dor"));
  auto nobody = loop.run(control(simulator.port, "correct-horse", "nobody")->state());
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Code::forbidden) << nobody.error().message;
}

TEST_F(IpmiTest, nobody_there_is_unavailable) {
  asio::ip::udp::socket taken(loop.executor(), {asio::ip::make_address("127.0.0.1"), 0});
  auto state = loop.run(control(taken.local_endpoint().port())->state());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::unavailable) << state.error().message;
}

TEST_F(IpmiTest, one_that_takes_the_order_and_never_goes_off_is_told) {
  IpmiSimulator simulator(loop, folder, true);
  folder.write("power", "1");
  auto bmc = control(simulator.port);
  ASSERT_EQ(loop.run(answer(*bmc)).value(), PowerState::on);
  auto done = loop.run(switch_off(*bmc, Off::at_once, quick));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::timeout) << done.error().message;
}

// Whoever lists processes sees arguments, and root their environment.
TEST_F(IpmiTest, the_password_is_neither_an_argument_nor_in_the_environment) {
  folder.write(
      "ipmitool",
      fmt::format("#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/cmdline > {0}/seen\n"
                  "tr '\\0' '\\n' < /proc/$$/environ >> {0}/seen\ncat /dev/fd/3 > {0}/password\n"
                  "echo Chassis Power is on\n",
                  folder.string()),
      0700);
  auto played = folder.string() + "/ipmitool";
  auto state = loop.run(control(623, "correct-horse", "truce", played)->state());
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_TRUE(folder.read("seen").contains("lanplus")) << folder.read("seen");
  EXPECT_FALSE(folder.read("seen").contains("correct-horse"));
  EXPECT_EQ(folder.read("password"), "correct-horse");
}

TEST(IpmiAddress, what_could_be_taken_for_something_else_is_refused) {
  asio::io_context loop;
  auto good = [] {
    return Ipmi{.host = "bmc17", .user = "truce", .password = std::make_shared<const Secret>("x")};
  };
  EXPECT_TRUE(make_control(loop.get_executor(), good()));
  auto bad = [&](auto change) {
    auto address = good();
    change(address);
    EXPECT_FALSE(make_control(loop.get_executor(), address));
  };
  bad([](Ipmi& a) { a.host = "-f/etc/shadow"; });
  bad([](Ipmi& a) { a.host = "a b"; });
  bad([](Ipmi& a) { a.user = "-P"; });
  bad([](Ipmi& a) { a.user = "seventeen letters"; });
  bad([](Ipmi& a) { a.password = nullptr; });
  bad([](Ipmi& a) { a.password = std::make_shared<const Secret>("a\nb"); });
  bad([](Ipmi& a) { a.password = std::make_shared<const Secret>("more than twenty bytes of it"); });
  bad([](Ipmi& a) { a.cipher_suite = 0; });
}

TEST(IpmiOutput, says_on_or_off_or_what_is_wrong) {
  auto said = [](std::string out, std::string err = {}, int code = 0) {
    return read_power_status(
        {.status = {.code = code, .signal = {}}, .out = std::move(out), .err = std::move(err)});
  };
  EXPECT_EQ(said("Chassis Power is on\n").value(), PowerState::on);
  EXPECT_EQ(said("Chassis Power is off\n").value(), PowerState::off);
  EXPECT_EQ(said("").error().code, Code::corrupt);
  EXPECT_EQ(said("Chassis Power is on\nChassis Power is off").error().code, Code::corrupt);
  EXPECT_EQ(said("", "Error: Unable to establish IPMI v2 / RMCP+ session", 1).error().code,
            Code::unavailable);
  EXPECT_EQ(
      said("", "> RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session", 1)
          .error()
          .code,
      Code::forbidden);
}

}  // namespace
}  // namespace truce::power
