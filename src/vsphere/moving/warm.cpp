// Machines that leave while they run. A snapshot is their one moment: its disks come by a lease
// (ExportSnapshot), as files of a machine that runs are locked. What they get afterwards is tracked
// by the server, and read from the files once the machine is off.
#include <algorithm>
#include <map>

#include "moving/changes.h"
#include "moving/datastore.h"
#include "moving/lease.h"
#include "moving/transfers.h"
#include "properties.h"

namespace truce::vsphere {

using namespace platform;

namespace {

constexpr std::string_view tracking_was_off = "Changed block tracking was switched on for this.";

/// A disk as it is now.
struct Place {
  DatastorePath path;
  std::string plug;  ///< `ParaVirtualSCSIController0:0`: the end of its key in a lease
};

/// What is known of the machine.
struct Source {
  Ref machine;
  std::string name;  ///< of the snapshot
  bool off = false;
  bool tracked = false;
  bool others = false;               ///< snapshots that are not ours
  std::optional<Snapshot> snapshot;  ///< ours, once there is one
  std::map<std::string, Place> disks;
  Access access;
  std::string authorities;
  std::map<std::string, std::vector<Range>> changed;  ///< since the snapshot, once it is off
  /// Why its disks cannot be had: what is kept apart is let go all the same.
  Result<void> readable;
};

// A lease that its owner has left, as after a crash, ends by itself.
Error soon(Error error) {
  auto fault = fault_of(error);
  if (fault == "TaskInProgress" || fault == "InvalidState") error.code = Code::unavailable;
  return error;
}

class SnapshotDeparture final : public WarmDeparture {
 public:
  SnapshotDeparture(Session& session, Source source)
      : session_(session), account_(session.account()), source_(std::move(source)) {}

  [[nodiscard]] bool once() const override { return true; }
  Async<Result<void>> hold(int moment) override;
  Result<OpenDisk> open(const std::string& disk, int since,
                        const std::atomic<bool>& cancelled) override;
  Async<Result<void>> tell(double fraction) override {
    if (!lease_) co_return Result<void>();
    co_return co_await tell_lease(session_, lease_->ref, fraction);
  }
  Async<void> end_pass() override {
    if (lease_) (void)co_await session_.call({"HttpNfcLeaseComplete", lease_->ref});
    lease_.reset();
  }
  Async<Result<void>> let_go() override;

 private:
  Async<Result<void>> make_snapshot();
  Async<Result<void>> track(bool on);
  Result<OpenDisk> open_stream(const std::string& disk, const std::atomic<bool>& cancelled) const;

