// Machines that stand still because a pool is full or cannot be reached, until that is over.
#include <fmt/ranges.h>

#include "keeper.h"

namespace truce::node {

namespace {

constexpr Duration look_again = 2s;
constexpr Duration look_later = 10s;  // after it went on and ran into the same wall soon
constexpr Duration soon = 60s;
constexpr Duration usage_limit = 3s;
constexpr Duration proof = 5s;  // that it ran for so long says that its disks can be used

// What its disks have done; nothing where its hypervisor does not tell.
Async<std::optional<std::int64_t>> work_of_disks(Hands& hands, std::string uuid) {
  auto* live = hands.hypervisor.live_changes();
  if (live == nullptr) co_return std::nullopt;
  auto usage = co_await within(usage_limit, live->usage(uuid), "usage");
  if (!usage) co_return std::nullopt;
  co_return usage->disk_reads + usage->disk_writes;
}

}  // namespace

// Its guest waits for the access that failed, and sees no error.
void Keeper::starve(const hypervisor::Notice& notice) {
  troubles_.hunger = ++troubles_.hungers;
  auto self = shared_from_this();
  hands_.scope.spawn(notice.cause == hypervisor::Cause::no_space
                         ? wait_for_room(self, troubles_.hunger, notice.detail)
                         : wait_for_disks(self, troubles_.hunger, notice.detail));
}

Async<void> Keeper::wait_for_room(std::shared_ptr<Keeper> self, std::uint64_t hunger,
                                  std::string detail) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  auto over = [this, hunger] { return troubles_.hunger != hunger || closed_; };
  bool again = troubles_.fed_at && std::chrono::steady_clock::now() - *troubles_.fed_at < soon;
  auto full = co_await hands_.pools.without_room(folder_, vm());
  if (over()) co_return;
  tell("vm.paused.no_space",
       full.empty() ? fmt::format("there was no room for what it writes ({})", detail)
                    : fmt::format("pool {} is full: the machine stands still until there is room",
                                  fmt::join(full, ", ")));
  do {
    co_await sleep_for(again ? look_later : look_again);
    full = co_await hands_.pools.without_room(folder_, vm());
    if (over()) co_return;
  } while (!full.empty());
  troubles_.hunger = 0;
  troubles_.fed_at = std::chrono::steady_clock::now();
  wake_.wake();
}

// Whether they can be used again is known only by letting the machine go on. It is told once, and
// that it is over when it has run for a while.
Async<void> Keeper::wait_for_disks(std::shared_ptr<Keeper> self, std::uint64_t hunger,
                                   std::string detail) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  auto over = [this, hunger] { return troubles_.hunger != hunger || closed_; };
  const auto& settings = hands_.settings;
  bool known = !troubles_.storage.empty();
  troubles_.patience =
      known ? std::min(troubles_.patience * 2, settings.retry_at_most) : settings.retry;
  if (!known) {
    troubles_.storage = fmt::format("its disks cannot be used on {} ({})", settings.name, detail);
    tell("vm.paused.io_error", troubles_.storage + ": it stands still until they can");
  }
  do {
    co_await sleep_for(troubles_.patience);
    if (over()) co_return;
  } while (!hands_.pools.usable(vm()));
  troubles_.hunger = 0;
  wake_.wake();
}

// It may run into the same wall at once.
Async<Result<void>> Keeper::resume() {
  auto hungers = troubles_.hungers;
  CO_TRY_VOID(co_await hands_.hypervisor.resume(vm().uuid));
  if (hungers != troubles_.hungers || troubles_.hang) co_return Result<void>{};
  observe(model::Observed::running);
  if (!troubles_.storage.empty())
    hands_.scope.spawn(trust_disks_later(shared_from_this(), run_, hungers));
  co_return Result<void>{};
}

Async<void> Keeper::trust_disks_later(std::shared_ptr<Keeper> self, std::uint64_t run,
                                      std::uint64_t hungers) {
  TRUCE_ASSERT(self.get() == this, "a keeper holds itself");
  co_await sleep_for(std::min(proof, hands_.settings.retry));
  if (run != run_ || hungers != troubles_.hungers || observed_ != model::Observed::running)
    co_return;
  troubles_.storage.clear();
  report({});
}

// A machine that runs on a pool that lets it wait for ever. It is said of those only that are to be
// started elsewhere then, and do nothing.
Async<void> Keeper::look_at_storage() {
  auto policy = vm().availability.value_or(model::VmAvailability());
  bool asked = policy.on_storage_loss == model::StorageLossResponse::restart_elsewhere;
  auto pool = asked && observed_ == model::Observed::running ? hands_.pools.silent(vm()) : "";
  auto work = pool.empty() ? std::nullopt : co_await work_of_disks(hands_, vm().uuid);
  bool stuck = !pool.empty() && (!work || work == troubles_.stuck_at);
  troubles_.stuck_at = work;
  if (stuck == troubles_.stuck || observed_ != model::Observed::running) co_return;
  troubles_.stuck = stuck;
  troubles_.storage =
      stuck ? fmt::format("its disks cannot be used on {} (pool '{}' does not answer)",
                          hands_.settings.name, pool)
            : std::string();
  stuck ? tell("vm.stuck.storage", troubles_.storage) : report({});
}

}  // namespace truce::node
