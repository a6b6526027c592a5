// How a keeper sends its machine to another host, and lets one run that has come.
#include "moves/leaving.h"

#include "base/log.h"
#include "hypervisor/migration.h"

namespace truce::node {

using hypervisor::Notice;
using model::MigrationPhase;
using model::Observed;

namespace {

constexpr Duration try_again = 500ms;
constexpr int tries = 20;
constexpr Duration landing_limit = 60s;
constexpr Duration look_again = 5ms;

}  // namespace

void Keeper::depart(model::Job job) {
  if (leaving_) return;
  leaving_ = std::make_shared<Leaving>(std::move(job), hands_.loop);
  wake_.wake();
}

void Keeper::hold(model::Job job) {
  leaving_ = std::make_shared<Leaving>(std::move(job), hands_.loop);
  leaving_->held = leaving_->begun = true;
  leaving_->ended =
      fail(Code::unavailable, "{}: its daemon was started anew meanwhile", hands_.settings.name);
  tell_leaving({.done = true, .error = leaving_->ended->error().message});
}

std::string Keeper::leaving() const {
  return leaving_ ? leaving_->job.task : std::string();
}

void Keeper::stay() {
  if (!leaving_) return;
  leaving_->stays = true;
  if (leaving_->departure && !leaving_->ended) leaving_->departure->call_off();
  leaving_->decided.wake();
  wake_.wake();
}

void Keeper::give_away() {
  if (!leaving_) return;
  leaving_->given = true;
  leaving_->decided.wake();
}

Async<void> Keeper::left() {
  auto leaving = leaving_;
  while (leaving && leaving->begun && !leaving->ended) co_await leaving->over.wait();
}

void Keeper::tell_leaving(model::JobReport report) {
  report.task = leaving_->job.task;
  leaving_->last = report;
  hands_.news.add(std::move(report));
}

// One action of the keeper's, as any other: nothing else is done with the machine meanwhile.
Async<void> Keeper::tend_leaving() {
  if (leaving_->stays) co_return co_await come_back();
  if (!leaving_->begun) {
    leaving_->begun = true;
    co_await interrupt_merge();
    hands_.scope.spawn(leave(shared_from_this(), leaving_));
  }
  co_await wake_.wait();
}

Async<void> Keeper::leave(std::shared_ptr<Keeper> self, std::shared_ptr<Leaving> leaving) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  leaving->ended = co_await send_away(*leaving);
  if (!*leaving->ended && !closed_) {
    auto why = leaving->ended->error().message;
    spdlog::warn("machine {} does not go to {}: {}", vm().name, leaving->job.host, why);
    tell_leaving({.done = true, .error = why});
  }
  leaving->over.wake();
  wake_.wake();
}

Async<Result<void>> Keeper::send_away(Leaving& leaving) {
  const auto& job = leaving.job;
  if (!job.migrate || !job.ready) co_return fail(Code::invalid, "the job does not say how");
  bool live = observed_ == Observed::running && !job.migrate->offline;
  if (live && hands_.hypervisor.migration() == nullptr)
    co_return fail(Code::unsupported, "this host moves no machines while they run");
  auto since = std::chrono::steady_clock::now();
  if (observed_ == Observed::running && !live) {
    CO_TRY_VOID(co_await suspend());
    report({});
  }
  if (!live && observed_ != Observed::off && observed_ != Observed::suspended)
    co_return fail(Code::precondition, "'{}' is {}", vm().name, model::to_string(observed_));
  if (layers() != nullptr) {
    CO_TRY_VOID(co_await settle_layers());
    if (tree_ && !tree_->snapshots.empty())
      co_return fail(Code::precondition, "'{}' has snapshots: delete them first", vm().name);
  }
  Departure::Cargo cargo{.job = job, .vm = vm(), .home = folder_, .live = live, .addresses = {}};
  if (job.migrate->offline) cargo.stands_since = since;
  for (const auto& nic : cargo.vm.nics) {
    if (hands_.mode_of(nic.network) == model::NetworkMode::user) continue;
    auto addresses = co_await hands_.leased(nic.network, nic.mac);
    for (auto& address : addresses) cargo.addresses.push_back({nic.mac, std::move(address)});
  }
  auto sent = [this, &leaving](bool post_copy) {
    model::JobReport done{.step = "all of it is at " + leaving.job.host};
    done.phase = MigrationPhase::transfer;
    done.facts = leaving.departure->facts();
    done.facts->time = now();
    done.facts->post_copy = post_copy;
    done.progress = 0.98;
    tell_leaving(std::move(done));
  };
  // From then on it is the other host's, though it still has to fetch from here.
  auto moment = [&leaving, sent]() -> Async<Result<void>> {
    sent(true);
    while (!leaving.stays && !leaving.given) co_await leaving.decided.wait();
    if (leaving.given) co_return Result<void>{};
    co_return std::unexpected(called_off());
  };
  auto tell = [this, task = job.task](std::string step, double progress) {
    model::JobReport news{.task = task, .step = std::move(step), .progress = progress};
    hands_.news.add(std::move(news));
  };
  leaving.departure = std::make_shared<Departure>(hands_, std::move(cargo), moment, tell);
  if (leaving.stays) co_return std::unexpected(called_off());
  CO_TRY_VOID(co_await leaving.departure->send());
  if (!leaving.given) sent(false);
  co_return Result<void>{};
}

