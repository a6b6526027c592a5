#include "keeper.h"

#include <boost/json.hpp>

#include "base/file.h"
#include "base/log.h"

namespace truce::node {

using model::Observed;
using model::Wanted;

namespace {

std::string_view event_of(hypervisor::EndReason reason) {
  switch (reason) {
    case hypervisor::EndReason::guest_shutdown:
      return "vm.ended.guest_shutdown";
    case hypervisor::EndReason::requested:
      return "vm.ended.requested";
    case hypervisor::EndReason::crashed:
      return "vm.ended.crashed";
    case hypervisor::EndReason::out_of_memory:
      return "vm.ended.out_of_memory";
    case hypervisor::EndReason::guest_panic:
      return "vm.ended.guest_panic";
  }
  return "vm.ended.crashed";
}

std::string_view name_of(Step step) {
  switch (step) {
    case Step::none:
      return "nothing to do";
    case Step::provision:
      return "make its disks";
    case Step::start:
      return "start";
    case Step::stop:
      return "stop";
    case Step::pause:
      return "pause";
    case Step::resume:
      return "resume";
    case Step::suspend:
      return "suspend";
    case Step::discard_state:
      return "discard its suspended state";
    case Step::remove:
      return "remove";
  }
  return "nothing to do";
}

std::filesystem::path folder_of(Hands& hands, const std::string& uuid) {
  auto folder = hands.pool.vm_folder(uuid);
  if (folder) return *folder;
  spdlog::warn("machine {}: {}", uuid, folder.error().message);
  return hands.settings.run_dir / "vms" / uuid;
}

}  // namespace

Keeper::Keeper(Hands& hands, model::VmAssignment assignment, std::optional<Observed> adopted)
    : hands_(hands),
      assignment_(std::move(assignment)),
      folder_(folder_of(hands, assignment_.vm.uuid)),
      serial_(std::make_shared<SerialLine>(folder_ / "serial.log")),
      wake_(hands.loop),
      merge_stop_(hands.loop),
      merge_ended_(hands.loop),
      adopted_(adopted.has_value()) {
  std::error_code ec;
  if (adopted) {
    observed_ = *adopted;
  } else if (std::filesystem::exists(folder_ / hypervisor::suspend_file, ec)) {
    observed_ = Observed::suspended;
  } else if (std::filesystem::exists(folder_ / "provisioned", ec)) {
    observed_ = Observed::off;
  }
  load_ended();
}

std::filesystem::path Keeper::ended_file() const {
  return folder_ / "ended.json";
}

void Keeper::load_ended() {
  auto text = read_file(ended_file());
  if (!text) return;
  auto report = model::from_text<model::VmReport>(*text, model::Unknown::ignore);
  if (!report) return;
  ended_generation_ = report->generation;
  ended_event_ = report->event;
  ended_message_ = report->event_message;
}

bool Keeper::settled() const {
  auto generation = vm().generation;
  bool nothing_left = vm().wanted == Wanted::absent && removed_generation_ > 0;
  // A deletion that failed is tried again by a newer wish only, as all else.
  return failed_generation_ == generation || ended_generation_ == generation || nothing_left;
}

void Keeper::report(model::VmReport report) {
  report.uuid = vm().uuid;
  report.observed = observed_;
  report.addresses = addresses_;
  report.tree = tree_;
  hands_.news.add(std::move(report));
}

void Keeper::step(std::string text, double progress) {
  model::VmReport news;
  news.step = std::move(text);
  news.progress = progress;
  report(std::move(news));
}

void Keeper::observe(Observed observed) {
  observed_ = observed;
  bool runs = observed == Observed::running || observed == Observed::paused;
  if (!runs) addresses_.clear();
}

// A machine runs, newly or adopted: follow its serial line and its addresses.
void Keeper::running() {
  ++run_;
  auto socket = hands_.hypervisor.socket(vm().uuid, "serial");
  if (!socket.empty()) hands_.scope.spawn(serial_->follow(serial_, socket.string()));
  hands_.scope.spawn(watch_addresses(shared_from_this(), run_));
}

void Keeper::assign(model::VmAssignment assignment) {
  bool newer = assignment.vm.generation != vm().generation;
  assignment_ = std::move(assignment);
  if (newer && superseded_) superseded_->wake();
  wake_.wake();
}

void Keeper::close() {
  closed_ = true;
  ++run_;
  merge_stop_.wake();
  if (superseded_) superseded_->wake();
  wake_.wake();
}

void Keeper::report_state() {
  model::VmReport news;
  if (settled() || next_step(vm().wanted, observed_) == Step::none) {
    news.generation = vm().generation;
    if (failed_generation_ == vm().generation) news.failed = failure_;
  }
  report(std::move(news));
}

void Keeper::report_again() {
  if (ended_generation_ == vm().generation) {
    model::VmReport news;
    news.generation = vm().generation;
    news.event = ended_event_;
    news.event_message = ended_message_;
    report(std::move(news));
  } else {
    report_state();
  }
}

void Keeper::notice(const hypervisor::Notice& notice) {
  using Kind = hypervisor::Notice::Kind;
  model::VmReport news;
  if (notice.kind == Kind::ended) {
    // suspend() says itself when it is done: off would be shown for a moment.
    if (notice.reason == hypervisor::EndReason::requested && vm().wanted == Wanted::suspended)
      return;
    ++run_;
    observe(Observed::off);
    bool expected =
        notice.reason == hypervisor::EndReason::requested ||
        vm().wanted == Wanted::absent ||  // however it ended, it goes
        (notice.reason == hypervisor::EndReason::guest_shutdown && vm().wanted != Wanted::running);
    if (!expected) {
      ended_generation_ = vm().generation;
      ended_event_ = event_of(notice.reason);
      ended_message_ = notice.detail;
      news.generation = vm().generation;
      news.event = ended_event_;
      news.event_message = ended_message_;
      // Kept until a newer wish: a daemon that dies now must not start the machine again.
      auto kept = write_file_durably(ended_file(), model::to_text(news));
      if (!kept) spdlog::warn("{}: {}", vm().name, kept.error().message);
    }
  } else if (notice.kind == Kind::guest_reset) {
    news.event = "vm.guest_reset";
    news.event_message = "the guest reset itself";
  } else {
    observe(notice.kind == Kind::paused ? Observed::paused : Observed::running);
  }
  report(std::move(news));
  wake_.wake();
}

Async<void> Keeper::run(std::shared_ptr<Keeper> self) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  if (adopted_) running();
  std::error_code ec;
  if (layers() != nullptr && std::filesystem::exists(folder_ / storage::layers_record, ec)) {
    if (auto settled = co_await settle_layers(); !settled)
      spdlog::warn("machine {}: {}", vm().name, settled.error().message);
  }
  while (!closed_) {
    if (!chores_.empty()) {
      co_await interrupt_merge();
      co_await perform_chore();
      continue;
    }
    auto generation = vm().generation;
    auto todo = settled() ? Step::none : next_step(vm().wanted, observed_);
    if (todo == Step::none) {
      co_await refresh_nics();
      if (vm().generation != generation) continue;
      report_state();
      merge_when_due();
      co_await wake_.wait();
      continue;
    }
    co_await interrupt_merge();
    log_for(assignment_.request, spdlog::level::info,
            fmt::format("machine {}: {}", vm().name, name_of(todo)));
    auto done = co_await perform(todo);
    if (done || vm().generation != generation) continue;
    failed_generation_ = generation;
    failure_ = done.error().message;
    log_for(assignment_.request, spdlog::level::warn,
            fmt::format("machine {}: {}", vm().name, failure_));
  }
}

