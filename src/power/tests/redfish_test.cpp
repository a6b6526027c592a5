// Against a model written from the standard by other code, which OpenStack's client judges.
#include "controllers.h"
#include "http/client.h"
#include "redfish_answers.h"

namespace truce::power {
namespace {

const Patience quick{.limit = std::chrono::milliseconds(200),
                     .between = std::chrono::milliseconds(10)};
const Patience slow{.limit = std::chrono::minutes(2), .between = std::chrono::milliseconds(20)};

class RedfishTest : public testing::Test {
 protected:
  Redfish address(const RedfishModel& model) {
    auto seen = loop.run(http::server_fingerprint(loop.executor(), model.url));
    if (!seen) throw std::runtime_error(seen.error().message);
    return {.url = model.url,
            .fingerprint = *seen,
            .user = "truce",
            .password = std::make_shared<const Secret>("correct horse"),
            .system = {}};
  }
  std::unique_ptr<PowerControl> control(const RedfishModel& model) {
    auto made = make_control(loop.executor(), address(model));
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
  }
  Error fault(const std::string& name) {
    RedfishModel model(loop, folder, {name});
    auto done = loop.run(control(model)->off(Off::at_once));
    return done ? Error{Code::internal, "it worked", {}} : done.error();
  }

  Loop loop;
  Folder folder;
};

TEST_F(RedfishTest, a_host_is_switched_on_and_off_and_says_how_it_is) {
  RedfishModel model(loop, folder);
  auto bmc = control(model);
  EXPECT_EQ(loop.run(bmc->state()).value(), PowerState::off);
  auto on = loop.run(switch_on(*bmc, slow));
  ASSERT_TRUE(on) << on.error().message;
  EXPECT_EQ(folder.read("power"), "On");
  ASSERT_TRUE(loop.run(switch_on(*bmc, slow))) << "it is on already";
  ASSERT_TRUE(loop.run(switch_off(*bmc, Off::orderly, slow)));
  ASSERT_TRUE(loop.run(switch_on(*bmc, slow)));
  ASSERT_TRUE(loop.run(switch_off(*bmc, Off::at_once, slow)));
  EXPECT_EQ(folder.read("power"), "Off");
  EXPECT_EQ(folder.read("log"), "reset On\nreset GracefulShutdown\nreset On\nreset ForceOff\n");
}

TEST_F(RedfishTest, what_is_allowed_may_be_said_elsewhere) {
  RedfishModel model(loop, folder, {"action-info"});
  auto bmc = control(model);
  ASSERT_TRUE(loop.run(switch_on(*bmc, slow)));
  EXPECT_EQ(folder.read("log"), "reset On\n");
}

TEST_F(RedfishTest, a_wrong_password_is_refused_and_stands_in_no_message) {
  RedfishModel model(loop, folder);
  auto wrong = address(model);
  wrong.password = std::make_shared<const Secret>("tr0ub4dor");
  auto bmc = make_control(loop.executor(), wrong);
  ASSERT_TRUE(bmc);
  auto state = loop.run((*bmc)->state());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::forbidden);
  EXPECT_FALSE(state.error().message.contains("tr0ub4dor")) << state.error().message;
}

TEST_F(RedfishTest, another_certificate_than_the_pinned_one_gets_no_password) {
  std::optional<RedfishModel> model(std::in_place, loop, folder);
  auto pinned = address(*model);
  model.reset();
  std::filesystem::remove(folder / "bmc.pem");
  model.emplace(loop, folder);
  pinned.url = model->url;
  auto bmc = make_control(loop.executor(), pinned);
  ASSERT_TRUE(bmc);
  EXPECT_EQ(loop.run((*bmc)->wake()).error().code, Code::forbidden);
  EXPECT_EQ(folder.read("log"), "");
}

TEST_F(RedfishTest, nobody_there_is_unavailable) {
  std::optional<RedfishModel> model(std::in_place, loop, folder);
  auto bmc = control(*model);
  model.reset();
  EXPECT_EQ(loop.run(bmc->state()).error().code, Code::unavailable);
}

TEST_F(RedfishTest, one_that_takes_the_order_and_never_goes_off_is_told) {
  folder.write("power", "On");
  RedfishModel model(loop, folder, {"stuck"});
  auto bmc = control(model);
  auto done = loop.run(switch_off(*bmc, Off::at_once, quick));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::timeout);
  EXPECT_TRUE(done.error().message.contains("its controller says: on")) << done.error().message;
}

