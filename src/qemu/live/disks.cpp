// Disks and CDs that come and go while a machine runs.
#include "base/log.h"
#include "live/handed.h"
#include "live/live.h"
#include "live/secrets.h"
#include "places.h"
#include "snapshots.h"

namespace truce::qemu {

namespace fs = std::filesystem;
using hypervisor::DiskFile;
using model::DiskBus;
using model::MachineType;

namespace {

Result<json::object> device_of(const Record& record, const DiskFile& disk) {
  auto number = disk_number(disk.id);
  json::object device{{"id", disk.id},
                      {"drive", disk.id},
                      {"serial", disk.id},
                      {"werror", "stop"},
                      {"rerror", "stop"}};
  bool plugs = record.disk_bus == DiskBus::scsi || record.disk_bus == DiskBus::pvscsi;
  if (plugs && record.type != MachineType::microvm) {
    device["driver"] = "scsi-hd";
    device["bus"] = "scsi.0";
    device["scsi-id"] = number;
    return device;
  }
  if (record.disk_bus != DiskBus::virtio) {
    return fail(Code::unsupported, "{}: disks on {} are plugged in while the machine is off",
                record.name, model::to_string(record.disk_bus));
  }
  TRY(auto place, place_of(record, disk.port, slot_disks + number));
  for (auto& [key, value] : place) device[key] = value;
  device["driver"] = "virtio-blk-pci";
  device["num-queues"] = record.queues;
  return device;
}

}  // namespace

Async<Result<void>> open_nodes(RunningPtr vm, std::string id, std::string format, fs::path file,
                               Access access, json::object more) {
  bool writes = access == Access::write;
  json::object upper{
      {"node-name", id}, {"driver", format}, {"file", id + "-file"}, {"read-only", !writes}};
  if (writes) {
    upper["discard"] = "unmap";
    upper["detect-zeroes"] = "unmap";
  }
  for (auto& [key, value] : more) upper[key] = std::move(value);
  co_return co_await open_node(
      vm, std::move(file), access, [&](json::object lower) -> Async<Result<void>> {
        lower["node-name"] = id + "-file";
        CO_TRY_VOID(co_await vm->ask("blockdev-add", std::move(lower)));
        auto done = co_await vm->ask("blockdev-add", upper);
        if (done) co_return Result<void>{};
        (void)co_await vm->ask("blockdev-del", {{"node-name", id + "-file"}});
        co_return std::unexpected(done.error());
      });
}

Async<void> close_nodes(RunningPtr vm, std::string node) {
  auto file = node + "-file";
  std::string set;
  auto nodes = co_await vm->ask("query-named-block-nodes", {{"flat", true}});
  if (nodes && nodes->is_array()) {
    for (const auto& each : nodes->get_array())
      if (text_in(each, "node-name") == file) set = text_in(each, "file");
  }
  (void)co_await vm->ask("blockdev-del", {{"node-name", node}});
  auto closed = co_await vm->ask("blockdev-del", {{"node-name", file}});
  if (closed) co_await take_back(vm, set);
}

namespace {

struct Medium {
  bool drive = false;  ///< whether there is such a drive
  std::string node;    ///< empty: nothing is in it
  fs::path file;
};

Async<Result<Medium>> medium_in(RunningPtr vm, std::string drive) {
  CO_TRY(auto answer, co_await vm->ask("query-block"));
  CO_TRY(auto names, co_await handed(vm));
  const auto* devices = answer.if_array();
  if (devices == nullptr) co_return fail(Code::corrupt, "QEMU: query-block answers no list");
  for (const auto& device : *devices) {
    if (device_in(text_in(device, "qdev")) != drive) continue;
    const auto* inserted = field_of(device, "inserted");
    if (inserted == nullptr) co_return Medium{.drive = true, .node = {}, .file = {}};
    co_return Medium{true, text_in(*inserted, "node-name"),
                     our_path(names, text_in(*inserted, "file"))};
  }
  co_return Medium{};
}

}  // namespace

Async<Result<void>> LiveQemu::add_disk(std::string uuid, DiskFile disk) {
  CO_TRY(auto vm, find_(uuid));
  Verb verb(vm);
  CO_TRY(auto there, co_await has_device(vm, disk.id));
  if (there) co_return Result<void>{};
  CO_TRY(auto device, device_of(vm->record, disk));
  co_await close_nodes(vm, disk.id);  // left by a daemon that ended half-way
  json::object encrypt;
  if (disk.encrypted > 0) {
    CO_TRY_VOID(co_await add_secret(vm, disk.id, disk.key));
    encrypt["encrypt"] = encryption_of(disk.id);
  }
  CO_TRY_VOID(co_await open_nodes(vm, disk.id, disk.format, disk.path, Access::write, encrypt));
  auto added = co_await vm->ask("device_add", std::move(device));
  if (added) {  // its limits are for all its disks together
    auto held = co_await throttle_disks(vm, vm->limits);
    if (!held) spdlog::warn("{}: limits of {}: {}", vm->record.name, disk.id, held.error().message);
    co_return Result<void>{};
  }
  co_await close_nodes(vm, disk.id);
  if (disk.encrypted > 0) co_await drop_secret(vm, disk.id);
  co_return std::unexpected(added.error().within(fmt::format("{}: {}", vm->record.name, disk.id)));
}

Async<Result<void>> LiveQemu::remove_disk(std::string uuid, std::string id, Duration patience) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY(auto tops, co_await tops_of(vm));
  CO_TRY_VOID(co_await unplug(vm, id, patience));
  auto top = tops.find(id);
  co_await close_nodes(vm, top == tops.end() ? id : top->second.node);
  co_await drop_secret(vm, id);
  co_return Result<void>{};
}