  Session& session_;
  Account account_;  ///< for threads
  Source source_;
  std::optional<Lease> lease_;
};

Async<Result<void>> SnapshotDeparture::track(bool on) {
  auto spec = "<spec>" + flag_xml("changeTrackingEnabled", on) + "</spec>";
  auto done = co_await run_task(session_, {"ReconfigVM_Task", source_.machine, spec});
  if (!done) co_return std::unexpected(soon(std::move(done).error()));
  co_return Result<void>();
}

// What tracks is told before: it begins with the snapshot.
Async<Result<void>> SnapshotDeparture::make_snapshot() {
  if (!source_.tracked && source_.others)
    co_return fail(Code::unsupported,
                   "it has snapshots, and changes of its disks are not tracked: delete them, or "
                   "move it while it is off");
  if (!source_.tracked) CO_TRY_VOID(co_await track(true));
  auto text = std::string("Made to move this machine to Truce.");
  if (!source_.tracked) text += fmt::format(" {}", tracking_was_off);
  auto arguments = to_xml("name", source_.name) + to_xml("description", text) +
                   flag_xml("memory", false) + flag_xml("quiesce", false);
  auto made =
      co_await run_task(session_, {"CreateSnapshot_Task", source_.machine, std::move(arguments)});
  if (!made) co_return std::unexpected(soon(std::move(made).error()));
  source_.snapshot = Snapshot{.id = made->value, .name = source_.name, .description = text};
  co_return Result<void>();
}

Async<Result<void>> SnapshotDeparture::hold(int moment) {
  if (moment > 1)
    co_return fail(Code::unsupported, "files of a machine that runs are locked there");
  CO_TRY_VOID(source_.readable);
  if (source_.off) co_return fail(Code::precondition, "{} does not run", source_.machine.value);
  if (!source_.snapshot) CO_TRY_VOID(co_await make_snapshot());
  auto begun =
      co_await session_.call({"ExportSnapshot", {"VirtualMachineSnapshot", source_.snapshot->id}});
  if (!begun) co_return std::unexpected(soon(std::move(begun).error()));
  CO_TRY(lease_, co_await wait_ready(session_, begun->returned().ref()));
  co_return Result<void>();
}

Result<OpenDisk> SnapshotDeparture::open_stream(const std::string& disk,
                                                const std::atomic<bool>& cancelled) const {
  const auto& plug = source_.disks.at(disk).plug;
  auto door = std::ranges::find_if(lease_->doors,
                                   [&](const Door& one) { return one.key.ends_with("/" + plug); });
  if (door == lease_->doors.end())
    return fail(Code::unsupported, "the lease tells no address for the disk {} at {}", disk, plug);
  auto options = options_of(*door, account_, source_.authorities);
  options.cancelled = &cancelled;
  TRY(auto stream, image::http_stream(door->url, options,
                                      {.format = "vmdk", .size = {}, .cancelled = &cancelled}));
  OpenDisk opened;
  TRY(opened.image, image::image_of(std::move(stream)));
  opened.version = source_.snapshot->id;
  return opened;
}

Result<OpenDisk> SnapshotDeparture::open(const std::string& disk, int since,
                                         const std::atomic<bool>& cancelled) {
  TRY_VOID(source_.readable);
  auto found = source_.disks.find(disk);
  if (found == source_.disks.end())
    return fail(Code::not_found, "the machine has no disk {}", disk);
  if (since == 0 && lease_) return open_stream(disk, cancelled);
  if (!source_.off) return fail(Code::unavailable, "{} is not off", source_.machine.value);
  if (since > 0 && !source_.snapshot) {
    return fail(Code::conflict, "its snapshot {} is gone, so what has changed since is not known",
                source_.name);
  }
  TRY(auto opened, open_disk(source_.access, found->second.path, cancelled));
  if (since > 0) opened.changed = source_.changed.at(disk);
  return opened;
}

Async<Result<void>> SnapshotDeparture::let_go() {
  if (!source_.snapshot) co_return Result<void>();
  // It takes effect when the snapshot goes.
  auto as_before = Result<void>();
  if (source_.snapshot->description.ends_with(tracking_was_off)) as_before = co_await track(false);
  auto arguments = flag_xml("removeChildren", false) + flag_xml("consolidate", true);
  Ref snapshot{"VirtualMachineSnapshot", source_.snapshot->id};
  auto removed = co_await run_task(session_, {"RemoveSnapshot_Task", snapshot, arguments});
  if (!removed) co_return std::unexpected(soon(std::move(removed).error()));
  source_.snapshot.reset();
  co_return as_before;
}

// `ParaVirtualSCSIController0:0`, of each disk by its key.
std::map<std::string, std::string> plugs_of(Value hardware) {
  std::map<std::string, std::string> buses, plugs;
  hardware.each("device", [&](Value device) {
    if (device.type().ends_with("Controller"))
      buses[device["key"].text()] = fmt::format("{}{}", device.type(), device["busNumber"].text());
  });
  hardware.each("device", [&](Value device) {
    if (device.type() == "VirtualDisk")
      plugs[device["key"].text()] =
          fmt::format("{}:{}", buses[device["controllerKey"].text()], device["unitNumber"].text());
  });
  return plugs;
}

Result<void> take_disks(Source& source, const Machine& there, const ObjectUpdate& seen) {
  auto hardware = seen.value("config.hardware");
  TRY_VOID(check_can_be_followed(hardware));
  if (auto can = seen.value("capability.changeTrackingSupported"); can && !can.flag())
    return fail(Code::unsupported,
                "its hardware is of a version before 7, whose changes are not tracked");
  auto plugs = plugs_of(hardware);
  for (const auto& disk : there.disks) {
    TRY(auto path, read_datastore_path(disk.file));
    source.disks[disk.id] = {std::move(path), plugs[disk.id]};
  }
  return {};
}

Async<Result<void>> take_changes_of(Session& session, Source& source) {
  Ref snapshot{"VirtualMachineSnapshot", source.snapshot->id};
  CO_TRY(auto then, co_await session.read(snapshot, {"config.hardware"}));
  for (auto& disk : tracked_disks(then.value("config.hardware"))) {
    CO_TRY(source.changed[disk.disk], co_await changes_since(session, source.machine, disk));
  }
  for (const auto& [disk, place] : source.disks) {
    if (!source.changed.contains(disk))
      co_return fail(Code::conflict, "disk {} came to the machine while it was copied", disk);
  }
  co_return Result<void>();
}

}  // namespace

Async<Result<std::unique_ptr<WarmDeparture>>> Movers::depart_warm(std::string machine,
                                                                  std::string move) {
  Source source{.machine = {"VirtualMachine", machine}, .name = move + "-1"};
  CO_TRY(auto seen,
         co_await session_.read(source.machine, {"runtime", "config.hardware", "snapshot",
                                                 "config.changeTrackingEnabled",
                                                 "capability.changeTrackingSupported"}));
  auto there = machine_of(seen);
  source.off = there.state == model::Observed::off;
  source.tracked = seen.value("config.changeTrackingEnabled").flag();
  auto ours = std::ranges::find(there.snapshots, source.name, &Snapshot::name);
  if (ours != there.snapshots.end()) source.snapshot = *ours;
  source.others = there.snapshots.size() > (source.snapshot ? 1 : 0);
  source.readable = take_disks(source, there, seen);
  CO_TRY(source.access, co_await access_of(session_, there.host));
  CO_TRY(source.authorities, authorities_of(session_.account()));
  if (source.readable && source.off && source.snapshot)
    source.readable = co_await take_changes_of(session_, source);
  co_return std::make_unique<SnapshotDeparture>(session_, std::move(source));
}

}  // namespace truce::vsphere
