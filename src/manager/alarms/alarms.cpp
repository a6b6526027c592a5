#include "alarms/alarms.h"

#include <algorithm>

#include "alarms/curl_sender.h"
#include "alarms/rules.h"
#include "base/log.h"

namespace truce::manager {
namespace {

constexpr std::size_t turns_at_once = 50;  // each is an event, and a commit has its limit
constexpr std::size_t most_shown = 100;

std::unique_ptr<Sender> make_sender(const Settings& settings) {
  if (settings.sender) return nullptr;
  return std::make_unique<CurlSender>(settings.mail);
}

AlarmTerms terms_of(const model::Alarm& alarm) {
  AlarmTerms terms;
  terms.folder = alarm.subject == model::AlarmSubject::vm     ? folder_of<model::Vm>
                 : alarm.subject == model::AlarmSubject::host ? folder_of<model::Host>
                                                              : folder_of<model::Pool>;
  auto rule = alarm;
  rule.for_seconds = 0;  // a longer or shorter time begins nothing anew
  terms.condition = condition_of(rule);
  terms.hold = std::chrono::seconds(alarm.for_seconds);
  terms.gone = alarm.disabled ? "the alarm is disabled"
                              : "it is no longer there, or the alarm does not look at it any more";
  return terms;
}

std::string sentence(const model::Alarm& alarm, const AlarmTurn& turn) {
  auto text = fmt::format("{}: {}", alarm.name, condition_of(alarm));
  if (turn.kind == AlarmTurn::Kind::raised && !alarm.metric.empty())
    text += fmt::format(", it is {}", short_number(turn.target.value));
  if (!turn.target.reason.empty()) text += fmt::format(" ({})", turn.target.reason);
  return text;
}

void take(std::vector<model::AlarmTarget>& raised, const AlarmTurn& turn) {
  auto at = std::ranges::find(raised, turn.target.id, &model::AlarmTarget::id);
  if (turn.kind == AlarmTurn::Kind::cleared) {
    if (at != raised.end()) raised.erase(at);
  } else if (at != raised.end()) {
    *at = turn.target;
  } else if (turn.kind == AlarmTurn::Kind::raised) {
    raised.push_back(turn.target);
  }
}

void show(model::Alarm& alarm, const std::vector<model::AlarmTarget>& raised) {
  alarm.raised_count = static_cast<std::int64_t>(raised.size());
  alarm.raised.clear();
  for (const auto& target : raised) {
    if (alarm.raised.size() == most_shown) break;
    alarm.raised.push_back({target.target, target.since, target.value});
  }
}

void note(Change& change, const model::Alarm& alarm, const AlarmTurn& turn) {
  if (turn.kind == AlarmTurn::Kind::renamed) return;
  change.event(turn.kind == AlarmTurn::Kind::raised ? "alarm.raised" : "alarm.cleared",
               turn.target.target, turn.target.project, sentence(alarm, turn));
}

/// Some of the turns: of one kind, so that they are one message, and few enough for a commit.
std::vector<AlarmTurn> next_group(const std::vector<AlarmTurn>& turns, std::size_t first) {
  auto last = first;
  while (last < turns.size() && last - first < turns_at_once &&
         turns[last].kind == turns[first].kind)
    ++last;
  return {turns.begin() + static_cast<std::ptrdiff_t>(first),
          turns.begin() + static_cast<std::ptrdiff_t>(last)};
}

}  // namespace

Alarms::Alarms(asio::any_io_executor loop, Ledger& ledger, const Settings& settings,
               AlarmReadings measured)
    : ledger_(ledger),
      settings_(settings),
      measured_(std::move(measured)),
      own_sender_(make_sender(settings)),
      sender_(own_sender_ ? *own_sender_ : *settings.sender),
      outbox_(std::move(loop), ledger, settings, sender_) {}

Alarms::~Alarms() = default;

void Alarms::start(Scope& scope) {
  scope_ = &scope;
  first_revision_ = ledger_.inventory().revision();
  outbox_.start(scope);
  scope.spawn(watch());
}

void Alarms::stop() {
  sender_.stop();
}

Moment Alarms::moment() const {
  auto uptime = std::chrono::steady_clock::now() - started_;
  return {std::chrono::duration_cast<Duration>(uptime), now()};
}

Async<void> Alarms::watch() {
  const auto& pace = settings_.alarm_pace;
  while (true) {
    auto seen = ledger_.inventory().revision();
    co_await look();
    co_await (ledger_.inventory().changed_since(seen) || sleep_for(pace.look));
    co_await sleep_for(pace.settle);  // what changes together is looked at together
  }
}

Async<void> Alarms::look() {
  const auto& alarms = ledger_.inventory().all<model::Alarm>();
  std::erase_if(watched_, [&](const auto& entry) {
    auto kept = alarms.find(entry.first);
    return kept == alarms.end() || kept->second->object.created != entry.second.created;
  });
  std::vector<std::string> names;
  for (const auto& [name, kept] : alarms) names.push_back(name);
  Readings readings(measured_);
  for (auto& name : names) {
    co_await look_at(std::move(name), readings);
    co_await sleep_for(0ms);  // many machines times many alarms: others have their turn
  }
}

AlarmTracker& Alarms::tracker_of(const model::Alarm& alarm) {
  auto found = watched_.find(alarm.name);
  if (found == watched_.end()) {
    auto raised = ledger_.inventory().find<model::AlarmTargets>(alarm.name);
    AlarmTracker tracker(raised ? raised->object.items : std::vector<model::AlarmTarget>());
    found = watched_.emplace(alarm.name, Watched{alarm.created, std::move(tracker)}).first;
  }
  return found->second.tracker;
}

Async<void> Alarms::look_at(std::string name, Readings& readings) {
  auto alarm = ledger_.inventory().find<model::Alarm>(name);
  if (!alarm) co_return;  // deleted since the round began
  auto time = moment();
  auto may_come = time.uptime < settings_.alarm_pace.grace ? first_revision_ : 0;
  std::vector<AlarmSample> samples;
  if (!alarm->object.disabled)
    samples = samples_of(alarm->object, ledger_.inventory(), readings, may_come);
  auto turns = tracker_of(alarm->object).look(terms_of(alarm->object), samples, time);
  if (turns.empty()) co_return;
  std::ranges::sort(turns, {},
                    [](const AlarmTurn& turn) { return std::tie(turn.kind, turn.target.target); });
  auto stored = co_await store(std::move(alarm), std::move(turns));
  // Not lost: the tracker says it again at the next look.
  if (!stored) spdlog::warn("alarm {}: {}", name, stored.error().message);
}

Async<Result<void>> Alarms::store(Ref<model::Alarm> seen, std::vector<AlarmTurn> turns) {
  const auto& name = seen->object.name;
  const auto& inventory = ledger_.inventory();
  for (std::size_t first = 0; first < turns.size();) {
    auto group = next_group(turns, first);
    first += group.size();
    bool there = false;
    Outbox::Adding adding(outbox_);
    CO_TRY_VOID(co_await ledger_.change({}, [&](Change& change) -> Result<void> {
      auto kept = inventory.find<model::Alarm>(name);
      there = kept && kept->object.created == seen->object.created;
      if (!there) return {};
      auto alarm = kept->object;
      model::AlarmTargets raised{.name = name};
      if (auto before = inventory.find<model::AlarmTargets>(name)) raised = before->object;
      std::vector<model::AlarmTarget> told;
      for (const auto& turn : group) {
        take(raised.items, turn);
        note(change, alarm, turn);
        told.push_back(turn.target);
      }
      show(alarm, raised.items);
      change.put(alarm);
      change.put(raised);
      if (group.front().kind == AlarmTurn::Kind::renamed) return {};
      auto news = group.front().kind == AlarmTurn::Kind::raised ? model::AlarmNews::raised
                                                                : model::AlarmNews::cleared;
      outbox_.add(adding, change, alarm, news, std::move(told));
      return {};
    }));
    if (!there) co_return Result<void>{};
    auto& tracker = tracker_of(seen->object);
    for (const auto& turn : group) tracker.accept(turn);
  }
  co_return Result<void>{};
}

void end_all(Outbox& outbox, const Outbox::Adding& adding, Change& change,
             const model::Alarm& alarm, std::vector<model::AlarmTarget> targets) {
  if (targets.empty()) return;
  for (auto& target : targets) target.reason = "the alarm was deleted";
  for (std::size_t i = 0; i < std::min(targets.size(), turns_at_once); ++i)
    note(change, alarm, {AlarmTurn::Kind::cleared, targets[i]});
  outbox.add(adding, change, alarm, model::AlarmNews::cleared, std::move(targets));
}

void make_first_alarms(const Inventory& inventory, Change& change) {
  if (inventory.revision() > 0) return;
  for (const auto& alarm : first_alarms(now())) change.put(alarm);
}

}  // namespace truce::manager
