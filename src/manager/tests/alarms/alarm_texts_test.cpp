// What receivers of alarms read.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "alarms/texts.h"

namespace truce::manager {
namespace {

const Time moment = parse_time("2026-11-30T12:00:07.000Z").value();

model::AlarmMessage message() {
  model::AlarmMessage made{.name = "m-000000000001", .id = "0123456789abcdef", .alarm = "busy"};
  made.description = "Rack 7 – ask Jörg";
  made.severity = model::AlarmSeverity::critical;
  made.subject = model::AlarmSubject::vm;
  made.metric = "cpu";
  made.condition = "cpu above 90 for 5 minutes";
  made.state = model::AlarmNews::raised;
  made.created = moment;
  made.count = 1;
  model::AlarmTarget target{.id = "uuid", .target = "vms/web01", .project = "shop"};
  target.since = moment - 5min;
  target.value = 97.25;
  made.targets.push_back(std::move(target));
  made.webhook = {"https://chat.example.com/secret"};
  made.mail = {"ops@example.com"};
  return made;
}

struct Mail {
  std::map<std::string, std::string> header;
  std::string body;  ///< decoded
};

/// As RFC 5322 and RFC 2045 have it; anything else is a failure.
Mail read_mail(const std::string& text) {
  Mail mail;
  auto end = text.find("\r\n\r\n");
  EXPECT_NE(end, text.npos);
  std::istringstream lines(text.substr(0, end + 2));
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.ends_with('\r')) << line;
    line.pop_back();
    EXPECT_LE(line.size(), 998U);
    auto colon = line.find(": ");
    EXPECT_NE(colon, line.npos) << line;
    EXPECT_TRUE(mail.header.emplace(line.substr(0, colon), line.substr(colon + 2)).second) << line;
  }
  auto coded = text.substr(end + 4);
  std::size_t column = 0;
  for (std::size_t i = 0; i < coded.size(); ++i) {
    EXPECT_LE(++column, 76U);
    EXPECT_TRUE(static_cast<unsigned char>(coded[i]) < 127);
    if (coded.substr(i, 2) == "\r\n") {
      mail.body += '\n';
      ++i;
      column = 0;
    } else if (coded.substr(i, 3) == "=\r\n") {
      i += 2;
      column = 0;
    } else if (coded[i] == '=') {
      mail.body += static_cast<char>(std::stoi(coded.substr(i + 1, 2), nullptr, 16));
      i += 2;
      column += 2;
    } else {
      mail.body += coded[i];
    }
  }
  return mail;
}

TEST(AlarmTexts, a_document_says_all_and_holds_no_receiver) {
  auto notice = notice_of(message(), "https://truce.example.com:7443");
  auto text = model::to_text(notice);
  EXPECT_FALSE(text.contains("secret")) << text;
  EXPECT_FALSE(text.contains("ops@")) << text;
  auto value = boost::json::parse(text);
  auto expected = boost::json::parse(R"json({"id":"0123456789abcdef",
    "text":"[CRITICAL] busy: vms/web01 (cpu above 90 for 5 minutes)","alarm":"busy",
    "description":"Rack 7 – ask Jörg","severity":"critical","state":"raised","subject":"vm",
    "metric":"cpu","condition":"cpu above 90 for 5 minutes","time":"2026-11-30T12:00:07.000Z",
    "server":"https://truce.example.com:7443","target":"vms/web01",
    "since":"2026-11-30T11:55:07.000Z","value":97.25,"count":1,
    "targets":[{"target":"vms/web01","project":"shop","since":"2026-11-30T11:55:07.000Z",
                "value":97.25,"reason":""}]
})json");
  EXPECT_EQ(value, expected) << text;
}

TEST(AlarmTexts, a_state_has_no_value_and_many_targets_are_counted) {
  auto many = message();
  many.metric.clear();
  many.condition = "unknown";
  many.state = model::AlarmNews::cleared;
  many.count = 500;
  many.targets[0].reason = "the host is gone";
  auto notice = notice_of(many, "");
  EXPECT_EQ(notice.text, "[OK] busy: 500 machines");
  EXPECT_FALSE(notice.value);
  EXPECT_EQ(notice.targets.at(0).reason, "the host is gone");
  auto mail = read_mail(mail_of(many, {"truce@example.com", "ops@example.com"}, ""));
  EXPECT_TRUE(mail.body.contains("vms/web01 since 2026-11-30T11:55:07.000Z: the host is gone\n"))
      << mail.body;
  EXPECT_TRUE(mail.body.contains("and 499 more\n"));
}

TEST(AlarmTexts, a_test_says_that_it_is_one) {
  auto test = message();
  test.state = model::AlarmNews::test;
  test.targets.clear();
  test.count = 0;
  EXPECT_EQ(notice_of(test, "").text, "[TEST] busy: this is a test");
  EXPECT_EQ(read_mail(mail_of(test, {"a@b", "c@d"}, "")).header["Subject"],
            "[TEST] busy: this is a test");
}

TEST(AlarmTexts, a_mail_is_one_that_every_program_reads) {
  auto mail =
      read_mail(mail_of(message(), {"truce@example.com", "ops@example.org"}, "https://truce:7443"));
  EXPECT_EQ(mail.header, (std::map<std::string, std::string>{
                             {"Date", "Mon, 30 Nov 2026 12:00:07 +0000"},
                             {"From", "Truce <truce@example.com>"},
                             {"To", "<ops@example.org>"},
                             {"Subject", "[CRITICAL] busy: vms/web01"},
                             {"Message-ID", "<0123456789abcdef@example.com>"},
                             {"Auto-Submitted", "auto-generated"},
                             {"MIME-Version", "1.0"},
                             {"Content-Type", "text/plain; charset=utf-8"},
                             {"Content-Transfer-Encoding", "quoted-printable"}}));
  EXPECT_TRUE(mail.body.contains("About:      Rack 7 – ask Jörg\n")) << mail.body;
  EXPECT_TRUE(mail.body.contains("vms/web01 since 2026-11-30T11:55:07.000Z, 97.25\n")) << mail.body;
  EXPECT_TRUE(mail.body.contains("\nhttps://truce:7443\n"));
}

TEST(AlarmTexts, nothing_that_others_have_written_looks_like_a_header_or_a_line_of_ours) {
  auto evil = message();
  evil.description = "x\r\nBcc: all@example.com\r\n\r\n.\r\nQUIT\r\n";
  evil.targets[0].reason = "y\nvms/other since never";
  auto text = mail_of(evil, {"a@b", "c@d"}, "");
  auto mail = read_mail(text);
  EXPECT_EQ(mail.header.size(), 9U);
  EXPECT_FALSE(mail.header.contains("Bcc"));
  EXPECT_TRUE(mail.body.contains("About:      x  Bcc: all@example.com    .  QUIT  \n"))
      << mail.body;
  EXPECT_TRUE(mail.body.contains(": y vms/other since never\n"));
  EXPECT_FALSE(notice_of(evil, "").text.contains("Bcc"));
}

TEST(AlarmTexts, lines_of_a_mail_are_never_too_long) {
  auto wordy = message();
  wordy.description = std::string(997, '=') + " ä ";
  for (int i = 0; i < 99; ++i) wordy.targets.push_back(wordy.targets[0]);
  wordy.count = 100;
  auto mail = read_mail(mail_of(wordy, {"a@b", "c@d"}, ""));
  EXPECT_TRUE(mail.body.contains(std::string(997, '=') + " ä \n"));
}

}  // namespace
}  // namespace truce::manager
