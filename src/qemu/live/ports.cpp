// Network cards that come and go while a machine runs.
#include <fcntl.h>

#include <cerrno>

#include "live/live.h"
#include "places.h"

namespace truce::qemu {

using hypervisor::Port;

namespace {

Async<Result<void>> add_tap(RunningPtr vm, std::string id, int tap) {
  Fd copy(::fcntl(tap, F_DUPFD_CLOEXEC, 0));
  if (!copy) co_return fail_errno(errno, "dup");
  CO_TRY_VOID(co_await vm->ask("getfd", {{"fdname", id}}, 10s, std::move(copy)));
  auto added = co_await vm->ask("netdev_add", {{"type", "tap"}, {"id", id}, {"fd", id}});
  if (added) co_return Result<void>{};
  (void)co_await vm->ask("closefd", {{"fdname", id}});
  co_return std::unexpected(added.error());
}

Async<Result<void>> add_user(RunningPtr vm, std::string id, std::vector<std::string> forwards) {
  json::array rules;
  for (const auto& forward : forwards) rules.push_back(json::object{{"str", forward}});
  json::object wish{{"type", "user"}, {"id", id}};
  if (!rules.empty()) wish["hostfwd"] = std::move(rules);
  CO_TRY_VOID(co_await vm->ask("netdev_add", std::move(wish)));
  co_return Result<void>{};
}

}  // namespace

Async<Result<void>> LiveQemu::add_port(std::string uuid, Port port) {
  CO_TRY(auto vm, find_(uuid));
  Verb verb(vm);
  auto id = fmt::format("nic{}", port.number);
  auto netdev = fmt::format("net{}", port.number);
  CO_TRY(auto there, co_await has_device(vm, id));
  if (there) co_return Result<void>{};
  if (port.user_mode && vm->record.own_network) {
    co_return fail(Code::unsupported,
                   "{} was started away from the host's network, which a network of mode user goes "
                   "through: stop it first",
                   vm->record.name);
  }
  CO_TRY(auto device, place_of(vm->record, port.port, slot_ports + port.number));
  device["driver"] = device_of(vm->record.nic_model);
  device["id"] = id;
  device["netdev"] = netdev;
  device["mac"] = port.mac;
  device["romfile"] = "";
  if (port.mtu > 0 && vm->record.nic_model == model::NicModel::virtio)
    device["host_mtu"] = port.mtu;
  (void)co_await vm->ask("netdev_del", {{"id", netdev}});  // left by a daemon that ended half-way
  auto done = port.user_mode ? co_await add_user(vm, netdev, port.forwards)
                             : co_await add_tap(vm, netdev, port.tap);
  if (done) {
    auto added = co_await vm->ask("device_add", std::move(device));
    if (added) co_return Result<void>{};
    (void)co_await vm->ask("netdev_del", {{"id", netdev}});
    done = std::unexpected(added.error());
  }
  co_return std::unexpected(done.error().within(fmt::format("{}: {}", vm->record.name, id)));
}

Async<Result<void>> LiveQemu::remove_port(std::string uuid, int number, Duration patience) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY_VOID(co_await unplug(vm, fmt::format("nic{}", number), patience));
  // Where it was there no more, neither is this.
  (void)co_await vm->ask("netdev_del", {{"id", fmt::format("net{}", number)}});
  co_return Result<void>{};
}

}  // namespace truce::qemu