Async<Result<void>> LiveQemu::grow_disk(std::string uuid, std::string id, Bytes size) {
  CO_TRY(auto vm, find_(uuid));
  CO_TRY(auto tops, co_await tops_of(vm));
  auto top = tops.find(id);
  if (top == tops.end())
    co_return fail(Code::not_found, "{}: QEMU shows no disk {}", vm->record.name, id);
  if (size < top->second.size) {
    co_return fail(Code::invalid, "{}: {} has {} already and is not shrunk", vm->record.name, id,
                   to_string(top->second.size));
  }
  if (size == top->second.size) co_return Result<void>{};
  CO_TRY_VOID(co_await vm->ask("block_resize",
                               {{"node-name", top->second.node}, {"size", size.count}}, 60s));
  co_return Result<void>{};
}

// The tray opens by force only when the guest, which is asked first, does not give it free.
Async<Result<void>> LiveQemu::set_medium(std::string uuid, std::string drive, fs::path medium) {
  CO_TRY(auto vm, find_(uuid));
  Verb verb(vm);
  CO_TRY(auto now, co_await medium_in(vm, drive));
  if (!now.drive) {
    co_return fail(Code::unsupported, "{} was started without a CD drive", vm->record.name);
  }
  if (now.file == medium) co_return Result<void>{};
  CO_TRY_VOID(co_await vm->ask("blockdev-open-tray", {{"id", drive}, {"force", true}}));
  if (!now.node.empty()) {
    CO_TRY_VOID(co_await vm->ask("blockdev-remove-medium", {{"id", drive}}));
    co_await close_nodes(vm, now.node);
  }
  auto done = Result<void>{};
  if (!medium.empty()) done = co_await open_nodes(vm, drive, "raw", medium, Access::read);
  if (done && !medium.empty()) {
    auto in = co_await vm->ask("blockdev-insert-medium", {{"id", drive}, {"node-name", drive}});
    if (!in) done = std::unexpected(in.error());
  }
  auto closed = co_await vm->ask("blockdev-close-tray", {{"id", drive}});
  if (done && !closed) done = std::unexpected(closed.error());
  co_return done;
}

}  // namespace truce::qemu
