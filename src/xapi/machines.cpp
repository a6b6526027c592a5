#include "machines.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace truce::xapi {

namespace {

constexpr std::size_t most_snapshots = 1'000;

Found found_of(std::string ref, const json::object& record) {
  Found found;
  found.ref = std::move(ref);
  found.vm = read_vm(record);
  found.suspended = ref_at(record, "suspend_VDI");
  found.allowed = texts_at(record, "allowed_operations");
  found.memory_min = number_at(record, "memory_static_min");
  found.cpus_max = number_at(record, "VCPUs_max");
  auto cores = text_in(record, "platform", "cores-per-socket");
  if (!cores.empty() && cores.size() < 4 && cores.find_first_not_of("0123456789") == cores.npos)
    found.cores = std::max(1, std::stoi(cores));
  return found;
}

Async<Result<Found>> find_by_uuid(Session& session, std::string id) {
  auto ref = co_await ref_of(session, "VM", id);
  if (!ref && ref.error().code == Code::not_found)
    co_return fail(Code::not_found, "there is no {}", id);
  CO_TRY(auto known, std::move(ref));
  co_return co_await find_by_ref(session, known);
}

Async<Result<void>> set(Session& session, std::string method, std::string ref,
                        std::vector<std::int64_t> values) {
  Call call{std::move(method), {to_json(ref)}};
  for (auto value : values) call.parameters.push_back(std::to_string(value));
  CO_TRY_VOID(co_await session.call(std::move(call)));
  co_return Result<void>();
}

/// The disks of something, also what its memory is in.
Async<Result<std::vector<std::string>>> disks_of(Session& session, const Found& of) {
  std::vector<std::string> disks;
  for (const auto& ref : of.vm.disks) {
    auto record = co_await session.record("VBD", ref);
    if (!record && record.error().code == Code::not_found) continue;
    CO_TRY(auto known, std::move(record));
    auto drive = read_drive(known);
    if (drive.disk && !drive.vdi.empty()) disks.push_back(drive.vdi);
  }
  if (!of.suspended.empty()) disks.push_back(of.suspended);
  co_return disks;
}

/// A disk that nothing is plugged to any more, and that is not what several machines share.
Async<Result<void>> remove_disk(Session& session, std::string ref) {
  auto record = co_await session.record("VDI", ref);
  if (!record && record.error().code == Code::not_found) co_return Result<void>();
  CO_TRY(auto known, std::move(record));
  if (!read_volume(known).drives.empty() || flag_at(known, "sharable")) {
    spdlog::info("disk {} stays: something else has it, too", text_at(known, "uuid"));
    co_return Result<void>();
  }
  auto removed = co_await run_task(session, {"VDI.destroy", {to_json(ref)}});
  if (!removed && removed.error().code != Code::not_found)
    co_return std::unexpected(
        std::move(removed).error().within("disk " + text_at(known, "uuid") + " is left"));
  co_return Result<void>();
}

}  // namespace

Async<Result<std::string>> ref_of(Session& session, std::string kind, std::string uuid) {
  auto method = kind + ".get_by_uuid";
  CO_TRY(auto ref, co_await session.call({method, {to_json(uuid)}}, Session::Repeat::yes));
  co_return text_answer(ref, method);
}

bool Found::may(std::string_view operation) const {
  return std::ranges::find(allowed, operation) != allowed.end();
}

Async<Result<Found>> find_by_ref(Session& session, std::string ref) {
  CO_TRY(auto record, co_await session.record("VM", ref));
  co_return found_of(std::move(ref), record);
}

Async<Result<Found>> find_machine(Session& session, std::string id) {
  CO_TRY(auto found, co_await find_by_uuid(session, id));
  if (!found.vm.is_machine()) co_return fail(Code::not_found, "{} is no machine", id);
  co_return found;
}

Async<Result<Found>> find_snapshot(Session& session, const Found& machine, std::string id) {
  auto machine_ref = machine.ref, name = machine.vm.uuid;
  CO_TRY(auto found, co_await find_by_uuid(session, id));
  if (!found.vm.snapshot || found.vm.snapshot_of != machine_ref)
    co_return fail(Code::not_found, "{} has no snapshot {}", name, id);
  co_return found;
}

