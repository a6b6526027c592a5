#include "alarms/outbox.h"

#include <algorithm>

#include "alarms/receivers.h"
#include "alarms/rules.h"
#include "alarms/texts.h"
#include "base/log.h"
#include "base/random.h"

namespace truce::manager {
namespace {

using Steady = std::chrono::steady_clock;

std::vector<std::string> receivers_of(const model::AlarmMessage& message) {
  auto all = message.webhook;
  all.insert(all.end(), message.mail.begin(), message.mail.end());
  return all;
}

bool is_mail(const std::string& receiver) {
  return !receiver.contains("://");
}

/// A receiver as it may be seen by everybody.
std::string shown_receiver(const std::string& receiver) {
  return is_mail(receiver) ? receiver : shown_webhooks({receiver}).front();
}

void not_told(Change& change, const model::AlarmMessage& message, const std::string& whom,
              std::string_view why) {
  change.event("alarm.not_told", key_of<model::Alarm>(message.alarm), "",
               fmt::format("that it was {} at {}, to {}: {}", model::to_string(message.state),
                           to_string(message.created), whom, why));
}

}  // namespace

Outbox::Outbox(asio::any_io_executor loop, Ledger& ledger, const Settings& settings, Sender& sender)
    : loop_(loop), ledger_(ledger), settings_(settings), sender_(sender), news_(std::move(loop)) {}

void Outbox::start(Scope& scope) {
  const auto& left = ledger_.inventory().all<Message>();
  if (!left.empty()) last_name_ = std::strtoll(left.rbegin()->first.c_str() + 2, nullptr, 10);
  scope.spawn(run(scope));
}

Outbox::Message Outbox::new_message(const model::Alarm& alarm, model::AlarmNews news) {
  Message message{.name = fmt::format("m-{:012}", ++last_name_), .id = random_hex(16)};
  message.alarm = alarm.name;
  message.description = alarm.description;
  message.severity = alarm.severity;
  message.subject = alarm.subject;
  message.metric = alarm.metric;
  message.condition = condition_of(alarm);
  message.state = news;
  message.created = now();
  if (auto kept = ledger_.inventory().find<model::AlarmReceivers>(alarm.name))
    message.webhook = kept->object.webhook;
  message.mail = alarm.mail;
  return message;
}

Duration Outbox::until_gathered(const Message& message) const {
  auto left = message.created + settings_.alarm_pace.gather - now();
  // It was made before the clock was set back.
  return left > settings_.alarm_pace.gather ? Duration{} : std::max(left, Duration{});
}

Ref<model::AlarmMessage> Outbox::gathered(const std::string& alarm, model::AlarmNews news) const {
  const auto& all = ledger_.inventory().all<Message>();
  auto last = std::find_if(all.rbegin(), all.rend(),
                           [&](const auto& entry) { return entry.second->object.alarm == alarm; });
  if (last == all.rend() || last->second->object.state != news || begun_.contains(last->first) ||
      until_gathered(last->second->object) == Duration{}) {
    return nullptr;
  }
  return last->second;
}

void Outbox::make_room(Change& change) const {
  const auto& all = ledger_.inventory().all<Message>();
  if (all.size() < most_messages) return;
  const auto& oldest = all.begin()->second->object;
  std::vector<std::string> names;
  for (const auto& receiver : receivers_of(oldest)) names.push_back(shown_receiver(receiver));
  not_told(change, oldest, fmt::format("{}", fmt::join(names, ", ")),
           fmt::format("more than {} messages were waiting", most_messages));
  change.erase<Message>(oldest.name);
}

void Outbox::add(const Adding&, Change& change, const model::Alarm& alarm, model::AlarmNews news,
                 std::vector<model::AlarmTarget> targets) {
  auto open = gathered(alarm.name, news);
  auto message = open ? open->object : new_message(alarm, news);
  if (receivers_of(message).empty()) return;
  if (!open) make_room(change);
  message.count += static_cast<std::int64_t>(targets.size());
  for (auto& target : targets) {
    if (message.targets.size() < most_listed) message.targets.push_back(std::move(target));
  }
  change.put(message);
}

Async<void> Outbox::run(Scope& scope) {
  while (true) {
    auto pause = start_due(scope);
    co_await (news_.wait() || sleep_for(pause));
  }
}

// Starts all that can be sent now; answers how long until there may be more.
Duration Outbox::start_due(Scope& scope) {
  constexpr Duration longest = 60s;
  if (adding_ > 0) return longest;  // wakes us
  const auto& all = ledger_.inventory().all<Message>();
  std::erase_if(begun_, [&](const auto& name) { return !all.contains(name); });
  std::erase_if(retries_, [&](const auto& entry) { return !all.contains(entry.first.first); });
  auto pause = longest;
  std::set<std::pair<std::string_view, std::string_view>> earlier;  // alarm and receiver
  auto steady = Steady::now();
  for (const auto& [name, kept] : all) {
    const auto& message = kept->object;
    auto wait = until_gathered(message);
    for (const auto& list : {std::cref(message.webhook), std::cref(message.mail)}) {
      for (const auto& receiver : list.get()) {
        if (!earlier.emplace(message.alarm, receiver).second) continue;
        auto retry = retries_.find({name, receiver});
        auto until = wait;
        if (retry != retries_.end())
          until = std::max(until, std::chrono::ceil<Duration>(retry->second.next - steady));
        if (until > Duration{}) {
          pause = std::min(pause, until);
          continue;
        }
        if (busy_.size() >= Sender::at_once || !busy_.insert(receiver).second) continue;
        begun_.insert(name);
        scope.spawn(deliver(message, receiver));
      }
    }
  }
  return pause;
}

bool Outbox::still_wanted(const Message& message, const std::string& receiver) const {
  const auto& inventory = ledger_.inventory();
  auto alarm = inventory.find<model::Alarm>(message.alarm);
  if (!alarm) return true;  // that it has ended is told when it is deleted
  auto among = [&](const std::vector<std::string>& all) {
    return std::ranges::find(all, receiver) != all.end();
  };
  if (is_mail(receiver)) return among(alarm->object.mail);
  auto kept = inventory.find<model::AlarmReceivers>(message.alarm);
  return kept && among(kept->object.webhook);
}

Async<Result<void>> Outbox::send(Message message, std::string receiver) {
  if (is_mail(receiver)) {
    co_return co_await sender_.mail(
        receiver, mail_of(message, {settings_.mail.from, receiver}, settings_.url));
  }
  co_return co_await sender_.post(receiver, model::to_text(notice_of(message, settings_.url)));
}

Async<void> Outbox::deliver(Message message, std::string receiver) {
  auto told = Result<void>();
  if (still_wanted(message, receiver)) told = co_await send(message, receiver);
  if (!told && told.error().code == Code::cancelled) co_return;
  bool given_up = !told && now() - message.created >= settings_.alarm_pace.give_up;
  if (told || given_up) {
    co_await finish(message, receiver, told ? "" : told.error().message);
    retries_.erase({message.name, receiver});
  } else {
    put_off(message, receiver, told.error());
  }
  busy_.erase(receiver);
  news_.wake();
}

void Outbox::put_off(const Message& message, const std::string& receiver, const Error& error) {
  const auto& pace = settings_.alarm_pace;
  auto& retry = retries_[{message.name, receiver}];
  auto pause = std::min(pace.first_retry * (1 << std::min(retry.failures, 16)), pace.longest_retry);
  retry.next = Steady::now() + pause;
  ++retry.failures;
  auto level = retry.failures == 1 ? spdlog::level::warn : spdlog::level::debug;
  spdlog::log(level, "alarm {}: not told to {}: {}; again in {} s", message.alarm,
              shown_receiver(receiver), error.message,
              std::chrono::ceil<std::chrono::seconds>(pause).count());
}

// A store that is full keeps only this receiver waiting: it must not be told twice for that.
Async<void> Outbox::finish(Message message, std::string receiver, std::string failure) {
  while (true) {
    auto done = co_await ledger_.change({}, [&](Change& change) -> Result<void> {
      auto kept = ledger_.inventory().find<Message>(message.name);
      if (!kept) return {};  // there was no room for it
      auto left = kept->object;
      std::erase(left.webhook, receiver);
      std::erase(left.mail, receiver);
      if (receivers_of(left).empty()) {
        change.erase<Message>(left.name);
      } else {
        change.put(left);
      }
      if (!failure.empty()) not_told(change, message, shown_receiver(receiver), failure);
      return {};
    });
    if (done) co_return;
    spdlog::warn("alarm {}: what was told is not stored: {}", message.alarm, done.error().message);
    co_await sleep_for(5s);
  }
}

Async<model::AlarmTest> Outbox::test(model::Alarm alarm, Scope& scope) {
  auto message = new_message(alarm, model::AlarmNews::test);
  auto receivers = receivers_of(message);
  auto names = shown_webhooks(message.webhook);
  names.insert(names.end(), message.mail.begin(), message.mail.end());
  struct Round {
    explicit Round(asio::any_io_executor loop) : ended(std::move(loop)) {}
    Wakeup ended;
    model::AlarmTest told;
    std::size_t left = 0;
  };
  auto round = std::make_shared<Round>(loop_);
  round->left = receivers.size();
  for (const auto& name : names) round->told.items.push_back({.to = name});
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    auto one = [](Outbox& outbox, std::shared_ptr<Round> all, std::size_t which, Message sent,
                  std::string receiver) -> Async<void> {
      auto done = co_await outbox.send(std::move(sent), std::move(receiver));
      if (!done) all->told.items[which].error = done.error().message;
      if (--all->left == 0) all->ended.wake();
    };
    scope.spawn(one(*this, round, i, message, receivers[i]));
  }
  if (round->left > 0) co_await round->ended.wait();
  co_return round->told;
}

}  // namespace truce::manager
