// Machines that come: made off, called `NAME (MARK)` and blocked until their disks are whole.
#include "image/formats.h"
#include "machines.h"
#include "moving/transfers.h"

namespace truce::xapi {

using namespace platform;

namespace {

constexpr std::string_view why_blocked = "its disks are not whole yet: it is being moved here";

class StreamArrival final : public Arrival {
 public:
  StreamArrival(Session& session, Asker asker, Found machine, std::string name)
      : session_(session),
        asker_(std::move(asker)),
        machine_(std::move(machine)),
        name_(std::move(name)) {}

  [[nodiscard]] const std::string& machine() const override { return machine_.vm.uuid; }
  void add(Volume disk) { disks_.push_back(std::move(disk)); }
  Result<void> fill(std::size_t disk, image::Image& from,
                    const image::ConvertOptions& how) override {
    if (disk >= disks_.size()) return fail(Code::invalid, "the machine has no disk {}", disk);
    const auto& to = disks_[disk];
    auto url = fmt::format("{}/import_raw_vdi?vdi={}&format=raw", to.url, to.ref);
    auto options = asker_.options(how.cancelled);
    options.headers.emplace_back("Content-Type: application/octet-stream");
    return image::http_send(url, "PUT", from, *image::find_format("raw"), {.size = from.size()},
                            how, options);
  }
  Async<Result<void>> finish() override;
  Async<Result<void>> tell(double) override { co_return Result<void>(); }
  Async<Result<void>> abandon() override;