Async<Result<void>> Keeper::perform(Step todo) {
  const auto uuid = vm().uuid;
  switch (todo) {
    case Step::none:
      co_return Result<void>{};
    case Step::provision:
      co_return co_await provision_until_superseded();
    case Step::start:
      co_return co_await start();
    case Step::stop:
      co_return co_await stop();
    case Step::discard_state:
      co_return co_await discard_state();
    case Step::suspend:
      co_return co_await suspend();
    case Step::remove:
      co_return co_await remove();
    case Step::pause: {
      CO_TRY_VOID(co_await hands_.hypervisor.pause(uuid));
      observe(Observed::paused);
      co_return Result<void>{};
    }
    case Step::resume: {
      CO_TRY_VOID(co_await hands_.hypervisor.resume(uuid));
      observe(Observed::running);
      co_return Result<void>{};
    }
  }
  co_return Result<void>{};
}

Async<Result<void>> Keeper::stop() {
  const auto uuid = vm().uuid;
  const auto generation = vm().generation;
  if (!vm().stop_now) {
    if (observed_ == Observed::paused) {
      CO_TRY_VOID(co_await hands_.hypervisor.resume(uuid));
    }
    step("asking the guest to power off");
    auto asked = co_await hands_.hypervisor.request_stop(uuid);
    if (!asked && asked.error().code != Code::precondition) co_return asked;
    auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(vm().stop_timeout_seconds);
    while (observed_ != Observed::off && vm().generation == generation && !closed_) {
      using namespace asio::experimental::awaitable_operators;
      auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      co_await (wake_.wait() || sleep_for(left));
    }
    if (observed_ == Observed::off || vm().generation != generation) co_return Result<void>{};
    step(fmt::format("the guest did not power off within {} s: forcing it",
                     vm().stop_timeout_seconds));
  }
  CO_TRY_VOID(co_await hands_.hypervisor.kill(uuid));
  observe(Observed::off);
  co_return Result<void>{};
}

