// Made by tools/generate from schema/; do not edit.
// clang-format off
#include <array>

#include "model/types.h"

namespace truce::model {
namespace {
constexpr std::array<std::string_view, 7> Observed_names{"absent", "off", "starting", "running", "paused", "suspended", "unknown"};
constexpr std::array<std::string_view, 5> Wanted_names{"absent", "off", "running", "paused", "suspended"};
constexpr std::array<std::string_view, 3> MachineType_names{"q35", "microvm", "legacy"};
constexpr std::array<std::string_view, 2> GuestKind_names{"other", "windows"};
constexpr std::array<std::string_view, 2> Firmware_names{"bios", "uefi"};
constexpr std::array<std::string_view, 3> SecureBoot_names{"off", "microsoft", "snakeoil"};
constexpr std::array<std::string_view, 3> BootDevice_names{"disk", "cdrom", "network"};
constexpr std::array<std::string_view, 6> DiskBus_names{"virtio", "scsi", "sata", "ide", "pvscsi", "lsisas"};
constexpr std::array<std::string_view, 5> NicModel_names{"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"};
constexpr std::array<std::string_view, 5> Display_names{"none", "vga", "cirrus", "virtio", "qxl"};
constexpr std::array<std::string_view, 4> Sound_names{"none", "hda", "ac97", "sb16"};
constexpr std::array<std::string_view, 5> WatchdogAction_names{"off", "reset", "shutdown", "poweroff", "pause"};
constexpr std::array<std::string_view, 2> CloneKind_names{"linked", "full"};
constexpr std::array<std::string_view, 5> NetworkMode_names{"nat", "user", "routed", "isolated", "bridged"};
constexpr std::array<std::string_view, 3> Role_names{"admin", "operator", "viewer"};
constexpr std::array<std::string_view, 5> TaskState_names{"queued", "running", "succeeded", "failed", "cancelled"};
constexpr std::array<std::string_view, 2> TokenKind_names{"bearer", "certificate"};
constexpr std::array<std::string_view, 3> TemplateKind_names{"disk", "kernel", "iso"};
constexpr std::array<std::string_view, 8> VmSort_names{"name", "observed", "cpus", "memory", "template", "project", "host", "created"};
constexpr std::array<std::string_view, 5> UsageSort_names{"cpu", "memory", "disk", "network", "name"};
constexpr std::array<std::string_view, 5> MetricRange_names{"hour", "day", "week", "month", "year"};
constexpr std::array<std::string_view, 3> AlarmSubject_names{"vm", "host", "pool"};
constexpr std::array<std::string_view, 2> AlarmSeverity_names{"warning", "critical"};
constexpr std::array<std::string_view, 3> AlarmNews_names{"raised", "cleared", "test"};
constexpr std::array<std::string_view, 2> HostState_names{"online", "offline"};
constexpr std::array<std::string_view, 6> HostSleep_names{"awake", "emptying", "going", "asleep", "waking", "failed"};
constexpr std::array<std::string_view, 3> PowerSaving_names{"off", "advise", "automatic"};
constexpr std::array<std::string_view, 2> HostRole_names{"manager", "node"};
constexpr std::array<std::string_view, 2> StoreKind_names{"sqlite", "etcd"};
constexpr std::array<std::string_view, 3> RotationStage_names{"trust", "issue", "forget"};
constexpr std::array<std::string_view, 3> BalanceMode_names{"off", "propose", "automatic"};
constexpr std::array<std::string_view, 4> RuleKind_names{"together", "apart", "on-hosts", "not-on-hosts"};
constexpr std::array<std::string_view, 3> RestartPriority_names{"low", "medium", "high"};
constexpr std::array<std::string_view, 2> HangResponse_names{"none", "reset"};
constexpr std::array<std::string_view, 2> StorageLossResponse_names{"none", "restart-elsewhere"};
constexpr std::array<std::string_view, 3> PlanKind_names{"balance", "evacuate", "consolidate"};
constexpr std::array<std::string_view, 4> PlanState_names{"proposed", "running", "done", "failed"};
constexpr std::array<std::string_view, 4> MigrationPhase_names{"prepare", "transfer", "hand_over", "settle"};
constexpr std::array<std::string_view, 3> CheckState_names{"ok", "warning", "missing"};
constexpr std::array<std::string_view, 3> XenKind_names{"hvm", "pvh", "pv"};
constexpr std::array<std::string_view, 3> PlatformState_names{"connecting", "connected", "trouble"};
constexpr std::array<std::string_view, 4> SnapshotKind_names{"off", "crash", "agent", "memory"};
constexpr std::array<std::string_view, 3> AnswerKind_names{"autounattend", "kickstart", "preseed"};
constexpr std::array<std::string_view, 7> ConsoleKind_names{"serial", "vnc", "spice", "serial2", "serial3", "serial4", "parallel"};
constexpr std::array<std::string_view, 3> BootOutcome_names{"booted", "unclear", "failed"};
constexpr std::array<std::string_view, 6> LifeAct_names{"read", "claim", "beat", "accept", "release", "adopt"};
constexpr std::array<std::string_view, 3> LifeOutcome_names{"done", "conflict", "unknown"};
constexpr std::array<std::string_view, 4> TenancyState_names{"stopped", "starting", "running", "migrating"};
constexpr std::array<std::string_view, 18> JobKind_names{"build_template", "import_template", "import_upload", "delete_template", "create_snapshot", "restore_snapshot", "delete_snapshot", "create_disk", "resize_disk", "delete_disk", "move_disk", "add_nic", "remove_nic", "create_pool", "delete_pool", "migrate_vm", "drain_host", "fetch_template"};
constexpr std::array<std::string_view, 15> CallVerb_names{"reset", "screenshot", "exec", "serial_tail", "stream", "check_host", "support_files", "usage", "put_piece", "template_file", "read_template", "dirty_rate", "power_off", "serve_disk", "signs"};
constexpr std::array<std::string_view, 7> RelocationPhase_names{"prepare", "copy", "stop", "convert", "prove", "finish", "undo"};
}  // namespace

template <>
std::span<const std::string_view> enum_names<Observed>() {
  return Observed_names;
}
std::string_view to_string(Observed value) {
  return Observed_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<Wanted>() {
  return Wanted_names;
}
std::string_view to_string(Wanted value) {
  return Wanted_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<MachineType>() {
  return MachineType_names;
}
std::string_view to_string(MachineType value) {
  return MachineType_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<GuestKind>() {
  return GuestKind_names;
}
std::string_view to_string(GuestKind value) {
  return GuestKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<Firmware>() {
  return Firmware_names;
}
std::string_view to_string(Firmware value) {
  return Firmware_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<SecureBoot>() {
  return SecureBoot_names;
}
std::string_view to_string(SecureBoot value) {
  return SecureBoot_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<BootDevice>() {
  return BootDevice_names;
}
std::string_view to_string(BootDevice value) {
  return BootDevice_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<DiskBus>() {
  return DiskBus_names;
}
std::string_view to_string(DiskBus value) {
  return DiskBus_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<NicModel>() {
  return NicModel_names;
}
std::string_view to_string(NicModel value) {
  return NicModel_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<Display>() {
  return Display_names;
}
std::string_view to_string(Display value) {
  return Display_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<Sound>() {
  return Sound_names;
}
std::string_view to_string(Sound value) {
  return Sound_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<WatchdogAction>() {
  return WatchdogAction_names;
}
std::string_view to_string(WatchdogAction value) {
  return WatchdogAction_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<CloneKind>() {
  return CloneKind_names;
}
std::string_view to_string(CloneKind value) {
  return CloneKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<NetworkMode>() {
  return NetworkMode_names;
}
std::string_view to_string(NetworkMode value) {
  return NetworkMode_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<Role>() {
  return Role_names;
}
std::string_view to_string(Role value) {
  return Role_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<TaskState>() {
  return TaskState_names;
}
std::string_view to_string(TaskState value) {
  return TaskState_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<TokenKind>() {
  return TokenKind_names;
}
std::string_view to_string(TokenKind value) {
  return TokenKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<TemplateKind>() {
  return TemplateKind_names;
}
std::string_view to_string(TemplateKind value) {
  return TemplateKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<VmSort>() {
  return VmSort_names;
}
std::string_view to_string(VmSort value) {
  return VmSort_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<UsageSort>() {
  return UsageSort_names;
}
std::string_view to_string(UsageSort value) {
  return UsageSort_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<MetricRange>() {
  return MetricRange_names;
}
std::string_view to_string(MetricRange value) {
  return MetricRange_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<AlarmSubject>() {
  return AlarmSubject_names;
}
std::string_view to_string(AlarmSubject value) {
  return AlarmSubject_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<AlarmSeverity>() {
  return AlarmSeverity_names;
}
std::string_view to_string(AlarmSeverity value) {
  return AlarmSeverity_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<AlarmNews>() {
  return AlarmNews_names;
}
std::string_view to_string(AlarmNews value) {
  return AlarmNews_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<HostState>() {
  return HostState_names;
}
std::string_view to_string(HostState value) {
  return HostState_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<HostSleep>() {
  return HostSleep_names;
}
std::string_view to_string(HostSleep value) {
  return HostSleep_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<PowerSaving>() {
  return PowerSaving_names;
}
std::string_view to_string(PowerSaving value) {
  return PowerSaving_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<HostRole>() {
  return HostRole_names;
}
std::string_view to_string(HostRole value) {
  return HostRole_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<StoreKind>() {
  return StoreKind_names;
}
std::string_view to_string(StoreKind value) {
  return StoreKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<RotationStage>() {
  return RotationStage_names;
}
std::string_view to_string(RotationStage value) {
  return RotationStage_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<BalanceMode>() {
  return BalanceMode_names;
}
std::string_view to_string(BalanceMode value) {
  return BalanceMode_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<RuleKind>() {
  return RuleKind_names;
}
std::string_view to_string(RuleKind value) {
  return RuleKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<RestartPriority>() {
  return RestartPriority_names;
}
std::string_view to_string(RestartPriority value) {
  return RestartPriority_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<HangResponse>() {
  return HangResponse_names;
}
std::string_view to_string(HangResponse value) {
  return HangResponse_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<StorageLossResponse>() {
  return StorageLossResponse_names;
}
std::string_view to_string(StorageLossResponse value) {
  return StorageLossResponse_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<PlanKind>() {
  return PlanKind_names;
}
std::string_view to_string(PlanKind value) {
  return PlanKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<PlanState>() {
  return PlanState_names;
}
std::string_view to_string(PlanState value) {
  return PlanState_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<MigrationPhase>() {
  return MigrationPhase_names;
}
std::string_view to_string(MigrationPhase value) {
  return MigrationPhase_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<CheckState>() {
  return CheckState_names;
}
std::string_view to_string(CheckState value) {
  return CheckState_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<XenKind>() {
  return XenKind_names;
}
std::string_view to_string(XenKind value) {
  return XenKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<PlatformState>() {
  return PlatformState_names;
}
std::string_view to_string(PlatformState value) {
  return PlatformState_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<SnapshotKind>() {
  return SnapshotKind_names;
}
std::string_view to_string(SnapshotKind value) {
  return SnapshotKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<AnswerKind>() {
  return AnswerKind_names;
}
std::string_view to_string(AnswerKind value) {
  return AnswerKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<ConsoleKind>() {
  return ConsoleKind_names;
}
std::string_view to_string(ConsoleKind value) {
  return ConsoleKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<BootOutcome>() {
  return BootOutcome_names;
}
std::string_view to_string(BootOutcome value) {
  return BootOutcome_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<LifeAct>() {
  return LifeAct_names;
}
std::string_view to_string(LifeAct value) {
  return LifeAct_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<LifeOutcome>() {
  return LifeOutcome_names;
}
std::string_view to_string(LifeOutcome value) {
  return LifeOutcome_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<TenancyState>() {
  return TenancyState_names;
}
std::string_view to_string(TenancyState value) {
  return TenancyState_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<JobKind>() {
  return JobKind_names;
}
std::string_view to_string(JobKind value) {
  return JobKind_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<CallVerb>() {
  return CallVerb_names;
}
std::string_view to_string(CallVerb value) {
  return CallVerb_names.at(static_cast<std::size_t>(value));
}

template <>
std::span<const std::string_view> enum_names<RelocationPhase>() {
  return RelocationPhase_names;
}
std::string_view to_string(RelocationPhase value) {
  return RelocationPhase_names.at(static_cast<std::size_t>(value));
}

}  // namespace truce::model