 private:
  Session& session_;
  Asker asker_;
  Found machine_;
  std::string name_;
  std::vector<Volume> disks_;
};

Async<Result<void>> StreamArrival::finish() {
  CO_TRY_VOID(co_await session_.call({"VM.set_name_label", {to_json(machine_.ref), to_json(name_)}},
                                     Session::Repeat::yes));
  for (std::size_t at = 0; at < disks_.size(); ++at) {
    auto name = fmt::format("{} disk {}", name_, at);
    CO_TRY_VOID(co_await session_.call(
        {"VDI.set_name_label", {to_json(disks_[at].ref), to_json(name)}}, Session::Repeat::yes));
  }
  CO_TRY_VOID(co_await session_.call({"VM.set_blocked_operations", {to_json(machine_.ref), "{}"}},
                                     Session::Repeat::yes));
  co_return Result<void>();
}

Async<Result<void>> StreamArrival::abandon() {
  auto found = co_await find_machine(session_, machine_.vm.uuid);
  if (!found && found.error().code == Code::not_found) co_return Result<void>();
  CO_TRY(auto there, std::move(found));
  co_return co_await remove_all(session_, {std::move(there)});
}

Result<json::object> new_vm(const NewMachine& wish) {
  if (wish.xen.kind != model::XenKind::hvm)
    return fail_field("/xen", "pools of XenServer and XCP-ng get machines as hvm only");
  bool uefi = wish.firmware == model::Firmware::uefi;
  bool e1000 = !wish.nics.empty() && wish.nics.front().model == model::NicModel::e1000;
  json::object platform{{"acpi", "1"},
                        {"apic", "true"},
                        {"pae", "true"},
                        {"nx", "true"},
                        {"viridian", "true"},
                        {"device-model", uefi ? "qemu-upstream-uefi" : "qemu-upstream-compat"},
                        {"cores-per-socket", std::to_string(wish.cores)}};
  if (e1000) platform["nic_type"] = "e1000";
  json::object blocked;
  for (const auto* operation : {"start", "start_on"}) blocked[operation] = why_blocked;
  return json::object{
      {"name_label", name_while_made(wish)},
      {"name_description", wish.description},
      {"user_version", 1},
      {"is_a_template", false},
      {"affinity", no_ref},
      {"memory_static_min", wish.memory.count},
      {"memory_static_max", wish.memory.count},
      {"memory_dynamic_min", wish.memory.count},
      {"memory_dynamic_max", wish.memory.count},
      {"VCPUs_params", json::object()},
      {"VCPUs_max", wish.cpus},
      {"VCPUs_at_startup", wish.cpus},
      {"actions_after_shutdown", "destroy"},
      {"actions_after_reboot", "restart"},
      {"actions_after_crash", "restart"},
      {"PV_bootloader", ""},
      {"PV_kernel", ""},
      {"PV_ramdisk", ""},
      {"PV_args", ""},
      {"PV_bootloader_args", ""},
      {"PV_legacy_args", ""},
      {"HVM_boot_policy", "BIOS order"},
      {"HVM_boot_params", json::object{{"order", "cd"}, {"firmware", uefi ? "uefi" : "bios"}}},
      {"HVM_shadow_multiplier", 1.0},
      {"platform", std::move(platform)},
      {"PCI_bus", ""},
      {"other_config", json::object()},
      {"recommendations", ""},
      {"xenstore_data", json::object()},
      {"ha_restart_priority", ""},
      {"tags", json::array()},
      {"blocked_operations", std::move(blocked)},
      {"suspend_SR", no_ref},
      {"version", 0},
      {"generation_id", ""},
      {"hardware_platform_version", 0},
      {"has_vendor_device", false},
      {"domain_type", "hvm"}};
}

json::object new_volume(const NewMachine& wish, std::size_t at, const std::string& repository) {
  return {{"name_label", fmt::format("{} disk {}", name_while_made(wish), at)},
          {"name_description", wish.description},
          {"SR", repository},
          {"virtual_size", wish.disks[at].size.count},
          {"type", "user"},
          {"sharable", false},
          {"read_only", false},
          {"other_config", json::object()},
          {"xenstore_data", json::object()},
          {"sm_config", json::object()},
          {"tags", json::array()}};
}

json::object new_drive(const std::string& machine, const std::string& volume, std::size_t at) {
  return {{"VM", machine},
          {"VDI", volume},
          {"userdevice", std::to_string(at)},
          {"bootable", at == 0},
          {"mode", "RW"},
          {"type", "Disk"},
          {"unpluggable", true},
          {"empty", false},
          {"other_config", json::object()},
          {"qos_algorithm_type", ""},
          {"qos_algorithm_params", json::object()}};
}

json::object new_card(const std::string& machine, const NewNic& nic, const std::string& network,
                      std::size_t at) {
  constexpr int usual_mtu = 1500;
  return {{"VM", machine},
          {"network", network},
          {"device", std::to_string(at)},
          {"MAC", nic.mac},
          {"MTU", usual_mtu},
          {"other_config", json::object()},
          {"qos_algorithm_type", ""},
          {"qos_algorithm_params", json::object()},
          {"locking_mode", "network_default"},
          {"ipv4_allowed", json::array()},
          {"ipv6_allowed", json::array()}};
}

Async<Result<std::string>> make(Session& session, std::string method, json::object object) {
  CO_TRY(auto made, co_await session.call({method, {json::serialize(object)}}));
  co_return text_answer(made, method);
}

Async<Result<std::string>> part_of(Session& session, std::string kind, std::string uuid) {
  auto found = co_await ref_of(session, kind, uuid);
  if (!found) co_return std::unexpected(std::move(found).error().within(kind + " " + uuid));
  co_return found;
}

// XAPI takes a name twice; people would not know the two apart.
Async<Result<void>> check_name(Session& session, std::string name) {
  CO_TRY(auto same,
         co_await session.call({"VM.get_by_name_label", {to_json(name)}}, Session::Repeat::yes));
  if (!same.is_array() || same.get_array().empty()) co_return Result<void>();
  co_return fail(Code::conflict, "there is a machine '{}' already", name);
}

/// What a machine is made of, looked for before it is made.
struct Parts {
  std::string repository, url, host;
  std::vector<std::string> networks;
};

Async<Result<Parts>> parts_of(Session& session, const NewMachine& wish) {
  Parts parts;
  CO_TRY(parts.repository, co_await part_of(session, "SR", wish.pool));
  CO_TRY(parts.url, co_await url_for(session, parts.repository));
  if (!wish.host.empty()) {
    CO_TRY(parts.host, co_await part_of(session, "host", wish.host));
  }
  for (const auto& nic : wish.nics) {
    CO_TRY(auto network, co_await part_of(session, "network", nic.network));
    parts.networks.push_back(std::move(network));
  }
  co_return parts;
}

Async<Result<void>> furnish(Session& session, const NewMachine& wish, const Parts& parts,
                            const std::string& ref, StreamArrival& arrival) {
  if (!parts.host.empty())
    CO_TRY_VOID(co_await session.call({"VM.set_affinity", {to_json(ref), to_json(parts.host)}}));
  for (std::size_t at = 0; at < wish.disks.size(); ++at) {
    CO_TRY(auto volume,
           co_await run_task(
               session, {"VDI.create", {json::serialize(new_volume(wish, at, parts.repository))}}));
    CO_TRY_VOID(co_await make(session, "VBD.create", new_drive(ref, volume, at)));
    arrival.add({parts.url, volume, wish.disks[at].size.count});
  }
  for (std::size_t at = 0; at < wish.nics.size(); ++at)
    CO_TRY_VOID(
        co_await make(session, "VIF.create", new_card(ref, wish.nics[at], parts.networks[at], at)));
  co_return Result<void>();
}

}  // namespace

Async<Result<std::unique_ptr<Arrival>>> Movers::arrive(NewMachine wish) {
  CO_TRY(auto record, new_vm(wish));
  CO_TRY_VOID(co_await check_name(session_, wish.name));
  CO_TRY(auto parts, co_await parts_of(session_, wish));
  CO_TRY(auto asker, asker_of(session_));
  CO_TRY(auto ref, co_await make(session_, "VM.create", std::move(record)));
  CO_TRY(auto found, co_await find_by_ref(session_, ref));
  auto arrival =
      std::make_unique<StreamArrival>(session_, std::move(asker), std::move(found), wish.name);
  auto furnished = co_await furnish(session_, wish, parts, ref, *arrival);
  if (furnished) co_return arrival;
  (void)co_await arrival->abandon();
  co_return std::unexpected(std::move(furnished).error());
}

}  // namespace truce::xapi