// Nobody else has it: the machine goes on here.
Async<void> Keeper::come_back() {
  auto leaving = leaving_;
  while (leaving->begun && !leaving->ended) co_await leaving->over.wait();
  auto* migration = hands_.hypervisor.migration();
  // It may have been sent whole, and only the other host's answer be missing.
  bool may_stand = leaving->held || leaving->departure;
  for (int i = 0; may_stand && i < tries && is_up(observed_) && !closed_; ++i) {
    auto back = migration == nullptr ? Result<void>{} : co_await migration->take_back(vm().uuid);
    if (back) observe(vm().wanted == model::Wanted::paused ? observed_ : Observed::running);
    if (back || closed_) break;
    spdlog::warn("machine {}: {}", vm().name, back.error().message);
    co_await sleep_for(try_again);
  }
  leaving_.reset();
  if (leaving->death) notice(*leaving->death);
  report({});
}

// Its process has ended, though all of it may be at the other host: whose it is says what follows.
bool Keeper::dies_away(const Notice& notice) {
  bool sent = leaving_ && (leaving_->held || (leaving_->ended && *leaving_->ended));
  if (!sent || notice.kind != Notice::Kind::ended) return false;
  leaving_->death = notice;
  ++run_;
  observe(Observed::off);
  wake_.wake();
  return true;
}

void Keeper::land_first(model::Job job) {
  landing_ = std::move(job);
  observe(is_up(observed_) ? Observed::running : observed_);
}

Async<Result<hypervisor::Landing>> Keeper::receive(std::string outline, hypervisor::Departure how) {
  auto* migration = hands_.hypervisor.migration();
  if (migration == nullptr)
    co_return fail(Code::unsupported, "this host takes in no machines while they run");
  arrives_ = true;
  std::vector<network::Plug> plugs;  // closed once the hypervisor has its own copies
  CO_TRY(auto machine, co_await build_machine(plugs));
  if (hands_.life != nullptr) {
    CO_TRY(machine.gate, hands_.life->arrival_gate(vm().uuid));
  }
  if (closed_) co_return std::unexpected(called_off());
  co_return co_await migration->receive(std::move(machine), std::move(outline), std::move(how));
}

// Before anything else is done with it here.
Async<void> Keeper::land() {
  auto landed = co_await let_run();
  if (closed_) co_return;
  if (!landed) spdlog::error("machine {}: {}", vm().name, landed.error().message);
  adopted_ = adopted_ && landed;
  if (!landed && is_up(observed_)) {
    (void)co_await hands_.hypervisor.kill(vm().uuid);
    notice({vm().uuid, Notice::Kind::ended, hypervisor::EndReason::crashed,
            "its memory was lost on its way: " + landed.error().message});
  }
  landed_ = model::JobReport{.task = landing_->task};
  landed_->phase = MigrationPhase::hand_over;
  landing_.reset();
  hands_.news.add(*landed_);
}

Async<Result<void>> Keeper::let_run() {
  // Off or suspended; or its host has been down since: it is started as after any reboot.
  if (!adopted_) co_return Result<void>{};
  CO_TRY_VOID(co_await take_possession());
  auto* migration = hands_.hypervisor.migration();
  auto deadline = std::chrono::steady_clock::now() + landing_limit;
  while (true) {
    bool unwanted = vm().wanted == model::Wanted::absent ||
                    (vm().wanted == model::Wanted::off && vm().stop_now);
    if (unwanted) co_return Result<void>{};  // it is ended next
    auto done = co_await migration->land(vm().uuid);
    if (done) co_return done;
    bool over = std::chrono::steady_clock::now() > deadline || closed_ || !is_up(observed_);
    if (over || done.error().code != Code::precondition) co_return done;
    co_await sleep_for(look_again);
  }
}

}  // namespace truce::node
