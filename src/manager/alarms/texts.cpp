#include "alarms/texts.h"

#include <algorithm>
#include <ctime>

#include "alarms/rules.h"

namespace truce::manager {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

/// `vms/web01`, `12 machines`: of names and numbers only.
std::string whom(const model::AlarmMessage& message) {
  if (message.state == model::AlarmNews::test) return "this is a test";
  if (message.count == 1 && !message.targets.empty()) return message.targets.front().target;
  auto noun = message.subject == model::AlarmSubject::vm     ? "machines"
              : message.subject == model::AlarmSubject::host ? "hosts"
                                                             : "pools";
  return fmt::format("{} {}", message.count, noun);
}

std::string_view mark(const model::AlarmMessage& message) {
  if (message.state == model::AlarmNews::cleared) return "ok";
  if (message.state == model::AlarmNews::test) return "test";
  return model::to_string(message.severity);
}

std::string title(const model::AlarmMessage& message) {
  return fmt::format("[{}] {}: {}", upper(mark(message)), message.alarm, whom(message));
}

/// [RFC 5322, 3.3] `Mon, 30 Nov 2026 11:49:32 +0000`
std::string mail_date(Time time) {
  constexpr const char* days[]{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[]{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[utc.tm_wday], utc.tm_mday,
                     months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/// [RFC 2045, 6.7] Lines end with CRLF and have 76 characters at most.
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  auto add = [&](std::string_view piece) {
    if (column + piece.size() > 75) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    bool last = i + 1 == text.size() || text[i + 1] == '\n';
    if (c == '\n') {
      out += "\r\n";
      column = 0;
    } else if ((c > ' ' && c < 127 && c != '=') || (c == ' ' && !last)) {
      add({&c, 1});
    } else {
      add(fmt::format("={:02X}", static_cast<unsigned char>(c)));
    }
  }
  return out;
}

/// One line of it, so that what others have written cannot look like lines of ours.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, ' ');
  return out;
}

std::string body(const model::AlarmMessage& message, const std::string& server) {
  auto text = fmt::format("{}\n\nAlarm:      {} ({})\n", title(message), message.alarm,
                          model::to_string(message.severity));
  if (!message.description.empty())
    text += fmt::format("About:      {}\n", one_line(message.description));
  text += fmt::format("Raised at:  {}\nState:      {}\nTime:       {}\n", message.condition,
                      model::to_string(message.state), to_string(message.created));
  if (!message.targets.empty()) text += '\n';
  for (const auto& target : message.targets) {
    text += fmt::format("{} since {}", target.target, to_string(target.since));
    if (!message.metric.empty()) text += fmt::format(", {}", short_number(target.value));
    if (!target.reason.empty()) text += fmt::format(": {}", one_line(target.reason));
    text += '\n';
  }
  auto more = message.count - static_cast<std::int64_t>(message.targets.size());
  if (more > 0) text += fmt::format("and {} more\n", more);
  if (!server.empty()) text += fmt::format("\n{}\n", server);
  return text;
}

}  // namespace

model::AlarmNotice notice_of(const model::AlarmMessage& message, const std::string& server) {
  model::AlarmNotice notice{.id = message.id, .text = title(message), .alarm = message.alarm};
  if (message.state == model::AlarmNews::raised)
    notice.text += fmt::format(" ({})", message.condition);
  notice.description = message.description;
  notice.severity = message.severity;
  notice.state = message.state;
  notice.subject = message.subject;
  notice.metric = message.metric;
  notice.condition = message.condition;
  notice.time = message.created;
  notice.server = server;
  notice.count = message.count;
  for (const auto& from : message.targets) {
    model::AlarmNoticeTarget target{.target = from.target, .project = from.project};
    target.since = from.since;
    if (!message.metric.empty()) target.value = from.value;
    target.reason = from.reason;
    notice.targets.push_back(std::move(target));
  }
  if (!notice.targets.empty()) {
    const auto& first = notice.targets.front();
    notice.target = first.target;
    notice.since = first.since;
    notice.value = first.value;
  }
  return notice;
}

std::string mail_of(const model::AlarmMessage& message, const Envelope& envelope,
                    const std::string& server) {
  auto domain = envelope.from.substr(envelope.from.find('@') + 1);
  return fmt::format(
      "Date: {}\r\nFrom: Truce <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}",
      mail_date(message.created), envelope.from, envelope.to, title(message), message.id, domain,
      quoted_printable(body(message, server)));
}

}  // namespace truce::manager
