// Made by tools/generate from schema/; do not edit.
// clang-format off
// The fields of every object, as data for the codec.
#pragma once

#include "field.h"
#include "model/types.h"

namespace truce::model {

template <>
struct Schema<Health> {
  static constexpr Field f0{"status", &Health::status, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"version", &Health::version, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Server> {
  static constexpr Field f0{"version", &Server::version, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"fingerprint", &Server::fingerprint, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"url", &Server::url, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"user", &Server::user, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"role", &Server::role, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"projects", &Server::projects, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"first_run", &Server::first_run, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"csrf", &Server::csrf, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"totp", &Server::totp, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"session_expires", &Server::session_expires, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<Reload> {
  static constexpr Field f0{"applied", &Reload::applied, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"needs_restart", &Reload::needs_restart, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Hardware> {
  static constexpr Field f0{"machine_version", &Hardware::machine_version, Need::optional, FieldRule{.max_length = 16}, FieldRule{}};
  static constexpr Field f1{"guest", &Hardware::guest, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"acpi", &Hardware::acpi, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"cpu_model", &Hardware::cpu_model, Need::optional, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr Field f4{"sockets", &Hardware::sockets, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f5{"cores", &Hardware::cores, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f6{"threads", &Hardware::threads, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f7{"max_cpus", &Hardware::max_cpus, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f8{"max_memory", &Hardware::max_memory, Need::optional, FieldRule{.minimum = 33554432, .maximum = 17592186044416}, FieldRule{}};
  static constexpr Field f9{"numa_nodes", &Hardware::numa_nodes, Need::optional, FieldRule{.minimum = 1, .maximum = 8}, FieldRule{}};
  static constexpr Field f10{"huge_pages", &Hardware::huge_pages, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"firmware", &Hardware::firmware, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"secure_boot", &Hardware::secure_boot, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"tpm", &Hardware::tpm, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"boot", &Hardware::boot, Need::optional, FieldRule{.max_items = 3}, FieldRule{}};
  static constexpr Field f15{"cdrom", &Hardware::cdrom, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"disk_bus", &Hardware::disk_bus, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"nic_model", &Hardware::nic_model, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f18{"display", &Hardware::display, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f19{"gpu_3d", &Hardware::gpu_3d, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f20{"spice", &Hardware::spice, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f21{"usb", &Hardware::usb, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f22{"sound", &Hardware::sound, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f23{"serial_ports", &Hardware::serial_ports, Need::optional, FieldRule{.minimum = 1, .maximum = 4}, FieldRule{}};
  static constexpr Field f24{"parallel_port", &Hardware::parallel_port, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f25{"watchdog", &Hardware::watchdog, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f26{"pci", &Hardware::pci, Need::optional, FieldRule{.max_items = 4}, FieldRule{.max_length = 16}};
  static constexpr Field f27{"usb_devices", &Hardware::usb_devices, Need::optional, FieldRule{.max_items = 4}, FieldRule{.max_length = 16}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27); }
};

template <>
struct Schema<VmDisk> {
  static constexpr Field f0{"id", &VmDisk::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"size", &VmDisk::size, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"pool", &VmDisk::pool, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"template", &VmDisk::template_, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"clone", &VmDisk::clone, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"port", &VmDisk::port, Need::optional, FieldRule{.minimum = 0, .maximum = 8}, FieldRule{}};
  static constexpr Field f6{"key", &VmDisk::key, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<DiskCreate> {
  static constexpr Field f0{"size", &DiskCreate::size, Need::required, FieldRule{.minimum = 1048576, .maximum = 70368744177664}, FieldRule{}};
  static constexpr Field f1{"pool", &DiskCreate::pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f2{"key", &DiskCreate::key, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<DiskChange> {
  static constexpr Field f0{"size", &DiskChange::size, Need::optional, FieldRule{.minimum = 1048576, .maximum = 70368744177664}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<DiskMove> {
  static constexpr Field f0{"pool", &DiskMove::pool, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<VmNic> {
  static constexpr Field f0{"network", &VmNic::network, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"mac", &VmNic::mac, Need::required, FieldRule{.format = Format::mac}, FieldRule{}};
  static constexpr Field f2{"number", &VmNic::number, Need::optional, FieldRule{.minimum = 0, .maximum = 7}, FieldRule{}};
  static constexpr Field f3{"port", &VmNic::port, Need::optional, FieldRule{.minimum = 0, .maximum = 8}, FieldRule{}};
  static constexpr Field f4{"forwards", &VmNic::forwards, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}};
  static constexpr Field f5{"spoof_filter", &VmNic::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"address", &VmNic::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}};
  static constexpr Field f7{"address6", &VmNic::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}};
  static constexpr Field f8{"security_groups", &VmNic::security_groups, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}};
  static constexpr Field f9{"send_mbit", &VmNic::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f10{"receive_mbit", &VmNic::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f11{"mirror_to", &VmNic::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
};

template <>
struct Schema<NicAdd> {
  static constexpr Field f0{"network", &NicAdd::network, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"forward", &NicAdd::forward, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}};
  static constexpr Field f2{"spoof_filter", &NicAdd::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"address", &NicAdd::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}};
  static constexpr Field f4{"address6", &NicAdd::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}};
  static constexpr Field f5{"security_group", &NicAdd::security_group, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}};
  static constexpr Field f6{"send_mbit", &NicAdd::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f7{"receive_mbit", &NicAdd::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f8{"mirror_to", &NicAdd::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<NicChange> {
  static constexpr Field f0{"nic", &NicChange::nic, Need::optional, FieldRule{.minimum = 0, .maximum = 7}, FieldRule{}};
  static constexpr Field f1{"spoof_filter", &NicChange::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"address", &NicChange::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}};
  static constexpr Field f3{"address6", &NicChange::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}};
  static constexpr Field f4{"security_group", &NicChange::security_group, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}};
  static constexpr Field f5{"forward", &NicChange::forward, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}};
  static constexpr Field f6{"send_mbit", &NicChange::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f7{"receive_mbit", &NicChange::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f8{"mirror_to", &NicChange::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<VmResources> {
  static constexpr Field f0{"cpu_shares", &VmResources::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}};
  static constexpr Field f1{"cpu_limit", &VmResources::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 6400}, FieldRule{}};
  static constexpr Field f2{"cpu_reservation", &VmResources::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 6400}, FieldRule{}};
  static constexpr Field f3{"memory_reservation", &VmResources::memory_reservation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"read_iops", &VmResources::read_iops, Need::optional, FieldRule{.minimum = 0, .maximum = 10000000}, FieldRule{}};
  static constexpr Field f5{"write_iops", &VmResources::write_iops, Need::optional, FieldRule{.minimum = 0, .maximum = 10000000}, FieldRule{}};
  static constexpr Field f6{"read_rate", &VmResources::read_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"write_rate", &VmResources::write_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"burst_seconds", &VmResources::burst_seconds, Need::optional, FieldRule{.minimum = 0, .maximum = 3600}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<VmSettings> {
  static constexpr Field f0{"cpus", &VmSettings::cpus, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"memory", &VmSettings::memory, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"first_memory", &VmSettings::first_memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"hardware", &VmSettings::hardware, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"iso", &VmSettings::iso, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"nics", &VmSettings::nics, Need::optional, FieldRule{.max_items = 8}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<VmSnapshot> {
  static constexpr Field f0{"name", &VmSnapshot::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &VmSnapshot::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"parent", &VmSnapshot::parent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"kind", &VmSnapshot::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"memory", &VmSnapshot::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"created", &VmSnapshot::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"settings", &VmSnapshot::settings, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<SnapshotTree> {
  static constexpr Field f0{"at", &SnapshotTree::at, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"snapshots", &SnapshotTree::snapshots, Need::optional, FieldRule{.max_items = 32}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<SnapshotSource> {
  static constexpr Field f0{"uuid", &SnapshotSource::uuid, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"snapshot", &SnapshotSource::snapshot, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<VmAvailability> {
  static constexpr Field f0{"restart", &VmAvailability::restart, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"priority", &VmAvailability::priority, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"keep_running", &VmAvailability::keep_running, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"on_hang", &VmAvailability::on_hang, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"hang_seconds", &VmAvailability::hang_seconds, Need::optional, FieldRule{.minimum = 20, .maximum = 3600}, FieldRule{}};
  static constexpr Field f5{"on_storage_loss", &VmAvailability::on_storage_loss, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"storage_loss_seconds", &VmAvailability::storage_loss_seconds, Need::optional, FieldRule{.minimum = 5, .maximum = 86400}, FieldRule{}};
  static constexpr Field f7{"after", &VmAvailability::after, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 63}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<MigrationFacts> {
  static constexpr Field f0{"from", &MigrationFacts::from, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"to", &MigrationFacts::to, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"time", &MigrationFacts::time, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total_ms", &MigrationFacts::total_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"downtime_ms", &MigrationFacts::downtime_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"transferred", &MigrationFacts::transferred, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"disks_transferred", &MigrationFacts::disks_transferred, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"rounds", &MigrationFacts::rounds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"dirty_rate", &MigrationFacts::dirty_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"predicted_total_ms", &MigrationFacts::predicted_total_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"predicted_downtime_ms", &MigrationFacts::predicted_downtime_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"post_copy", &MigrationFacts::post_copy, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
};

template <>
struct Schema<ForeignSnapshot> {
  static constexpr Field f0{"id", &ForeignSnapshot::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"name", &ForeignSnapshot::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"description", &ForeignSnapshot::description, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"parent", &ForeignSnapshot::parent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"memory", &ForeignSnapshot::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"created", &ForeignSnapshot::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<ForeignVm> {
  static constexpr Field f0{"id", &ForeignVm::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"path", &ForeignVm::path, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"template", &ForeignVm::template_, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"guest_os", &ForeignVm::guest_os, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"guest_name", &ForeignVm::guest_name, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"tools", &ForeignVm::tools, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"firmware", &ForeignVm::firmware, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"secure_boot", &ForeignVm::secure_boot, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"cpu_mhz", &ForeignVm::cpu_mhz, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"memory_used", &ForeignVm::memory_used, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"storage_used", &ForeignVm::storage_used, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"snapshot", &ForeignVm::snapshot, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"snapshots", &ForeignVm::snapshots, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"told", &ForeignVm::told, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13); }
};

template <>
struct Schema<Vm> {
  static constexpr Field f0{"name", &Vm::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"project", &Vm::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f2{"description", &Vm::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f3{"labels", &Vm::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}};
  static constexpr Field f4{"uuid", &Vm::uuid, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"number", &Vm::number, Need::required, FieldRule{.minimum = 0}, FieldRule{}};
  static constexpr Field f6{"cpus", &Vm::cpus, Need::required, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f7{"memory", &Vm::memory, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"machine", &Vm::machine, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"hardware", &Vm::hardware, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"memory_min", &Vm::memory_min, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"resources", &Vm::resources, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"resource_pool", &Vm::resource_pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f13{"conflict_class", &Vm::conflict_class, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f14{"boot_once", &Vm::boot_once, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"template", &Vm::template_, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"iso", &Vm::iso, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"disks", &Vm::disks, Need::optional, FieldRule{.max_items = 16}, FieldRule{}};
  static constexpr Field f18{"nics", &Vm::nics, Need::optional, FieldRule{.max_items = 8}, FieldRule{}};
  static constexpr Field f19{"wanted", &Vm::wanted, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f20{"observed", &Vm::observed, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f21{"generation", &Vm::generation, Need::required, FieldRule{.minimum = 0}, FieldRule{}};
  static constexpr Field f22{"stop_now", &Vm::stop_now, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f23{"stop_timeout_seconds", &Vm::stop_timeout_seconds, Need::optional, FieldRule{.minimum = 1, .maximum = 3600}, FieldRule{}};
  static constexpr Field f24{"host", &Vm::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f25{"addresses", &Vm::addresses, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f26{"problem", &Vm::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f27{"storage_problem", &Vm::storage_problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f28{"leaves_storage", &Vm::leaves_storage, Need::optional, FieldRule{.minimum = 0}, FieldRule{}};
  static constexpr Field f29{"created", &Vm::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f30{"started", &Vm::started, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f31{"tree", &Vm::tree, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f32{"source", &Vm::source, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f33{"active", &Vm::active, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f34{"pending", &Vm::pending, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f35{"availability", &Vm::availability, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f36{"balance", &Vm::balance, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f37{"epoch", &Vm::epoch, Need::optional, FieldRule{.minimum = 0}, FieldRule{}};
  static constexpr Field f38{"moving_to", &Vm::moving_to, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f39{"relocation", &Vm::relocation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f40{"trial", &Vm::trial, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f41{"last_migration", &Vm::last_migration, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f42{"platform", &Vm::platform, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f43{"foreign", &Vm::foreign, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43); }
};

template <>
struct Schema<MoveOptions> {
  static constexpr Field f0{"to", &MoveOptions::to, Need::required, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f1{"new_name", &MoveOptions::new_name, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f2{"project", &MoveOptions::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f3{"pool", &MoveOptions::pool, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f4{"host", &MoveOptions::host, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f5{"network", &MoveOptions::network, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 256}};
  static constexpr Field f6{"keep_source", &MoveOptions::keep_source, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"start", &MoveOptions::start, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"prepare", &MoveOptions::prepare, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"prove", &MoveOptions::prove, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"prove_seconds", &MoveOptions::prove_seconds, Need::optional, FieldRule{.minimum = 10, .maximum = 3600}, FieldRule{}};
  static constexpr Field f11{"warm", &MoveOptions::warm, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"xen", &MoveOptions::xen, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"xen_loader", &MoveOptions::xen_loader, Need::optional, FieldRule{.max_length = 256}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13); }
};

template <>
struct Schema<MoveReport> {
  static constexpr Field f0{"name", &MoveReport::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"to", &MoveReport::to, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"bytes", &MoveReport::bytes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"kept", &MoveReport::kept, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"changed", &MoveReport::changed, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"lost", &MoveReport::lost, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<Platform> {
  static constexpr Field f0{"name", &Platform::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"id", &Platform::id, Need::required, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr Field f2{"url", &Platform::url, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f3{"fingerprint", &Platform::fingerprint, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f4{"ca", &Platform::ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}};
  static constexpr Field f5{"state", &Platform::state, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"problem", &Platform::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"since", &Platform::since, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"product", &Platform::product, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"version", &Platform::version, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"told", &Platform::told, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"age_seconds", &Platform::age_seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"vms", &Platform::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"hosts", &Platform::hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"pools", &Platform::pools, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"networks", &Platform::networks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"added_by", &Platform::added_by, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"created", &Platform::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f18{"changed", &Platform::changed, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18); }
};

template <>
struct Schema<PlatformList> {
  static constexpr Field f0{"revision", &PlatformList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &PlatformList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &PlatformList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &PlatformList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<PlatformCreate> {
  static constexpr Field f0{"name", &PlatformCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"url", &PlatformCreate::url, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f2{"password", &PlatformCreate::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f3{"fingerprint", &PlatformCreate::fingerprint, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f4{"ca", &PlatformCreate::ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<PlatformChange> {
  static constexpr Field f0{"url", &PlatformChange::url, Need::optional, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f1{"password", &PlatformChange::password, Need::optional, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f2{"fingerprint", &PlatformChange::fingerprint, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f3{"ca", &PlatformChange::ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<VmUsage> {
  static constexpr Field f0{"cpu_seconds", &VmUsage::cpu_seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"memory", &VmUsage::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"balloon", &VmUsage::balloon, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"hot_memory", &VmUsage::hot_memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"guest_total", &VmUsage::guest_total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"guest_free", &VmUsage::guest_free, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"guest_available", &VmUsage::guest_available, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"cpu_pressure", &VmUsage::cpu_pressure, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"memory_pressure", &VmUsage::memory_pressure, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"io_pressure", &VmUsage::io_pressure, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"cpu_throttled_seconds", &VmUsage::cpu_throttled_seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"disk_read", &VmUsage::disk_read, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"disk_written", &VmUsage::disk_written, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"disk_reads", &VmUsage::disk_reads, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"disk_writes", &VmUsage::disk_writes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"net_received", &VmUsage::net_received, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"net_sent", &VmUsage::net_sent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16); }
};

template <>
struct Schema<ResourcePool> {
  static constexpr Field f0{"name", &ResourcePool::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"parent", &ResourcePool::parent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"description", &ResourcePool::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f3{"cpu_shares", &ResourcePool::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}};
  static constexpr Field f4{"cpu_limit", &ResourcePool::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}};
  static constexpr Field f5{"cpu_reservation", &ResourcePool::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}};
  static constexpr Field f6{"memory_limit", &ResourcePool::memory_limit, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"memory_reservation", &ResourcePool::memory_reservation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"created", &ResourcePool::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<ResourcePoolCreate> {
  static constexpr Field f0{"name", &ResourcePoolCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"parent", &ResourcePoolCreate::parent, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f2{"description", &ResourcePoolCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f3{"cpu_shares", &ResourcePoolCreate::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}};
  static constexpr Field f4{"cpu_limit", &ResourcePoolCreate::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}};
  static constexpr Field f5{"cpu_reservation", &ResourcePoolCreate::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}};
  static constexpr Field f6{"memory_limit", &ResourcePoolCreate::memory_limit, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"memory_reservation", &ResourcePoolCreate::memory_reservation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<ResourcePoolChange> {
  static constexpr Field f0{"description", &ResourcePoolChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f1{"cpu_shares", &ResourcePoolChange::cpu_shares, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}};
  static constexpr Field f2{"cpu_limit", &ResourcePoolChange::cpu_limit, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}};
  static constexpr Field f3{"cpu_reservation", &ResourcePoolChange::cpu_reservation, Need::optional, FieldRule{.minimum = 0, .maximum = 640000}, FieldRule{}};
  static constexpr Field f4{"memory_limit", &ResourcePoolChange::memory_limit, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"memory_reservation", &ResourcePoolChange::memory_reservation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<ConflictClass> {
  static constexpr Field f0{"name", &ConflictClass::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &ConflictClass::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"conflicts_with", &ConflictClass::conflicts_with, Need::optional, FieldRule{.max_items = 256}, FieldRule{.format = Format::name}};
  static constexpr Field f3{"created", &ConflictClass::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<ConflictClassCreate> {
  static constexpr Field f0{"name", &ConflictClassCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &ConflictClassCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"conflicts_with", &ConflictClassCreate::conflicts_with, Need::optional, FieldRule{.max_items = 256}, FieldRule{.format = Format::name}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<ConflictClassChange> {
  static constexpr Field f0{"description", &ConflictClassChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f1{"conflicts_with", &ConflictClassChange::conflicts_with, Need::optional, FieldRule{.max_items = 256}, FieldRule{.format = Format::name}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<SnapshotCreate> {
  static constexpr Field f0{"name", &SnapshotCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &SnapshotCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"memory", &SnapshotCreate::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"quiesce", &SnapshotCreate::quiesce, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<CloneOptions> {
  static constexpr Field f0{"new_name", &CloneOptions::new_name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"start", &CloneOptions::start, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<RestoreOptions> {
  static constexpr Field f0{"start", &RestoreOptions::start, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<AvailabilityChange> {
  static constexpr Field f0{"restart_elsewhere", &AvailabilityChange::restart_elsewhere, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"restart_priority", &AvailabilityChange::restart_priority, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"keep_running", &AvailabilityChange::keep_running, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"on_hang", &AvailabilityChange::on_hang, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"hang_seconds", &AvailabilityChange::hang_seconds, Need::optional, FieldRule{.minimum = 20, .maximum = 3600}, FieldRule{}};
  static constexpr Field f5{"on_storage_loss", &AvailabilityChange::on_storage_loss, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"storage_loss_seconds", &AvailabilityChange::storage_loss_seconds, Need::optional, FieldRule{.minimum = 5, .maximum = 86400}, FieldRule{}};
  static constexpr Field f7{"restart_after", &AvailabilityChange::restart_after, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 63}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<VmCreate> {
  static constexpr Field f0{"name", &VmCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"project", &VmCreate::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f2{"description", &VmCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f3{"labels", &VmCreate::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}};
  static constexpr Field f4{"template", &VmCreate::template_, Need::optional, FieldRule{.max_length = 80}, FieldRule{}};
  static constexpr Field f5{"iso", &VmCreate::iso, Need::optional, FieldRule{.max_length = 80}, FieldRule{}};
  static constexpr Field f6{"cpus", &VmCreate::cpus, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f7{"memory", &VmCreate::memory, Need::optional, FieldRule{.minimum = 33554432, .maximum = 17592186044416}, FieldRule{}};
  static constexpr Field f8{"disk", &VmCreate::disk, Need::optional, FieldRule{.minimum = 1048576, .maximum = 70368744177664}, FieldRule{}};
  static constexpr Field f9{"clone", &VmCreate::clone, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"disk_key", &VmCreate::disk_key, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f11{"machine", &VmCreate::machine, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"hardware", &VmCreate::hardware, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"network", &VmCreate::network, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f14{"forward", &VmCreate::forward, Need::optional, FieldRule{.max_items = 32}, FieldRule{.format = Format::forward}};
  static constexpr Field f15{"spoof_filter", &VmCreate::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"address", &VmCreate::address, Need::optional, FieldRule{.max_length = 15}, FieldRule{}};
  static constexpr Field f17{"address6", &VmCreate::address6, Need::optional, FieldRule{.max_length = 45}, FieldRule{}};
  static constexpr Field f18{"security_group", &VmCreate::security_group, Need::optional, FieldRule{.max_items = 16}, FieldRule{.format = Format::name}};
  static constexpr Field f19{"send_mbit", &VmCreate::send_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f20{"receive_mbit", &VmCreate::receive_mbit, Need::optional, FieldRule{.minimum = 0, .maximum = 1000000}, FieldRule{}};
  static constexpr Field f21{"mirror_to", &VmCreate::mirror_to, Need::optional, FieldRule{.max_length = 70}, FieldRule{}};
  static constexpr Field f22{"cloud_init", &VmCreate::cloud_init, Need::optional, FieldRule{.max_length = 262144}, FieldRule{}};
  static constexpr Field f23{"ssh_keys", &VmCreate::ssh_keys, Need::optional, FieldRule{.max_items = 32}, FieldRule{.max_length = 8192}};
  static constexpr Field f24{"answer_file", &VmCreate::answer_file, Need::optional, FieldRule{.max_length = 262144}, FieldRule{}};
  static constexpr Field f25{"answer_kind", &VmCreate::answer_kind, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f26{"pool", &VmCreate::pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f27{"memory_min", &VmCreate::memory_min, Need::optional, FieldRule{.maximum = 17592186044416}, FieldRule{}};
  static constexpr Field f28{"resources", &VmCreate::resources, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f29{"availability", &VmCreate::availability, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f30{"resource_pool", &VmCreate::resource_pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f31{"conflict_class", &VmCreate::conflict_class, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f32{"start", &VmCreate::start, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32); }
};

template <>
struct Schema<VmChange> {
  static constexpr Field f0{"description", &VmChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f1{"labels", &VmChange::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}};
  static constexpr Field f2{"cpus", &VmChange::cpus, Need::optional, FieldRule{.minimum = 1, .maximum = 64}, FieldRule{}};
  static constexpr Field f3{"memory", &VmChange::memory, Need::optional, FieldRule{.minimum = 33554432, .maximum = 17592186044416}, FieldRule{}};
  static constexpr Field f4{"iso", &VmChange::iso, Need::optional, FieldRule{.max_length = 80}, FieldRule{}};
  static constexpr Field f5{"memory_min", &VmChange::memory_min, Need::optional, FieldRule{.maximum = 17592186044416}, FieldRule{}};
  static constexpr Field f6{"hardware", &VmChange::hardware, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"resources", &VmChange::resources, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"availability", &VmChange::availability, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"balance", &VmChange::balance, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"resource_pool", &VmChange::resource_pool, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f11{"conflict_class", &VmChange::conflict_class, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
};

template <>
struct Schema<StartOptions> {
  static constexpr Field f0{"boot", &StartOptions::boot, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<StopOptions> {
  static constexpr Field f0{"now", &StopOptions::now, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"timeout_seconds", &StopOptions::timeout_seconds, Need::optional, FieldRule{.minimum = 1, .maximum = 3600}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Rename> {
  static constexpr Field f0{"new_name", &Rename::new_name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<ExecRequest> {
  static constexpr Field f0{"argv", &ExecRequest::argv, Need::required, FieldRule{.min_items = 1, .max_items = 256}, FieldRule{.max_length = 65536}};
  static constexpr Field f1{"timeout_seconds", &ExecRequest::timeout_seconds, Need::optional, FieldRule{.minimum = 1, .maximum = 3600}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<ExecAnswer> {
  static constexpr Field f0{"exit_code", &ExecAnswer::exit_code, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"out", &ExecAnswer::out, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"err", &ExecAnswer::err, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<ConsoleRequest> {
  static constexpr Field f0{"kind", &ConsoleRequest::kind, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<ConsoleTicket> {
  static constexpr Field f0{"ticket", &ConsoleTicket::ticket, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"path", &ConsoleTicket::path, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Template> {
  static constexpr Field f0{"name", &Template::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"kind", &Template::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"description", &Template::description, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"pool", &Template::pool, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"hosts", &Template::hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"disk_size", &Template::disk_size, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"stored", &Template::stored, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"cloud_init", &Template::cloud_init, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"guest_agent", &Template::guest_agent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"sha256", &Template::sha256, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"created", &Template::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10); }
};

template <>
struct Schema<TemplateCreate> {
  static constexpr Field f0{"name", &TemplateCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &TemplateCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"recipe", &TemplateCreate::recipe, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f3{"file", &TemplateCreate::file, Need::optional, FieldRule{.max_length = 4096}, FieldRule{}};
  static constexpr Field f4{"host", &TemplateCreate::host, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<Upload> {
  static constexpr Field f0{"name", &Upload::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"template", &Upload::template_, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"description", &Upload::description, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"host", &Upload::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"size", &Upload::size, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"received", &Upload::received, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"sha256", &Upload::sha256, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"user", &Upload::user, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"task", &Upload::task, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"problem", &Upload::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"created", &Upload::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"expires", &Upload::expires, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
};

template <>
struct Schema<UploadCreate> {
  static constexpr Field f0{"template", &UploadCreate::template_, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &UploadCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"size", &UploadCreate::size, Need::required, FieldRule{.minimum = 1, .maximum = 70368744177664}, FieldRule{}};
  static constexpr Field f3{"sha256", &UploadCreate::sha256, Need::optional, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<Network> {
  static constexpr Field f0{"name", &Network::name, Need::required, FieldRule{.max_length = 12, .format = Format::name}, FieldRule{}};
  static constexpr Field f1{"mode", &Network::mode, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"bridge", &Network::bridge, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"private_to", &Network::private_to, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"subnet", &Network::subnet, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"subnet6", &Network::subnet6, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"vni", &Network::vni, Need::optional, FieldRule{.minimum = 0, .maximum = 16777215}, FieldRule{}};
  static constexpr Field f7{"vlan", &Network::vlan, Need::optional, FieldRule{.minimum = 0, .maximum = 4094}, FieldRule{}};
  static constexpr Field f8{"domain", &Network::domain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"spoof_filter", &Network::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"problem", &Network::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"created", &Network::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"platform", &Network::platform, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"foreign_id", &Network::foreign_id, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13); }
};

template <>
struct Schema<NetworkCreate> {
  static constexpr Field f0{"name", &NetworkCreate::name, Need::required, FieldRule{.max_length = 12, .format = Format::name}, FieldRule{}};
  static constexpr Field f1{"mode", &NetworkCreate::mode, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"bridge", &NetworkCreate::bridge, Need::optional, FieldRule{.max_length = 15}, FieldRule{}};
  static constexpr Field f3{"private_to", &NetworkCreate::private_to, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f4{"subnet", &NetworkCreate::subnet, Need::optional, FieldRule{.format = Format::cidr}, FieldRule{}};
  static constexpr Field f5{"subnet6", &NetworkCreate::subnet6, Need::optional, FieldRule{.max_length = 49}, FieldRule{}};
  static constexpr Field f6{"overlay", &NetworkCreate::overlay, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"vlan", &NetworkCreate::vlan, Need::optional, FieldRule{.minimum = 0, .maximum = 4094}, FieldRule{}};
  static constexpr Field f8{"domain", &NetworkCreate::domain, Need::optional, FieldRule{.max_length = 200, .format = Format::domain}, FieldRule{}};
  static constexpr Field f9{"spoof_filter", &NetworkCreate::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<NetworkChange> {
  static constexpr Field f0{"spoof_filter", &NetworkChange::spoof_filter, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"subnet6", &NetworkChange::subnet6, Need::optional, FieldRule{.max_length = 49}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<SecurityGroup> {
  static constexpr Field f0{"name", &SecurityGroup::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"project", &SecurityGroup::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f2{"description", &SecurityGroup::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f3{"rules", &SecurityGroup::rules, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"created", &SecurityGroup::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<SecurityGroupCreate> {
  static constexpr Field f0{"name", &SecurityGroupCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"project", &SecurityGroupCreate::project, Need::optional, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f2{"description", &SecurityGroupCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f3{"rule", &SecurityGroupCreate::rule, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}};
  static constexpr Field f4{"rules_file", &SecurityGroupCreate::rules_file, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<SecurityGroupChange> {
  static constexpr Field f0{"description", &SecurityGroupChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f1{"add_rule", &SecurityGroupChange::add_rule, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}};
  static constexpr Field f2{"remove_rule", &SecurityGroupChange::remove_rule, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}};
  static constexpr Field f3{"rules_file", &SecurityGroupChange::rules_file, Need::optional, FieldRule{.max_items = 4096}, FieldRule{.max_length = 500}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<PoolPlace> {
  static constexpr Field f0{"host", &PoolPlace::host, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"path", &PoolPlace::path, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"total", &PoolPlace::total, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"free", &PoolPlace::free, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"used", &PoolPlace::used, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"allocated", &PoolPlace::allocated, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"problem", &PoolPlace::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<Pool> {
  static constexpr Field f0{"name", &Pool::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &Pool::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"source", &Pool::source, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"id", &Pool::id, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"shared", &Pool::shared, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"places", &Pool::places, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"path", &Pool::path, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"total", &Pool::total, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"free", &Pool::free, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"used", &Pool::used, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"allocated", &Pool::allocated, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"quota", &Pool::quota, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"overcommit_percent", &Pool::overcommit_percent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"alarm_percent", &Pool::alarm_percent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"problem", &Pool::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"created", &Pool::created, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"platform", &Pool::platform, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"foreign_id", &Pool::foreign_id, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17); }
};

template <>
struct Schema<PoolCreate> {
  static constexpr Field f0{"name", &PoolCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"source", &PoolCreate::source, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f2{"host", &PoolCreate::host, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f3{"shared", &PoolCreate::shared, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"quota", &PoolCreate::quota, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"overcommit_percent", &PoolCreate::overcommit_percent, Need::optional, FieldRule{.minimum = 0, .maximum = 100000}, FieldRule{}};
  static constexpr Field f6{"alarm_percent", &PoolCreate::alarm_percent, Need::optional, FieldRule{.minimum = 1, .maximum = 100}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<PoolChange> {
  static constexpr Field f0{"quota", &PoolChange::quota, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"overcommit_percent", &PoolChange::overcommit_percent, Need::optional, FieldRule{.minimum = 0, .maximum = 100000}, FieldRule{}};
  static constexpr Field f2{"alarm_percent", &PoolChange::alarm_percent, Need::optional, FieldRule{.minimum = 1, .maximum = 100}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<Host> {
  static constexpr Field f0{"name", &Host::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"state", &Host::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"cpus", &Host::cpus, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"memory", &Host::memory, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"hypervisor", &Host::hypervisor, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"accelerator", &Host::accelerator, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"network_modes", &Host::network_modes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"machine_types", &Host::machine_types, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"machine_version", &Host::machine_version, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"cpu_models", &Host::cpu_models, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"lacks", &Host::lacks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"kernel", &Host::kernel, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"problem", &Host::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"role", &Host::role, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"address", &Host::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"version", &Host::version, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"format", &Host::format, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"labels", &Host::labels, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}};
  static constexpr Field f18{"fault_domain", &Host::fault_domain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f19{"draining", &Host::draining, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f20{"power", &Host::power, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f21{"power_fingerprint", &Host::power_fingerprint, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f22{"power_tried", &Host::power_tried, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f23{"wake_seconds", &Host::wake_seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f24{"sleep", &Host::sleep, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f25{"sleep_since", &Host::sleep_since, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f26{"wake_tries", &Host::wake_tries, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f27{"woken", &Host::woken, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f28{"certificate_expires", &Host::certificate_expires, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f29{"platform", &Host::platform, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f30{"foreign_id", &Host::foreign_id, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30); }
};

template <>
struct Schema<HostChange> {
  static constexpr Field f0{"label", &HostChange::label, Need::optional, FieldRule{.max_items = 64, .max_key_length = 63}, FieldRule{.max_length = 63}};
  static constexpr Field f1{"fault_domain", &HostChange::fault_domain, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f2{"power", &HostChange::power, Need::optional, FieldRule{.max_length = 300}, FieldRule{}};
  static constexpr Field f3{"power_password", &HostChange::power_password, Need::optional, FieldRule{.max_length = 256}, FieldRule{}};
  static constexpr Field f4{"power_fingerprint", &HostChange::power_fingerprint, Need::optional, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<HostPower> {
  static constexpr Field f0{"name", &HostPower::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"power", &HostPower::power, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"state", &HostPower::state, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"problem", &HostPower::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"tried", &HostPower::tried, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<DrainOptions> {
  static constexpr Field f0{"with_storage", &DrainOptions::with_storage, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"parallel", &DrainOptions::parallel, Need::optional, FieldRule{.minimum = 1, .maximum = 16}, FieldRule{}};
  static constexpr Field f2{"stop", &DrainOptions::stop, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<MigrateOptions> {
  static constexpr Field f0{"to", &MigrateOptions::to, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f1{"with_storage", &MigrateOptions::with_storage, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"downtime_ms", &MigrateOptions::downtime_ms, Need::optional, FieldRule{.minimum = 1, .maximum = 60000}, FieldRule{}};
  static constexpr Field f3{"bandwidth", &MigrateOptions::bandwidth, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"channels", &MigrateOptions::channels, Need::optional, FieldRule{.minimum = 1, .maximum = 16}, FieldRule{}};
  static constexpr Field f5{"compress", &MigrateOptions::compress, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"auto_converge", &MigrateOptions::auto_converge, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"post_copy", &MigrateOptions::post_copy, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"offline", &MigrateOptions::offline, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<ClusterManager> {
  static constexpr Field f0{"name", &ClusterManager::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"address", &ClusterManager::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"leader", &ClusterManager::leader, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"healthy", &ClusterManager::healthy, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"problem", &ClusterManager::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<AuthorityRotation> {
  static constexpr Field f0{"stage", &AuthorityRotation::stage, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"old", &AuthorityRotation::old, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"fresh", &AuthorityRotation::fresh, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"etcd_fresh", &AuthorityRotation::etcd_fresh, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"done", &AuthorityRotation::done, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"turn", &AuthorityRotation::turn, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"waits", &AuthorityRotation::waits, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"started", &AuthorityRotation::started, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<Cluster> {
  static constexpr Field f0{"name", &Cluster::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"store", &Cluster::store, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"etcd", &Cluster::etcd, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"etcd_prefix", &Cluster::etcd_prefix, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"managers", &Cluster::managers, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"hosts", &Cluster::hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"online", &Cluster::online, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"managers_may_fail", &Cluster::managers_may_fail, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"hosts_may_fail", &Cluster::hosts_may_fail, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"versions", &Cluster::versions, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"format", &Cluster::format, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"fingerprint", &Cluster::fingerprint, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"rotation", &Cluster::rotation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"cpu_baseline", &Cluster::cpu_baseline, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"availability", &Cluster::availability, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"balance", &Cluster::balance, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"balance_minutes", &Cluster::balance_minutes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"power_saving", &Cluster::power_saving, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f18{"stay_awake", &Cluster::stay_awake, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f19{"spare_hosts", &Cluster::spare_hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f20{"sleep_below", &Cluster::sleep_below, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f21{"wake_above", &Cluster::wake_above, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f22{"rest_minutes", &Cluster::rest_minutes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f23{"asleep", &Cluster::asleep, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f24{"power_advice", &Cluster::power_advice, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f25{"problem", &Cluster::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f26{"created", &Cluster::created, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26); }
};

template <>
struct Schema<AuthorityReport> {
  static constexpr Field f0{"host", &AuthorityReport::host, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"believed", &AuthorityReport::believed, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}};
  static constexpr Field f2{"signed_by", &AuthorityReport::signed_by, Need::optional, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr Field f3{"keys", &AuthorityReport::keys, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}};
  static constexpr Field f4{"etcd_believed", &AuthorityReport::etcd_believed, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}};
  static constexpr Field f5{"etcd_signed_by", &AuthorityReport::etcd_signed_by, Need::optional, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr Field f6{"seals", &AuthorityReport::seals, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 64}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<AuthorityOrders> {
  static constexpr Field f0{"rotation", &AuthorityOrders::rotation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"authority", &AuthorityOrders::authority, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"etcd_authority", &AuthorityOrders::etcd_authority, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"authority_key", &AuthorityOrders::authority_key, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"etcd_authority_key", &AuthorityOrders::etcd_authority_key, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"seals", &AuthorityOrders::seals, Need::optional, FieldRule{.max_length = 2048}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<ClusterCreate> {
  static constexpr Field f0{"name", &ClusterCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"address", &ClusterCreate::address, Need::optional, FieldRule{.max_length = 255}, FieldRule{}};
  static constexpr Field f2{"cpu_baseline", &ClusterCreate::cpu_baseline, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f3{"store", &ClusterCreate::store, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"etcd", &ClusterCreate::etcd, Need::optional, FieldRule{.max_items = 16}, FieldRule{.max_length = 2048}};
  static constexpr Field f5{"etcd_ca", &ClusterCreate::etcd_ca, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}};
  static constexpr Field f6{"etcd_certificate", &ClusterCreate::etcd_certificate, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}};
  static constexpr Field f7{"etcd_key", &ClusterCreate::etcd_key, Need::optional, FieldRule{.max_length = 65536}, FieldRule{}};
  static constexpr Field f8{"etcd_user", &ClusterCreate::etcd_user, Need::optional, FieldRule{.max_length = 255}, FieldRule{}};
  static constexpr Field f9{"etcd_password", &ClusterCreate::etcd_password, Need::optional, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f10{"etcd_prefix", &ClusterCreate::etcd_prefix, Need::optional, FieldRule{.max_length = 256}, FieldRule{}};
  static constexpr Field f11{"etcd_client_port", &ClusterCreate::etcd_client_port, Need::optional, FieldRule{.minimum = 1, .maximum = 65535}, FieldRule{}};
  static constexpr Field f12{"etcd_peer_port", &ClusterCreate::etcd_peer_port, Need::optional, FieldRule{.minimum = 1, .maximum = 65535}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12); }
};

template <>
struct Schema<ClusterChange> {
  static constexpr Field f0{"availability", &ClusterChange::availability, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"cpu_baseline", &ClusterChange::cpu_baseline, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f2{"balance", &ClusterChange::balance, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"balance_minutes", &ClusterChange::balance_minutes, Need::optional, FieldRule{.minimum = 1, .maximum = 1440}, FieldRule{}};
  static constexpr Field f4{"power_saving", &ClusterChange::power_saving, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"stay_awake", &ClusterChange::stay_awake, Need::optional, FieldRule{.minimum = 0, .maximum = 10000}, FieldRule{}};
  static constexpr Field f6{"spare_hosts", &ClusterChange::spare_hosts, Need::optional, FieldRule{.minimum = 0, .maximum = 1000}, FieldRule{}};
  static constexpr Field f7{"sleep_below", &ClusterChange::sleep_below, Need::optional, FieldRule{.minimum = 1, .maximum = 90}, FieldRule{}};
  static constexpr Field f8{"wake_above", &ClusterChange::wake_above, Need::optional, FieldRule{.minimum = 11, .maximum = 100}, FieldRule{}};
  static constexpr Field f9{"rest_minutes", &ClusterChange::rest_minutes, Need::optional, FieldRule{.minimum = 0, .maximum = 10080}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<JoinToken> {
  static constexpr Field f0{"name", &JoinToken::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &JoinToken::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"role", &JoinToken::role, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"hash", &JoinToken::hash, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"created", &JoinToken::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"expires", &JoinToken::expires, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<JoinTokenCreate> {
  static constexpr Field f0{"host", &JoinTokenCreate::host, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"role", &JoinTokenCreate::role, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"hours", &JoinTokenCreate::hours, Need::optional, FieldRule{.minimum = 1, .maximum = 720}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<JoinTokenSecret> {
  static constexpr Field f0{"token", &JoinTokenSecret::token, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"expires", &JoinTokenSecret::expires, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<JoinRequest> {
  static constexpr Field f0{"token", &JoinRequest::token, Need::required, FieldRule{.max_length = 4096}, FieldRule{}};
  static constexpr Field f1{"address", &JoinRequest::address, Need::optional, FieldRule{.max_length = 255}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<EnrollRequest> {
  static constexpr Field f0{"host", &EnrollRequest::host, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"secret", &EnrollRequest::secret, Need::required, FieldRule{.max_length = 256}, FieldRule{}};
  static constexpr Field f2{"request", &EnrollRequest::request, Need::required, FieldRule{.max_length = 8192}, FieldRule{}};
  static constexpr Field f3{"address", &EnrollRequest::address, Need::required, FieldRule{.max_length = 255}, FieldRule{}};
  static constexpr Field f4{"version", &EnrollRequest::version, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f5{"format", &EnrollRequest::format, Need::optional, FieldRule{.minimum = 1}, FieldRule{}};
  static constexpr Field f6{"oldest_format", &EnrollRequest::oldest_format, Need::optional, FieldRule{.minimum = 1}, FieldRule{}};
  static constexpr Field f7{"etcd_request", &EnrollRequest::etcd_request, Need::optional, FieldRule{.max_length = 8192}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<EtcdAccess> {
  static constexpr Field f0{"urls", &EtcdAccess::urls, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"prefix", &EtcdAccess::prefix, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"ca", &EtcdAccess::ca, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"certificate", &EtcdAccess::certificate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"key", &EtcdAccess::key, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"user", &EtcdAccess::user, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"password", &EtcdAccess::password, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<ManagerEnrollment> {
  static constexpr Field f0{"authority_key", &ManagerEnrollment::authority_key, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"etcd_token", &ManagerEnrollment::etcd_token, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"etcd_certificate", &ManagerEnrollment::etcd_certificate, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"etcd_authority", &ManagerEnrollment::etcd_authority, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"etcd_authority_key", &ManagerEnrollment::etcd_authority_key, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"etcd_urls", &ManagerEnrollment::etcd_urls, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"seals", &ManagerEnrollment::seals, Need::optional, FieldRule{.max_length = 2048}, FieldRule{}};
  static constexpr Field f7{"etcd_client_port", &ManagerEnrollment::etcd_client_port, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"etcd_peer_port", &ManagerEnrollment::etcd_peer_port, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"etcd", &ManagerEnrollment::etcd, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<Enrollment> {
  static constexpr Field f0{"cluster", &Enrollment::cluster, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"role", &Enrollment::role, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"certificate", &Enrollment::certificate, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"authority", &Enrollment::authority, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"managers", &Enrollment::managers, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"manager", &Enrollment::manager, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<Rule> {
  static constexpr Field f0{"name", &Rule::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"kind", &Rule::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"must", &Rule::must, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"vms", &Rule::vms, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}};
  static constexpr Field f4{"vm_label", &Rule::vm_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}};
  static constexpr Field f5{"hosts", &Rule::hosts, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}};
  static constexpr Field f6{"host_label", &Rule::host_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}};
  static constexpr Field f7{"by_fault_domain", &Rule::by_fault_domain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"problem", &Rule::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"created", &Rule::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<RuleCreate> {
  static constexpr Field f0{"name", &RuleCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"kind", &RuleCreate::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"must", &RuleCreate::must, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"vm", &RuleCreate::vm, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}};
  static constexpr Field f4{"vm_label", &RuleCreate::vm_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}};
  static constexpr Field f5{"host", &RuleCreate::host, Need::optional, FieldRule{.max_items = 256}, FieldRule{.max_length = 63}};
  static constexpr Field f6{"host_label", &RuleCreate::host_label, Need::optional, FieldRule{.max_length = 127}, FieldRule{}};
  static constexpr Field f7{"by_fault_domain", &RuleCreate::by_fault_domain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<PlanMove> {
  static constexpr Field f0{"vm", &PlanMove::vm, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"from", &PlanMove::from, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"to", &PlanMove::to, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"reason", &PlanMove::reason, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"score_after", &PlanMove::score_after, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"seconds", &PlanMove::seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"task", &PlanMove::task, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<Plan> {
  static constexpr Field f0{"name", &Plan::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"kind", &Plan::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"state", &Plan::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"host", &Plan::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"moves", &Plan::moves, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"refusals", &Plan::refusals, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"score_before", &Plan::score_before, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"score_after", &Plan::score_after, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"bound", &Plan::bound, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"bound_reason", &Plan::bound_reason, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"revision", &Plan::revision, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"user", &Plan::user, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"problem", &Plan::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"created", &Plan::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13); }
};

template <>
struct Schema<EstateHost> {
  static constexpr Field f0{"name", &EstateHost::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"capacity", &EstateHost::capacity, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"reservable_cpu", &EstateHost::reservable_cpu, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"fault_domain", &EstateHost::fault_domain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"online", &EstateHost::online, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"draining", &EstateHost::draining, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<EstateMachine> {
  static constexpr Field f0{"name", &EstateMachine::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &EstateMachine::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"demand", &EstateMachine::demand, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"reserved_cpu", &EstateMachine::reserved_cpu, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"conflict_class", &EstateMachine::conflict_class, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"reach", &EstateMachine::reach, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"fixed", &EstateMachine::fixed, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"weight", &EstateMachine::weight, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"seconds", &EstateMachine::seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"rested", &EstateMachine::rested, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<EstateReach> {
  static constexpr Field f0{"refused", &EstateReach::refused, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<EstateRule> {
  static constexpr Field f0{"name", &EstateRule::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"kind", &EstateRule::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"must", &EstateRule::must, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"by_fault_domain", &EstateRule::by_fault_domain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"machines", &EstateRule::machines, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"hosts", &EstateRule::hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<Estate> {
  static constexpr Field f0{"hosts", &Estate::hosts, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"machines", &Estate::machines, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"reaches", &Estate::reaches, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"rules", &Estate::rules, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"classes", &Estate::classes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"reserve_hosts", &Estate::reserve_hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<PlanCreate> {
  static constexpr Field f0{"kind", &PlanCreate::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &PlanCreate::host, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f2{"moves", &PlanCreate::moves, Need::optional, FieldRule{.minimum = 1, .maximum = 10000}, FieldRule{}};
  static constexpr Field f3{"apply", &PlanCreate::apply, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<HostCheck> {
  static constexpr Field f0{"name", &HostCheck::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"state", &HostCheck::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"found", &HostCheck::found, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"meaning", &HostCheck::meaning, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"advice", &HostCheck::advice, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<HostChecks> {
  static constexpr Field f0{"host", &HostChecks::host, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &HostChecks::items, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<TaskStep> {
  static constexpr Field f0{"time", &TaskStep::time, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"text", &TaskStep::text, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<BootProof> {
  static constexpr Field f0{"outcome", &BootProof::outcome, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"words", &BootProof::words, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"seen", &BootProof::seen, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"seconds", &BootProof::seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"picture", &BootProof::picture, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<Task> {
  static constexpr Field f0{"name", &Task::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"kind", &Task::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"target", &Task::target, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"project", &Task::project, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"generation", &Task::generation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"user", &Task::user, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"request", &Task::request, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"state", &Task::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"progress", &Task::progress, Need::optional, FieldRule{.minimum = 0, .maximum = 1}, FieldRule{}};
  static constexpr Field f9{"step", &Task::step, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"steps", &Task::steps, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"error", &Task::error, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"cancel", &Task::cancel, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"created", &Task::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"ended", &Task::ended, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"proof", &Task::proof, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15); }
};

template <>
struct Schema<Event> {
  static constexpr Field f0{"name", &Event::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"time", &Event::time, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"kind", &Event::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"target", &Event::target, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"project", &Event::project, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"user", &Event::user, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"address", &Event::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"request", &Event::request, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"message", &Event::message, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<Token> {
  static constexpr Field f0{"name", &Token::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"kind", &Token::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"role", &Token::role, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"projects", &Token::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}};
  static constexpr Field f4{"sha256", &Token::sha256, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"created", &Token::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"expires", &Token::expires, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<TokenCreate> {
  static constexpr Field f0{"name", &TokenCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"role", &TokenCreate::role, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"projects", &TokenCreate::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}};
  static constexpr Field f3{"certificate", &TokenCreate::certificate, Need::optional, FieldRule{.max_length = 16384}, FieldRule{}};
  static constexpr Field f4{"expires", &TokenCreate::expires, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<TokenSecret> {
  static constexpr Field f0{"name", &TokenSecret::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"kind", &TokenSecret::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"token", &TokenSecret::token, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<User> {
  static constexpr Field f0{"name", &User::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"role", &User::role, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"projects", &User::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}};
  static constexpr Field f3{"disabled", &User::disabled, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"totp", &User::totp, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"created", &User::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"password_changed", &User::password_changed, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<UserCreate> {
  static constexpr Field f0{"name", &UserCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"role", &UserCreate::role, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"projects", &UserCreate::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}};
  static constexpr Field f3{"password", &UserCreate::password, Need::required, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<UserChange> {
  static constexpr Field f0{"role", &UserChange::role, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"projects", &UserChange::projects, Need::optional, FieldRule{.max_items = 100}, FieldRule{.format = Format::name}};
  static constexpr Field f2{"password", &UserChange::password, Need::optional, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}};
  static constexpr Field f3{"disabled", &UserChange::disabled, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"totp", &UserChange::totp, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<FirstUser> {
  static constexpr Field f0{"code", &FirstUser::code, Need::required, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr Field f1{"name", &FirstUser::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f2{"password", &FirstUser::password, Need::required, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<SignIn> {
  static constexpr Field f0{"user", &SignIn::user, Need::required, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f1{"password", &SignIn::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f2{"code", &SignIn::code, Need::optional, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<PasswordChange> {
  static constexpr Field f0{"password", &PasswordChange::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr Field f1{"new_password", &PasswordChange::new_password, Need::required, FieldRule{.min_length = 12, .max_length = 1024}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<PasswordProof> {
  static constexpr Field f0{"password", &PasswordProof::password, Need::required, FieldRule{.max_length = 1024}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<TotpSecret> {
  static constexpr Field f0{"secret", &TotpSecret::secret, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"uri", &TotpSecret::uri, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<TotpCode> {
  static constexpr Field f0{"code", &TotpCode::code, Need::required, FieldRule{.max_length = 64}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<RecoveryCodes> {
  static constexpr Field f0{"codes", &RecoveryCodes::codes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<Session> {
  static constexpr Field f0{"name", &Session::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"user", &Session::user, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"address", &Session::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"agent", &Session::agent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"sha256", &Session::sha256, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"created", &Session::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"expires", &Session::expires, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<StateCount> {
  static constexpr Field f0{"state", &StateCount::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"count", &StateCount::count, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<EstateProblem> {
  static constexpr Field f0{"target", &EstateProblem::target, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"message", &EstateProblem::message, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"advice", &EstateProblem::advice, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"severity", &EstateProblem::severity, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<Summary> {
  static constexpr Field f0{"revision", &Summary::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"vms", &Summary::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"states", &Summary::states, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"hosts", &Summary::hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"cpus", &Summary::cpus, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"cpus_given", &Summary::cpus_given, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"memory", &Summary::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"memory_given", &Summary::memory_given, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"storage", &Summary::storage, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"storage_free", &Summary::storage_free, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"storage_promised", &Summary::storage_promised, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"problem_count", &Summary::problem_count, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"problems", &Summary::problems, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12); }
};

template <>
struct Schema<SearchHit> {
  static constexpr Field f0{"kind", &SearchHit::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"name", &SearchHit::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"project", &SearchHit::project, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"field", &SearchHit::field, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"found", &SearchHit::found, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<SearchHits> {
  static constexpr Field f0{"items", &SearchHits::items, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"more", &SearchHits::more, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Usage> {
  static constexpr Field f0{"name", &Usage::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &Usage::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"cpu_percent", &Usage::cpu_percent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"cpus", &Usage::cpus, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"memory", &Usage::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"memory_size", &Usage::memory_size, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"memory_guest", &Usage::memory_guest, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"disk_read_rate", &Usage::disk_read_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"disk_write_rate", &Usage::disk_write_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"disk_iops", &Usage::disk_iops, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"receive_rate", &Usage::receive_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"send_rate", &Usage::send_rate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
};

template <>
struct Schema<UsageList> {
  static constexpr Field f0{"time", &UsageList::time, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"vms", &UsageList::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"items", &UsageList::items, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<SeriesLine> {
  static constexpr Field f0{"name", &SeriesLine::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"unit", &SeriesLine::unit, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"average", &SeriesLine::average, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"maximum", &SeriesLine::maximum, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<Series> {
  static constexpr Field f0{"start", &Series::start, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"step_seconds", &Series::step_seconds, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"lines", &Series::lines, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<RaisedAlarm> {
  static constexpr Field f0{"target", &RaisedAlarm::target, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"since", &RaisedAlarm::since, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"value", &RaisedAlarm::value, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<Alarm> {
  static constexpr Field f0{"name", &Alarm::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &Alarm::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"subject", &Alarm::subject, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"severity", &Alarm::severity, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"metric", &Alarm::metric, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"above", &Alarm::above, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"below", &Alarm::below, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"state", &Alarm::state, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"for_seconds", &Alarm::for_seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"label", &Alarm::label, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"project", &Alarm::project, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"webhook", &Alarm::webhook, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"mail", &Alarm::mail, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"disabled", &Alarm::disabled, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"raised_count", &Alarm::raised_count, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"raised", &Alarm::raised, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"created", &Alarm::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16); }
};

template <>
struct Schema<AlarmCreate> {
  static constexpr Field f0{"name", &AlarmCreate::name, Need::required, FieldRule{.format = Format::name}, FieldRule{}};
  static constexpr Field f1{"description", &AlarmCreate::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f2{"subject", &AlarmCreate::subject, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"severity", &AlarmCreate::severity, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"metric", &AlarmCreate::metric, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f5{"above", &AlarmCreate::above, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"below", &AlarmCreate::below, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"state", &AlarmCreate::state, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f8{"for_seconds", &AlarmCreate::for_seconds, Need::optional, FieldRule{.minimum = 0, .maximum = 86400}, FieldRule{}};
  static constexpr Field f9{"label", &AlarmCreate::label, Need::optional, FieldRule{.max_length = 200}, FieldRule{}};
  static constexpr Field f10{"project", &AlarmCreate::project, Need::optional, FieldRule{.max_length = 63}, FieldRule{}};
  static constexpr Field f11{"webhook", &AlarmCreate::webhook, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 2000}};
  static constexpr Field f12{"mail", &AlarmCreate::mail, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 254}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12); }
};

template <>
struct Schema<AlarmChange> {
  static constexpr Field f0{"description", &AlarmChange::description, Need::optional, FieldRule{.max_length = 1000}, FieldRule{}};
  static constexpr Field f1{"severity", &AlarmChange::severity, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"above", &AlarmChange::above, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"below", &AlarmChange::below, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"for_seconds", &AlarmChange::for_seconds, Need::optional, FieldRule{.minimum = 0, .maximum = 86400}, FieldRule{}};
  static constexpr Field f5{"webhook", &AlarmChange::webhook, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 2000}};
  static constexpr Field f6{"mail", &AlarmChange::mail, Need::optional, FieldRule{.max_items = 8}, FieldRule{.max_length = 254}};
  static constexpr Field f7{"disabled", &AlarmChange::disabled, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<AlarmNoticeTarget> {
  static constexpr Field f0{"target", &AlarmNoticeTarget::target, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"project", &AlarmNoticeTarget::project, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"since", &AlarmNoticeTarget::since, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"value", &AlarmNoticeTarget::value, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"reason", &AlarmNoticeTarget::reason, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<AlarmNotice> {
  static constexpr Field f0{"id", &AlarmNotice::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"text", &AlarmNotice::text, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"alarm", &AlarmNotice::alarm, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"description", &AlarmNotice::description, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"severity", &AlarmNotice::severity, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"state", &AlarmNotice::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"subject", &AlarmNotice::subject, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"metric", &AlarmNotice::metric, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"condition", &AlarmNotice::condition, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"time", &AlarmNotice::time, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"server", &AlarmNotice::server, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"target", &AlarmNotice::target, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"since", &AlarmNotice::since, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"value", &AlarmNotice::value, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"count", &AlarmNotice::count, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"targets", &AlarmNotice::targets, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15); }
};

template <>
struct Schema<AlarmTestResult> {
  static constexpr Field f0{"to", &AlarmTestResult::to, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"error", &AlarmTestResult::error, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<AlarmTest> {
  static constexpr Field f0{"items", &AlarmTest::items, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0); }
};

template <>
struct Schema<VmList> {
  static constexpr Field f0{"revision", &VmList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &VmList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &VmList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &VmList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<TemplateList> {
  static constexpr Field f0{"revision", &TemplateList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &TemplateList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &TemplateList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &TemplateList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<UploadList> {
  static constexpr Field f0{"revision", &UploadList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &UploadList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &UploadList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &UploadList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<NetworkList> {
  static constexpr Field f0{"revision", &NetworkList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &NetworkList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &NetworkList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &NetworkList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<SecurityGroupList> {
  static constexpr Field f0{"revision", &SecurityGroupList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &SecurityGroupList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &SecurityGroupList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &SecurityGroupList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<PoolList> {
  static constexpr Field f0{"revision", &PoolList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &PoolList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &PoolList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &PoolList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<DiskList> {
  static constexpr Field f0{"revision", &DiskList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &DiskList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &DiskList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &DiskList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<ResourcePoolList> {
  static constexpr Field f0{"revision", &ResourcePoolList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &ResourcePoolList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &ResourcePoolList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &ResourcePoolList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<ConflictClassList> {
  static constexpr Field f0{"revision", &ConflictClassList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &ConflictClassList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &ConflictClassList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &ConflictClassList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<HostList> {
  static constexpr Field f0{"revision", &HostList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &HostList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &HostList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &HostList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<TaskList> {
  static constexpr Field f0{"revision", &TaskList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &TaskList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &TaskList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &TaskList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<EventList> {
  static constexpr Field f0{"revision", &EventList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &EventList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &EventList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &EventList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<TokenList> {
  static constexpr Field f0{"revision", &TokenList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &TokenList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &TokenList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &TokenList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<UserList> {
  static constexpr Field f0{"revision", &UserList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &UserList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &UserList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &UserList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<SessionList> {
  static constexpr Field f0{"revision", &SessionList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &SessionList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &SessionList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &SessionList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<AlarmList> {
  static constexpr Field f0{"revision", &AlarmList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &AlarmList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &AlarmList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &AlarmList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<JoinTokenList> {
  static constexpr Field f0{"revision", &JoinTokenList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &JoinTokenList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &JoinTokenList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &JoinTokenList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<RuleList> {
  static constexpr Field f0{"revision", &RuleList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &RuleList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &RuleList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &RuleList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<PlanList> {
  static constexpr Field f0{"revision", &PlanList::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &PlanList::items, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"next", &PlanList::next, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"total", &PlanList::total, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<FirstBoot> {
  static constexpr Field f0{"cloud_init", &FirstBoot::cloud_init, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"ssh_keys", &FirstBoot::ssh_keys, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"answer_file", &FirstBoot::answer_file, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"answer_kind", &FirstBoot::answer_kind, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<VmAssignment> {
  static constexpr Field f0{"vm", &VmAssignment::vm, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"first_boot", &VmAssignment::first_boot, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"request", &VmAssignment::request, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<MigrationPlace> {
  static constexpr Field f0{"address", &MigrationPlace::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"key", &MigrationPlace::key, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"disks", &MigrationPlace::disks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<Job> {
  static constexpr Field f0{"task", &Job::task, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"kind", &Job::kind, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"template", &Job::template_, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"source", &Job::source, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"size", &Job::size, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"sha256", &Job::sha256, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"description", &Job::description, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"cancel", &Job::cancel, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"vm", &Job::vm, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"disk", &Job::disk, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"nic", &Job::nic, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"pool", &Job::pool, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"snapshot", &Job::snapshot, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"memory", &Job::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"quiesce", &Job::quiesce, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"subtree", &Job::subtree, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f16{"host", &Job::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f17{"from", &Job::from, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f18{"migrate", &Job::migrate, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f19{"drain", &Job::drain, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f20{"phase", &Job::phase, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f21{"ready", &Job::ready, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21); }
};

template <>
struct Schema<Neighbour> {
  static constexpr Field f0{"network", &Neighbour::network, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"vm", &Neighbour::vm, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"mac", &Neighbour::mac, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"host", &Neighbour::host, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"address", &Neighbour::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"address6", &Neighbour::address6, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"security_groups", &Neighbour::security_groups, Need::optional, FieldRule{.max_items = 16}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<VmTenancy> {
  static constexpr Field f0{"name", &VmTenancy::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"state", &VmTenancy::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"owner", &VmTenancy::owner, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"owner_life", &VmTenancy::owner_life, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"destination", &VmTenancy::destination, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"destination_life", &VmTenancy::destination_life, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"epoch", &VmTenancy::epoch, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"keep", &VmTenancy::keep, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"restart", &VmTenancy::restart, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"revision", &VmTenancy::revision, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<NodeLife> {
  static constexpr Field f0{"name", &NodeLife::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"incarnation", &NodeLife::incarnation, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"fenced", &NodeLife::fenced, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"revision", &NodeLife::revision, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<Tenancies> {
  static constexpr Field f0{"revision", &Tenancies::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"protect", &Tenancies::protect, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"vms", &Tenancies::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"lives", &Tenancies::lives, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"heartbeat_ms", &Tenancies::heartbeat_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"self_ms", &Tenancies::self_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"dead_ms", &Tenancies::dead_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"kill_ms", &Tenancies::kill_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"drain_ms", &Tenancies::drain_ms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8); }
};

template <>
struct Schema<Assignment> {
  static constexpr Field f0{"revision", &Assignment::revision, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"base", &Assignment::base, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"full", &Assignment::full, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"vms", &Assignment::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"gone_vms", &Assignment::gone_vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"networks", &Assignment::networks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"security_groups", &Assignment::security_groups, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"resource_pools", &Assignment::resource_pools, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"pools", &Assignment::pools, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"jobs", &Assignment::jobs, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"templates", &Assignment::templates, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"uploads", &Assignment::uploads, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"hosts", &Assignment::hosts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"neighbours", &Assignment::neighbours, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"tenancies", &Assignment::tenancies, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"incoming", &Assignment::incoming, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15); }
};

template <>
struct Schema<Heartbeat> {
  static constexpr Field f0{"id", &Heartbeat::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"act", &Heartbeat::act, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"incarnation", &Heartbeat::incarnation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"claimed", &Heartbeat::claimed, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"sent", &Heartbeat::sent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"vm", &Heartbeat::vm, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"record", &Heartbeat::record, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<HeartbeatAnswer> {
  static constexpr Field f0{"id", &HeartbeatAnswer::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"outcome", &HeartbeatAnswer::outcome, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"revision", &HeartbeatAnswer::revision, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"life", &HeartbeatAnswer::life, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<NodeBeat> {
  static constexpr Field f0{"incarnation", &NodeBeat::incarnation, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"sent", &NodeBeat::sent, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Leadership> {
  static constexpr Field f0{"host", &Leadership::host, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"address", &Leadership::address, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"term", &Leadership::term, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"renewals", &Leadership::renewals, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<Credentials> {
  static constexpr Field f0{"password", &Credentials::password, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"totp_secret", &Credentials::totp_secret, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"totp_pending", &Credentials::totp_pending, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"totp_step", &Credentials::totp_step, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"recovery", &Credentials::recovery, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<DiskLayer> {
  static constexpr Field f0{"id", &DiskLayer::id, Need::required, FieldRule{.minimum = 1}, FieldRule{}};
  static constexpr Field f1{"below", &DiskLayer::below, Need::optional, FieldRule{.minimum = 0}, FieldRule{}};
  static constexpr Field f2{"files", &DiskLayer::files, Need::optional, FieldRule{.max_items = 16, .max_key_length = 63}, FieldRule{.max_length = 128}};
  static constexpr Field f3{"job", &DiskLayer::job, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<KeptSnapshot> {
  static constexpr Field f0{"layer", &KeptSnapshot::layer, Need::required, FieldRule{.minimum = 1}, FieldRule{}};
  static constexpr Field f1{"job", &KeptSnapshot::job, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"memory", &KeptSnapshot::memory, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f3{"snapshot", &KeptSnapshot::snapshot, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<LayerTree> {
  static constexpr Field f0{"current", &LayerTree::current, Need::required, FieldRule{.minimum = 1}, FieldRule{}};
  static constexpr Field f1{"next", &LayerTree::next, Need::required, FieldRule{.minimum = 2}, FieldRule{}};
  static constexpr Field f2{"resume", &LayerTree::resume, Need::optional, FieldRule{.max_length = 128}, FieldRule{}};
  static constexpr Field f3{"layers", &LayerTree::layers, Need::required, FieldRule{.max_items = 256}, FieldRule{}};
  static constexpr Field f4{"snapshots", &LayerTree::snapshots, Need::optional, FieldRule{.max_items = 32}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<VmReport> {
  static constexpr Field f0{"uuid", &VmReport::uuid, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"observed", &VmReport::observed, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"generation", &VmReport::generation, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"failed", &VmReport::failed, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"step", &VmReport::step, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"progress", &VmReport::progress, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"addresses", &VmReport::addresses, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"event", &VmReport::event, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"event_message", &VmReport::event_message, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"tree", &VmReport::tree, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"active", &VmReport::active, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"storage_problem", &VmReport::storage_problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11); }
};

template <>
struct Schema<JobReport> {
  static constexpr Field f0{"task", &JobReport::task, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"step", &JobReport::step, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"progress", &JobReport::progress, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"done", &JobReport::done, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"error", &JobReport::error, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"cancelled", &JobReport::cancelled, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"template", &JobReport::template_, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"phase", &JobReport::phase, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"ready", &JobReport::ready, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"facts", &JobReport::facts, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<NetworkReport> {
  static constexpr Field f0{"name", &NetworkReport::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"problem", &NetworkReport::problem, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<Report> {
  static constexpr Field f0{"revision", &Report::revision, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &Report::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"pools", &Report::pools, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"vms", &Report::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"jobs", &Report::jobs, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"networks", &Report::networks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"templates", &Report::templates, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6); }
};

template <>
struct Schema<Call> {
  static constexpr Field f0{"id", &Call::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"verb", &Call::verb, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"vm", &Call::vm, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"argv", &Call::argv, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"timeout_seconds", &Call::timeout_seconds, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"bytes", &Call::bytes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"stream", &Call::stream, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"file", &Call::file, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"part", &Call::part, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"offset", &Call::offset, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"which", &Call::which, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"write", &Call::write, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"only_ask", &Call::only_ask, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12); }
};

template <>
struct Schema<FileFacts> {
  static constexpr Field f0{"name", &FileFacts::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"size", &FileFacts::size, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"sha256", &FileFacts::sha256, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"host", &FileFacts::host, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<GuestSigns> {
  static constexpr Field f0{"agent", &GuestSigns::agent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host_name", &GuestSigns::host_name, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"os", &GuestSigns::os, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"addresses", &GuestSigns::addresses, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"serial", &GuestSigns::serial, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"screen", &GuestSigns::screen, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"picture", &GuestSigns::picture, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"resets", &GuestSigns::resets, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7); }
};

template <>
struct Schema<CallReply> {
  static constexpr Field f0{"id", &CallReply::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"error", &CallReply::error, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"code", &CallReply::code, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"data", &CallReply::data, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"exec", &CallReply::exec, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"usage", &CallReply::usage, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"checks", &CallReply::checks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"files", &CallReply::files, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"file", &CallReply::file, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"signs", &CallReply::signs, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9); }
};

template <>
struct Schema<ToNode> {
  static constexpr Field f0{"assignment", &ToNode::assignment, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"call", &ToNode::call, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"beat", &ToNode::beat, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"refused", &ToNode::refused, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3); }
};

template <>
struct Schema<VmSample> {
  static constexpr Field f0{"uuid", &VmSample::uuid, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"clock", &VmSample::clock, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"usage", &VmSample::usage, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<HostSample> {
  static constexpr Field f0{"cpus", &HostSample::cpus, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"cpu_busy", &HostSample::cpu_busy, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"cpu_iowait", &HostSample::cpu_iowait, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"cpu_steal", &HostSample::cpu_steal, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"memory", &HostSample::memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"memory_available", &HostSample::memory_available, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"swap_used", &HostSample::swap_used, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"disk_read", &HostSample::disk_read, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"disk_written", &HostSample::disk_written, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"disk_reads", &HostSample::disk_reads, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"disk_writes", &HostSample::disk_writes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"net_received", &HostSample::net_received, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"net_sent", &HostSample::net_sent, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"pressure_cpu", &HostSample::pressure_cpu, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"pressure_memory", &HostSample::pressure_memory, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"pressure_io", &HostSample::pressure_io, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15); }
};

template <>
struct Schema<Samples> {
  static constexpr Field f0{"clock", &Samples::clock, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"host", &Samples::host, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"vms", &Samples::vms, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<Fetch> {
  static constexpr Field f0{"template", &Fetch::template_, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"file", &Fetch::file, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"offset", &Fetch::offset, Need::optional, FieldRule{.minimum = 0}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2); }
};

template <>
struct Schema<Hello> {
  static constexpr Field f0{"host", &Hello::host, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"version", &Hello::version, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"stream", &Hello::stream, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"fetch", &Hello::fetch, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"format", &Hello::format, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"oldest_format", &Hello::oldest_format, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<FromNode> {
  static constexpr Field f0{"hello", &FromNode::hello, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"report", &FromNode::report, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"reply", &FromNode::reply, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"samples", &FromNode::samples, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"beat", &FromNode::beat, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<AlarmTarget> {
  static constexpr Field f0{"id", &AlarmTarget::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"target", &AlarmTarget::target, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"project", &AlarmTarget::project, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"since", &AlarmTarget::since, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"value", &AlarmTarget::value, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"reason", &AlarmTarget::reason, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5); }
};

template <>
struct Schema<AlarmTargets> {
  static constexpr Field f0{"name", &AlarmTargets::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"items", &AlarmTargets::items, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<AlarmReceivers> {
  static constexpr Field f0{"name", &AlarmReceivers::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"webhook", &AlarmReceivers::webhook, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<RelocatedDisk> {
  static constexpr Field f0{"id", &RelocatedDisk::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"theirs", &RelocatedDisk::theirs, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"size", &RelocatedDisk::size, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"version", &RelocatedDisk::version, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"done", &RelocatedDisk::done, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4); }
};

template <>
struct Schema<Relocation> {
  static constexpr Field f0{"name", &Relocation::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"vm", &Relocation::vm, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"from", &Relocation::from, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"origin", &Relocation::origin, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"platform", &Relocation::platform, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"machine", &Relocation::machine, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"arrives", &Relocation::arrives, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"phase", &Relocation::phase, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"options", &Relocation::options, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"disks", &Relocation::disks, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"cancelled", &Relocation::cancelled, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"error", &Relocation::error, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"passes", &Relocation::passes, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"stopped", &Relocation::stopped, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f14{"converting", &Relocation::converting, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f15{"proof", &Relocation::proof, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15); }
};

template <>
struct Schema<TaskPicture> {
  static constexpr Field f0{"name", &TaskPicture::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"png", &TaskPicture::png, Need::required, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1); }
};

template <>
struct Schema<AlarmMessage> {
  static constexpr Field f0{"name", &AlarmMessage::name, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f1{"id", &AlarmMessage::id, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f2{"alarm", &AlarmMessage::alarm, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f3{"description", &AlarmMessage::description, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f4{"severity", &AlarmMessage::severity, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f5{"subject", &AlarmMessage::subject, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f6{"metric", &AlarmMessage::metric, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f7{"condition", &AlarmMessage::condition, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f8{"state", &AlarmMessage::state, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f9{"created", &AlarmMessage::created, Need::required, FieldRule{}, FieldRule{}};
  static constexpr Field f10{"count", &AlarmMessage::count, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f11{"targets", &AlarmMessage::targets, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f12{"webhook", &AlarmMessage::webhook, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr Field f13{"mail", &AlarmMessage::mail, Need::optional, FieldRule{}, FieldRule{}};
  static constexpr auto visit(auto&& with) { return with(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13); }
};

}  // namespace truce::model
