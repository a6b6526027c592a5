// Made by tools/generate from schema/; do not edit.
// clang-format off
// The fields of every object, as data for the codec.
#pragma once

#include "field.h"
#include "model/types.h"

namespace truce::model {

template <>
struct Schema<Health> {
  static constexpr auto fields = std::tuple{
      Field{"status", &Health::status, Need::required, FieldRule{}, FieldRule{}},
      Field{"version", &Health::version, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Server> {
  static constexpr auto fields = std::tuple{
      Field{"version", &Server::version, Need::required, FieldRule{}, FieldRule{}},
      Field{"fingerprint", &Server::fingerprint, Need::required, FieldRule{}, FieldRule{}},
      Field{"url", &Server::url, Need::optional, FieldRule{}, FieldRule{}},
      Field{"user", &Server::user, Need::required, FieldRule{}, FieldRule{}},
      Field{"role", &Server::role, Need::required, FieldRule{}, FieldRule{}},
      Field{"projects", &Server::projects, Need::optional, FieldRule{}, FieldRule{}},
      Field{"first_run", &Server::first_run, Need::optional, FieldRule{}, FieldRule{}},
      Field{"csrf", &Server::csrf, Need::optional, FieldRule{}, FieldRule{}},
      Field{"totp", &Server::totp, Need::optional, FieldRule{}, FieldRule{}},
      Field{"session_expires", &Server::session_expires, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Reload> {
  static constexpr auto fields = std::tuple{
      Field{"applied", &Reload::applied, Need::optional, FieldRule{}, FieldRule{}},
      Field{"needs_restart", &Reload::needs_restart, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Hardware> {
  static constexpr auto fields = std::tuple{
      Field{"machine_version", &Hardware::machine_version, Need::optional, FieldRule{.max_length = 16}, FieldRule{}},
      Field{"guest", &Hardware::guest, Need::optional, FieldRule{}, FieldRule{}},
      Field{"acpi", &Hardware::acpi, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_model", &Hardware::cpu_model, Need::optional, FieldRule{.max_length = 64}, FieldRule{}},
      Field{"sockets", &Hardware::sockets, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"cores", &Hardware::cores, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"threads", &Hardware::threads, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"max_cpus", &Hardware::max_cpus, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"max_memory", &Hardware::max_memory, Need::optional, FieldRule{.minimum = 33554432, .maximum = 17592186044416}, FieldRule{}},
      Field{"numa_nodes", &Hardware::numa_nodes, Need::optional, FieldRule{.minimum = 1, .maximum = 8}, FieldRule{}},
      Field{"huge_pages", &Hardware::huge_pages, Need::optional, FieldRule{}, FieldRule{}},
      Field{"firmware", &Hardware::firmware, Need::optional, FieldRule{}, FieldRule{}},
      Field{"secure_boot", &Hardware::secure_boot, Need::optional, FieldRule{}, FieldRule{}},
      Field{"tpm", &Hardware::tpm, Need::optional, FieldRule{}, FieldRule{}},
      Field{"boot", &Hardware::boot, Need::optional, FieldRule{.max_items = 3}, FieldRule{}},
      Field{"cdrom", &Hardware::cdrom, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_bus", &Hardware::disk_bus, Need::optional, FieldRule{}, FieldRule{}},
      Field{"nic_model", &Hardware::nic_model, Need::optional, FieldRule{}, FieldRule{}},
      Field{"display", &Hardware::display, Need::optional, FieldRule{}, FieldRule{}},
      Field{"gpu_3d", &Hardware::gpu_3d, Need::optional, FieldRule{}, FieldRule{}},
      Field{"spice", &Hardware::spice, Need::optional, FieldRule{}, FieldRule{}},
      Field{"usb", &Hardware::usb, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sound", &Hardware::sound, Need::optional, FieldRule{}, FieldRule{}},
      Field{"serial_ports", &Hardware::serial_ports, Need::optional, FieldRule{.minimum = 1, .maximum = 4}, FieldRule{}},
      Field{"parallel_port", &Hardware::parallel_port, Need::optional, FieldRule{}, FieldRule{}},
      Field{"watchdog", &Hardware::watchdog, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pci", &Hardware::pci, Need::optional, FieldRule{.max_items = 4}, FieldRule{.max_length = 16}},
      Field{"usb_devices", &Hardware::usb_devices, Need::optional, FieldRule{.max_items = 4}, FieldRule{.max_length = 16}}};
};

template <>
struct Schema<VmDisk> {
  static constexpr auto fields = std::tuple{
      Field{"id", &VmDisk::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"size", &VmDisk::size, Need::required, FieldRule{}, FieldRule{}},
      Field{"pool", &VmDisk::pool, Need::optional, FieldRule{}, FieldRule{}},
      Field{"template", &VmDisk::template_, Need::optional, FieldRule{}, FieldRule{}},
      Field{"clone", &VmDisk::clone, Need::optional, FieldRule{}, FieldRule{}},
      Field{"port", &VmDisk::port, Need::optional, FieldRule{.minimum = 0, .maximum = 8}, FieldRule{}},
      Field{"key", &VmDisk::key, Need::optional, FieldRule{.max_length = 63}, FieldRule{}}};
};

template <>
struct Schema<DiskCreate> {
  static constexpr auto fields = std::tuple{
      Field{"size", &DiskCreate::size, Need::required, FieldRule{.minimum = 1048576, .maximum = 70368744177664}, FieldRule{}},
      Field{"pool", &DiskCreate::pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"key", &DiskCreate::key, Need::optional, FieldRule{.max_length = 63}, FieldRule{}}};
};

template <>
struct Schema<DiskChange> {
  static constexpr auto fields = std::tuple{
      Field{"size", &DiskChange::size, Need::optional, FieldRule{.minimum = 1048576, .maximum = 70368744177664}, FieldRule{}}};
};

template <>
struct Schema<DiskMove> {
  static constexpr auto fields = std::tuple{
      Field{"pool", &DiskMove::pool, Need::required, FieldRule{.format = Format::name}, FieldRule{}}};
};

template <>
struct Schema<VmNic> {
  static constexpr auto fields = std::tuple{
      Field{"network", &VmNic::network, Need::required, FieldRule{}, FieldRule{}},
      Field{"mac", &VmNic::mac, Need::required, FieldRule{.format = Format::mac}, FieldRule{}},
      Field{"number", &VmNic::number, Need::optional, FieldRule{.minimum = 0, .maximum = 7}, FieldRule{}},
      Field{"port", &VmNic::port, Need::optional, FieldRule{.minimum = 0, .maximum = 8}, FieldRule{}},
      Field{"forwards", &VmNic::forwards, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}},
      Field{"spoof_filter", &VmNic::spoof_filter, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address", &VmNic::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}},
      Field{"address6", &VmNic::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}},
      Field{"security_groups", &VmNic::security_groups, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}},
      Field{"send_mbit", &VmNic::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"receive_mbit", &VmNic::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"mirror_to", &VmNic::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}}};
};

template <>
struct Schema<NicAdd> {
  static constexpr auto fields = std::tuple{
      Field{"network", &NicAdd::network, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"forward", &NicAdd::forward, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}},
      Field{"spoof_filter", &NicAdd::spoof_filter, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address", &NicAdd::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}},
      Field{"address6", &NicAdd::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}},
      Field{"security_group", &NicAdd::security_group, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}},
      Field{"send_mbit", &NicAdd::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"receive_mbit", &NicAdd::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"mirror_to", &NicAdd::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}}};
};

template <>
struct Schema<NicChange> {
  static constexpr auto fields = std::tuple{
      Field{"nic", &NicChange::nic, Need::optional, FieldRule{.minimum = 0, .maximum = 7}, FieldRule{}},
      Field{"spoof_filter", &NicChange::spoof_filter, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address", &NicChange::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}},
      Field{"address6", &NicChange::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}},
      Field{"security_group", &NicChange::security_group, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}},
      Field{"forward", &NicChange::forward, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}},
      Field{"send_mbit", &NicChange::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"receive_mbit", &NicChange::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"mirror_to", &NicChange::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}}};
};

template <>
struct Schema<VmResources> {
  static constexpr auto fields = std::tuple{
      Field{"cpu_shares", &VmResources::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}},
      Field{"cpu_limit", &VmResources::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 6400}, FieldRule{}},
      Field{"cpu_reservation", &VmResources::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 6400}, FieldRule{}},
      Field{"memory_reservation", &VmResources::memory_reservation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"read_iops", &VmResources::read_iops, Need::optional, FieldRule{.minimum = 0, .maximum = 10000000}, FieldRule{}},
      Field{"write_iops", &VmResources::write_iops, Need::optional, FieldRule{.minimum = 0, .maximum = 10000000}, FieldRule{}},
      Field{"read_rate", &VmResources::read_rate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"write_rate", &VmResources::write_rate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"burst_seconds", &VmResources::burst_seconds, Need::optional, FieldRule{.minimum = 0, .maximum = 3600}, FieldRule{}}};
};

template <>
struct Schema<VmSettings> {
  static constexpr auto fields = std::tuple{
      Field{"cpus", &VmSettings::cpus, Need::required, FieldRule{}, FieldRule{}},
      Field{"memory", &VmSettings::memory, Need::required, FieldRule{}, FieldRule{}},
      Field{"first_memory", &VmSettings::first_memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hardware", &VmSettings::hardware, Need::optional, FieldRule{}, FieldRule{}},
      Field{"iso", &VmSettings::iso, Need::optional, FieldRule{}, FieldRule{}},
      Field{"nics", &VmSettings::nics, Need::optional, FieldRule{.max_items = 8}, FieldRule{}}};
};

template <>
struct Schema<VmSnapshot> {
  static constexpr auto fields = std::tuple{
      Field{"name", &VmSnapshot::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &VmSnapshot::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"parent", &VmSnapshot::parent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"kind", &VmSnapshot::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"memory", &VmSnapshot::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &VmSnapshot::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"settings", &VmSnapshot::settings, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SnapshotTree> {
  static constexpr auto fields = std::tuple{
      Field{"at", &SnapshotTree::at, Need::optional, FieldRule{}, FieldRule{}},
      Field{"snapshots", &SnapshotTree::snapshots, Need::optional, FieldRule{.max_items = 32}, FieldRule{}}};
};

template <>
struct Schema<SnapshotSource> {
  static constexpr auto fields = std::tuple{
      Field{"uuid", &SnapshotSource::uuid, Need::required, FieldRule{}, FieldRule{}},
      Field{"snapshot", &SnapshotSource::snapshot, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<VmAvailability> {
  static constexpr auto fields = std::tuple{
      Field{"restart", &VmAvailability::restart, Need::optional, FieldRule{}, FieldRule{}},
      Field{"priority", &VmAvailability::priority, Need::optional, FieldRule{}, FieldRule{}},
      Field{"keep_running", &VmAvailability::keep_running, Need::optional, FieldRule{}, FieldRule{}},
      Field{"on_hang", &VmAvailability::on_hang, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hang_seconds", &VmAvailability::hang_seconds, Need::optional, FieldRule{.minimum = 20, .maximum = 3600}, FieldRule{}},
      Field{"on_storage_loss", &VmAvailability::on_storage_loss, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_loss_seconds", &VmAvailability::storage_loss_seconds, Need::optional, FieldRule{.minimum = 5, .maximum = 86400}, FieldRule{}},
      Field{"after", &VmAvailability::after, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 63}}};
};

template <>
struct Schema<MigrationFacts> {
  static constexpr auto fields = std::tuple{
      Field{"from", &MigrationFacts::from, Need::required, FieldRule{}, FieldRule{}},
      Field{"to", &MigrationFacts::to, Need::required, FieldRule{}, FieldRule{}},
      Field{"time", &MigrationFacts::time, Need::required, FieldRule{}, FieldRule{}},
      Field{"total_ms", &MigrationFacts::total_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"downtime_ms", &MigrationFacts::downtime_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"transferred", &MigrationFacts::transferred, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disks_transferred", &MigrationFacts::disks_transferred, Need::optional, FieldRule{}, FieldRule{}},
      Field{"rounds", &MigrationFacts::rounds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"dirty_rate", &MigrationFacts::dirty_rate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"predicted_total_ms", &MigrationFacts::predicted_total_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"predicted_downtime_ms", &MigrationFacts::predicted_downtime_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"post_copy", &MigrationFacts::post_copy, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ForeignSnapshot> {
  static constexpr auto fields = std::tuple{
      Field{"id", &ForeignSnapshot::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"name", &ForeignSnapshot::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"description", &ForeignSnapshot::description, Need::optional, FieldRule{}, FieldRule{}},
      Field{"parent", &ForeignSnapshot::parent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &ForeignSnapshot::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &ForeignSnapshot::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ForeignVm> {
  static constexpr auto fields = std::tuple{
      Field{"id", &ForeignVm::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"path", &ForeignVm::path, Need::optional, FieldRule{}, FieldRule{}},
      Field{"template", &ForeignVm::template_, Need::optional, FieldRule{}, FieldRule{}},
      Field{"guest_os", &ForeignVm::guest_os, Need::optional, FieldRule{}, FieldRule{}},
      Field{"guest_name", &ForeignVm::guest_name, Need::optional, FieldRule{}, FieldRule{}},
      Field{"tools", &ForeignVm::tools, Need::optional, FieldRule{}, FieldRule{}},
      Field{"firmware", &ForeignVm::firmware, Need::optional, FieldRule{}, FieldRule{}},
      Field{"secure_boot", &ForeignVm::secure_boot, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_mhz", &ForeignVm::cpu_mhz, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_used", &ForeignVm::memory_used, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_used", &ForeignVm::storage_used, Need::optional, FieldRule{}, FieldRule{}},
      Field{"snapshot", &ForeignVm::snapshot, Need::optional, FieldRule{}, FieldRule{}},
      Field{"snapshots", &ForeignVm::snapshots, Need::optional, FieldRule{}, FieldRule{}},
      Field{"told", &ForeignVm::told, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Vm> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Vm::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"project", &Vm::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &Vm::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"labels", &Vm::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}},
      Field{"uuid", &Vm::uuid, Need::required, FieldRule{}, FieldRule{}},
      Field{"number", &Vm::number, Need::required, FieldRule{.minimum = 0}, FieldRule{}},
      Field{"cpus", &Vm::cpus, Need::required, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"memory", &Vm::memory, Need::required, FieldRule{}, FieldRule{}},
      Field{"machine", &Vm::machine, Need::required, FieldRule{}, FieldRule{}},
      Field{"hardware", &Vm::hardware, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_min", &Vm::memory_min, Need::optional, FieldRule{}, FieldRule{}},
      Field{"resources", &Vm::resources, Need::optional, FieldRule{}, FieldRule{}},
      Field{"resource_pool", &Vm::resource_pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"conflict_class", &Vm::conflict_class, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"boot_once", &Vm::boot_once, Need::optional, FieldRule{}, FieldRule{}},
      Field{"template", &Vm::template_, Need::optional, FieldRule{}, FieldRule{}},
      Field{"iso", &Vm::iso, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disks", &Vm::disks, Need::optional, FieldRule{.max_items = 16}, FieldRule{}},
      Field{"nics", &Vm::nics, Need::optional, FieldRule{.max_items = 8}, FieldRule{}},
      Field{"wanted", &Vm::wanted, Need::required, FieldRule{}, FieldRule{}},
      Field{"observed", &Vm::observed, Need::required, FieldRule{}, FieldRule{}},
      Field{"generation", &Vm::generation, Need::required, FieldRule{.minimum = 0}, FieldRule{}},
      Field{"stop_now", &Vm::stop_now, Need::optional, FieldRule{}, FieldRule{}},
      Field{"stop_timeout_seconds", &Vm::stop_timeout_seconds, Need::optional, FieldRule{.minimum = 1, .maximum = 3600}, FieldRule{}},
      Field{"host", &Vm::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"addresses", &Vm::addresses, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Vm::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_problem", &Vm::storage_problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"leaves_storage", &Vm::leaves_storage, Need::optional, FieldRule{.minimum = 0}, FieldRule{}},
      Field{"created", &Vm::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"started", &Vm::started, Need::optional, FieldRule{}, FieldRule{}},
      Field{"tree", &Vm::tree, Need::optional, FieldRule{}, FieldRule{}},
      Field{"source", &Vm::source, Need::optional, FieldRule{}, FieldRule{}},
      Field{"active", &Vm::active, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pending", &Vm::pending, Need::optional, FieldRule{}, FieldRule{}},
      Field{"availability", &Vm::availability, Need::optional, FieldRule{}, FieldRule{}},
      Field{"balance", &Vm::balance, Need::optional, FieldRule{}, FieldRule{}},
      Field{"epoch", &Vm::epoch, Need::optional, FieldRule{.minimum = 0}, FieldRule{}},
      Field{"moving_to", &Vm::moving_to, Need::optional, FieldRule{}, FieldRule{}},
      Field{"relocation", &Vm::relocation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"last_migration", &Vm::last_migration, Need::optional, FieldRule{}, FieldRule{}},
      Field{"platform", &Vm::platform, Need::optional, FieldRule{}, FieldRule{}},
      Field{"foreign", &Vm::foreign, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<MoveOptions> {
  static constexpr auto fields = std::tuple{
      Field{"to", &MoveOptions::to, Need::required, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"new_name", &MoveOptions::new_name, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"project", &MoveOptions::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"pool", &MoveOptions::pool, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"host", &MoveOptions::host, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"network", &MoveOptions::network, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 256}},
      Field{"keep_source", &MoveOptions::keep_source, Need::optional, FieldRule{}, FieldRule{}},
      Field{"start", &MoveOptions::start, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<MoveReport> {
  static constexpr auto fields = std::tuple{
      Field{"name", &MoveReport::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"to", &MoveReport::to, Need::required, FieldRule{}, FieldRule{}},
      Field{"bytes", &MoveReport::bytes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"kept", &MoveReport::kept, Need::optional, FieldRule{}, FieldRule{}},
      Field{"changed", &MoveReport::changed, Need::optional, FieldRule{}, FieldRule{}},
      Field{"lost", &MoveReport::lost, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Platform> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Platform::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"id", &Platform::id, Need::required, FieldRule{.max_length = 64}, FieldRule{}},
      Field{"url", &Platform::url, Need::required, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"fingerprint", &Platform::fingerprint, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"ca", &Platform::ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}},
      Field{"state", &Platform::state, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Platform::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"since", &Platform::since, Need::optional, FieldRule{}, FieldRule{}},
      Field{"product", &Platform::product, Need::optional, FieldRule{}, FieldRule{}},
      Field{"version", &Platform::version, Need::optional, FieldRule{}, FieldRule{}},
      Field{"told", &Platform::told, Need::optional, FieldRule{}, FieldRule{}},
      Field{"age_seconds", &Platform::age_seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vms", &Platform::vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts", &Platform::hosts, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pools", &Platform::pools, Need::optional, FieldRule{}, FieldRule{}},
      Field{"networks", &Platform::networks, Need::optional, FieldRule{}, FieldRule{}},
      Field{"added_by", &Platform::added_by, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Platform::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"changed", &Platform::changed, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PlatformList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &PlatformList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &PlatformList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &PlatformList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &PlatformList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PlatformCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &PlatformCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"url", &PlatformCreate::url, Need::required, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"password", &PlatformCreate::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"fingerprint", &PlatformCreate::fingerprint, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"ca", &PlatformCreate::ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}}};
};

template <>
struct Schema<PlatformChange> {
  static constexpr auto fields = std::tuple{
      Field{"url", &PlatformChange::url, Need::optional, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"password", &PlatformChange::password, Need::optional, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"fingerprint", &PlatformChange::fingerprint, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"ca", &PlatformChange::ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}}};
};

template <>
struct Schema<VmUsage> {
  static constexpr auto fields = std::tuple{
      Field{"cpu_seconds", &VmUsage::cpu_seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &VmUsage::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"balloon", &VmUsage::balloon, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hot_memory", &VmUsage::hot_memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"guest_total", &VmUsage::guest_total, Need::optional, FieldRule{}, FieldRule{}},
      Field{"guest_free", &VmUsage::guest_free, Need::optional, FieldRule{}, FieldRule{}},
      Field{"guest_available", &VmUsage::guest_available, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_pressure", &VmUsage::cpu_pressure, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_pressure", &VmUsage::memory_pressure, Need::optional, FieldRule{}, FieldRule{}},
      Field{"io_pressure", &VmUsage::io_pressure, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_throttled_seconds", &VmUsage::cpu_throttled_seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_read", &VmUsage::disk_read, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_written", &VmUsage::disk_written, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_reads", &VmUsage::disk_reads, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_writes", &VmUsage::disk_writes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"net_received", &VmUsage::net_received, Need::optional, FieldRule{}, FieldRule{}},
      Field{"net_sent", &VmUsage::net_sent, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ResourcePool> {
  static constexpr auto fields = std::tuple{
      Field{"name", &ResourcePool::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"parent", &ResourcePool::parent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"description", &ResourcePool::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"cpu_shares", &ResourcePool::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}},
      Field{"cpu_limit", &ResourcePool::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}},
      Field{"cpu_reservation", &ResourcePool::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}},
      Field{"memory_limit", &ResourcePool::memory_limit, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_reservation", &ResourcePool::memory_reservation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &ResourcePool::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ResourcePoolCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &ResourcePoolCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"parent", &ResourcePoolCreate::parent, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"description", &ResourcePoolCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"cpu_shares", &ResourcePoolCreate::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}},
      Field{"cpu_limit", &ResourcePoolCreate::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}},
      Field{"cpu_reservation", &ResourcePoolCreate::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}},
      Field{"memory_limit", &ResourcePoolCreate::memory_limit, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_reservation", &ResourcePoolCreate::memory_reservation, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ResourcePoolChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &ResourcePoolChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"cpu_shares", &ResourcePoolChange::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}},
      Field{"cpu_limit", &ResourcePoolChange::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}},
      Field{"cpu_reservation", &ResourcePoolChange::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}},
      Field{"memory_limit", &ResourcePoolChange::memory_limit, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_reservation", &ResourcePoolChange::memory_reservation, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ConflictClass> {
  static constexpr auto fields = std::tuple{
      Field{"name", &ConflictClass::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &ConflictClass::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"conflicts_with", &ConflictClass::conflicts_with, Need::optional, FieldRule{.max_items = 256}, FieldRule{.format = Format::name}},
      Field{"created", &ConflictClass::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ConflictClassCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &ConflictClassCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &ConflictClassCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"conflicts_with", &ConflictClassCreate::conflicts_with, Need::optional, FieldRule{.max_items = 256}, FieldRule{.format = Format::name}}};
};

template <>
struct Schema<ConflictClassChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &ConflictClassChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"conflicts_with", &ConflictClassChange::conflicts_with, Need::optional, FieldRule{.max_items = 256}, FieldRule{.format = Format::name}}};
};

template <>
struct Schema<SnapshotCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SnapshotCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &SnapshotCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"memory", &SnapshotCreate::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"quiesce", &SnapshotCreate::quiesce, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<CloneOptions> {
  static constexpr auto fields = std::tuple{
      Field{"new_name", &CloneOptions::new_name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"start", &CloneOptions::start, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<RestoreOptions> {
  static constexpr auto fields = std::tuple{
      Field{"start", &RestoreOptions::start, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AvailabilityChange> {
  static constexpr auto fields = std::tuple{
      Field{"restart_elsewhere", &AvailabilityChange::restart_elsewhere, Need::optional, FieldRule{}, FieldRule{}},
      Field{"restart_priority", &AvailabilityChange::restart_priority, Need::optional, FieldRule{}, FieldRule{}},
      Field{"keep_running", &AvailabilityChange::keep_running, Need::optional, FieldRule{}, FieldRule{}},
      Field{"on_hang", &AvailabilityChange::on_hang, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hang_seconds", &AvailabilityChange::hang_seconds, Need::optional, FieldRule{.minimum = 20, .maximum = 3600}, FieldRule{}},
      Field{"on_storage_loss", &AvailabilityChange::on_storage_loss, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_loss_seconds", &AvailabilityChange::storage_loss_seconds, Need::optional, FieldRule{.minimum = 5, .maximum = 86400}, FieldRule{}},
      Field{"restart_after", &AvailabilityChange::restart_after, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 63}}};
};

template <>
struct Schema<VmCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &VmCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"project", &VmCreate::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &VmCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"labels", &VmCreate::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}},
      Field{"template", &VmCreate::template_, Need::optional, FieldRule{.max_length = 80}, FieldRule{}},
      Field{"iso", &VmCreate::iso, Need::optional, FieldRule{.max_length = 80}, FieldRule{}},
      Field{"cpus", &VmCreate::cpus, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"memory", &VmCreate::memory, Need::optional, FieldRule{.minimum = 33554432, .maximum = 17592186044416}, FieldRule{}},
      Field{"disk", &VmCreate::disk, Need::optional, FieldRule{.minimum = 1048576, .maximum = 70368744177664}, FieldRule{}},
      Field{"clone", &VmCreate::clone, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_key", &VmCreate::disk_key, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"machine", &VmCreate::machine, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hardware", &VmCreate::hardware, Need::optional, FieldRule{}, FieldRule{}},
      Field{"network", &VmCreate::network, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"forward", &VmCreate::forward, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}},
      Field{"spoof_filter", &VmCreate::spoof_filter, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address", &VmCreate::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}},
      Field{"address6", &VmCreate::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}},
      Field{"security_group", &VmCreate::security_group, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}},
      Field{"send_mbit", &VmCreate::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"receive_mbit", &VmCreate::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}},
      Field{"mirror_to", &VmCreate::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}},
      Field{"cloud_init", &VmCreate::cloud_init, Need::optional, FieldRule{.max_length = 262144}, FieldRule{}},
      Field{"ssh_keys", &VmCreate::ssh_keys, Need::optional, FieldRule{.max_items = 32}, FieldRule{.max_length = 8192}},
      Field{"answer_file", &VmCreate::answer_file, Need::optional, FieldRule{.max_length = 262144}, FieldRule{}},
      Field{"answer_kind", &VmCreate::answer_kind, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pool", &VmCreate::pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"memory_min", &VmCreate::memory_min, Need::optional, FieldRule{.maximum = 17592186044416}, FieldRule{}},
      Field{"resources", &VmCreate::resources, Need::optional, FieldRule{}, FieldRule{}},
      Field{"availability", &VmCreate::availability, Need::optional, FieldRule{}, FieldRule{}},
      Field{"resource_pool", &VmCreate::resource_pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"conflict_class", &VmCreate::conflict_class, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"start", &VmCreate::start, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<VmChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &VmChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"labels", &VmChange::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}},
      Field{"cpus", &VmChange::cpus, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}},
      Field{"memory", &VmChange::memory, Need::optional, FieldRule{.minimum = 33554432, .maximum = 17592186044416}, FieldRule{}},
      Field{"iso", &VmChange::iso, Need::optional, FieldRule{.max_length = 80}, FieldRule{}},
      Field{"memory_min", &VmChange::memory_min, Need::optional, FieldRule{.maximum = 17592186044416}, FieldRule{}},
      Field{"hardware", &VmChange::hardware, Need::optional, FieldRule{}, FieldRule{}},
      Field{"resources", &VmChange::resources, Need::optional, FieldRule{}, FieldRule{}},
      Field{"availability", &VmChange::availability, Need::optional, FieldRule{}, FieldRule{}},
      Field{"balance", &VmChange::balance, Need::optional, FieldRule{}, FieldRule{}},
      Field{"resource_pool", &VmChange::resource_pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"conflict_class", &VmChange::conflict_class, Need::optional, FieldRule{.max_length = 63}, FieldRule{}}};
};

template <>
struct Schema<StartOptions> {
  static constexpr auto fields = std::tuple{
      Field{"boot", &StartOptions::boot, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<StopOptions> {
  static constexpr auto fields = std::tuple{
      Field{"now", &StopOptions::now, Need::optional, FieldRule{}, FieldRule{}},
      Field{"timeout_seconds", &StopOptions::timeout_seconds, Need::optional, FieldRule{.minimum = 1, .maximum = 3600}, FieldRule{}}};
};

template <>
struct Schema<Rename> {
  static constexpr auto fields = std::tuple{
      Field{"new_name", &Rename::new_name, Need::required, FieldRule{.format = Format::name}, FieldRule{}}};
};

template <>
struct Schema<ExecRequest> {
  static constexpr auto fields = std::tuple{
      Field{"argv", &ExecRequest::argv, Need::required, FieldRule{.min_items = 1, .max_items = 256}, FieldRule{.max_length = 65536}},
      Field{"timeout_seconds", &ExecRequest::timeout_seconds, Need::optional, FieldRule{.minimum = 1, .maximum = 3600}, FieldRule{}}};
};

template <>
struct Schema<ExecAnswer> {
  static constexpr auto fields = std::tuple{
      Field{"exit_code", &ExecAnswer::exit_code, Need::required, FieldRule{}, FieldRule{}},
      Field{"out", &ExecAnswer::out, Need::required, FieldRule{}, FieldRule{}},
      Field{"err", &ExecAnswer::err, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ConsoleRequest> {
  static constexpr auto fields = std::tuple{
      Field{"kind", &ConsoleRequest::kind, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ConsoleTicket> {
  static constexpr auto fields = std::tuple{
      Field{"ticket", &ConsoleTicket::ticket, Need::required, FieldRule{}, FieldRule{}},
      Field{"path", &ConsoleTicket::path, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Template> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Template::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &Template::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"description", &Template::description, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pool", &Template::pool, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts", &Template::hosts, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_size", &Template::disk_size, Need::optional, FieldRule{}, FieldRule{}},
      Field{"stored", &Template::stored, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cloud_init", &Template::cloud_init, Need::optional, FieldRule{}, FieldRule{}},
      Field{"guest_agent", &Template::guest_agent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sha256", &Template::sha256, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Template::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TemplateCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &TemplateCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &TemplateCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"recipe", &TemplateCreate::recipe, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"file", &TemplateCreate::file, Need::optional, FieldRule{.max_length = 4096}, FieldRule{}},
      Field{"host", &TemplateCreate::host, Need::optional, FieldRule{.max_length = 63}, FieldRule{}}};
};

template <>
struct Schema<Upload> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Upload::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"template", &Upload::template_, Need::required, FieldRule{}, FieldRule{}},
      Field{"description", &Upload::description, Need::optional, FieldRule{}, FieldRule{}},
      Field{"host", &Upload::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"size", &Upload::size, Need::required, FieldRule{}, FieldRule{}},
      Field{"received", &Upload::received, Need::required, FieldRule{}, FieldRule{}},
      Field{"sha256", &Upload::sha256, Need::optional, FieldRule{}, FieldRule{}},
      Field{"user", &Upload::user, Need::required, FieldRule{}, FieldRule{}},
      Field{"task", &Upload::task, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Upload::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Upload::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"expires", &Upload::expires, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<UploadCreate> {
  static constexpr auto fields = std::tuple{
      Field{"template", &UploadCreate::template_, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &UploadCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"size", &UploadCreate::size, Need::required, FieldRule{.minimum = 1, .maximum = 70368744177664}, FieldRule{}},
      Field{"sha256", &UploadCreate::sha256, Need::optional, FieldRule{.max_length = 64}, FieldRule{}}};
};

template <>
struct Schema<Network> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Network::name, Need::required, FieldRule{.max_length = 12, .format = Format::name}, FieldRule{}},
      Field{"mode", &Network::mode, Need::required, FieldRule{}, FieldRule{}},
      Field{"bridge", &Network::bridge, Need::optional, FieldRule{}, FieldRule{}},
      Field{"private_to", &Network::private_to, Need::optional, FieldRule{}, FieldRule{}},
      Field{"subnet", &Network::subnet, Need::optional, FieldRule{}, FieldRule{}},
      Field{"subnet6", &Network::subnet6, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vni", &Network::vni, Need::optional, FieldRule{.minimum = 0, .maximum = 16777215}, FieldRule{}},
      Field{"vlan", &Network::vlan, Need::optional, FieldRule{.minimum = 0, .maximum = 4094}, FieldRule{}},
      Field{"domain", &Network::domain, Need::optional, FieldRule{}, FieldRule{}},
      Field{"spoof_filter", &Network::spoof_filter, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Network::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Network::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"platform", &Network::platform, Need::optional, FieldRule{}, FieldRule{}},
      Field{"foreign_id", &Network::foreign_id, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<NetworkCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &NetworkCreate::name, Need::required, FieldRule{.max_length = 12, .format = Format::name}, FieldRule{}},
      Field{"mode", &NetworkCreate::mode, Need::optional, FieldRule{}, FieldRule{}},
      Field{"bridge", &NetworkCreate::bridge, Need::optional, FieldRule{.max_length = 15}, FieldRule{}},
      Field{"private_to", &NetworkCreate::private_to, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"subnet", &NetworkCreate::subnet, Need::optional, FieldRule{.format = Format::cidr}, FieldRule{}},
      Field{"subnet6", &NetworkCreate::subnet6, Need::optional, FieldRule{.max_length = 49}, FieldRule{}},
      Field{"overlay", &NetworkCreate::overlay, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vlan", &NetworkCreate::vlan, Need::optional, FieldRule{.minimum = 0, .maximum = 4094}, FieldRule{}},
      Field{"domain", &NetworkCreate::domain, Need::optional, FieldRule{.max_length = 200, .format = Format::domain}, FieldRule{}},
      Field{"spoof_filter", &NetworkCreate::spoof_filter, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<NetworkChange> {
  static constexpr auto fields = std::tuple{
      Field{"spoof_filter", &NetworkChange::spoof_filter, Need::optional, FieldRule{}, FieldRule{}},
      Field{"subnet6", &NetworkChange::subnet6, Need::optional, FieldRule{.max_length = 49}, FieldRule{}}};
};

template <>
struct Schema<SecurityGroup> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SecurityGroup::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"project", &SecurityGroup::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &SecurityGroup::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"rules", &SecurityGroup::rules, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &SecurityGroup::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SecurityGroupCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SecurityGroupCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"project", &SecurityGroupCreate::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &SecurityGroupCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"rule", &SecurityGroupCreate::rule, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}},
      Field{"rules_file", &SecurityGroupCreate::rules_file, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}}};
};

template <>
struct Schema<SecurityGroupChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &SecurityGroupChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"add_rule", &SecurityGroupChange::add_rule, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}},
      Field{"remove_rule", &SecurityGroupChange::remove_rule, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}},
      Field{"rules_file", &SecurityGroupChange::rules_file, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}}};
};

template <>
struct Schema<PoolPlace> {
  static constexpr auto fields = std::tuple{
      Field{"host", &PoolPlace::host, Need::required, FieldRule{}, FieldRule{}},
      Field{"path", &PoolPlace::path, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &PoolPlace::total, Need::required, FieldRule{}, FieldRule{}},
      Field{"free", &PoolPlace::free, Need::required, FieldRule{}, FieldRule{}},
      Field{"used", &PoolPlace::used, Need::required, FieldRule{}, FieldRule{}},
      Field{"allocated", &PoolPlace::allocated, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &PoolPlace::problem, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Pool> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Pool::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &Pool::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"source", &Pool::source, Need::optional, FieldRule{}, FieldRule{}},
      Field{"id", &Pool::id, Need::optional, FieldRule{}, FieldRule{}},
      Field{"shared", &Pool::shared, Need::optional, FieldRule{}, FieldRule{}},
      Field{"places", &Pool::places, Need::optional, FieldRule{}, FieldRule{}},
      Field{"path", &Pool::path, Need::required, FieldRule{}, FieldRule{}},
      Field{"total", &Pool::total, Need::required, FieldRule{}, FieldRule{}},
      Field{"free", &Pool::free, Need::required, FieldRule{}, FieldRule{}},
      Field{"used", &Pool::used, Need::required, FieldRule{}, FieldRule{}},
      Field{"allocated", &Pool::allocated, Need::required, FieldRule{}, FieldRule{}},
      Field{"quota", &Pool::quota, Need::optional, FieldRule{}, FieldRule{}},
      Field{"overcommit_percent", &Pool::overcommit_percent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"alarm_percent", &Pool::alarm_percent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Pool::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Pool::created, Need::optional, FieldRule{}, FieldRule{}},
      Field{"platform", &Pool::platform, Need::optional, FieldRule{}, FieldRule{}},
      Field{"foreign_id", &Pool::foreign_id, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PoolCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &PoolCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"source", &PoolCreate::source, Need::required, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"host", &PoolCreate::host, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"shared", &PoolCreate::shared, Need::optional, FieldRule{}, FieldRule{}},
      Field{"quota", &PoolCreate::quota, Need::optional, FieldRule{}, FieldRule{}},
      Field{"overcommit_percent", &PoolCreate::overcommit_percent, Need::optional, FieldRule{.minimum = 0, .maximum = 100000}, FieldRule{}},
      Field{"alarm_percent", &PoolCreate::alarm_percent, Need::optional, FieldRule{.minimum = 1, .maximum = 100}, FieldRule{}}};
};

template <>
struct Schema<PoolChange> {
  static constexpr auto fields = std::tuple{
      Field{"quota", &PoolChange::quota, Need::optional, FieldRule{}, FieldRule{}},
      Field{"overcommit_percent", &PoolChange::overcommit_percent, Need::optional, FieldRule{.minimum = 0, .maximum = 100000}, FieldRule{}},
      Field{"alarm_percent", &PoolChange::alarm_percent, Need::optional, FieldRule{.minimum = 1, .maximum = 100}, FieldRule{}}};
};

template <>
struct Schema<Host> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Host::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"state", &Host::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"cpus", &Host::cpus, Need::required, FieldRule{}, FieldRule{}},
      Field{"memory", &Host::memory, Need::required, FieldRule{}, FieldRule{}},
      Field{"hypervisor", &Host::hypervisor, Need::required, FieldRule{}, FieldRule{}},
      Field{"accelerator", &Host::accelerator, Need::required, FieldRule{}, FieldRule{}},
      Field{"network_modes", &Host::network_modes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"machine_types", &Host::machine_types, Need::optional, FieldRule{}, FieldRule{}},
      Field{"machine_version", &Host::machine_version, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_models", &Host::cpu_models, Need::optional, FieldRule{}, FieldRule{}},
      Field{"lacks", &Host::lacks, Need::optional, FieldRule{}, FieldRule{}},
      Field{"kernel", &Host::kernel, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Host::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"role", &Host::role, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address", &Host::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"version", &Host::version, Need::optional, FieldRule{}, FieldRule{}},
      Field{"format", &Host::format, Need::optional, FieldRule{}, FieldRule{}},
      Field{"labels", &Host::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}},
      Field{"fault_domain", &Host::fault_domain, Need::optional, FieldRule{}, FieldRule{}},
      Field{"draining", &Host::draining, Need::optional, FieldRule{}, FieldRule{}},
      Field{"power", &Host::power, Need::optional, FieldRule{}, FieldRule{}},
      Field{"power_fingerprint", &Host::power_fingerprint, Need::optional, FieldRule{}, FieldRule{}},
      Field{"power_tried", &Host::power_tried, Need::optional, FieldRule{}, FieldRule{}},
      Field{"wake_seconds", &Host::wake_seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sleep", &Host::sleep, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sleep_since", &Host::sleep_since, Need::optional, FieldRule{}, FieldRule{}},
      Field{"wake_tries", &Host::wake_tries, Need::optional, FieldRule{}, FieldRule{}},
      Field{"woken", &Host::woken, Need::optional, FieldRule{}, FieldRule{}},
      Field{"certificate_expires", &Host::certificate_expires, Need::optional, FieldRule{}, FieldRule{}},
      Field{"platform", &Host::platform, Need::optional, FieldRule{}, FieldRule{}},
      Field{"foreign_id", &Host::foreign_id, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<HostChange> {
  static constexpr auto fields = std::tuple{
      Field{"label", &HostChange::label, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}},
      Field{"fault_domain", &HostChange::fault_domain, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"power", &HostChange::power, Need::optional, FieldRule{.max_length = 300}, FieldRule{}},
      Field{"power_password", &HostChange::power_password, Need::optional, FieldRule{.max_length = 256}, FieldRule{}},
      Field{"power_fingerprint", &HostChange::power_fingerprint, Need::optional, FieldRule{.max_length = 64}, FieldRule{}}};
};

template <>
struct Schema<HostPower> {
  static constexpr auto fields = std::tuple{
      Field{"name", &HostPower::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"power", &HostPower::power, Need::optional, FieldRule{}, FieldRule{}},
      Field{"state", &HostPower::state, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &HostPower::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"tried", &HostPower::tried, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<DrainOptions> {
  static constexpr auto fields = std::tuple{
      Field{"with_storage", &DrainOptions::with_storage, Need::optional, FieldRule{}, FieldRule{}},
      Field{"parallel", &DrainOptions::parallel, Need::optional, FieldRule{.minimum = 1, .maximum = 16}, FieldRule{}},
      Field{"stop", &DrainOptions::stop, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<MigrateOptions> {
  static constexpr auto fields = std::tuple{
      Field{"to", &MigrateOptions::to, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"with_storage", &MigrateOptions::with_storage, Need::optional, FieldRule{}, FieldRule{}},
      Field{"downtime_ms", &MigrateOptions::downtime_ms, Need::optional, FieldRule{.minimum = 1, .maximum = 60000}, FieldRule{}},
      Field{"bandwidth", &MigrateOptions::bandwidth, Need::optional, FieldRule{}, FieldRule{}},
      Field{"channels", &MigrateOptions::channels, Need::optional, FieldRule{.minimum = 1, .maximum = 16}, FieldRule{}},
      Field{"compress", &MigrateOptions::compress, Need::optional, FieldRule{}, FieldRule{}},
      Field{"auto_converge", &MigrateOptions::auto_converge, Need::optional, FieldRule{}, FieldRule{}},
      Field{"post_copy", &MigrateOptions::post_copy, Need::optional, FieldRule{}, FieldRule{}},
      Field{"offline", &MigrateOptions::offline, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ClusterManager> {
  static constexpr auto fields = std::tuple{
      Field{"name", &ClusterManager::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"address", &ClusterManager::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"leader", &ClusterManager::leader, Need::optional, FieldRule{}, FieldRule{}},
      Field{"healthy", &ClusterManager::healthy, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &ClusterManager::problem, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AuthorityRotation> {
  static constexpr auto fields = std::tuple{
      Field{"stage", &AuthorityRotation::stage, Need::required, FieldRule{}, FieldRule{}},
      Field{"old", &AuthorityRotation::old, Need::required, FieldRule{}, FieldRule{}},
      Field{"fresh", &AuthorityRotation::fresh, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd_fresh", &AuthorityRotation::etcd_fresh, Need::optional, FieldRule{}, FieldRule{}},
      Field{"done", &AuthorityRotation::done, Need::optional, FieldRule{}, FieldRule{}},
      Field{"turn", &AuthorityRotation::turn, Need::optional, FieldRule{}, FieldRule{}},
      Field{"waits", &AuthorityRotation::waits, Need::optional, FieldRule{}, FieldRule{}},
      Field{"started", &AuthorityRotation::started, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Cluster> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Cluster::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"store", &Cluster::store, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd", &Cluster::etcd, Need::optional, FieldRule{}, FieldRule{}},
      Field{"etcd_prefix", &Cluster::etcd_prefix, Need::optional, FieldRule{}, FieldRule{}},
      Field{"managers", &Cluster::managers, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts", &Cluster::hosts, Need::optional, FieldRule{}, FieldRule{}},
      Field{"online", &Cluster::online, Need::optional, FieldRule{}, FieldRule{}},
      Field{"managers_may_fail", &Cluster::managers_may_fail, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts_may_fail", &Cluster::hosts_may_fail, Need::optional, FieldRule{}, FieldRule{}},
      Field{"versions", &Cluster::versions, Need::optional, FieldRule{}, FieldRule{}},
      Field{"format", &Cluster::format, Need::optional, FieldRule{}, FieldRule{}},
      Field{"fingerprint", &Cluster::fingerprint, Need::optional, FieldRule{}, FieldRule{}},
      Field{"rotation", &Cluster::rotation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_baseline", &Cluster::cpu_baseline, Need::optional, FieldRule{}, FieldRule{}},
      Field{"availability", &Cluster::availability, Need::optional, FieldRule{}, FieldRule{}},
      Field{"balance", &Cluster::balance, Need::optional, FieldRule{}, FieldRule{}},
      Field{"balance_minutes", &Cluster::balance_minutes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"power_saving", &Cluster::power_saving, Need::optional, FieldRule{}, FieldRule{}},
      Field{"stay_awake", &Cluster::stay_awake, Need::optional, FieldRule{}, FieldRule{}},
      Field{"spare_hosts", &Cluster::spare_hosts, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sleep_below", &Cluster::sleep_below, Need::optional, FieldRule{}, FieldRule{}},
      Field{"wake_above", &Cluster::wake_above, Need::optional, FieldRule{}, FieldRule{}},
      Field{"rest_minutes", &Cluster::rest_minutes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"asleep", &Cluster::asleep, Need::optional, FieldRule{}, FieldRule{}},
      Field{"power_advice", &Cluster::power_advice, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Cluster::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Cluster::created, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AuthorityReport> {
  static constexpr auto fields = std::tuple{
      Field{"host", &AuthorityReport::host, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"believed", &AuthorityReport::believed, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}},
      Field{"signed_by", &AuthorityReport::signed_by, Need::optional, FieldRule{.max_length = 64}, FieldRule{}},
      Field{"keys", &AuthorityReport::keys, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}},
      Field{"etcd_believed", &AuthorityReport::etcd_believed, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}},
      Field{"etcd_signed_by", &AuthorityReport::etcd_signed_by, Need::optional, FieldRule{.max_length = 64}, FieldRule{}},
      Field{"seals", &AuthorityReport::seals, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}}};
};

template <>
struct Schema<AuthorityOrders> {
  static constexpr auto fields = std::tuple{
      Field{"rotation", &AuthorityOrders::rotation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"authority", &AuthorityOrders::authority, Need::optional, FieldRule{}, FieldRule{}},
      Field{"etcd_authority", &AuthorityOrders::etcd_authority, Need::optional, FieldRule{}, FieldRule{}},
      Field{"authority_key", &AuthorityOrders::authority_key, Need::optional, FieldRule{}, FieldRule{}},
      Field{"etcd_authority_key", &AuthorityOrders::etcd_authority_key, Need::optional, FieldRule{}, FieldRule{}},
      Field{"seals", &AuthorityOrders::seals, Need::optional, FieldRule{.max_length = 2048}, FieldRule{}}};
};

template <>
struct Schema<ClusterCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &ClusterCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"address", &ClusterCreate::address, Need::optional, FieldRule{.max_length = 255}, FieldRule{}},
      Field{"cpu_baseline", &ClusterCreate::cpu_baseline, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"store", &ClusterCreate::store, Need::optional, FieldRule{}, FieldRule{}},
      Field{"etcd", &ClusterCreate::etcd, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 2048}},
      Field{"etcd_ca", &ClusterCreate::etcd_ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}},
      Field{"etcd_certificate", &ClusterCreate::etcd_certificate, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}},
      Field{"etcd_key", &ClusterCreate::etcd_key, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}},
      Field{"etcd_user", &ClusterCreate::etcd_user, Need::optional, FieldRule{.max_length = 255}, FieldRule{}},
      Field{"etcd_password", &ClusterCreate::etcd_password, Need::optional, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"etcd_prefix", &ClusterCreate::etcd_prefix, Need::optional, FieldRule{.max_length = 256}, FieldRule{}},
      Field{"etcd_client_port", &ClusterCreate::etcd_client_port, Need::optional, FieldRule{.minimum = 1, .maximum = 65535}, FieldRule{}},
      Field{"etcd_peer_port", &ClusterCreate::etcd_peer_port, Need::optional, FieldRule{.minimum = 1, .maximum = 65535}, FieldRule{}}};
};

template <>
struct Schema<ClusterChange> {
  static constexpr auto fields = std::tuple{
      Field{"availability", &ClusterChange::availability, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_baseline", &ClusterChange::cpu_baseline, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"balance", &ClusterChange::balance, Need::optional, FieldRule{}, FieldRule{}},
      Field{"balance_minutes", &ClusterChange::balance_minutes, Need::optional, FieldRule{.minimum = 1, .maximum = 1440}, FieldRule{}},
      Field{"power_saving", &ClusterChange::power_saving, Need::optional, FieldRule{}, FieldRule{}},
      Field{"stay_awake", &ClusterChange::stay_awake, Need::optional, FieldRule{.minimum = 0, .maximum = 10000}, FieldRule{}},
      Field{"spare_hosts", &ClusterChange::spare_hosts, Need::optional, FieldRule{.minimum = 0, .maximum = 1000}, FieldRule{}},
      Field{"sleep_below", &ClusterChange::sleep_below, Need::optional, FieldRule{.minimum = 1, .maximum = 90}, FieldRule{}},
      Field{"wake_above", &ClusterChange::wake_above, Need::optional, FieldRule{.minimum = 11, .maximum = 100}, FieldRule{}},
      Field{"rest_minutes", &ClusterChange::rest_minutes, Need::optional, FieldRule{.minimum = 0, .maximum = 10080}, FieldRule{}}};
};

template <>
struct Schema<JoinToken> {
  static constexpr auto fields = std::tuple{
      Field{"name", &JoinToken::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &JoinToken::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"role", &JoinToken::role, Need::required, FieldRule{}, FieldRule{}},
      Field{"hash", &JoinToken::hash, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &JoinToken::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"expires", &JoinToken::expires, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<JoinTokenCreate> {
  static constexpr auto fields = std::tuple{
      Field{"host", &JoinTokenCreate::host, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"role", &JoinTokenCreate::role, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hours", &JoinTokenCreate::hours, Need::optional, FieldRule{.minimum = 1, .maximum = 720}, FieldRule{}}};
};

template <>
struct Schema<JoinTokenSecret> {
  static constexpr auto fields = std::tuple{
      Field{"token", &JoinTokenSecret::token, Need::required, FieldRule{}, FieldRule{}},
      Field{"expires", &JoinTokenSecret::expires, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<JoinRequest> {
  static constexpr auto fields = std::tuple{
      Field{"token", &JoinRequest::token, Need::required, FieldRule{.max_length = 4096}, FieldRule{}},
      Field{"address", &JoinRequest::address, Need::optional, FieldRule{.max_length = 255}, FieldRule{}}};
};

template <>
struct Schema<EnrollRequest> {
  static constexpr auto fields = std::tuple{
      Field{"host", &EnrollRequest::host, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"secret", &EnrollRequest::secret, Need::required, FieldRule{.max_length = 256}, FieldRule{}},
      Field{"request", &EnrollRequest::request, Need::required, FieldRule{.max_length = 8192}, FieldRule{}},
      Field{"address", &EnrollRequest::address, Need::required, FieldRule{.max_length = 255}, FieldRule{}},
      Field{"version", &EnrollRequest::version, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"format", &EnrollRequest::format, Need::optional, FieldRule{.minimum = 1}, FieldRule{}},
      Field{"oldest_format", &EnrollRequest::oldest_format, Need::optional, FieldRule{.minimum = 1}, FieldRule{}},
      Field{"etcd_request", &EnrollRequest::etcd_request, Need::optional, FieldRule{.max_length = 8192}, FieldRule{}}};
};

template <>
struct Schema<EtcdAccess> {
  static constexpr auto fields = std::tuple{
      Field{"urls", &EtcdAccess::urls, Need::required, FieldRule{}, FieldRule{}},
      Field{"prefix", &EtcdAccess::prefix, Need::required, FieldRule{}, FieldRule{}},
      Field{"ca", &EtcdAccess::ca, Need::optional, FieldRule{}, FieldRule{}},
      Field{"certificate", &EtcdAccess::certificate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"key", &EtcdAccess::key, Need::optional, FieldRule{}, FieldRule{}},
      Field{"user", &EtcdAccess::user, Need::optional, FieldRule{}, FieldRule{}},
      Field{"password", &EtcdAccess::password, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ManagerEnrollment> {
  static constexpr auto fields = std::tuple{
      Field{"authority_key", &ManagerEnrollment::authority_key, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd_token", &ManagerEnrollment::etcd_token, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd_certificate", &ManagerEnrollment::etcd_certificate, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd_authority", &ManagerEnrollment::etcd_authority, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd_authority_key", &ManagerEnrollment::etcd_authority_key, Need::required, FieldRule{}, FieldRule{}},
      Field{"etcd_urls", &ManagerEnrollment::etcd_urls, Need::optional, FieldRule{}, FieldRule{}},
      Field{"seals", &ManagerEnrollment::seals, Need::optional, FieldRule{.max_length = 2048}, FieldRule{}},
      Field{"etcd_client_port", &ManagerEnrollment::etcd_client_port, Need::optional, FieldRule{}, FieldRule{}},
      Field{"etcd_peer_port", &ManagerEnrollment::etcd_peer_port, Need::optional, FieldRule{}, FieldRule{}},
      Field{"etcd", &ManagerEnrollment::etcd, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Enrollment> {
  static constexpr auto fields = std::tuple{
      Field{"cluster", &Enrollment::cluster, Need::required, FieldRule{}, FieldRule{}},
      Field{"role", &Enrollment::role, Need::optional, FieldRule{}, FieldRule{}},
      Field{"certificate", &Enrollment::certificate, Need::required, FieldRule{}, FieldRule{}},
      Field{"authority", &Enrollment::authority, Need::required, FieldRule{}, FieldRule{}},
      Field{"managers", &Enrollment::managers, Need::optional, FieldRule{}, FieldRule{}},
      Field{"manager", &Enrollment::manager, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Rule> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Rule::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"kind", &Rule::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"must", &Rule::must, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vms", &Rule::vms, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}},
      Field{"vm_label", &Rule::vm_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}},
      Field{"hosts", &Rule::hosts, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}},
      Field{"host_label", &Rule::host_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}},
      Field{"by_fault_domain", &Rule::by_fault_domain, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Rule::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Rule::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<RuleCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &RuleCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"kind", &RuleCreate::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"must", &RuleCreate::must, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vm", &RuleCreate::vm, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}},
      Field{"vm_label", &RuleCreate::vm_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}},
      Field{"host", &RuleCreate::host, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}},
      Field{"host_label", &RuleCreate::host_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}},
      Field{"by_fault_domain", &RuleCreate::by_fault_domain, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PlanMove> {
  static constexpr auto fields = std::tuple{
      Field{"vm", &PlanMove::vm, Need::required, FieldRule{}, FieldRule{}},
      Field{"from", &PlanMove::from, Need::required, FieldRule{}, FieldRule{}},
      Field{"to", &PlanMove::to, Need::required, FieldRule{}, FieldRule{}},
      Field{"reason", &PlanMove::reason, Need::optional, FieldRule{}, FieldRule{}},
      Field{"score_after", &PlanMove::score_after, Need::optional, FieldRule{}, FieldRule{}},
      Field{"seconds", &PlanMove::seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"task", &PlanMove::task, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Plan> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Plan::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &Plan::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"state", &Plan::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &Plan::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"moves", &Plan::moves, Need::optional, FieldRule{}, FieldRule{}},
      Field{"refusals", &Plan::refusals, Need::optional, FieldRule{}, FieldRule{}},
      Field{"score_before", &Plan::score_before, Need::optional, FieldRule{}, FieldRule{}},
      Field{"score_after", &Plan::score_after, Need::optional, FieldRule{}, FieldRule{}},
      Field{"bound", &Plan::bound, Need::optional, FieldRule{}, FieldRule{}},
      Field{"bound_reason", &Plan::bound_reason, Need::optional, FieldRule{}, FieldRule{}},
      Field{"revision", &Plan::revision, Need::optional, FieldRule{}, FieldRule{}},
      Field{"user", &Plan::user, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem", &Plan::problem, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Plan::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<EstateHost> {
  static constexpr auto fields = std::tuple{
      Field{"name", &EstateHost::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"capacity", &EstateHost::capacity, Need::required, FieldRule{}, FieldRule{}},
      Field{"reservable_cpu", &EstateHost::reservable_cpu, Need::optional, FieldRule{}, FieldRule{}},
      Field{"fault_domain", &EstateHost::fault_domain, Need::optional, FieldRule{}, FieldRule{}},
      Field{"online", &EstateHost::online, Need::optional, FieldRule{}, FieldRule{}},
      Field{"draining", &EstateHost::draining, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<EstateMachine> {
  static constexpr auto fields = std::tuple{
      Field{"name", &EstateMachine::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &EstateMachine::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"demand", &EstateMachine::demand, Need::required, FieldRule{}, FieldRule{}},
      Field{"reserved_cpu", &EstateMachine::reserved_cpu, Need::optional, FieldRule{}, FieldRule{}},
      Field{"conflict_class", &EstateMachine::conflict_class, Need::optional, FieldRule{}, FieldRule{}},
      Field{"reach", &EstateMachine::reach, Need::optional, FieldRule{}, FieldRule{}},
      Field{"fixed", &EstateMachine::fixed, Need::optional, FieldRule{}, FieldRule{}},
      Field{"weight", &EstateMachine::weight, Need::optional, FieldRule{}, FieldRule{}},
      Field{"seconds", &EstateMachine::seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"rested", &EstateMachine::rested, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<EstateReach> {
  static constexpr auto fields = std::tuple{
      Field{"refused", &EstateReach::refused, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<EstateRule> {
  static constexpr auto fields = std::tuple{
      Field{"name", &EstateRule::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &EstateRule::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"must", &EstateRule::must, Need::optional, FieldRule{}, FieldRule{}},
      Field{"by_fault_domain", &EstateRule::by_fault_domain, Need::optional, FieldRule{}, FieldRule{}},
      Field{"machines", &EstateRule::machines, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts", &EstateRule::hosts, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Estate> {
  static constexpr auto fields = std::tuple{
      Field{"hosts", &Estate::hosts, Need::required, FieldRule{}, FieldRule{}},
      Field{"machines", &Estate::machines, Need::required, FieldRule{}, FieldRule{}},
      Field{"reaches", &Estate::reaches, Need::optional, FieldRule{}, FieldRule{}},
      Field{"rules", &Estate::rules, Need::optional, FieldRule{}, FieldRule{}},
      Field{"classes", &Estate::classes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"reserve_hosts", &Estate::reserve_hosts, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PlanCreate> {
  static constexpr auto fields = std::tuple{
      Field{"kind", &PlanCreate::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &PlanCreate::host, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"moves", &PlanCreate::moves, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}},
      Field{"apply", &PlanCreate::apply, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<HostCheck> {
  static constexpr auto fields = std::tuple{
      Field{"name", &HostCheck::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"state", &HostCheck::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"found", &HostCheck::found, Need::required, FieldRule{}, FieldRule{}},
      Field{"meaning", &HostCheck::meaning, Need::optional, FieldRule{}, FieldRule{}},
      Field{"advice", &HostCheck::advice, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<HostChecks> {
  static constexpr auto fields = std::tuple{
      Field{"host", &HostChecks::host, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &HostChecks::items, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TaskStep> {
  static constexpr auto fields = std::tuple{
      Field{"time", &TaskStep::time, Need::required, FieldRule{}, FieldRule{}},
      Field{"text", &TaskStep::text, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Task> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Task::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &Task::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"target", &Task::target, Need::required, FieldRule{}, FieldRule{}},
      Field{"project", &Task::project, Need::optional, FieldRule{}, FieldRule{}},
      Field{"generation", &Task::generation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"user", &Task::user, Need::optional, FieldRule{}, FieldRule{}},
      Field{"request", &Task::request, Need::optional, FieldRule{}, FieldRule{}},
      Field{"state", &Task::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"progress", &Task::progress, Need::optional, FieldRule{.minimum = 0, .maximum = 1}, FieldRule{}},
      Field{"step", &Task::step, Need::optional, FieldRule{}, FieldRule{}},
      Field{"steps", &Task::steps, Need::optional, FieldRule{}, FieldRule{}},
      Field{"error", &Task::error, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cancel", &Task::cancel, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Task::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"ended", &Task::ended, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Event> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Event::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"time", &Event::time, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &Event::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"target", &Event::target, Need::required, FieldRule{}, FieldRule{}},
      Field{"project", &Event::project, Need::optional, FieldRule{}, FieldRule{}},
      Field{"user", &Event::user, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address", &Event::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"request", &Event::request, Need::optional, FieldRule{}, FieldRule{}},
      Field{"message", &Event::message, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Token> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Token::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"kind", &Token::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"role", &Token::role, Need::required, FieldRule{}, FieldRule{}},
      Field{"projects", &Token::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}},
      Field{"sha256", &Token::sha256, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Token::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"expires", &Token::expires, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TokenCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &TokenCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"role", &TokenCreate::role, Need::optional, FieldRule{}, FieldRule{}},
      Field{"projects", &TokenCreate::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}},
      Field{"certificate", &TokenCreate::certificate, Need::optional, FieldRule{.max_length = 16384}, FieldRule{}},
      Field{"expires", &TokenCreate::expires, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TokenSecret> {
  static constexpr auto fields = std::tuple{
      Field{"name", &TokenSecret::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &TokenSecret::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"token", &TokenSecret::token, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<User> {
  static constexpr auto fields = std::tuple{
      Field{"name", &User::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"role", &User::role, Need::required, FieldRule{}, FieldRule{}},
      Field{"projects", &User::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}},
      Field{"disabled", &User::disabled, Need::optional, FieldRule{}, FieldRule{}},
      Field{"totp", &User::totp, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &User::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"password_changed", &User::password_changed, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<UserCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &UserCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"role", &UserCreate::role, Need::optional, FieldRule{}, FieldRule{}},
      Field{"projects", &UserCreate::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}},
      Field{"password", &UserCreate::password, Need::required, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}}};
};

template <>
struct Schema<UserChange> {
  static constexpr auto fields = std::tuple{
      Field{"role", &UserChange::role, Need::optional, FieldRule{}, FieldRule{}},
      Field{"projects", &UserChange::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}},
      Field{"password", &UserChange::password, Need::optional, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}},
      Field{"disabled", &UserChange::disabled, Need::optional, FieldRule{}, FieldRule{}},
      Field{"totp", &UserChange::totp, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<FirstUser> {
  static constexpr auto fields = std::tuple{
      Field{"code", &FirstUser::code, Need::required, FieldRule{.max_length = 64}, FieldRule{}},
      Field{"name", &FirstUser::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"password", &FirstUser::password, Need::required, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}}};
};

template <>
struct Schema<SignIn> {
  static constexpr auto fields = std::tuple{
      Field{"user", &SignIn::user, Need::required, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"password", &SignIn::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"code", &SignIn::code, Need::optional, FieldRule{.max_length = 64}, FieldRule{}}};
};

template <>
struct Schema<PasswordChange> {
  static constexpr auto fields = std::tuple{
      Field{"password", &PasswordChange::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}},
      Field{"new_password", &PasswordChange::new_password, Need::required, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}}};
};

template <>
struct Schema<PasswordProof> {
  static constexpr auto fields = std::tuple{
      Field{"password", &PasswordProof::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}}};
};

template <>
struct Schema<TotpSecret> {
  static constexpr auto fields = std::tuple{
      Field{"secret", &TotpSecret::secret, Need::required, FieldRule{}, FieldRule{}},
      Field{"uri", &TotpSecret::uri, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TotpCode> {
  static constexpr auto fields = std::tuple{
      Field{"code", &TotpCode::code, Need::required, FieldRule{.max_length = 64}, FieldRule{}}};
};

template <>
struct Schema<RecoveryCodes> {
  static constexpr auto fields = std::tuple{
      Field{"codes", &RecoveryCodes::codes, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Session> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Session::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"user", &Session::user, Need::required, FieldRule{}, FieldRule{}},
      Field{"address", &Session::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"agent", &Session::agent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sha256", &Session::sha256, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Session::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"expires", &Session::expires, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<StateCount> {
  static constexpr auto fields = std::tuple{
      Field{"state", &StateCount::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"count", &StateCount::count, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<EstateProblem> {
  static constexpr auto fields = std::tuple{
      Field{"target", &EstateProblem::target, Need::required, FieldRule{}, FieldRule{}},
      Field{"message", &EstateProblem::message, Need::required, FieldRule{}, FieldRule{}},
      Field{"advice", &EstateProblem::advice, Need::optional, FieldRule{}, FieldRule{}},
      Field{"severity", &EstateProblem::severity, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Summary> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &Summary::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"vms", &Summary::vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"states", &Summary::states, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts", &Summary::hosts, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpus", &Summary::cpus, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpus_given", &Summary::cpus_given, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &Summary::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_given", &Summary::memory_given, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage", &Summary::storage, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_free", &Summary::storage_free, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_promised", &Summary::storage_promised, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problem_count", &Summary::problem_count, Need::optional, FieldRule{}, FieldRule{}},
      Field{"problems", &Summary::problems, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SearchHit> {
  static constexpr auto fields = std::tuple{
      Field{"kind", &SearchHit::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"name", &SearchHit::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"project", &SearchHit::project, Need::optional, FieldRule{}, FieldRule{}},
      Field{"field", &SearchHit::field, Need::optional, FieldRule{}, FieldRule{}},
      Field{"found", &SearchHit::found, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SearchHits> {
  static constexpr auto fields = std::tuple{
      Field{"items", &SearchHits::items, Need::optional, FieldRule{}, FieldRule{}},
      Field{"more", &SearchHits::more, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Usage> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Usage::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &Usage::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_percent", &Usage::cpu_percent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpus", &Usage::cpus, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &Usage::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_size", &Usage::memory_size, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_guest", &Usage::memory_guest, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_read_rate", &Usage::disk_read_rate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_write_rate", &Usage::disk_write_rate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_iops", &Usage::disk_iops, Need::optional, FieldRule{}, FieldRule{}},
      Field{"receive_rate", &Usage::receive_rate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"send_rate", &Usage::send_rate, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<UsageList> {
  static constexpr auto fields = std::tuple{
      Field{"time", &UsageList::time, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vms", &UsageList::vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"items", &UsageList::items, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SeriesLine> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SeriesLine::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"unit", &SeriesLine::unit, Need::required, FieldRule{}, FieldRule{}},
      Field{"average", &SeriesLine::average, Need::optional, FieldRule{}, FieldRule{}},
      Field{"maximum", &SeriesLine::maximum, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Series> {
  static constexpr auto fields = std::tuple{
      Field{"start", &Series::start, Need::required, FieldRule{}, FieldRule{}},
      Field{"step_seconds", &Series::step_seconds, Need::required, FieldRule{}, FieldRule{}},
      Field{"lines", &Series::lines, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<RaisedAlarm> {
  static constexpr auto fields = std::tuple{
      Field{"target", &RaisedAlarm::target, Need::required, FieldRule{}, FieldRule{}},
      Field{"since", &RaisedAlarm::since, Need::required, FieldRule{}, FieldRule{}},
      Field{"value", &RaisedAlarm::value, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Alarm> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Alarm::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &Alarm::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"subject", &Alarm::subject, Need::required, FieldRule{}, FieldRule{}},
      Field{"severity", &Alarm::severity, Need::required, FieldRule{}, FieldRule{}},
      Field{"metric", &Alarm::metric, Need::optional, FieldRule{}, FieldRule{}},
      Field{"above", &Alarm::above, Need::optional, FieldRule{}, FieldRule{}},
      Field{"below", &Alarm::below, Need::optional, FieldRule{}, FieldRule{}},
      Field{"state", &Alarm::state, Need::optional, FieldRule{}, FieldRule{}},
      Field{"for_seconds", &Alarm::for_seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"label", &Alarm::label, Need::optional, FieldRule{}, FieldRule{}},
      Field{"project", &Alarm::project, Need::optional, FieldRule{}, FieldRule{}},
      Field{"webhook", &Alarm::webhook, Need::optional, FieldRule{}, FieldRule{}},
      Field{"mail", &Alarm::mail, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disabled", &Alarm::disabled, Need::optional, FieldRule{}, FieldRule{}},
      Field{"raised_count", &Alarm::raised_count, Need::optional, FieldRule{}, FieldRule{}},
      Field{"raised", &Alarm::raised, Need::optional, FieldRule{}, FieldRule{}},
      Field{"created", &Alarm::created, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &AlarmCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}},
      Field{"description", &AlarmCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"subject", &AlarmCreate::subject, Need::required, FieldRule{}, FieldRule{}},
      Field{"severity", &AlarmCreate::severity, Need::optional, FieldRule{}, FieldRule{}},
      Field{"metric", &AlarmCreate::metric, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"above", &AlarmCreate::above, Need::optional, FieldRule{}, FieldRule{}},
      Field{"below", &AlarmCreate::below, Need::optional, FieldRule{}, FieldRule{}},
      Field{"state", &AlarmCreate::state, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"for_seconds", &AlarmCreate::for_seconds, Need::optional, FieldRule{.minimum = 0, .maximum = 86400}, FieldRule{}},
      Field{"label", &AlarmCreate::label, Need::optional, FieldRule{.max_length = 200}, FieldRule{}},
      Field{"project", &AlarmCreate::project, Need::optional, FieldRule{.max_length = 63}, FieldRule{}},
      Field{"webhook", &AlarmCreate::webhook, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 2000}},
      Field{"mail", &AlarmCreate::mail, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 254}}};
};

template <>
struct Schema<AlarmChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &AlarmChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}},
      Field{"severity", &AlarmChange::severity, Need::optional, FieldRule{}, FieldRule{}},
      Field{"above", &AlarmChange::above, Need::optional, FieldRule{}, FieldRule{}},
      Field{"below", &AlarmChange::below, Need::optional, FieldRule{}, FieldRule{}},
      Field{"for_seconds", &AlarmChange::for_seconds, Need::optional, FieldRule{.minimum = 0, .maximum = 86400}, FieldRule{}},
      Field{"webhook", &AlarmChange::webhook, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 2000}},
      Field{"mail", &AlarmChange::mail, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 254}},
      Field{"disabled", &AlarmChange::disabled, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmNoticeTarget> {
  static constexpr auto fields = std::tuple{
      Field{"target", &AlarmNoticeTarget::target, Need::required, FieldRule{}, FieldRule{}},
      Field{"project", &AlarmNoticeTarget::project, Need::optional, FieldRule{}, FieldRule{}},
      Field{"since", &AlarmNoticeTarget::since, Need::required, FieldRule{}, FieldRule{}},
      Field{"value", &AlarmNoticeTarget::value, Need::optional, FieldRule{}, FieldRule{}},
      Field{"reason", &AlarmNoticeTarget::reason, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmNotice> {
  static constexpr auto fields = std::tuple{
      Field{"id", &AlarmNotice::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"text", &AlarmNotice::text, Need::required, FieldRule{}, FieldRule{}},
      Field{"alarm", &AlarmNotice::alarm, Need::required, FieldRule{}, FieldRule{}},
      Field{"description", &AlarmNotice::description, Need::optional, FieldRule{}, FieldRule{}},
      Field{"severity", &AlarmNotice::severity, Need::required, FieldRule{}, FieldRule{}},
      Field{"state", &AlarmNotice::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"subject", &AlarmNotice::subject, Need::required, FieldRule{}, FieldRule{}},
      Field{"metric", &AlarmNotice::metric, Need::optional, FieldRule{}, FieldRule{}},
      Field{"condition", &AlarmNotice::condition, Need::required, FieldRule{}, FieldRule{}},
      Field{"time", &AlarmNotice::time, Need::required, FieldRule{}, FieldRule{}},
      Field{"server", &AlarmNotice::server, Need::required, FieldRule{}, FieldRule{}},
      Field{"target", &AlarmNotice::target, Need::optional, FieldRule{}, FieldRule{}},
      Field{"since", &AlarmNotice::since, Need::optional, FieldRule{}, FieldRule{}},
      Field{"value", &AlarmNotice::value, Need::optional, FieldRule{}, FieldRule{}},
      Field{"count", &AlarmNotice::count, Need::optional, FieldRule{}, FieldRule{}},
      Field{"targets", &AlarmNotice::targets, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmTestResult> {
  static constexpr auto fields = std::tuple{
      Field{"to", &AlarmTestResult::to, Need::required, FieldRule{}, FieldRule{}},
      Field{"error", &AlarmTestResult::error, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmTest> {
  static constexpr auto fields = std::tuple{
      Field{"items", &AlarmTest::items, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<VmList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &VmList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &VmList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &VmList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &VmList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TemplateList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &TemplateList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &TemplateList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &TemplateList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &TemplateList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<UploadList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &UploadList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &UploadList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &UploadList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &UploadList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<NetworkList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &NetworkList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &NetworkList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &NetworkList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &NetworkList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SecurityGroupList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &SecurityGroupList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &SecurityGroupList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &SecurityGroupList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &SecurityGroupList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PoolList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &PoolList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &PoolList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &PoolList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &PoolList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<DiskList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &DiskList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &DiskList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &DiskList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &DiskList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ResourcePoolList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &ResourcePoolList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &ResourcePoolList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &ResourcePoolList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &ResourcePoolList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ConflictClassList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &ConflictClassList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &ConflictClassList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &ConflictClassList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &ConflictClassList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<HostList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &HostList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &HostList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &HostList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &HostList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TaskList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &TaskList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &TaskList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &TaskList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &TaskList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<EventList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &EventList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &EventList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &EventList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &EventList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<TokenList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &TokenList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &TokenList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &TokenList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &TokenList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<UserList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &UserList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &UserList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &UserList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &UserList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<SessionList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &SessionList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &SessionList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &SessionList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &SessionList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &AlarmList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &AlarmList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &AlarmList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &AlarmList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<JoinTokenList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &JoinTokenList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &JoinTokenList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &JoinTokenList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &JoinTokenList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<RuleList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &RuleList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &RuleList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &RuleList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &RuleList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<PlanList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &PlanList::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &PlanList::items, Need::required, FieldRule{}, FieldRule{}},
      Field{"next", &PlanList::next, Need::optional, FieldRule{}, FieldRule{}},
      Field{"total", &PlanList::total, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<FirstBoot> {
  static constexpr auto fields = std::tuple{
      Field{"cloud_init", &FirstBoot::cloud_init, Need::optional, FieldRule{}, FieldRule{}},
      Field{"ssh_keys", &FirstBoot::ssh_keys, Need::optional, FieldRule{}, FieldRule{}},
      Field{"answer_file", &FirstBoot::answer_file, Need::optional, FieldRule{}, FieldRule{}},
      Field{"answer_kind", &FirstBoot::answer_kind, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<VmAssignment> {
  static constexpr auto fields = std::tuple{
      Field{"vm", &VmAssignment::vm, Need::required, FieldRule{}, FieldRule{}},
      Field{"first_boot", &VmAssignment::first_boot, Need::optional, FieldRule{}, FieldRule{}},
      Field{"request", &VmAssignment::request, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<MigrationPlace> {
  static constexpr auto fields = std::tuple{
      Field{"address", &MigrationPlace::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"key", &MigrationPlace::key, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disks", &MigrationPlace::disks, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Job> {
  static constexpr auto fields = std::tuple{
      Field{"task", &Job::task, Need::required, FieldRule{}, FieldRule{}},
      Field{"kind", &Job::kind, Need::required, FieldRule{}, FieldRule{}},
      Field{"template", &Job::template_, Need::optional, FieldRule{}, FieldRule{}},
      Field{"source", &Job::source, Need::optional, FieldRule{}, FieldRule{}},
      Field{"size", &Job::size, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sha256", &Job::sha256, Need::optional, FieldRule{}, FieldRule{}},
      Field{"description", &Job::description, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cancel", &Job::cancel, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vm", &Job::vm, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk", &Job::disk, Need::optional, FieldRule{}, FieldRule{}},
      Field{"nic", &Job::nic, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pool", &Job::pool, Need::optional, FieldRule{}, FieldRule{}},
      Field{"snapshot", &Job::snapshot, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &Job::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"quiesce", &Job::quiesce, Need::optional, FieldRule{}, FieldRule{}},
      Field{"subtree", &Job::subtree, Need::optional, FieldRule{}, FieldRule{}},
      Field{"host", &Job::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"from", &Job::from, Need::optional, FieldRule{}, FieldRule{}},
      Field{"migrate", &Job::migrate, Need::optional, FieldRule{}, FieldRule{}},
      Field{"drain", &Job::drain, Need::optional, FieldRule{}, FieldRule{}},
      Field{"phase", &Job::phase, Need::optional, FieldRule{}, FieldRule{}},
      Field{"ready", &Job::ready, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Neighbour> {
  static constexpr auto fields = std::tuple{
      Field{"network", &Neighbour::network, Need::required, FieldRule{}, FieldRule{}},
      Field{"vm", &Neighbour::vm, Need::required, FieldRule{}, FieldRule{}},
      Field{"mac", &Neighbour::mac, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &Neighbour::host, Need::required, FieldRule{}, FieldRule{}},
      Field{"address", &Neighbour::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"address6", &Neighbour::address6, Need::optional, FieldRule{}, FieldRule{}},
      Field{"security_groups", &Neighbour::security_groups, Need::optional, FieldRule{.max_items = 16}, FieldRule{}}};
};

template <>
struct Schema<VmTenancy> {
  static constexpr auto fields = std::tuple{
      Field{"name", &VmTenancy::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"state", &VmTenancy::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"owner", &VmTenancy::owner, Need::optional, FieldRule{}, FieldRule{}},
      Field{"owner_life", &VmTenancy::owner_life, Need::optional, FieldRule{}, FieldRule{}},
      Field{"destination", &VmTenancy::destination, Need::optional, FieldRule{}, FieldRule{}},
      Field{"destination_life", &VmTenancy::destination_life, Need::optional, FieldRule{}, FieldRule{}},
      Field{"epoch", &VmTenancy::epoch, Need::optional, FieldRule{}, FieldRule{}},
      Field{"keep", &VmTenancy::keep, Need::optional, FieldRule{}, FieldRule{}},
      Field{"restart", &VmTenancy::restart, Need::optional, FieldRule{}, FieldRule{}},
      Field{"revision", &VmTenancy::revision, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<NodeLife> {
  static constexpr auto fields = std::tuple{
      Field{"name", &NodeLife::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"incarnation", &NodeLife::incarnation, Need::required, FieldRule{}, FieldRule{}},
      Field{"fenced", &NodeLife::fenced, Need::optional, FieldRule{}, FieldRule{}},
      Field{"revision", &NodeLife::revision, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Tenancies> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &Tenancies::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"protect", &Tenancies::protect, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vms", &Tenancies::vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"lives", &Tenancies::lives, Need::optional, FieldRule{}, FieldRule{}},
      Field{"heartbeat_ms", &Tenancies::heartbeat_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"self_ms", &Tenancies::self_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"dead_ms", &Tenancies::dead_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"kill_ms", &Tenancies::kill_ms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"drain_ms", &Tenancies::drain_ms, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Assignment> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &Assignment::revision, Need::required, FieldRule{}, FieldRule{}},
      Field{"base", &Assignment::base, Need::optional, FieldRule{}, FieldRule{}},
      Field{"full", &Assignment::full, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vms", &Assignment::vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"gone_vms", &Assignment::gone_vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"networks", &Assignment::networks, Need::optional, FieldRule{}, FieldRule{}},
      Field{"security_groups", &Assignment::security_groups, Need::optional, FieldRule{}, FieldRule{}},
      Field{"resource_pools", &Assignment::resource_pools, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pools", &Assignment::pools, Need::optional, FieldRule{}, FieldRule{}},
      Field{"jobs", &Assignment::jobs, Need::optional, FieldRule{}, FieldRule{}},
      Field{"templates", &Assignment::templates, Need::optional, FieldRule{}, FieldRule{}},
      Field{"uploads", &Assignment::uploads, Need::optional, FieldRule{}, FieldRule{}},
      Field{"hosts", &Assignment::hosts, Need::optional, FieldRule{}, FieldRule{}},
      Field{"neighbours", &Assignment::neighbours, Need::optional, FieldRule{}, FieldRule{}},
      Field{"tenancies", &Assignment::tenancies, Need::optional, FieldRule{}, FieldRule{}},
      Field{"incoming", &Assignment::incoming, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Heartbeat> {
  static constexpr auto fields = std::tuple{
      Field{"id", &Heartbeat::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"act", &Heartbeat::act, Need::required, FieldRule{}, FieldRule{}},
      Field{"incarnation", &Heartbeat::incarnation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"claimed", &Heartbeat::claimed, Need::optional, FieldRule{}, FieldRule{}},
      Field{"sent", &Heartbeat::sent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vm", &Heartbeat::vm, Need::optional, FieldRule{}, FieldRule{}},
      Field{"record", &Heartbeat::record, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<HeartbeatAnswer> {
  static constexpr auto fields = std::tuple{
      Field{"id", &HeartbeatAnswer::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"outcome", &HeartbeatAnswer::outcome, Need::required, FieldRule{}, FieldRule{}},
      Field{"revision", &HeartbeatAnswer::revision, Need::optional, FieldRule{}, FieldRule{}},
      Field{"life", &HeartbeatAnswer::life, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<NodeBeat> {
  static constexpr auto fields = std::tuple{
      Field{"incarnation", &NodeBeat::incarnation, Need::required, FieldRule{}, FieldRule{}},
      Field{"sent", &NodeBeat::sent, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Leadership> {
  static constexpr auto fields = std::tuple{
      Field{"host", &Leadership::host, Need::required, FieldRule{}, FieldRule{}},
      Field{"address", &Leadership::address, Need::optional, FieldRule{}, FieldRule{}},
      Field{"term", &Leadership::term, Need::required, FieldRule{}, FieldRule{}},
      Field{"renewals", &Leadership::renewals, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Credentials> {
  static constexpr auto fields = std::tuple{
      Field{"password", &Credentials::password, Need::required, FieldRule{}, FieldRule{}},
      Field{"totp_secret", &Credentials::totp_secret, Need::optional, FieldRule{}, FieldRule{}},
      Field{"totp_pending", &Credentials::totp_pending, Need::optional, FieldRule{}, FieldRule{}},
      Field{"totp_step", &Credentials::totp_step, Need::optional, FieldRule{}, FieldRule{}},
      Field{"recovery", &Credentials::recovery, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<DiskLayer> {
  static constexpr auto fields = std::tuple{
      Field{"id", &DiskLayer::id, Need::required, FieldRule{.minimum = 1}, FieldRule{}},
      Field{"below", &DiskLayer::below, Need::optional, FieldRule{.minimum = 0}, FieldRule{}},
      Field{"files", &DiskLayer::files, Need::optional, FieldRule{.max_items = 16, .max_key_length = 63}, FieldRule{.max_length = 128}},
      Field{"job", &DiskLayer::job, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<KeptSnapshot> {
  static constexpr auto fields = std::tuple{
      Field{"layer", &KeptSnapshot::layer, Need::required, FieldRule{.minimum = 1}, FieldRule{}},
      Field{"job", &KeptSnapshot::job, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &KeptSnapshot::memory, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"snapshot", &KeptSnapshot::snapshot, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<LayerTree> {
  static constexpr auto fields = std::tuple{
      Field{"current", &LayerTree::current, Need::required, FieldRule{.minimum = 1}, FieldRule{}},
      Field{"next", &LayerTree::next, Need::required, FieldRule{.minimum = 2}, FieldRule{}},
      Field{"resume", &LayerTree::resume, Need::optional, FieldRule{.max_length = 128}, FieldRule{}},
      Field{"layers", &LayerTree::layers, Need::required, FieldRule{.max_items = 256}, FieldRule{}},
      Field{"snapshots", &LayerTree::snapshots, Need::optional, FieldRule{.max_items = 32}, FieldRule{}}};
};

template <>
struct Schema<VmReport> {
  static constexpr auto fields = std::tuple{
      Field{"uuid", &VmReport::uuid, Need::required, FieldRule{}, FieldRule{}},
      Field{"observed", &VmReport::observed, Need::required, FieldRule{}, FieldRule{}},
      Field{"generation", &VmReport::generation, Need::optional, FieldRule{}, FieldRule{}},
      Field{"failed", &VmReport::failed, Need::optional, FieldRule{}, FieldRule{}},
      Field{"step", &VmReport::step, Need::optional, FieldRule{}, FieldRule{}},
      Field{"progress", &VmReport::progress, Need::optional, FieldRule{}, FieldRule{}},
      Field{"addresses", &VmReport::addresses, Need::optional, FieldRule{}, FieldRule{}},
      Field{"event", &VmReport::event, Need::optional, FieldRule{}, FieldRule{}},
      Field{"event_message", &VmReport::event_message, Need::optional, FieldRule{}, FieldRule{}},
      Field{"tree", &VmReport::tree, Need::optional, FieldRule{}, FieldRule{}},
      Field{"active", &VmReport::active, Need::optional, FieldRule{}, FieldRule{}},
      Field{"storage_problem", &VmReport::storage_problem, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<JobReport> {
  static constexpr auto fields = std::tuple{
      Field{"task", &JobReport::task, Need::required, FieldRule{}, FieldRule{}},
      Field{"step", &JobReport::step, Need::optional, FieldRule{}, FieldRule{}},
      Field{"progress", &JobReport::progress, Need::optional, FieldRule{}, FieldRule{}},
      Field{"done", &JobReport::done, Need::optional, FieldRule{}, FieldRule{}},
      Field{"error", &JobReport::error, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cancelled", &JobReport::cancelled, Need::optional, FieldRule{}, FieldRule{}},
      Field{"template", &JobReport::template_, Need::optional, FieldRule{}, FieldRule{}},
      Field{"phase", &JobReport::phase, Need::optional, FieldRule{}, FieldRule{}},
      Field{"ready", &JobReport::ready, Need::optional, FieldRule{}, FieldRule{}},
      Field{"facts", &JobReport::facts, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<NetworkReport> {
  static constexpr auto fields = std::tuple{
      Field{"name", &NetworkReport::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"problem", &NetworkReport::problem, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Report> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &Report::revision, Need::optional, FieldRule{}, FieldRule{}},
      Field{"host", &Report::host, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pools", &Report::pools, Need::optional, FieldRule{}, FieldRule{}},
      Field{"vms", &Report::vms, Need::optional, FieldRule{}, FieldRule{}},
      Field{"jobs", &Report::jobs, Need::optional, FieldRule{}, FieldRule{}},
      Field{"networks", &Report::networks, Need::optional, FieldRule{}, FieldRule{}},
      Field{"templates", &Report::templates, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Call> {
  static constexpr auto fields = std::tuple{
      Field{"id", &Call::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"verb", &Call::verb, Need::required, FieldRule{}, FieldRule{}},
      Field{"vm", &Call::vm, Need::optional, FieldRule{}, FieldRule{}},
      Field{"argv", &Call::argv, Need::optional, FieldRule{}, FieldRule{}},
      Field{"timeout_seconds", &Call::timeout_seconds, Need::optional, FieldRule{}, FieldRule{}},
      Field{"bytes", &Call::bytes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"stream", &Call::stream, Need::optional, FieldRule{}, FieldRule{}},
      Field{"file", &Call::file, Need::optional, FieldRule{}, FieldRule{}},
      Field{"part", &Call::part, Need::optional, FieldRule{}, FieldRule{}},
      Field{"offset", &Call::offset, Need::optional, FieldRule{}, FieldRule{}},
      Field{"which", &Call::which, Need::optional, FieldRule{}, FieldRule{}},
      Field{"write", &Call::write, Need::optional, FieldRule{}, FieldRule{}},
      Field{"only_ask", &Call::only_ask, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<FileFacts> {
  static constexpr auto fields = std::tuple{
      Field{"name", &FileFacts::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"size", &FileFacts::size, Need::required, FieldRule{}, FieldRule{}},
      Field{"sha256", &FileFacts::sha256, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &FileFacts::host, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<CallReply> {
  static constexpr auto fields = std::tuple{
      Field{"id", &CallReply::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"error", &CallReply::error, Need::optional, FieldRule{}, FieldRule{}},
      Field{"code", &CallReply::code, Need::optional, FieldRule{}, FieldRule{}},
      Field{"data", &CallReply::data, Need::optional, FieldRule{}, FieldRule{}},
      Field{"exec", &CallReply::exec, Need::optional, FieldRule{}, FieldRule{}},
      Field{"usage", &CallReply::usage, Need::optional, FieldRule{}, FieldRule{}},
      Field{"checks", &CallReply::checks, Need::optional, FieldRule{}, FieldRule{}},
      Field{"files", &CallReply::files, Need::optional, FieldRule{}, FieldRule{}},
      Field{"file", &CallReply::file, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<ToNode> {
  static constexpr auto fields = std::tuple{
      Field{"assignment", &ToNode::assignment, Need::optional, FieldRule{}, FieldRule{}},
      Field{"call", &ToNode::call, Need::optional, FieldRule{}, FieldRule{}},
      Field{"beat", &ToNode::beat, Need::optional, FieldRule{}, FieldRule{}},
      Field{"refused", &ToNode::refused, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<VmSample> {
  static constexpr auto fields = std::tuple{
      Field{"uuid", &VmSample::uuid, Need::required, FieldRule{}, FieldRule{}},
      Field{"clock", &VmSample::clock, Need::required, FieldRule{}, FieldRule{}},
      Field{"usage", &VmSample::usage, Need::required, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<HostSample> {
  static constexpr auto fields = std::tuple{
      Field{"cpus", &HostSample::cpus, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_busy", &HostSample::cpu_busy, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_iowait", &HostSample::cpu_iowait, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cpu_steal", &HostSample::cpu_steal, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory", &HostSample::memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"memory_available", &HostSample::memory_available, Need::optional, FieldRule{}, FieldRule{}},
      Field{"swap_used", &HostSample::swap_used, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_read", &HostSample::disk_read, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_written", &HostSample::disk_written, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_reads", &HostSample::disk_reads, Need::optional, FieldRule{}, FieldRule{}},
      Field{"disk_writes", &HostSample::disk_writes, Need::optional, FieldRule{}, FieldRule{}},
      Field{"net_received", &HostSample::net_received, Need::optional, FieldRule{}, FieldRule{}},
      Field{"net_sent", &HostSample::net_sent, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pressure_cpu", &HostSample::pressure_cpu, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pressure_memory", &HostSample::pressure_memory, Need::optional, FieldRule{}, FieldRule{}},
      Field{"pressure_io", &HostSample::pressure_io, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Samples> {
  static constexpr auto fields = std::tuple{
      Field{"clock", &Samples::clock, Need::required, FieldRule{}, FieldRule{}},
      Field{"host", &Samples::host, Need::required, FieldRule{}, FieldRule{}},
      Field{"vms", &Samples::vms, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Fetch> {
  static constexpr auto fields = std::tuple{
      Field{"template", &Fetch::template_, Need::required, FieldRule{}, FieldRule{}},
      Field{"file", &Fetch::file, Need::required, FieldRule{}, FieldRule{}},
      Field{"offset", &Fetch::offset, Need::optional, FieldRule{.minimum = 0}, FieldRule{}}};
};

template <>
struct Schema<Hello> {
  static constexpr auto fields = std::tuple{
      Field{"host", &Hello::host, Need::required, FieldRule{}, FieldRule{}},
      Field{"version", &Hello::version, Need::optional, FieldRule{}, FieldRule{}},
      Field{"stream", &Hello::stream, Need::optional, FieldRule{}, FieldRule{}},
      Field{"fetch", &Hello::fetch, Need::optional, FieldRule{}, FieldRule{}},
      Field{"format", &Hello::format, Need::optional, FieldRule{}, FieldRule{}},
      Field{"oldest_format", &Hello::oldest_format, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<FromNode> {
  static constexpr auto fields = std::tuple{
      Field{"hello", &FromNode::hello, Need::optional, FieldRule{}, FieldRule{}},
      Field{"report", &FromNode::report, Need::optional, FieldRule{}, FieldRule{}},
      Field{"reply", &FromNode::reply, Need::optional, FieldRule{}, FieldRule{}},
      Field{"samples", &FromNode::samples, Need::optional, FieldRule{}, FieldRule{}},
      Field{"beat", &FromNode::beat, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmTarget> {
  static constexpr auto fields = std::tuple{
      Field{"id", &AlarmTarget::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"target", &AlarmTarget::target, Need::required, FieldRule{}, FieldRule{}},
      Field{"project", &AlarmTarget::project, Need::optional, FieldRule{}, FieldRule{}},
      Field{"since", &AlarmTarget::since, Need::required, FieldRule{}, FieldRule{}},
      Field{"value", &AlarmTarget::value, Need::optional, FieldRule{}, FieldRule{}},
      Field{"reason", &AlarmTarget::reason, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmTargets> {
  static constexpr auto fields = std::tuple{
      Field{"name", &AlarmTargets::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"items", &AlarmTargets::items, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmReceivers> {
  static constexpr auto fields = std::tuple{
      Field{"name", &AlarmReceivers::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"webhook", &AlarmReceivers::webhook, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<RelocatedDisk> {
  static constexpr auto fields = std::tuple{
      Field{"id", &RelocatedDisk::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"theirs", &RelocatedDisk::theirs, Need::required, FieldRule{}, FieldRule{}},
      Field{"size", &RelocatedDisk::size, Need::required, FieldRule{}, FieldRule{}},
      Field{"version", &RelocatedDisk::version, Need::optional, FieldRule{}, FieldRule{}},
      Field{"done", &RelocatedDisk::done, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<Relocation> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Relocation::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"vm", &Relocation::vm, Need::optional, FieldRule{}, FieldRule{}},
      Field{"from", &Relocation::from, Need::optional, FieldRule{}, FieldRule{}},
      Field{"origin", &Relocation::origin, Need::optional, FieldRule{}, FieldRule{}},
      Field{"platform", &Relocation::platform, Need::required, FieldRule{}, FieldRule{}},
      Field{"machine", &Relocation::machine, Need::optional, FieldRule{}, FieldRule{}},
      Field{"arrives", &Relocation::arrives, Need::optional, FieldRule{}, FieldRule{}},
      Field{"phase", &Relocation::phase, Need::optional, FieldRule{}, FieldRule{}},
      Field{"options", &Relocation::options, Need::required, FieldRule{}, FieldRule{}},
      Field{"disks", &Relocation::disks, Need::optional, FieldRule{}, FieldRule{}},
      Field{"cancelled", &Relocation::cancelled, Need::optional, FieldRule{}, FieldRule{}},
      Field{"error", &Relocation::error, Need::optional, FieldRule{}, FieldRule{}}};
};

template <>
struct Schema<AlarmMessage> {
  static constexpr auto fields = std::tuple{
      Field{"name", &AlarmMessage::name, Need::required, FieldRule{}, FieldRule{}},
      Field{"id", &AlarmMessage::id, Need::required, FieldRule{}, FieldRule{}},
      Field{"alarm", &AlarmMessage::alarm, Need::required, FieldRule{}, FieldRule{}},
      Field{"description", &AlarmMessage::description, Need::optional, FieldRule{}, FieldRule{}},
      Field{"severity", &AlarmMessage::severity, Need::required, FieldRule{}, FieldRule{}},
      Field{"subject", &AlarmMessage::subject, Need::required, FieldRule{}, FieldRule{}},
      Field{"metric", &AlarmMessage::metric, Need::optional, FieldRule{}, FieldRule{}},
      Field{"condition", &AlarmMessage::condition, Need::optional, FieldRule{}, FieldRule{}},
      Field{"state", &AlarmMessage::state, Need::required, FieldRule{}, FieldRule{}},
      Field{"created", &AlarmMessage::created, Need::required, FieldRule{}, FieldRule{}},
      Field{"count", &AlarmMessage::count, Need::optional, FieldRule{}, FieldRule{}},
      Field{"targets", &AlarmMessage::targets, Need::optional, FieldRule{}, FieldRule{}},
      Field{"webhook", &AlarmMessage::webhook, Need::optional, FieldRule{}, FieldRule{}},
      Field{"mail", &AlarmMessage::mail, Need::optional, FieldRule{}, FieldRule{}}};
};

}  // namespace truce::model
