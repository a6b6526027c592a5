// Processors and memory of a machine that runs, and what it uses.
#include "base/log.h"
#include "live/live.h"

namespace truce::qemu {

namespace {

constexpr const char* hot_memory = "/machine/peripheral/hotmem";
constexpr const char* balloon = "/machine/peripheral/balloon";
constexpr int stats_seconds = 10;

Async<Result<json::value>> property(RunningPtr vm, std::string path, std::string name) {
  co_return co_await vm->ask("qom-get", {{"path", path}, {"property", name}});
}

// What of QEMU's answers is a number that cannot be wrong by sign.
std::uint64_t size_in(const json::value& object, std::string_view key) {
  auto number = integer_in(object, key);
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

// The guest tells these itself; the balloon asks for them once somebody wants to know
// (qemu.git docs/virtio-balloon-stats.txt).
Async<model::VmUsage> read_balloon(RunningPtr vm) {
  model::VmUsage usage;
  auto [size, stats] = co_await (vm->ask("query-balloon") && property(vm, balloon, "guest-stats"));
  // What is more than the machine is said to have is nobody's to see.
  if (size) usage.balloon = Bytes{size_in(*size, "actual") - vm->record.more_memory.count};
  if (!stats || !stats->is_object()) co_return usage;
  if (integer_in(*stats, "last-update") == 0) {
    (void)co_await vm->ask("qom-set", {{"path", balloon},
                                       {"property", "guest-stats-polling-interval"},
                                       {"value", stats_seconds}});
    co_return usage;
  }
  const auto* told = field_of(*stats, "stats");
  if (told == nullptr) co_return usage;
  auto known = [&](std::string_view key) {
    auto value = size_in(*told, key);
    return Bytes{value >= (std::uint64_t{1} << 62) ? 0 : value};  // -1: the guest does not say
  };
  usage.guest_total = known("stat-total-memory");
  usage.guest_free = known("stat-free-memory");
  usage.guest_available = known("stat-available-memory");
  co_return usage;
}

}  // namespace

// Only upwards: QEMU 7.2 does not survive memory after a processor was taken out.
Async<Result<void>> LiveQemu::set_cpus(std::string uuid, int cpus) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY(auto answer, co_await vm->ask("query-hotpluggable-cpus"));
  const auto* places = answer.if_array();
  if (places == nullptr) co_return fail(Code::corrupt, "QEMU: its processors are no list");
  int present = 0;
  for (const auto& place : *places) present += text_in(place, "qom-path").empty() ? 0 : 1;
  if (cpus < present || cpus > static_cast<int>(places->size())) {
    co_return fail(Code::unsupported,
                   "{} has {} processors and can be given {} while it runs: {} need a restart",
                   vm->record.name, present, places->size(), cpus);
  }
  if (cpus == present) co_return Result<void>{};
  // QEMU lists the last one first.
  for (auto at = places->size(); at > 0 && present < cpus; --at) {
    const auto& place = (*places)[at - 1];
    if (!text_in(place, "qom-path").empty()) continue;
    json::object device{{"driver", text_in(place, "type")}, {"id", fmt::format("cpu{}", present)}};
    const auto* where = field_of(place, "props");
    if (where != nullptr && where->is_object()) {
      for (const auto& [key, value] : where->get_object()) device[key] = value;
    }
    CO_TRY_VOID(co_await vm->ask("device_add", std::move(device)));
    ++present;
  }
  scope_.spawn(bring_online(vm));
  co_return Result<void>{};
}

// Linux leaves new processors alone where nobody in the guest has made a rule for them.
Async<void> LiveQemu::bring_online(RunningPtr vm) {
  co_await sleep_for(1s);
  auto socket = vm->runtime.socket("agent");
  auto known = co_await ask_agent(socket, "guest-get-vcpus", {}, 5s);
  if (!known || !known->is_array()) co_return;
  json::array wish;
  for (const auto& cpu : known->get_array()) {
    if (bool_in(cpu, "online")) continue;
    wish.push_back(json::object{{"logical-id", integer_in(cpu, "logical-id")}, {"online", true}});
  }
  if (wish.empty()) co_return;
  auto done = co_await ask_agent(socket, "guest-set-vcpus", {{"vcpus", std::move(wish)}}, 10s);
  if (!done)
    spdlog::warn("{}: its agent: new processors: {}", vm->record.name, done.error().message);
}

Async<Result<void>> LiveQemu::set_memory(std::string uuid, Bytes memory) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY(auto summary, co_await vm->ask("query-memory-size-summary"));
  Bytes first{size_in(summary, "base-memory") - vm->record.more_memory.count};
  auto most = co_await property(vm, hot_memory, "memaddr");
  if (memory == first && !most) co_return Result<void>{};
  if (!most || memory < first) {
    co_return fail(Code::unsupported, "{} was started with {}: {} need a restart", vm->record.name,
                   to_string(first), to_string(memory));
  }
  auto done = co_await vm->ask("qom-set", {{"path", hot_memory},
                                           {"property", "requested-size"},
                                           {"value", memory.count - first.count}});
  if (!done) {
    co_return fail(Code::unsupported, "{} were not given: {}", to_string(memory),
                   done.error().message);
  }
  co_return Result<void>{};
}

Async<Result<void>> LiveQemu::set_balloon(std::string uuid, Bytes memory) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY_VOID(
      co_await vm->ask("balloon", {{"value", memory.count + vm->record.more_memory.count}}));
  co_return Result<void>{};
}

// All is asked at once: it is one wait, of however many answers.
Async<Result<model::VmUsage>> LiveQemu::usage(std::string uuid) {
  CO_TRY(auto vm, find_(uuid));
  auto [measured, more] =
      co_await (measure(vm) && (read_balloon(vm) && property(vm, hot_memory, "size")));
  if (!measured) co_return measured;
  auto& [guest, hot] = more;
  auto usage = std::move(*measured);
  usage.balloon = guest.balloon;
  usage.guest_total = guest.guest_total;
  usage.guest_free = guest.guest_free;
  usage.guest_available = guest.guest_available;
  if (hot && hot->is_int64() && hot->get_int64() > 0)
    usage.hot_memory = Bytes{static_cast<std::uint64_t>(hot->get_int64())};
  co_return usage;
}

}  // namespace truce::qemu
