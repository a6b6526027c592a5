// What goes wrong between us and a server, played by a model of one.
#include "model_server.h"
#include "platform/inventory.h"

namespace truce::vsphere {
namespace {

using platform::Update;

class Faults : public testing::Test {
 protected:
  Result<Update> next() { return server_.loop().run(platform_->next(1s)); }
  /// The next answer, which is none of an error.
  Update told() {
    auto update = next();
    if (update) return *std::move(update);
    ADD_FAILURE() << update.error().message;
    return {};
  }
  void say(std::string inside) {
    server_.next("WaitForUpdatesEx", soap("WaitForUpdatesEx", inside));
  }
  Result<void> start(std::string id) { return server_.loop().run(platform_->start(id)); }

  ModelServer server_;
  std::unique_ptr<platform::Platform> platform_ = server_.open();
};

TEST_F(Faults, a_first_picture_in_parts_is_one) {
  say(update_set("1", enters("11", "a"), true));
  say(update_set("2", enters("12", "b"), true));
  say(update_set("3", enters("13", "c")));
  auto update = told();
  EXPECT_EQ(update.extent, Update::Extent::whole);
  EXPECT_EQ(update.machines.seen.size(), 3U);
}

TEST_F(Faults, a_server_that_has_more_for_ever_and_does_not_go_on_is_refused) {
  say(update_set("1", enters("11", "a"), true));
  server_.always("WaitForUpdatesEx",
                 soap("WaitForUpdatesEx", update_set("1", enters("11", "a"), true)));
  auto update = next();
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, Code::corrupt);
}

TEST_F(Faults, nothing_new_is_an_empty_update) {
  say(update_set("1", enters("11", "a")));
  told();
  auto update = told();
  EXPECT_EQ(update.extent, Update::Extent::changes);
  EXPECT_TRUE(update.empty());
  EXPECT_GT(update.at.time_since_epoch().count(), 0);
}

TEST_F(Faults, what_leaves_is_gone) {
  say(update_set("1", enters("11", "a") + enters("12", "b")));
  told();
  say(update_set("2",
                 "<objectSet><kind>leave</kind><obj type=\"VirtualMachine\">11</obj></objectSet>"));
  auto update = told();
  EXPECT_EQ(update.machines.gone, std::vector<std::string>{"11"});
  EXPECT_TRUE(update.machines.seen.empty());
}

TEST_F(Faults, a_change_of_a_part_reads_the_whole_property) {
  say(update_set("1", enters("11", "a")));
  told();
  say(update_set("2",
                 "<objectSet><kind>modify</kind><obj type=\"VirtualMachine\">11</obj><changeSet>"
                 "<name>config.hardware.device[2000].capacityInKB</name><op>assign</op>"
                 "<val>2048</val></changeSet></objectSet>"));
  server_.next("RetrievePropertiesEx", [](const std::string& request) {
    EXPECT_NE(request.find("<pathSet>config.hardware</pathSet>"), std::string::npos);
    return soap("RetrievePropertiesEx",
                "<returnval><objects><obj type=\"VirtualMachine\">11</obj><propSet>"
                "<name>config.hardware</name><val><device xsi:type=\"VirtualDisk\">"
                "<key>2000</key><capacityInKB>2048</capacityInKB></device></val></propSet>"
                "</objects></returnval>");
  });
  auto update = told();
  ASSERT_EQ(update.machines.seen.size(), 1U);
  EXPECT_EQ(update.machines.seen[0].name, "a");
  ASSERT_EQ(update.machines.seen[0].disks.size(), 1U);
  EXPECT_EQ(update.machines.seen[0].disks[0].size, mib(2));
}

TEST_F(Faults, a_session_that_has_ended_is_begun_anew_and_all_is_told_again) {
  say(update_set("1", enters("11", "a") + enters("12", "b")));
  told();
  server_.end_sessions();
  server_.next("WaitForUpdatesEx", soap_fault("ManagedObjectNotFound", "pc-own"));
  say(update_set("1", enters("12", "b")));
  auto update = told();
  EXPECT_EQ(update.extent, Update::Extent::whole);
  EXPECT_EQ(update.machines.seen.size(), 1U);
  EXPECT_EQ(server_.calls("Login"), 2);
}

TEST_F(Faults, an_answer_that_is_cut_off_is_told_and_then_all_is_read_again) {
  say(update_set("1", enters("11", "a")));
  told();
  auto whole = soap("WaitForUpdatesEx", update_set("2", enters("12", "b") + enters("13", "c")));
  server_.next("WaitForUpdatesEx", broken_off(whole, whole.body.find(">13<") - 40));
  auto update = next();
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, Code::unavailable) << update.error().message;
  say(update_set("1", enters("13", "c")));
  auto again = told();
  EXPECT_EQ(again.extent, Update::Extent::whole);
  ASSERT_EQ(again.machines.seen.size(), 1U) << "what the half answer held is forgotten";
  EXPECT_EQ(again.machines.seen[0].id, "13");
}

TEST_F(Faults, what_is_too_large_is_refused) {
  say(update_set("1", enters("11", std::string(17 << 20, 'x'))));
  auto update = next();
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, Code::limit) << update.error().message;
}

TEST_F(Faults, what_is_too_deep_is_refused) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  say(update_set("1", deep));
  auto update = next();
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, Code::limit) << update.error().message;
}