TEST_F(RedfishTest, each_fault_is_an_error_of_its_own) {
  folder.write("power", "On");
  EXPECT_EQ(fault("large").code, Code::limit);
  EXPECT_EQ(fault("garbled").code, Code::corrupt);
  EXPECT_EQ(fault("two").code, Code::precondition);
  EXPECT_EQ(fault("elsewhere").code, Code::corrupt);
  EXPECT_EQ(fault("no-off").code, Code::unsupported);
  EXPECT_EQ(fault("busy").code, Code::unavailable);
  EXPECT_EQ(folder.read("power"), "On");
}

TEST_F(RedfishTest, one_of_several_systems_can_be_named) {
  RedfishModel model(loop, folder, {"two"});
  auto named = address(model);
  named.system = "/redfish/v1/Systems/437XR1138R2";
  auto bmc = make_control(loop.executor(), named);
  ASSERT_TRUE(bmc);
  EXPECT_EQ(loop.run((*bmc)->state()).value(), PowerState::off);
  named.system = "/redfish/v1/Systems/9";
  auto none = make_control(loop.executor(), named);
  EXPECT_EQ(loop.run((*none)->state()).error().code, Code::not_found);
}

TEST_F(RedfishTest, the_model_is_a_service_to_openstacks_client) {
  auto there =
      loop.run(run({.argv = {"/usr/bin/python3", "-c", "import sushy"}}, std::chrono::minutes(1)));
  if (!there || !there->status.success()) GTEST_SKIP() << "python3-sushy is not installed";
  RedfishModel model(loop, folder);
  auto said = loop.run(
      run_checked({.argv = {"/usr/bin/python3", TRUCE_TEST_FILES "/redfish_judge.py", model.url}},
                  std::chrono::minutes(2)));
  ASSERT_TRUE(said) << said.error().message;
  EXPECT_EQ(*said, "Off\n['ForceOff', 'ForceRestart', 'GracefulShutdown', 'On']\nOn\nOff\n");
}

TEST(RedfishAnswers, an_order_that_is_allowed_is_chosen) {
  EXPECT_EQ(reset_type_for_on({"ForceOn", "ForceOff"}).value(), "ForceOn");
  EXPECT_EQ(reset_type_for_on({}).value(), "On");
  EXPECT_EQ(reset_type_for_off({"PushPowerButton", "ForceOff"}, Off::orderly).value(),
            "PushPowerButton");
  EXPECT_FALSE(reset_type_for_off({"PushPowerButton"}, Off::at_once));
}

TEST(RedfishAnswers, addresses_of_others_are_not_asked) {
  EXPECT_TRUE(is_own_address("/redfish/v1/Systems/1"));
  for (auto bad :
       {"", "/", "https://elsewhere/redfish/v1/", "//elsewhere/redfish/v1/", "/redfish/v1/../../x",
        "/redfish/v1/a b", "/redfish/v1/a\r\nHost: b", "/redfish/v1//x"})
    EXPECT_FALSE(is_own_address(bad)) << bad;
}

TEST(RedfishAnswers, what_it_says_of_an_error_is_quoted_in_print) {
  EXPECT_EQ(read_error(R"({"error": {"message": "no\u0007"}})"), "no?");
  EXPECT_EQ(
      read_error(R"({"error": {"message": "a", "@Message.ExtendedInfo": [{"Message": "b"}]}})"),
      "b");
  EXPECT_EQ(read_error("nothing"), "");
}

}  // namespace
}  // namespace truce::power
