// What can be asked of an alarm, and how it is said.
#include <gtest/gtest.h>

#include "alarms/receivers.h"
#include "alarms/rules.h"

namespace truce::manager {
namespace {

using model::AlarmSubject;

model::Alarm threshold(AlarmSubject subject, std::string metric) {
  model::Alarm alarm{.name = "a"};
  alarm.subject = subject;
  alarm.metric = std::move(metric);
  alarm.above = 90;
  return alarm;
}
model::Alarm state(AlarmSubject subject, std::string name) {
  model::Alarm alarm{.name = "a"};
  alarm.subject = subject;
  alarm.state = std::move(name);
  return alarm;
}
std::string fault(const model::Alarm& alarm) {
  auto checked = check_rule(alarm);
  return checked ? "" : checked.error().field;
}

TEST(AlarmRules, quantities_and_states_are_those_of_the_subject) {
  struct Row {
    model::Alarm alarm;
    const char* field;
  };
  for (const auto& row : {
           Row{threshold(AlarmSubject::vm, "cpu"), ""},
           Row{threshold(AlarmSubject::vm, "net_send"), ""},
           Row{threshold(AlarmSubject::vm, "pressure_io"), "/metric"},
           Row{threshold(AlarmSubject::host, "pressure_io"), ""},
           Row{threshold(AlarmSubject::host, "used_percent"), "/metric"},
           Row{threshold(AlarmSubject::pool, "used_percent"), ""},
           Row{threshold(AlarmSubject::pool, "cpu"), "/metric"},
           Row{threshold(AlarmSubject::pool, "nonsense"), "/metric"},
           Row{state(AlarmSubject::vm, "unknown"), ""},
           Row{state(AlarmSubject::vm, "off"), ""},
           Row{state(AlarmSubject::vm, "problem"), ""},
           Row{state(AlarmSubject::vm, "offline"), "/state"},
           Row{state(AlarmSubject::host, "offline"), ""},
           Row{state(AlarmSubject::host, "running"), "/state"},
           Row{state(AlarmSubject::pool, "problem"), ""},
           Row{state(AlarmSubject::pool, "full"), "/state"},
           Row{state(AlarmSubject::vm, ""), "/metric"},
       }) {
    EXPECT_EQ(fault(row.alarm), row.field) << row.alarm.metric << row.alarm.state;
  }
}

TEST(AlarmRules, wrong_combinations_are_refused_with_the_field) {
  auto alarm = threshold(AlarmSubject::vm, "cpu");
  alarm.state = "off";
  EXPECT_EQ(fault(alarm), "/state");
  alarm = threshold(AlarmSubject::vm, "cpu");
  alarm.above.reset();
  EXPECT_EQ(fault(alarm), "/above");
  alarm.below = 5;
  EXPECT_EQ(fault(alarm), "");
  alarm.above = 90;
  EXPECT_EQ(fault(alarm), "/below");
  alarm = state(AlarmSubject::vm, "off");
  alarm.above = 0;
  EXPECT_EQ(fault(alarm), "/above");
  alarm.above.reset();
  alarm.below = 0;
  EXPECT_EQ(fault(alarm), "/below");
  alarm = state(AlarmSubject::host, "offline");
  alarm.label = "tier=web";
  EXPECT_EQ(fault(alarm), "/label");
  alarm.label.clear();
  alarm.project = "shop";
  EXPECT_EQ(fault(alarm), "/project");
  alarm.subject = AlarmSubject::vm;
  alarm.state = "off";
  EXPECT_EQ(fault(alarm), "");
  alarm.label = "=web";
  EXPECT_EQ(fault(alarm), "/label");
}

TEST(AlarmRules, a_condition_is_said_as_people_say_it) {
  auto alarm = threshold(AlarmSubject::vm, "cpu");
  alarm.for_seconds = 300;
  EXPECT_EQ(condition_of(alarm), "cpu above 90 for 5 minutes");
  alarm.above.reset();
  alarm.below = 0.125;
  alarm.for_seconds = 1;
  EXPECT_EQ(condition_of(alarm), "cpu below 0.12 for 1 second");
  alarm = state(AlarmSubject::host, "offline");
  alarm.for_seconds = 0;
  EXPECT_EQ(condition_of(alarm), "offline");
  alarm.for_seconds = 3600;
  EXPECT_EQ(condition_of(alarm), "offline for 1 hour");
  EXPECT_EQ(short_number(-0.001), "0");
  EXPECT_EQ(short_number(100), "100");
  EXPECT_EQ(short_number(10737418240.0), "10737418240");
}

TEST(AlarmRules, the_first_alarms_are_right_and_tell_nobody) {
  auto alarms = first_alarms(Time{});
  EXPECT_EQ(alarms.size(), 4U);
  for (const auto& alarm : alarms) {
    EXPECT_EQ(fault(alarm), "") << alarm.name;
    EXPECT_TRUE(alarm.webhook.empty() && alarm.mail.empty()) << alarm.name;
  }
}

TEST(AlarmReceivers, webhooks_are_http_and_https_urls) {
  for (const char* good : {"https://chat.example.com/hook/T0/x?y=z", "http://10.0.0.1:8080/",
                           "https://[fd00::1]:8443/a", "https://user:word@example.com/"})
    EXPECT_TRUE(check_webhook(good)) << good;
  for (const char* bad :
       {"", "chat.example.com", "ftp://example.com/", "file:///etc/passwd", "smtp://example.com/",
        "https://", "https://a b/", "https://example.com/\n", "javascript:x",
        "https://example.com/\xc3\xa4", "https://example.com/…"}) {
    auto checked = check_webhook(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code, Code::invalid);
  }
}

TEST(AlarmReceivers, mail_addresses_are_plain) {
  for (const char* good : {"ops@example.com", "a.b+c@x-y.example.com", "root@localhost"})
    EXPECT_TRUE(check_mail(good)) << good;
  for (const char* bad : {"", "ops", "@example.com", "ops@", "a b@example.com", "a@b@c",
                          "ops@example.com\r\nBcc: x@y", "<ops@example.com>", "\"a\"@example.com",
                          ".a@example.com", "a..b@example.com", "a@example..com", "a@.com", "a@b_c",
                          "\xc3\xa4@example.com", "a@b,c@d", "-\x7f@x"})
    EXPECT_FALSE(check_mail(bad)) << bad;
  EXPECT_FALSE(check_mail(std::string(65, 'a') + "@example.com"));
}

TEST(AlarmReceivers, of_a_webhook_only_scheme_host_and_port_are_shown) {
  std::vector<std::string> kept{"https://chat.example.com/hooks/secret-1?key=2",
                                "https://chat.example.com/hooks/secret-3",
                                "http://me:word@10.0.0.1:8080/x"};
  auto masks = shown_webhooks(kept);
  EXPECT_EQ(masks,
            (std::vector<std::string>{"https://chat.example.com/…", "https://chat.example.com/…(2)",
                                      "http://10.0.0.1:8080/…"}));
}

TEST(AlarmReceivers, what_is_given_back_as_it_is_shown_stays) {
  std::vector<std::string> kept{"https://a.example.com/1", "https://a.example.com/2",
                                "https://b.example.com/3"};
  auto wanted = wanted_webhooks(
      {"https://a.example.com/…(2)", "https://c.example.com/4", "https://b.example.com/…"}, kept);
  ASSERT_TRUE(wanted);
  EXPECT_EQ(*wanted, (std::vector<std::string>{"https://a.example.com/2", "https://c.example.com/4",
                                               "https://b.example.com/3"}));
  auto fault_of = [&](std::vector<std::string> wish) {
    auto read = wanted_webhooks(wish, kept);
    return read ? "" : read.error().field;
  };
  EXPECT_EQ(fault_of({"https://b.example.com/…", "https://c.example.com/…"}), "/webhook/1");
  EXPECT_EQ(fault_of({"https://b.example.com/…", "https://b.example.com/3"}), "/webhook/1");
  EXPECT_EQ(fault_of({"nonsense"}), "/webhook/0");
  EXPECT_EQ(wanted_webhooks({""}, kept)->size(), 0U);
  EXPECT_EQ(wanted_mail({""})->size(), 0U);
  EXPECT_EQ(wanted_mail({"a@b", "a@b"}).error().field, "/mail/1");
}

}  // namespace
}  // namespace truce::manager
