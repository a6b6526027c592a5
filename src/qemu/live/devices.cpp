#include "base/log.h"
#include "live/live.h"
#include "places.h"

namespace truce::qemu {

using model::MachineType;

Async<Result<bool>> has_device(RunningPtr vm, std::string id) {
  CO_TRY(auto answer, co_await vm->ask("qom-list", {{"path", "/machine/peripheral"}}));
  const auto* devices = answer.if_array();
  if (devices == nullptr) co_return fail(Code::corrupt, "QEMU: qom-list answers no list");
  co_return std::ranges::any_of(*devices,
                                [&](const auto& device) { return text_in(device, "name") == id; });
}

// A guest that has not booted yet does not hear it the first time.
Async<Result<void>> unplug(RunningPtr vm, std::string id, Duration patience) {
  using Clock = std::chrono::steady_clock;
  constexpr Duration ask_again = 5s;
  auto deadline = Clock::now() + patience;
  auto next = Clock::now();
  while (true) {
    CO_TRY(auto there, co_await has_device(vm, id));
    if (!there) co_return Result<void>{};
    if (Clock::now() >= deadline) {
      co_return fail(Code::timeout,
                     "{}: the guest does not let go of {}: is it in use, or has the guest not "
                     "booted? Try again, or stop the machine first",
                     vm->record.name, id);
    }
    if (Clock::now() >= next) {
      next = Clock::now() + ask_again;
      auto asked = co_await vm->ask("device_del", {{"id", id}});
      if (!asked && asked.error().message.contains("does not support hotplugging")) {
        co_return fail(Code::unsupported,
                       "{}: {} is in a place from which nothing is taken while the machine runs: "
                       "stop it first",
                       vm->record.name, id);
      }
      // It may be under way, or gone meanwhile.
      if (!asked) spdlog::debug("{}: {}", vm->record.name, asked.error().message);
    }
    co_await (vm->jobs.wait() || sleep_for(250ms));
    if (vm->ended) co_return fail(Code::unavailable, "{} ended meanwhile", vm->record.name);
  }
}

Result<json::object> place_of(const Record& record, int port, int usual_slot) {
  if (record.type == MachineType::microvm) {
    return fail(Code::unsupported, "{}: a microvm takes no devices while it runs: stop it first",
                record.name);
  }
  if (record.type == MachineType::legacy)
    return json::object{{"bus", "pci.0"}, {"addr", fmt::format("{:#x}", usual_slot)}};
  if (port == 0) {
    return fail(Code::unsupported, "{}: all ports for devices are in use: stop it first",
                record.name);
  }
  return json::object{{"bus", plug_port(port)}, {"addr", "0x0"}};
}

}  // namespace truce::qemu