Async<Result<std::vector<Found>>> find_subtree(Session& session, Found root) {
  std::vector<Found> order{std::move(root)};
  CO_TRY(auto machine, co_await find_by_ref(session, order[0].vm.snapshot_of));
  if (machine.vm.snapshots.size() > most_snapshots)
    co_return fail(Code::limit, "{} has more than {} snapshots", machine.vm.uuid, most_snapshots);
  std::vector<Found> others;
  for (const auto& ref : machine.vm.snapshots) {
    if (ref == order[0].ref) continue;
    CO_TRY(auto found, co_await find_by_ref(session, ref));
    others.push_back(std::move(found));
  }
  for (std::size_t at = 0; at < order.size(); ++at)
    for (auto& other : others)
      if (!other.ref.empty() && other.vm.parent == order[at].ref)
        order.push_back(std::exchange(other, {}));
  std::ranges::reverse(order);
  co_return order;
}

Async<Result<void>> remove_all(Session& session, std::vector<Found> going) {
  std::vector<std::string> disks;
  for (const auto& one : going) {
    CO_TRY(auto more, co_await disks_of(session, one));
    disks.insert(disks.end(), more.begin(), more.end());
  }
  for (const auto& one : going)
    CO_TRY_VOID(co_await run_task(session, {"VM.destroy", {to_json(one.ref)}}));
  Result<void> outcome;
  for (const auto& disk : std::set<std::string>(disks.begin(), disks.end()))
    if (auto removed = co_await remove_disk(session, disk); !removed && outcome)
      outcome = std::move(removed);
  co_return outcome;
}

Async<Result<void>> resize(Session& session, Found machine, std::optional<int> cpus,
                           std::optional<Bytes> memory) {
  if (!machine.is(model::Observed::off))
    co_return fail(Code::precondition, "{} is not off: its size can be changed only then",
                   machine.vm.uuid);
  if (cpus && *cpus % machine.cores != 0)
    co_return fail(Code::invalid, "{} has {} cores in each socket: give a multiple of that",
                   machine.vm.uuid, machine.cores);
  if (memory) {
    auto size = static_cast<std::int64_t>(memory->count);
    CO_TRY_VOID(co_await set(session, "VM.set_memory_limits", machine.ref,
                             {std::min(machine.memory_min, size), size, size, size}));
  }
  if (!cpus) co_return Result<void>();
  // Never more at start than at most.
  bool grows = *cpus > machine.cpus_max;
  for (const auto* method : {grows ? "VM.set_VCPUs_max" : "VM.set_VCPUs_at_startup",
                             grows ? "VM.set_VCPUs_at_startup" : "VM.set_VCPUs_max"})
    CO_TRY_VOID(co_await set(session, method, machine.ref, {*cpus}));
  co_return Result<void>();
}

Async<Result<std::string>> clone(Session& session, Found machine, std::string name) {
  CO_TRY(auto taken,
         co_await session.call({"VM.get_by_name_label", {to_json(name)}}, Session::Repeat::yes));
  if (const auto* refs = taken.if_array())
    for (const auto& ref : *refs) {
      if (!ref.is_string()) continue;
      auto other = co_await find_by_ref(session, std::string(ref.get_string()));
      if (other && other->vm.is_machine())
        co_return fail(Code::conflict, "there is a machine '{}' already: {}", name, other->vm.uuid);
    }
  if (!machine.is(model::Observed::off))
    co_return fail(Code::precondition, "{} is not off: it can be copied only then",
                   machine.vm.uuid);
  CO_TRY(auto made,
         co_await run_task(session,
                           {"VM.copy", {to_json(machine.ref), to_json(name), to_json(no_ref)}}));
  CO_TRY(auto found, co_await find_by_ref(session, made));
  co_return found.vm.uuid;
}

}  // namespace truce::xapi