TEST_F(Faults, a_wrong_password_is_told_without_it) {
  auto account = server_.account();
  account.password = std::make_shared<Secret>("secret-word");
  auto platform = vsphere::open(server_.loop().executor(), account);
  auto connected = server_.loop().run(platform->connect());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::unauthenticated);
  EXPECT_EQ(connected.error().message.find("secret-word"), std::string::npos);
  EXPECT_NE(connected.error().message.find("user"), std::string::npos);
}

TEST_F(Faults, a_password_that_changes_later_is_told_too) {
  say(update_set("1", enters("11", "a")));
  told();
  server_.end_sessions();
  server_.next("Login", soap_fault("InvalidLogin", "Cannot complete login."));
  auto update = next();
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().code, Code::unauthenticated);
}

TEST_F(Faults, another_certificate_is_refused_with_both_fingerprints) {
  auto account = server_.account();
  auto right = account.trust.fingerprint;
  account.trust.fingerprint = std::string(64, 'a');
  auto platform = vsphere::open(server_.loop().executor(), account);
  auto connected = server_.loop().run(platform->connect());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::forbidden);
  EXPECT_NE(connected.error().message.find(right), std::string::npos);
  EXPECT_NE(connected.error().message.find(account.trust.fingerprint), std::string::npos);
  EXPECT_EQ(server_.calls("Login"), 0);
}

TEST_F(Faults, a_certificate_that_nobody_has_signed_is_refused_without_a_fingerprint) {
  auto account = server_.account();
  account.trust.fingerprint.clear();
  auto platform = vsphere::open(server_.loop().executor(), account);
  auto connected = server_.loop().run(platform->connect());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::forbidden) << connected.error().message;
  EXPECT_EQ(server_.calls("RetrieveServiceContent"), 0);
}

TEST_F(Faults, a_verb_whose_connection_breaks_is_not_said_twice) {
  auto whole = soap("PowerOnVM_Task", "<returnval type=\"Task\">task-1</returnval>");
  server_.next("PowerOnVM_Task", broken_off(whole, 20));
  auto started = start("11");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unavailable);
  EXPECT_EQ(server_.calls("PowerOnVM_Task"), 1);
}

std::string task(std::string_view state, std::string_view more = {}) {
  return fmt::format(
      "<returnval><objects><obj type=\"Task\">task-1</obj><propSet><name>info</name><val>"
      "<state>{}</state>{}</val></propSet></objects></returnval>",
      state, more);
}

TEST_F(Faults, a_task_is_waited_for_and_its_failure_is_told) {
  server_.next("PowerOnVM_Task",
               soap("PowerOnVM_Task", "<returnval type=\"Task\">task-1</returnval>"));
  for (int i = 0; i < 2; ++i)
    server_.next("RetrievePropertiesEx", soap("RetrievePropertiesEx", task("running")));
  server_.next("RetrievePropertiesEx",
               soap("RetrievePropertiesEx",
                    task("error",
                         "<error><fault xsi:type=\"NoDiskSpace\"/>"
                         "<localizedMessage>There is no room.</localizedMessage></error>")));
  auto started = start("11");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::limit);
  EXPECT_NE(started.error().message.find("There is no room."), std::string::npos);
  EXPECT_EQ(server_.calls("WaitForUpdatesEx"), 2);
  EXPECT_EQ(server_.calls("DestroyPropertyCollector"), 1);
}

TEST_F(Faults, a_task_goes_on_over_the_end_of_the_session) {
  server_.next("PowerOnVM_Task",
               soap("PowerOnVM_Task", "<returnval type=\"Task\">task-1</returnval>"));
  server_.next("RetrievePropertiesEx", [this](const std::string&) {
    server_.end_sessions();
    return soap("RetrievePropertiesEx", task("running"));
  });
  server_.next("RetrievePropertiesEx", soap("RetrievePropertiesEx", task("success")));
  EXPECT_TRUE(start("11"));
  EXPECT_EQ(server_.calls("PowerOnVM_Task"), 1);
  EXPECT_EQ(server_.calls("Login"), 2);
}

TEST_F(Faults, a_snapshot_of_another_machine_is_not_touched) {
  server_.always("RetrievePropertiesEx",
                 soap("RetrievePropertiesEx",
                      "<returnval><objects><obj type=\"VirtualMachine\">11</obj></objects>"
                      "</returnval>"));
  auto restored = server_.loop().run(platform_->snapshots()->restore("11", "snapshot-of-12"));
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Code::not_found);
  EXPECT_EQ(server_.calls("RevertToSnapshot_Task"), 0);
}

TEST_F(Faults, a_web_server_is_no_vcenter) {
  http::Response page;
  page.content_type = "text/html";
  page.body = "<!DOCTYPE html><html></html>";
  server_.always("RetrieveServiceContent", page);
  auto connected = server_.loop().run(platform_->connect());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Code::corrupt) << connected.error().message;
}

TEST_F(Faults, signing_out_ends_the_session) {
  ASSERT_TRUE(server_.loop().run(platform_->connect()));
  server_.loop().run(platform_->close());
  EXPECT_EQ(server_.calls("Logout"), 1);
}

}  // namespace
}  // namespace truce::vsphere