Async<Result<void>> Keeper::suspend() {
  step("writing its memory to disk");
  CO_TRY_VOID(co_await hands_.hypervisor.suspend(vm().uuid));
  ++run_;
  observe(Observed::suspended);
  co_return Result<void>{};
}

Async<Result<void>> Keeper::discard_state() {
  CO_TRY_VOID(remove_tree(folder_ / hypervisor::suspend_file));
  observe(Observed::off);
  co_return Result<void>{};
}

Async<Result<void>> Keeper::remove() {
  step("removing disks");
  ++run_;
  CO_TRY_VOID(co_await hands_.hypervisor.kill(vm().uuid));
  CO_TRY_VOID(co_await hands_.pool.delete_vm(vm().uuid));
  for (const auto& nic : vm().nics) {
    CO_TRY_VOID(co_await hands_.network.release(nic.network, nic.mac));
  }
  CO_TRY_VOID(remove_tree(hands_.settings.run_dir / "vms" / vm().uuid));
  observe(Observed::absent);
  end_deletions({});
  removed_generation_ = vm().generation;
  co_return Result<void>{};
}

Async<std::vector<std::string>> Keeper::find_addresses(bool ask_agent) {
  std::vector<std::string> found;
  auto nics = vm().nics;
  for (const auto& nic : nics) {
    if (hands_.mode_of(nic.network) == model::NetworkMode::user) {
      for (const auto& forward : nic.forwards) found.push_back("forward " + forward);
      continue;
    }
    auto address = co_await hands_.leased(nic.network, nic.mac);
    if (!address.empty()) found.push_back(std::move(address));
  }
  auto* agent = hands_.hypervisor.guest_agent();
  if (!ask_agent || agent == nullptr) co_return found;
  auto told = co_await agent->addresses(vm().uuid);
  if (!told) co_return found;
  for (auto& address : *told) {
    if (std::ranges::find(found, address) == found.end()) found.push_back(std::move(address));
  }
  co_return found;
}

Async<void> Keeper::watch_addresses(std::shared_ptr<Keeper> self, std::uint64_t run) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  constexpr int agent_every = 15;
  std::vector<std::string> from_agent;
  for (int round = 0; run == run_; ++round) {
    co_await sleep_for(addresses_.empty() ? 1s : 2s);
    if (run != run_ || observed_ != Observed::running) continue;
    auto found = co_await find_addresses(round % agent_every == agent_every - 1);
    if (run != run_) co_return;
    // Between two questions to the agent what it said stays true.
    bool lost_only_agent = round % agent_every != agent_every - 1;
    if (lost_only_agent) {
      for (const auto& address : from_agent) {
        if (std::ranges::find(found, address) == found.end()) found.push_back(address);
      }
    } else {
      from_agent = found;
    }
    if (found == addresses_) continue;
    addresses_ = std::move(found);
    report({});
  }
}

}  // namespace truce::node
