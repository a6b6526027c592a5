#include "migration/settings.h"

#include <algorithm>

namespace truce::qemu {

using hypervisor::Departure;

namespace {

// `events` is always on: nothing is polled that QEMU tells.
constexpr std::string_view capabilities[] = {
    "return-path",   "pause-before-switchover", "multifd",
    "auto-converge", "late-block-activate",     "postcopy-ram",
};

constexpr std::int64_t unbounded = std::int64_t(1) << 40;

Result<void> check(const Departure& departure) {
  if (departure.post_copy && departure.compress) {
    return fail(Code::unsupported,
                "memory that is fetched afterwards (post-copy) cannot be compressed");
  }
  return {};
}

// QEMU sends over several connections, and compresses, only where nothing is fetched afterwards.
bool over_several(const Departure& departure) {
  return !departure.post_copy && (departure.channels > 1 || departure.compress);
}

json::object parameters_of(const Departure& departure) {
  json::object words;
  if (!over_several(departure)) return words;
  words["multifd-channels"] = std::max(departure.channels, 1);
  words["multifd-compression"] = departure.compress ? "zstd" : "none";
  return words;
}

std::vector<std::string> shared_capabilities(const Departure& departure) {
  std::vector<std::string> on;
  if (over_several(departure)) on.emplace_back("multifd");
  if (departure.post_copy) on.emplace_back("postcopy-ram");
  return on;
}

Bytes bytes_in(const json::value& object, std::string_view key) {
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(integer_in(object, key), 0))};
}

}  // namespace

Async<Result<void>> set_capabilities(RunningPtr vm, std::vector<std::string> on) {
  json::array wish{{{"capability", "events"}, {"state", true}}};
  for (auto name : capabilities) {
    bool wanted = std::ranges::find(on, name) != on.end();
    wish.push_back(json::object{{"capability", name}, {"state", wanted}});
  }
  CO_TRY_VOID(co_await vm->ask("migrate-set-capabilities", {{"capabilities", std::move(wish)}}));
  co_return Result<void>{};
}

// Half of the time that the guest may stand still is for what comes after the memory: devices, the
// last of its disks, and whoever decides where it goes on. QEMU guesses, and not too low.
Async<Result<void>> prepare_to_send(RunningPtr vm, Departure departure) {
  CO_TRY_VOID(check(departure));
  auto on = shared_capabilities(departure);
  on.emplace_back("return-path");
  on.emplace_back("pause-before-switchover");
  if (departure.auto_converge) on.emplace_back("auto-converge");
  CO_TRY_VOID(co_await set_capabilities(vm, std::move(on)));
  auto words = parameters_of(departure);
  auto most = static_cast<std::int64_t>(departure.bandwidth.count);
  words["max-bandwidth"] = most > 0 ? most : unbounded;
  words["max-postcopy-bandwidth"] = most;
  words["downtime-limit"] = std::max<std::int64_t>(departure.downtime.count() / 2, 1);
  CO_TRY_VOID(co_await vm->ask("migrate-set-parameters", std::move(words)));
  co_return Result<void>{};
}

// Disks are opened for the guest when it is let run and not before: the other side has them until
// then. So do the network cards not make themselves known earlier.
Async<Result<void>> prepare_to_receive(RunningPtr vm, Departure departure) {
  CO_TRY_VOID(check(departure));
  auto on = shared_capabilities(departure);
  on.emplace_back("late-block-activate");
  auto set = co_await set_capabilities(vm, std::move(on));
  if (!set && departure.post_copy) {
    co_return fail(Code::unsupported,
                   "{} (memory can be fetched afterwards only where machines may take over their "
                   "page faults: sysctl vm.unprivileged_userfaultfd=1)",
                   set.error().message);
  }
  if (!set) co_return set;
  auto words = parameters_of(departure);
  words["announce-rounds"] = 0;
  CO_TRY_VOID(co_await vm->ask("migrate-set-parameters", std::move(words)));
  co_return Result<void>{};
}

bool MigrationState::under_way() const {
  return !status.empty() && status != "none" && status != "completed" && status != "failed" &&
         status != "cancelled";
}

Async<Result<MigrationState>> migration_state(RunningPtr vm) {
  CO_TRY(auto answer, co_await vm->ask("query-migrate"));
  MigrationState state;
  state.status = text_in(answer, "status");
  state.error = text_in(answer, "error-desc");
  state.downtime = Duration(integer_in(answer, "downtime"));
  if (const auto* ram = field_of(answer, "ram")) {
    state.sent = bytes_in(*ram, "transferred");
    state.left = bytes_in(*ram, "remaining");
    state.rounds = integer_in(*ram, "dirty-sync-count");
    state.dirty_rate =
        Bytes{bytes_in(*ram, "dirty-pages-rate").count * bytes_in(*ram, "page-size").count};
  }
  const auto* reasons = field_of(answer, "blocked-reasons");
  if (reasons != nullptr && reasons->is_array() && !reasons->get_array().empty()) {
    const auto& first = reasons->get_array().front();
    state.blocked_reason =
        first.is_string() ? std::string(first.get_string()) : "QEMU says no more";
  }
  co_return state;
}

// What of it could be yanked goes last (qemu.git migration/migration.c, migrate_fd_cleanup).
Async<Result<bool>> clear_of_migration(RunningPtr vm, Duration limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  auto migrates = [](const json::value& each) { return text_in(each, "type") == "migration"; };
  while (true) {
    CO_TRY(auto answer, co_await vm->ask("query-yank"));
    const auto* instances = answer.if_array();
    if (instances == nullptr) co_return fail(Code::corrupt, "QEMU: query-yank answers no list");
    if (std::ranges::none_of(*instances, migrates)) co_return true;
    if (std::chrono::steady_clock::now() > deadline) co_return false;
    co_await sleep_for(5ms);
  }
}

}  // namespace truce::qemu
