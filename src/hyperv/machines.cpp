#include "machines.h"

#include <algorithm>

#include "picture.h"

namespace truce::hyperv {

using model::Observed;

namespace {

constexpr auto lane = Session::Lane::calls;

constexpr auto snapshots = "Msvm_VirtualSystemSnapshotService";

Async<Result<Instances>> of_machine(Session& session, std::string class_name, std::string key,
                                    std::string id) {
  auto query = fmt::format("SELECT * FROM {} WHERE {} = {}", class_name, key, quote_wql(id));
  co_return co_await session.query(virtualization, query, lane);
}

Async<Result<Observed>> state_of(Session& session, const Found& machine) {
  auto id = machine.id;
  CO_TRY(auto found, co_await find_machine(session, id));
  co_return found.state;
}

std::int64_t request_for(Observed wanted) {
  constexpr std::int64_t enabled = 2, disabled = 3, offline = 6;
  return wanted == Observed::running ? enabled : wanted == Observed::off ? disabled : offline;
}

}  // namespace

Reference Found::self() const {
  return {"Msvm_ComputerSystem", {{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", id}}};
}

Async<Result<Found>> find_machine(Session& session, std::string id) {
  if (!is_guid(id)) co_return fail(Code::not_found, "there is no {}", id);
  CO_TRY(auto found, co_await of_machine(session, "Msvm_ComputerSystem", "Name", id));
  if (found.empty()) co_return fail(Code::not_found, "there is no {}", id);
  const auto& one = found.front();
  co_return Found{one.text("Name"), one.text("ElementName"),
                  read_state(one.number("EnabledState"))};
}

// --- Power --------------------------------------------------------------------------------------

Async<Result<void>> change_state(Session& session, Found machine, Observed wanted) {
  if (machine.is(wanted)) co_return Result<void>();
  bool goes = wanted != Observed::suspended || machine.is(Observed::running) ||
              machine.is(Observed::paused);
  if (!goes) co_return fail(Code::precondition, "{} does not run", machine.name);
  std::vector<Parameter> parameters{number("RequestedState", request_for(wanted))};
  auto done = co_await session.invoke(virtualization, machine.self(), "RequestStateChange",
                                      std::move(parameters));
  if (done) co_return Result<void>();
  if (done.error().code == Code::precondition) {
    auto there = co_await state_of(session, machine);
    if (there && *there == wanted) co_return Result<void>();
  }
  co_return std::unexpected(std::move(done).error());
}

Async<Result<void>> reset(Session& session, Found machine) {
  constexpr std::int64_t again = 11;
  if (!machine.is(Observed::running) && !machine.is(Observed::paused))
    co_return fail(Code::precondition, "{} does not run", machine.name);
  CO_TRY_VOID(co_await session.invoke(virtualization, machine.self(), "RequestStateChange",
                                      {number("RequestedState", again)}));
  co_return Result<void>();
}

Async<Result<void>> request_stop(Session& session, Found machine) {
  if (machine.is(Observed::off)) co_return Result<void>();
  CO_TRY(auto found,
         co_await of_machine(session, "Msvm_ShutdownComponent", "SystemName", machine.id));
  if (!machine.is(Observed::running) || found.empty() || !answers(found.front()))
    co_return fail(Code::precondition,
                   "{} cannot be asked to power off now: it does not run, or its guest has no "
                   "integration services that answer",
                   machine.name);
  Reference self{"Msvm_ShutdownComponent", {}};
  for (const auto* key : {"SystemCreationClassName", "SystemName", "CreationClassName", "DeviceID"})
    self.keys[key] = found.front().text(key);
  CO_TRY_VOID(co_await session.invoke(virtualization, self, "InitiateShutdown",
                                      {text("Force", "true"), text("Reason", "asked by Truce")}));
  co_return Result<void>();
}

// --- Settings -----------------------------------------------------------------------------------

Async<Result<void>> modify_settings(Session& session, std::string instance_id,
                                    std::vector<Property> properties) {
  properties.insert(properties.begin(), {"InstanceID", "string", {std::move(instance_id)}});
  auto instance = to_text("Msvm_VirtualSystemSettingData", properties);
  CO_TRY_VOID(co_await session.invoke(management, "ModifySystemSettings",
                                      {embedded("SystemSettings", instance)}));
  co_return Result<void>();
}

// --- Snapshots ----------------------------------------------------------------------------------

namespace {

enum class UserSnapshots : std::uint8_t {
  off = 2,
  production = 3,
  production_only = 4,
  standard = 5
};

Reference setting(std::string instance_id) {
  return {"Msvm_VirtualSystemSettingData", {{"InstanceID", std::move(instance_id)}}};
}

/// Settings of a machine and of its snapshots.
Async<Result<Instances>> settings_of(Session& session, const Found& machine) {
  auto id = machine.id;
  co_return co_await of_machine(session, "Msvm_VirtualSystemSettingData", "VirtualSystemIdentifier",
                                id);
}

Async<Result<Instance>> find_snapshot(Session& session, Found machine, std::string id) {
  CO_TRY(auto all, co_await settings_of(session, machine));
  for (auto& one : all)
    if (is_of_snapshot(one) && owner_of(one.text("InstanceID")) == id) co_return std::move(one);
  co_return fail(Code::not_found, "{} has no snapshot {}", machine.name, id);
}

Async<Result<void>> set_user_snapshots(Session& session, std::string instance_id,
                                       UserSnapshots kind) {
  auto number = std::to_string(static_cast<int>(kind));
  std::vector<Property> properties{{"UserSnapshotType", "uint16", {number}}};
  co_return co_await modify_settings(session, std::move(instance_id), std::move(properties));
}

/// Answers the InstanceID of the new one. What its job has made is told by an association.
Async<Result<std::string>> take_snapshot(Session& session, Found machine) {
  constexpr std::int64_t full = 2;
  std::vector<Parameter> parameters{reference("AffectedSystem", virtualization, machine.self()),
                                    text("SnapshotSettings", ""), number("SnapshotType", full)};
  CO_TRY(auto output, co_await session.invoke(snapshots, "CreateSnapshot", std::move(parameters)));
  if (auto made = output.reference("ResultingSnapshot")) co_return made.key("InstanceID");
  auto job = output.reference("Job").key("InstanceID");
  CO_TRY(auto effects,
         co_await session.query(virtualization, "SELECT * FROM Msvm_AffectedJobElement", lane));
  for (const auto& one : effects) {
    auto made = one.reference("AffectedElement");
    if (one.reference("AffectingElement").key("InstanceID") == job &&
        made.class_name == "Msvm_VirtualSystemSettingData")
      co_return made.key("InstanceID");
  }
  co_return fail(Code::io, "the snapshot of {} was made, and the host does not say which it is",
                 machine.name);
}

}  // namespace

// Whether it holds the memory, and whether the guest is asked to quiesce, is a setting of the
// machine's: it is put back as it was.
Async<Result<std::string>> create_snapshot(Session& session, Found machine,
                                           platform::SnapshotOrder order) {
  CO_TRY(auto all, co_await settings_of(session, machine));
  std::ranges::partition(all, is_of_machine);
  if (all.empty()) co_return fail(Code::not_found, "{} has no settings", machine.name);
  auto own = all.front().text("InstanceID");
  auto was = static_cast<UserSnapshots>(all.front().number("UserSnapshotType"));
  if (was == UserSnapshots::off)
    co_return fail(Code::precondition, "checkpoints of {} are switched off there", machine.name);
  auto wanted = order.memory    ? UserSnapshots::standard
                : order.quiesce ? UserSnapshots::production_only
                                : UserSnapshots::production;
  bool matters = was != wanted && (machine.is(Observed::running) || machine.is(Observed::paused));
  if (matters) CO_TRY_VOID(co_await set_user_snapshots(session, own, wanted));
  auto taken = co_await take_snapshot(session, machine);
  auto back = Result<void>();
  if (matters) back = co_await set_user_snapshots(session, own, was);
  CO_TRY(auto made, std::move(taken));
  CO_TRY_VOID(std::move(back));
  std::vector<Property> words{{"ElementName", "string", {order.name}}};
  if (!order.description.empty()) words.push_back({"Notes", "string", {order.description}, true});
  CO_TRY_VOID(co_await modify_settings(session, made, std::move(words)));
  co_return owner_of(made);
}

Async<Result<void>> restore_snapshot(Session& session, Found machine, std::string snapshot) {
  CO_TRY(auto taken, co_await find_snapshot(session, machine, snapshot));
  if (!machine.is(Observed::suspended))
    CO_TRY_VOID(co_await change_state(session, machine, Observed::off));
  CO_TRY_VOID(co_await session.invoke(
      snapshots, "ApplySnapshot",
      {reference("Snapshot", virtualization, setting(taken.text("InstanceID")))}));
  // With memory it is saved now, as Hyper-V leaves it; it was running.
  CO_TRY(machine.state, co_await state_of(session, machine));
  if (!machine.is(Observed::suspended)) co_return Result<void>();
  co_return co_await change_state(session, machine, Observed::running);
}

Async<Result<void>> remove_snapshot(Session& session, Found machine, std::string snapshot,
                                    platform::Snapshots::Extent extent) {
  CO_TRY(auto taken, co_await find_snapshot(session, machine, snapshot));
  bool alone = extent == platform::Snapshots::Extent::alone;
  std::vector<Parameter> parameters{reference(alone ? "AffectedSnapshot" : "SnapshotSettingData",
                                              virtualization, setting(taken.text("InstanceID")))};
  CO_TRY_VOID(co_await session.invoke(snapshots, alone ? "DestroySnapshot" : "DestroySnapshotTree",
                                      std::move(parameters)));
  co_return Result<void>();
}

// --- Size, and an end ---------------------------------------------------------------------------

namespace {

/// The setting of a class that a machine has, by its InstanceID.
Async<Result<Instance>> setting_of(Session& session, const Found& machine, std::string class_name) {
  auto owner = owner_of("Microsoft:" + machine.id);
  auto name = machine.name;
  CO_TRY(auto all, co_await session.query(virtualization, "SELECT * FROM " + class_name, lane));
  for (auto& one : all)
    if (owner_of(one.text("InstanceID")) == owner) co_return std::move(one);
  co_return fail(Code::not_found, "{} has no {}", name, class_name);
}

Async<Result<Parameter>> memory_setting(Session& session, const Found& machine, Bytes memory) {
  constexpr std::uint64_t step = 2;
  auto mebibytes = memory.count >> 20;
  if (memory != mib(mebibytes) || mebibytes % step != 0)
    co_return fail(Code::invalid, "Hyper-V's machines have memory in multiples of 2 MiB");
  CO_TRY(auto known, co_await setting_of(session, machine, "Msvm_MemorySettingData"));
  auto wanted = static_cast<std::int64_t>(mebibytes);
  std::vector<Property> properties{{"InstanceID", "string", {known.text("InstanceID")}},
                                   {"VirtualQuantity", "uint64", {std::to_string(wanted)}}};
  if (known.flag("DynamicMemoryEnabled")) {
    auto least = std::min(known.number("Reservation"), wanted);
    auto most = std::max(known.number("Limit"), wanted);
    properties.push_back({"Reservation", "uint64", {std::to_string(least)}});
    properties.push_back({"Limit", "uint64", {std::to_string(most)}});
  }
  co_return embedded("ResourceSettings", to_text("Msvm_MemorySettingData", properties));
}

Async<Result<Parameter>> processor_setting(Session& session, const Found& machine, int cpus) {
  CO_TRY(auto known, co_await setting_of(session, machine, "Msvm_ProcessorSettingData"));
  std::vector<Property> properties{{"InstanceID", "string", {known.text("InstanceID")}},
                                   {"VirtualQuantity", "uint64", {std::to_string(cpus)}}};
  co_return embedded("ResourceSettings", to_text("Msvm_ProcessorSettingData", properties));
}

/// Which of `files` a disk is, or is a difference to, however far.
Async<Result<std::vector<std::string>>> needed_by(Session& session, std::string disk,
                                                  std::vector<std::string> files) {
  constexpr int longest_chain = 100;
  std::vector<std::string> needed;
  for (int i = 0; i < longest_chain && !disk.empty(); ++i) {
    if (std::ranges::find(files, disk) != files.end()) needed.push_back(disk);
    auto setting = co_await session.disk_setting(disk, lane);
    if (!setting && setting.error().code == Code::not_found) break;
    CO_TRY(auto known, std::move(setting));
    disk = known.text("ParentPath");
  }
  co_return needed;
}

Async<Result<Instances>> storages(Session& session) {
  co_return co_await session.query(virtualization,
                                   "SELECT * FROM Msvm_StorageAllocationSettingData", lane);
}

/// The files of a machine's disks and of its snapshots' that no other machine needs.
Async<Result<std::vector<std::string>>> own_files(Session& session, Found machine) {
  CO_TRY(auto settings, co_await settings_of(session, machine));
  std::vector<std::string> owners{owner_of("Microsoft:" + machine.id)};
  for (const auto& one : settings) owners.push_back(owner_of(one.text("InstanceID")));
  CO_TRY(auto all, co_await session.query(virtualization,
                                          "SELECT * FROM Msvm_StorageAllocationSettingData", lane));
  std::vector<std::string> files, others;
  for (const auto& one : all) {
    auto owner = owner_of(one.text("InstanceID"));
    if (owner.empty() || !is_disk(one)) continue;
    bool own = std::ranges::find(owners, owner) != owners.end();
    auto& list = own ? files : others;
    auto file = one.text("HostResource");
    if (!file.empty() && std::ranges::find(list, file) == list.end()) list.push_back(file);
  }
  for (const auto& other : others) {
    CO_TRY(auto needed, co_await needed_by(session, other, files));
    for (const auto& file : needed) std::erase(files, file);
  }
  co_return files;
}

}  // namespace

Async<Result<Instances>> disks_of(Session& session, Found machine) {
  auto owner = owner_of("Microsoft:" + machine.id);
  CO_TRY(auto all, co_await storages(session));
  std::erase_if(all, [&](const Instance& one) {
    return !is_disk(one) || owner_of(one.text("InstanceID")) != owner;
  });
  co_return all;
}

Async<Result<void>> resize(Session& session, Found machine, std::optional<int> cpus,
                           std::optional<Bytes> memory) {
  if (!machine.is(Observed::off))
    co_return fail(Code::precondition, "{} is not off: its size can be changed only then",
                   machine.name);
  std::vector<Parameter> parameters;
  if (cpus) {
    CO_TRY(auto setting, co_await processor_setting(session, machine, *cpus));
    parameters.push_back(std::move(setting));
  }
  if (memory) {
    CO_TRY(auto setting, co_await memory_setting(session, machine, *memory));
    parameters.push_back(std::move(setting));
  }
  if (parameters.empty()) co_return Result<void>();
  CO_TRY_VOID(co_await session.invoke(management, "ModifyResourceSettings", std::move(parameters)));
  co_return Result<void>();
}

Async<Result<void>> remove_file(Session& session, std::string path) {
  Reference self{"CIM_DataFile", {{"Name", std::move(path)}}};
  auto removed = co_await session.invoke(windows, self, "Delete", {});
  if (removed || removed.error().code == Code::not_found) co_return Result<void>();
  co_return std::unexpected(std::move(removed).error());
}

Async<Result<void>> remove(Session& session, Found machine) {
  if (!machine.is(Observed::off))
    co_return fail(Code::precondition, "{} is not off: it can be removed only then", machine.name);
  CO_TRY(auto files, co_await own_files(session, machine));
  CO_TRY_VOID(co_await session.invoke(
      management, "DestroySystem", {reference("AffectedSystem", virtualization, machine.self())}));
  Result<void> outcome;
  for (const auto& file : files) {
    auto removed = co_await remove_file(session, file);
    if (!removed && outcome)
      outcome = std::unexpected(std::move(removed).error().within("disk " + file + " is left"));
  }
  co_return outcome;
}

}  // namespace truce::hyperv
