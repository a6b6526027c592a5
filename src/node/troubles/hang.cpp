// Guests that hang: how that is seen, and what is done about it as availability says.
#include "base/file.h"
#include "base/log.h"
#include "keeper.h"
#include "measure/rounds.h"

namespace truce::node {

using availability::Hang;
using availability::HangAnswer;
using availability::NodeTime;
using hypervisor::Cause;
using model::Observed;

namespace {

constexpr Duration look_limit = 3s;
constexpr std::string_view picture_file = "hang.png";

// Silence is felt in the time of the guest, which does not go on while the host sleeps.
NodeTime moment(const Settings& settings) {
  if (settings.pulse_clock) return settings.pulse_clock();
  return NodeTime(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

std::string sign_of(Hang hang, const availability::HangRules& rules) {
  switch (hang) {
    case Hang::watchdog:
      return "its watchdog was not fed";
    case Hang::panic:
      return "its kernel has panicked";
    case Hang::silence:
      break;
  }
  return fmt::format("for {:g} s its agent was silent, and it used neither disks nor network",
                     static_cast<double>(rules.silence.count()) / 1000);
}

Async<availability::Pulse> feel_pulse(Hands& hands, model::Vm vm) {
  availability::Pulse pulse;
  if (auto* agent = hands.hypervisor.guest_agent(); agent != nullptr)
    pulse.answers = (co_await agent->ping(vm.uuid)).has_value();
  auto* live = hands.hypervisor.live_changes();
  if (pulse.answers || live == nullptr) co_return pulse;
  auto usage = co_await within(look_limit, live->usage(vm.uuid), "usage");
  if (!usage) co_return pulse;
  auto macs = macs_of(vm);
  auto traffic = co_await hands.network.traffic(macs);
  if (!traffic) co_return pulse;
  add_traffic(macs, *traffic, *usage);
  pulse.work = static_cast<std::uint64_t>(usage->disk_reads + usage->disk_writes) +
               usage->net_sent.value_or(Bytes()).count;
  co_return pulse;
}

// What it showed when it hung, the newest only; how that is told of.
Async<std::string> keep_picture(Hands& hands, std::string uuid, std::filesystem::path folder) {
  auto png = co_await within(look_limit, hands.hypervisor.screenshot(uuid), "screenshot");
  if (!png) co_return std::string();
  auto file = folder / picture_file;
  auto kept = write_file_durably(file, *png);
  if (!kept) spdlog::warn("machine {}: {}", uuid, kept.error().message);
  co_return kept ? fmt::format("; what it showed is in {}", file.string()) : std::string();
}

}  // namespace

availability::HangRules Keeper::hang_rules() const {
  auto policy = vm().availability.value_or(model::VmAvailability());
  availability::HangRules rules;
  rules.resets = policy.on_hang == model::HangResponse::reset;
  rules.silence = std::chrono::seconds(policy.hang_seconds);
  return rules;
}

void Keeper::tell(std::string event, std::string message) {
  model::VmReport news;
  news.event = std::move(event);
  news.event_message = std::move(message);
  report(std::move(news));
}

// Not while something else explains why it is silent.
bool Keeper::is_judged() const {
  bool changes = troubles_.busy || in_flight() || !chores_.empty() || move_ || merging_;
  return hang_rules().resets && observed_ == Observed::running && wish() == Step::none &&
         !changes && troubles_.hunger == 0 && troubles_.storage.empty();
}

void Keeper::was_reset() {
  troubles_.watch.begin(moment(hands_.settings));
  troubles_.hunger = 0;
  ++troubles_.resets;
  wake_.wake();
}

// Nobody has paused it.
void Keeper::stand_still(const hypervisor::Notice& notice) {
  switch (notice.cause) {
    case Cause::no_space:
    case Cause::io_error:
      return starve(notice);
    case Cause::watchdog:
      troubles_.hang = Hang::watchdog;
      break;
    case Cause::panic:
      troubles_.hang = Hang::panic;
      break;
    case Cause::other:
      break;
  }
}

Async<void> Keeper::watch_pulse(std::shared_ptr<Keeper> self, std::uint64_t run) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  troubles_.watch.begin(moment(hands_.settings));
  troubles_.hang_told = false;
  while (run == run_) {
    co_await sleep_for(hands_.settings.pulse_round);
    if (run != run_) co_return;
    co_await look_at_storage();
    availability::Pulse pulse;
    bool judged = is_judged() && hands_.pools.usable(vm());
    if (judged) pulse = co_await feel_pulse(hands_, vm());
    if (run != run_) co_return;
    if (!judged || !is_judged()) {
      troubles_.watch.excuse(moment(hands_.settings));
      continue;
    }
    if (pulse.answers && std::exchange(troubles_.hang_told, false))
      tell("vm.hung.over", "its guest agent answers again");
    if (!troubles_.watch.saw(pulse, hang_rules(), moment(hands_.settings))) continue;
    troubles_.hang = Hang::silence;
    wake_.wake();
  }
}

// One action of the keeper's, as any other.
Async<void> Keeper::meet_hang() {
  auto hang = *std::exchange(troubles_.hang, std::nullopt);
  if (!is_up(observed_) || (hang == Hang::silence && !is_judged())) co_return;
  auto rules = hang_rules();
  rules.resets = rules.resets && vm().wanted == model::Wanted::running;
  auto hardware = vm().hardware.value_or(model::Hardware());
  // It was started when it was to be reset when it hangs, and is not any more.
  bool as_hardware_says =
      hang == Hang::watchdog && !rules.resets && hardware.watchdog == model::WatchdogAction::reset;
  auto answer = as_hardware_says ? HangAnswer::reset
                                 : troubles_.watch.answer(hang, rules, moment(hands_.settings));
  if (answer == HangAnswer::reset) co_return co_await reset_hung(hang);
  auto often = !rules.resets
                   ? std::string()
                   : fmt::format("; it was reset {} times within an hour, and is not again",
                                 troubles_.watch.resets());
  if (answer == HangAnswer::end) {
    if (!often.empty()) tell("vm.hung.left", sign_of(hang, rules) + often);
    auto ended = co_await hands_.hypervisor.kill(vm().uuid);
    if (!ended) spdlog::error("machine {}: {}", vm().name, ended.error().message);
  } else if (answer == HangAnswer::stand_still) {
    troubles_.hunger = ++troubles_.hungers;
    tell("vm.paused.watchdog", sign_of(hang, rules) + often + ": it stands still");
  } else if (!std::exchange(troubles_.hang_told, true)) {
    tell("vm.hung.left", sign_of(hang, rules) + often);
  }
}

Async<void> Keeper::reset_hung(Hang hang) {
  auto rules = hang_rules();
  auto picture = co_await keep_picture(hands_, vm().uuid, folder_);
  auto done = co_await hands_.hypervisor.reset(vm().uuid);
  if (done && observed_ == Observed::paused) done = co_await hands_.hypervisor.resume(vm().uuid);
  if (!done) {
    spdlog::error("machine {} hangs: {}", vm().name, done.error().message);
    troubles_.hunger = ++troubles_.hungers;
    co_return tell("vm.hung.left", fmt::format("{}, and it cannot be reset: {}",
                                               sign_of(hang, rules), done.error().message));
  }
  observe(Observed::running);
  ++troubles_.resets;
  troubles_.hang_told = false;
  auto count = rules.resets ? fmt::format(" ({} of {} within an hour)", troubles_.watch.resets(),
                                          rules.at_most)
                            : std::string();
  spdlog::warn("machine {} is reset: {}", vm().name, sign_of(hang, rules));
  tell("vm.hung.reset", fmt::format("{}: it was reset{}{}", sign_of(hang, rules), count, picture));
}

}  // namespace truce::node
