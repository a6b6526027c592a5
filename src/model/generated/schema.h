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
      Field{"status", &Health::status, Need::required, Rule{}, Rule{}},
      Field{"version", &Health::version, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Server> {
  static constexpr auto fields = std::tuple{
      Field{"version", &Server::version, Need::required, Rule{}, Rule{}},
      Field{"fingerprint", &Server::fingerprint, Need::required, Rule{}, Rule{}},
      Field{"url", &Server::url, Need::optional, Rule{}, Rule{}},
      Field{"user", &Server::user, Need::required, Rule{}, Rule{}},
      Field{"role", &Server::role, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Reload> {
  static constexpr auto fields = std::tuple{
      Field{"applied", &Reload::applied, Need::optional, Rule{}, Rule{}},
      Field{"needs_restart", &Reload::needs_restart, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Hardware> {
  static constexpr auto fields = std::tuple{
      Field{"machine_version", &Hardware::machine_version, Need::optional, Rule{.max_length = 16}, Rule{}},
      Field{"guest", &Hardware::guest, Need::optional, Rule{}, Rule{}},
      Field{"acpi", &Hardware::acpi, Need::optional, Rule{}, Rule{}},
      Field{"cpu_model", &Hardware::cpu_model, Need::optional, Rule{.max_length = 64}, Rule{}},
      Field{"sockets", &Hardware::sockets, Need::optional, Rule{.minimum = 1, .maximum = 64}, Rule{}},
      Field{"cores", &Hardware::cores, Need::optional, Rule{.minimum = 1, .maximum = 64}, Rule{}},
      Field{"threads", &Hardware::threads, Need::optional, Rule{.minimum = 1, .maximum = 64}, Rule{}},
      Field{"numa_nodes", &Hardware::numa_nodes, Need::optional, Rule{.minimum = 1, .maximum = 8}, Rule{}},
      Field{"huge_pages", &Hardware::huge_pages, Need::optional, Rule{}, Rule{}},
      Field{"firmware", &Hardware::firmware, Need::optional, Rule{}, Rule{}},
      Field{"secure_boot", &Hardware::secure_boot, Need::optional, Rule{}, Rule{}},
      Field{"tpm", &Hardware::tpm, Need::optional, Rule{}, Rule{}},
      Field{"boot", &Hardware::boot, Need::optional, Rule{.max_items = 3}, Rule{}},
      Field{"disk_bus", &Hardware::disk_bus, Need::optional, Rule{}, Rule{}},
      Field{"nic_model", &Hardware::nic_model, Need::optional, Rule{}, Rule{}},
      Field{"display", &Hardware::display, Need::optional, Rule{}, Rule{}},
      Field{"gpu_3d", &Hardware::gpu_3d, Need::optional, Rule{}, Rule{}},
      Field{"spice", &Hardware::spice, Need::optional, Rule{}, Rule{}},
      Field{"usb", &Hardware::usb, Need::optional, Rule{}, Rule{}},
      Field{"sound", &Hardware::sound, Need::optional, Rule{}, Rule{}},
      Field{"serial_ports", &Hardware::serial_ports, Need::optional, Rule{.minimum = 1, .maximum = 4}, Rule{}},
      Field{"parallel_port", &Hardware::parallel_port, Need::optional, Rule{}, Rule{}},
      Field{"watchdog", &Hardware::watchdog, Need::optional, Rule{}, Rule{}},
      Field{"pci", &Hardware::pci, Need::optional, Rule{.max_items = 4}, Rule{.max_length = 16}},
      Field{"usb_devices", &Hardware::usb_devices, Need::optional, Rule{.max_items = 4}, Rule{.max_length = 16}}};
};

template <>
struct Schema<VmDisk> {
  static constexpr auto fields = std::tuple{
      Field{"id", &VmDisk::id, Need::required, Rule{}, Rule{}},
      Field{"size", &VmDisk::size, Need::required, Rule{}, Rule{}},
      Field{"pool", &VmDisk::pool, Need::optional, Rule{}, Rule{}},
      Field{"template", &VmDisk::template_, Need::optional, Rule{}, Rule{}},
      Field{"clone", &VmDisk::clone, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<VmNic> {
  static constexpr auto fields = std::tuple{
      Field{"network", &VmNic::network, Need::required, Rule{}, Rule{}},
      Field{"mac", &VmNic::mac, Need::required, Rule{.format = Format::mac}, Rule{}},
      Field{"forwards", &VmNic::forwards, Need::optional, Rule{.max_items = 32}, Rule{.format = Format::forward}},
      Field{"spoof_filter", &VmNic::spoof_filter, Need::optional, Rule{}, Rule{}},
      Field{"address", &VmNic::address, Need::optional, Rule{.max_length = 15}, Rule{}},
      Field{"security_groups", &VmNic::security_groups, Need::optional, Rule{.max_items = 16}, Rule{.format = Format::name}},
      Field{"send_mbit", &VmNic::send_mbit, Need::optional, Rule{.minimum = 0, .maximum = 1000000}, Rule{}},
      Field{"receive_mbit", &VmNic::receive_mbit, Need::optional, Rule{.minimum = 0, .maximum = 1000000}, Rule{}}};
};

template <>
struct Schema<NicChange> {
  static constexpr auto fields = std::tuple{
      Field{"nic", &NicChange::nic, Need::optional, Rule{.minimum = 0, .maximum = 7}, Rule{}},
      Field{"spoof_filter", &NicChange::spoof_filter, Need::optional, Rule{}, Rule{}},
      Field{"address", &NicChange::address, Need::optional, Rule{.max_length = 15}, Rule{}},
      Field{"security_group", &NicChange::security_group, Need::optional, Rule{.max_items = 16}, Rule{.format = Format::name}},
      Field{"forward", &NicChange::forward, Need::optional, Rule{.max_items = 32}, Rule{.format = Format::forward}},
      Field{"send_mbit", &NicChange::send_mbit, Need::optional, Rule{.minimum = 0, .maximum = 1000000}, Rule{}},
      Field{"receive_mbit", &NicChange::receive_mbit, Need::optional, Rule{.minimum = 0, .maximum = 1000000}, Rule{}}};
};

template <>
struct Schema<VmSettings> {
  static constexpr auto fields = std::tuple{
      Field{"cpus", &VmSettings::cpus, Need::required, Rule{}, Rule{}},
      Field{"memory", &VmSettings::memory, Need::required, Rule{}, Rule{}},
      Field{"hardware", &VmSettings::hardware, Need::optional, Rule{}, Rule{}},
      Field{"iso", &VmSettings::iso, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<VmSnapshot> {
  static constexpr auto fields = std::tuple{
      Field{"name", &VmSnapshot::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"description", &VmSnapshot::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"parent", &VmSnapshot::parent, Need::optional, Rule{}, Rule{}},
      Field{"kind", &VmSnapshot::kind, Need::required, Rule{}, Rule{}},
      Field{"memory", &VmSnapshot::memory, Need::optional, Rule{}, Rule{}},
      Field{"created", &VmSnapshot::created, Need::required, Rule{}, Rule{}},
      Field{"settings", &VmSnapshot::settings, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<SnapshotTree> {
  static constexpr auto fields = std::tuple{
      Field{"at", &SnapshotTree::at, Need::optional, Rule{}, Rule{}},
      Field{"snapshots", &SnapshotTree::snapshots, Need::optional, Rule{.max_items = 32}, Rule{}}};
};

template <>
struct Schema<SnapshotSource> {
  static constexpr auto fields = std::tuple{
      Field{"uuid", &SnapshotSource::uuid, Need::required, Rule{}, Rule{}},
      Field{"snapshot", &SnapshotSource::snapshot, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Vm> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Vm::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"project", &Vm::project, Need::optional, Rule{.format = Format::name}, Rule{}},
      Field{"description", &Vm::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"labels", &Vm::labels, Need::optional, Rule{.max_items = 64, .max_key_length = 63}, Rule{.max_length = 63}},
      Field{"uuid", &Vm::uuid, Need::required, Rule{}, Rule{}},
      Field{"number", &Vm::number, Need::required, Rule{.minimum = 0}, Rule{}},
      Field{"cpus", &Vm::cpus, Need::required, Rule{.minimum = 1, .maximum = 64}, Rule{}},
      Field{"memory", &Vm::memory, Need::required, Rule{}, Rule{}},
      Field{"machine", &Vm::machine, Need::required, Rule{}, Rule{}},
      Field{"hardware", &Vm::hardware, Need::optional, Rule{}, Rule{}},
      Field{"boot_once", &Vm::boot_once, Need::optional, Rule{}, Rule{}},
      Field{"template", &Vm::template_, Need::optional, Rule{}, Rule{}},
      Field{"iso", &Vm::iso, Need::optional, Rule{}, Rule{}},
      Field{"disks", &Vm::disks, Need::optional, Rule{.max_items = 16}, Rule{}},
      Field{"nics", &Vm::nics, Need::optional, Rule{.max_items = 8}, Rule{}},
      Field{"wanted", &Vm::wanted, Need::required, Rule{}, Rule{}},
      Field{"observed", &Vm::observed, Need::required, Rule{}, Rule{}},
      Field{"generation", &Vm::generation, Need::required, Rule{.minimum = 0}, Rule{}},
      Field{"stop_now", &Vm::stop_now, Need::optional, Rule{}, Rule{}},
      Field{"stop_timeout_seconds", &Vm::stop_timeout_seconds, Need::optional, Rule{.minimum = 1, .maximum = 3600}, Rule{}},
      Field{"host", &Vm::host, Need::optional, Rule{}, Rule{}},
      Field{"addresses", &Vm::addresses, Need::optional, Rule{}, Rule{}},
      Field{"problem", &Vm::problem, Need::optional, Rule{}, Rule{}},
      Field{"created", &Vm::created, Need::required, Rule{}, Rule{}},
      Field{"started", &Vm::started, Need::optional, Rule{}, Rule{}},
      Field{"tree", &Vm::tree, Need::optional, Rule{}, Rule{}},
      Field{"source", &Vm::source, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<SnapshotCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SnapshotCreate::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"description", &SnapshotCreate::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"memory", &SnapshotCreate::memory, Need::optional, Rule{}, Rule{}},
      Field{"quiesce", &SnapshotCreate::quiesce, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<CloneOptions> {
  static constexpr auto fields = std::tuple{
      Field{"new_name", &CloneOptions::new_name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"start", &CloneOptions::start, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<RestoreOptions> {
  static constexpr auto fields = std::tuple{
      Field{"start", &RestoreOptions::start, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<VmCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &VmCreate::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"project", &VmCreate::project, Need::optional, Rule{.format = Format::name}, Rule{}},
      Field{"description", &VmCreate::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"labels", &VmCreate::labels, Need::optional, Rule{.max_items = 64, .max_key_length = 63}, Rule{.max_length = 63}},
      Field{"template", &VmCreate::template_, Need::optional, Rule{.max_length = 80}, Rule{}},
      Field{"iso", &VmCreate::iso, Need::optional, Rule{.max_length = 80}, Rule{}},
      Field{"cpus", &VmCreate::cpus, Need::optional, Rule{.minimum = 1, .maximum = 64}, Rule{}},
      Field{"memory", &VmCreate::memory, Need::optional, Rule{.minimum = 33554432, .maximum = 17592186044416}, Rule{}},
      Field{"disk", &VmCreate::disk, Need::optional, Rule{.minimum = 1048576, .maximum = 70368744177664}, Rule{}},
      Field{"clone", &VmCreate::clone, Need::optional, Rule{}, Rule{}},
      Field{"machine", &VmCreate::machine, Need::optional, Rule{}, Rule{}},
      Field{"hardware", &VmCreate::hardware, Need::optional, Rule{}, Rule{}},
      Field{"network", &VmCreate::network, Need::optional, Rule{.format = Format::name}, Rule{}},
      Field{"forward", &VmCreate::forward, Need::optional, Rule{.max_items = 32}, Rule{.format = Format::forward}},
      Field{"spoof_filter", &VmCreate::spoof_filter, Need::optional, Rule{}, Rule{}},
      Field{"address", &VmCreate::address, Need::optional, Rule{.max_length = 15}, Rule{}},
      Field{"security_group", &VmCreate::security_group, Need::optional, Rule{.max_items = 16}, Rule{.format = Format::name}},
      Field{"send_mbit", &VmCreate::send_mbit, Need::optional, Rule{.minimum = 0, .maximum = 1000000}, Rule{}},
      Field{"receive_mbit", &VmCreate::receive_mbit, Need::optional, Rule{.minimum = 0, .maximum = 1000000}, Rule{}},
      Field{"cloud_init", &VmCreate::cloud_init, Need::optional, Rule{.max_length = 262144}, Rule{}},
      Field{"ssh_keys", &VmCreate::ssh_keys, Need::optional, Rule{.max_items = 32}, Rule{.max_length = 8192}},
      Field{"answer_file", &VmCreate::answer_file, Need::optional, Rule{.max_length = 262144}, Rule{}},
      Field{"answer_kind", &VmCreate::answer_kind, Need::optional, Rule{}, Rule{}},
      Field{"start", &VmCreate::start, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<VmChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &VmChange::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"labels", &VmChange::labels, Need::optional, Rule{.max_items = 64, .max_key_length = 63}, Rule{.max_length = 63}},
      Field{"cpus", &VmChange::cpus, Need::optional, Rule{.minimum = 1, .maximum = 64}, Rule{}},
      Field{"memory", &VmChange::memory, Need::optional, Rule{.minimum = 33554432, .maximum = 17592186044416}, Rule{}},
      Field{"iso", &VmChange::iso, Need::optional, Rule{.max_length = 80}, Rule{}},
      Field{"hardware", &VmChange::hardware, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<StartOptions> {
  static constexpr auto fields = std::tuple{
      Field{"boot", &StartOptions::boot, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<StopOptions> {
  static constexpr auto fields = std::tuple{
      Field{"now", &StopOptions::now, Need::optional, Rule{}, Rule{}},
      Field{"timeout_seconds", &StopOptions::timeout_seconds, Need::optional, Rule{.minimum = 1, .maximum = 3600}, Rule{}}};
};

template <>
struct Schema<Rename> {
  static constexpr auto fields = std::tuple{
      Field{"new_name", &Rename::new_name, Need::required, Rule{.format = Format::name}, Rule{}}};
};

template <>
struct Schema<ExecRequest> {
  static constexpr auto fields = std::tuple{
      Field{"argv", &ExecRequest::argv, Need::required, Rule{.min_items = 1, .max_items = 256}, Rule{.max_length = 65536}},
      Field{"timeout_seconds", &ExecRequest::timeout_seconds, Need::optional, Rule{.minimum = 1, .maximum = 3600}, Rule{}}};
};

template <>
struct Schema<ExecAnswer> {
  static constexpr auto fields = std::tuple{
      Field{"exit_code", &ExecAnswer::exit_code, Need::required, Rule{}, Rule{}},
      Field{"out", &ExecAnswer::out, Need::required, Rule{}, Rule{}},
      Field{"err", &ExecAnswer::err, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<ConsoleRequest> {
  static constexpr auto fields = std::tuple{
      Field{"kind", &ConsoleRequest::kind, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<ConsoleTicket> {
  static constexpr auto fields = std::tuple{
      Field{"ticket", &ConsoleTicket::ticket, Need::required, Rule{}, Rule{}},
      Field{"path", &ConsoleTicket::path, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Template> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Template::name, Need::required, Rule{}, Rule{}},
      Field{"kind", &Template::kind, Need::required, Rule{}, Rule{}},
      Field{"description", &Template::description, Need::optional, Rule{}, Rule{}},
      Field{"pool", &Template::pool, Need::optional, Rule{}, Rule{}},
      Field{"disk_size", &Template::disk_size, Need::optional, Rule{}, Rule{}},
      Field{"stored", &Template::stored, Need::optional, Rule{}, Rule{}},
      Field{"cloud_init", &Template::cloud_init, Need::optional, Rule{}, Rule{}},
      Field{"guest_agent", &Template::guest_agent, Need::optional, Rule{}, Rule{}},
      Field{"sha256", &Template::sha256, Need::optional, Rule{}, Rule{}},
      Field{"created", &Template::created, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<TemplateCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &TemplateCreate::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"description", &TemplateCreate::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"recipe", &TemplateCreate::recipe, Need::optional, Rule{.format = Format::name}, Rule{}},
      Field{"file", &TemplateCreate::file, Need::optional, Rule{.max_length = 4096}, Rule{}}};
};

template <>
struct Schema<Network> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Network::name, Need::required, Rule{.max_length = 12, .format = Format::name}, Rule{}},
      Field{"mode", &Network::mode, Need::required, Rule{}, Rule{}},
      Field{"bridge", &Network::bridge, Need::optional, Rule{}, Rule{}},
      Field{"private_to", &Network::private_to, Need::optional, Rule{}, Rule{}},
      Field{"subnet", &Network::subnet, Need::optional, Rule{}, Rule{}},
      Field{"domain", &Network::domain, Need::optional, Rule{}, Rule{}},
      Field{"spoof_filter", &Network::spoof_filter, Need::optional, Rule{}, Rule{}},
      Field{"problem", &Network::problem, Need::optional, Rule{}, Rule{}},
      Field{"created", &Network::created, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<NetworkCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &NetworkCreate::name, Need::required, Rule{.max_length = 12, .format = Format::name}, Rule{}},
      Field{"mode", &NetworkCreate::mode, Need::optional, Rule{}, Rule{}},
      Field{"bridge", &NetworkCreate::bridge, Need::optional, Rule{.max_length = 15}, Rule{}},
      Field{"private_to", &NetworkCreate::private_to, Need::optional, Rule{.max_length = 63}, Rule{}},
      Field{"subnet", &NetworkCreate::subnet, Need::optional, Rule{.format = Format::cidr}, Rule{}},
      Field{"domain", &NetworkCreate::domain, Need::optional, Rule{.max_length = 200, .format = Format::domain}, Rule{}},
      Field{"spoof_filter", &NetworkCreate::spoof_filter, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<NetworkChange> {
  static constexpr auto fields = std::tuple{
      Field{"spoof_filter", &NetworkChange::spoof_filter, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<SecurityGroup> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SecurityGroup::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"project", &SecurityGroup::project, Need::optional, Rule{.format = Format::name}, Rule{}},
      Field{"description", &SecurityGroup::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"rules", &SecurityGroup::rules, Need::optional, Rule{}, Rule{}},
      Field{"created", &SecurityGroup::created, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<SecurityGroupCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &SecurityGroupCreate::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"project", &SecurityGroupCreate::project, Need::optional, Rule{.format = Format::name}, Rule{}},
      Field{"description", &SecurityGroupCreate::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"rule", &SecurityGroupCreate::rule, Need::optional, Rule{.max_items = 4096}, Rule{.max_length = 500}},
      Field{"rules_file", &SecurityGroupCreate::rules_file, Need::optional, Rule{.max_items = 4096}, Rule{.max_length = 500}}};
};

template <>
struct Schema<SecurityGroupChange> {
  static constexpr auto fields = std::tuple{
      Field{"description", &SecurityGroupChange::description, Need::optional, Rule{.max_length = 1000}, Rule{}},
      Field{"add_rule", &SecurityGroupChange::add_rule, Need::optional, Rule{.max_items = 4096}, Rule{.max_length = 500}},
      Field{"remove_rule", &SecurityGroupChange::remove_rule, Need::optional, Rule{.max_items = 4096}, Rule{.max_length = 500}},
      Field{"rules_file", &SecurityGroupChange::rules_file, Need::optional, Rule{.max_items = 4096}, Rule{.max_length = 500}}};
};

template <>
struct Schema<Pool> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Pool::name, Need::required, Rule{}, Rule{}},
      Field{"host", &Pool::host, Need::optional, Rule{}, Rule{}},
      Field{"path", &Pool::path, Need::required, Rule{}, Rule{}},
      Field{"total", &Pool::total, Need::required, Rule{}, Rule{}},
      Field{"free", &Pool::free, Need::required, Rule{}, Rule{}},
      Field{"used", &Pool::used, Need::required, Rule{}, Rule{}},
      Field{"allocated", &Pool::allocated, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Host> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Host::name, Need::required, Rule{}, Rule{}},
      Field{"state", &Host::state, Need::required, Rule{}, Rule{}},
      Field{"cpus", &Host::cpus, Need::required, Rule{}, Rule{}},
      Field{"memory", &Host::memory, Need::required, Rule{}, Rule{}},
      Field{"hypervisor", &Host::hypervisor, Need::required, Rule{}, Rule{}},
      Field{"accelerator", &Host::accelerator, Need::required, Rule{}, Rule{}},
      Field{"network_modes", &Host::network_modes, Need::optional, Rule{}, Rule{}},
      Field{"machine_types", &Host::machine_types, Need::optional, Rule{}, Rule{}},
      Field{"machine_version", &Host::machine_version, Need::optional, Rule{}, Rule{}},
      Field{"cpu_models", &Host::cpu_models, Need::optional, Rule{}, Rule{}},
      Field{"lacks", &Host::lacks, Need::optional, Rule{}, Rule{}},
      Field{"kernel", &Host::kernel, Need::optional, Rule{}, Rule{}},
      Field{"problem", &Host::problem, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<HostCheck> {
  static constexpr auto fields = std::tuple{
      Field{"name", &HostCheck::name, Need::required, Rule{}, Rule{}},
      Field{"state", &HostCheck::state, Need::required, Rule{}, Rule{}},
      Field{"found", &HostCheck::found, Need::required, Rule{}, Rule{}},
      Field{"meaning", &HostCheck::meaning, Need::optional, Rule{}, Rule{}},
      Field{"advice", &HostCheck::advice, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<HostChecks> {
  static constexpr auto fields = std::tuple{
      Field{"host", &HostChecks::host, Need::required, Rule{}, Rule{}},
      Field{"items", &HostChecks::items, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<TaskStep> {
  static constexpr auto fields = std::tuple{
      Field{"time", &TaskStep::time, Need::required, Rule{}, Rule{}},
      Field{"text", &TaskStep::text, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Task> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Task::name, Need::required, Rule{}, Rule{}},
      Field{"kind", &Task::kind, Need::required, Rule{}, Rule{}},
      Field{"target", &Task::target, Need::required, Rule{}, Rule{}},
      Field{"project", &Task::project, Need::optional, Rule{}, Rule{}},
      Field{"generation", &Task::generation, Need::optional, Rule{}, Rule{}},
      Field{"user", &Task::user, Need::optional, Rule{}, Rule{}},
      Field{"request", &Task::request, Need::optional, Rule{}, Rule{}},
      Field{"state", &Task::state, Need::required, Rule{}, Rule{}},
      Field{"progress", &Task::progress, Need::optional, Rule{}, Rule{}},
      Field{"step", &Task::step, Need::optional, Rule{}, Rule{}},
      Field{"steps", &Task::steps, Need::optional, Rule{}, Rule{}},
      Field{"error", &Task::error, Need::optional, Rule{}, Rule{}},
      Field{"cancel", &Task::cancel, Need::optional, Rule{}, Rule{}},
      Field{"created", &Task::created, Need::required, Rule{}, Rule{}},
      Field{"ended", &Task::ended, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Event> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Event::name, Need::required, Rule{}, Rule{}},
      Field{"time", &Event::time, Need::required, Rule{}, Rule{}},
      Field{"kind", &Event::kind, Need::required, Rule{}, Rule{}},
      Field{"target", &Event::target, Need::required, Rule{}, Rule{}},
      Field{"project", &Event::project, Need::optional, Rule{}, Rule{}},
      Field{"user", &Event::user, Need::optional, Rule{}, Rule{}},
      Field{"address", &Event::address, Need::optional, Rule{}, Rule{}},
      Field{"request", &Event::request, Need::optional, Rule{}, Rule{}},
      Field{"message", &Event::message, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<Token> {
  static constexpr auto fields = std::tuple{
      Field{"name", &Token::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"kind", &Token::kind, Need::required, Rule{}, Rule{}},
      Field{"role", &Token::role, Need::required, Rule{}, Rule{}},
      Field{"projects", &Token::projects, Need::optional, Rule{.max_items = 100}, Rule{.format = Format::name}},
      Field{"sha256", &Token::sha256, Need::optional, Rule{}, Rule{}},
      Field{"created", &Token::created, Need::required, Rule{}, Rule{}},
      Field{"expires", &Token::expires, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<TokenCreate> {
  static constexpr auto fields = std::tuple{
      Field{"name", &TokenCreate::name, Need::required, Rule{.format = Format::name}, Rule{}},
      Field{"role", &TokenCreate::role, Need::optional, Rule{}, Rule{}},
      Field{"projects", &TokenCreate::projects, Need::optional, Rule{.max_items = 100}, Rule{.format = Format::name}},
      Field{"certificate", &TokenCreate::certificate, Need::optional, Rule{.max_length = 16384}, Rule{}},
      Field{"expires", &TokenCreate::expires, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<TokenSecret> {
  static constexpr auto fields = std::tuple{
      Field{"name", &TokenSecret::name, Need::required, Rule{}, Rule{}},
      Field{"kind", &TokenSecret::kind, Need::required, Rule{}, Rule{}},
      Field{"token", &TokenSecret::token, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<VmList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &VmList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &VmList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &VmList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<TemplateList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &TemplateList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &TemplateList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &TemplateList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<NetworkList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &NetworkList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &NetworkList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &NetworkList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<SecurityGroupList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &SecurityGroupList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &SecurityGroupList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &SecurityGroupList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<PoolList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &PoolList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &PoolList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &PoolList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<HostList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &HostList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &HostList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &HostList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<TaskList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &TaskList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &TaskList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &TaskList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<EventList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &EventList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &EventList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &EventList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<TokenList> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &TokenList::revision, Need::required, Rule{}, Rule{}},
      Field{"items", &TokenList::items, Need::required, Rule{}, Rule{}},
      Field{"next", &TokenList::next, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<FirstBoot> {
  static constexpr auto fields = std::tuple{
      Field{"cloud_init", &FirstBoot::cloud_init, Need::optional, Rule{}, Rule{}},
      Field{"ssh_keys", &FirstBoot::ssh_keys, Need::optional, Rule{}, Rule{}},
      Field{"answer_file", &FirstBoot::answer_file, Need::optional, Rule{}, Rule{}},
      Field{"answer_kind", &FirstBoot::answer_kind, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<VmAssignment> {
  static constexpr auto fields = std::tuple{
      Field{"vm", &VmAssignment::vm, Need::required, Rule{}, Rule{}},
      Field{"first_boot", &VmAssignment::first_boot, Need::optional, Rule{}, Rule{}},
      Field{"request", &VmAssignment::request, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Job> {
  static constexpr auto fields = std::tuple{
      Field{"task", &Job::task, Need::required, Rule{}, Rule{}},
      Field{"kind", &Job::kind, Need::required, Rule{}, Rule{}},
      Field{"template", &Job::template_, Need::optional, Rule{}, Rule{}},
      Field{"source", &Job::source, Need::optional, Rule{}, Rule{}},
      Field{"description", &Job::description, Need::optional, Rule{}, Rule{}},
      Field{"cancel", &Job::cancel, Need::optional, Rule{}, Rule{}},
      Field{"vm", &Job::vm, Need::optional, Rule{}, Rule{}},
      Field{"snapshot", &Job::snapshot, Need::optional, Rule{}, Rule{}},
      Field{"memory", &Job::memory, Need::optional, Rule{}, Rule{}},
      Field{"quiesce", &Job::quiesce, Need::optional, Rule{}, Rule{}},
      Field{"subtree", &Job::subtree, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Assignment> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &Assignment::revision, Need::required, Rule{}, Rule{}},
      Field{"base", &Assignment::base, Need::optional, Rule{}, Rule{}},
      Field{"full", &Assignment::full, Need::optional, Rule{}, Rule{}},
      Field{"vms", &Assignment::vms, Need::optional, Rule{}, Rule{}},
      Field{"gone_vms", &Assignment::gone_vms, Need::optional, Rule{}, Rule{}},
      Field{"networks", &Assignment::networks, Need::optional, Rule{}, Rule{}},
      Field{"security_groups", &Assignment::security_groups, Need::optional, Rule{}, Rule{}},
      Field{"jobs", &Assignment::jobs, Need::optional, Rule{}, Rule{}},
      Field{"templates", &Assignment::templates, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<DiskLayer> {
  static constexpr auto fields = std::tuple{
      Field{"id", &DiskLayer::id, Need::required, Rule{.minimum = 1}, Rule{}},
      Field{"below", &DiskLayer::below, Need::optional, Rule{.minimum = 0}, Rule{}},
      Field{"files", &DiskLayer::files, Need::optional, Rule{.max_items = 16, .max_key_length = 63}, Rule{.max_length = 128}},
      Field{"job", &DiskLayer::job, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<KeptSnapshot> {
  static constexpr auto fields = std::tuple{
      Field{"layer", &KeptSnapshot::layer, Need::required, Rule{.minimum = 1}, Rule{}},
      Field{"job", &KeptSnapshot::job, Need::optional, Rule{}, Rule{}},
      Field{"memory", &KeptSnapshot::memory, Need::optional, Rule{.max_length = 128}, Rule{}},
      Field{"snapshot", &KeptSnapshot::snapshot, Need::required, Rule{}, Rule{}}};
};

template <>
struct Schema<LayerTree> {
  static constexpr auto fields = std::tuple{
      Field{"current", &LayerTree::current, Need::required, Rule{.minimum = 1}, Rule{}},
      Field{"next", &LayerTree::next, Need::required, Rule{.minimum = 2}, Rule{}},
      Field{"resume", &LayerTree::resume, Need::optional, Rule{.max_length = 128}, Rule{}},
      Field{"layers", &LayerTree::layers, Need::required, Rule{.max_items = 256}, Rule{}},
      Field{"snapshots", &LayerTree::snapshots, Need::optional, Rule{.max_items = 32}, Rule{}}};
};

template <>
struct Schema<VmReport> {
  static constexpr auto fields = std::tuple{
      Field{"uuid", &VmReport::uuid, Need::required, Rule{}, Rule{}},
      Field{"observed", &VmReport::observed, Need::required, Rule{}, Rule{}},
      Field{"generation", &VmReport::generation, Need::optional, Rule{}, Rule{}},
      Field{"failed", &VmReport::failed, Need::optional, Rule{}, Rule{}},
      Field{"step", &VmReport::step, Need::optional, Rule{}, Rule{}},
      Field{"progress", &VmReport::progress, Need::optional, Rule{}, Rule{}},
      Field{"addresses", &VmReport::addresses, Need::optional, Rule{}, Rule{}},
      Field{"event", &VmReport::event, Need::optional, Rule{}, Rule{}},
      Field{"event_message", &VmReport::event_message, Need::optional, Rule{}, Rule{}},
      Field{"tree", &VmReport::tree, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<JobReport> {
  static constexpr auto fields = std::tuple{
      Field{"task", &JobReport::task, Need::required, Rule{}, Rule{}},
      Field{"step", &JobReport::step, Need::optional, Rule{}, Rule{}},
      Field{"progress", &JobReport::progress, Need::optional, Rule{}, Rule{}},
      Field{"done", &JobReport::done, Need::optional, Rule{}, Rule{}},
      Field{"error", &JobReport::error, Need::optional, Rule{}, Rule{}},
      Field{"cancelled", &JobReport::cancelled, Need::optional, Rule{}, Rule{}},
      Field{"template", &JobReport::template_, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<NetworkReport> {
  static constexpr auto fields = std::tuple{
      Field{"name", &NetworkReport::name, Need::required, Rule{}, Rule{}},
      Field{"problem", &NetworkReport::problem, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Report> {
  static constexpr auto fields = std::tuple{
      Field{"revision", &Report::revision, Need::optional, Rule{}, Rule{}},
      Field{"host", &Report::host, Need::optional, Rule{}, Rule{}},
      Field{"pools", &Report::pools, Need::optional, Rule{}, Rule{}},
      Field{"vms", &Report::vms, Need::optional, Rule{}, Rule{}},
      Field{"jobs", &Report::jobs, Need::optional, Rule{}, Rule{}},
      Field{"networks", &Report::networks, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Call> {
  static constexpr auto fields = std::tuple{
      Field{"id", &Call::id, Need::required, Rule{}, Rule{}},
      Field{"verb", &Call::verb, Need::required, Rule{}, Rule{}},
      Field{"vm", &Call::vm, Need::required, Rule{}, Rule{}},
      Field{"argv", &Call::argv, Need::optional, Rule{}, Rule{}},
      Field{"timeout_seconds", &Call::timeout_seconds, Need::optional, Rule{}, Rule{}},
      Field{"bytes", &Call::bytes, Need::optional, Rule{}, Rule{}},
      Field{"stream", &Call::stream, Need::optional, Rule{}, Rule{}},
      Field{"which", &Call::which, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<CallReply> {
  static constexpr auto fields = std::tuple{
      Field{"id", &CallReply::id, Need::required, Rule{}, Rule{}},
      Field{"error", &CallReply::error, Need::optional, Rule{}, Rule{}},
      Field{"code", &CallReply::code, Need::optional, Rule{}, Rule{}},
      Field{"data", &CallReply::data, Need::optional, Rule{}, Rule{}},
      Field{"exec", &CallReply::exec, Need::optional, Rule{}, Rule{}},
      Field{"checks", &CallReply::checks, Need::optional, Rule{}, Rule{}},
      Field{"files", &CallReply::files, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<ToNode> {
  static constexpr auto fields = std::tuple{
      Field{"assignment", &ToNode::assignment, Need::optional, Rule{}, Rule{}},
      Field{"call", &ToNode::call, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<Hello> {
  static constexpr auto fields = std::tuple{
      Field{"host", &Hello::host, Need::required, Rule{}, Rule{}},
      Field{"stream", &Hello::stream, Need::optional, Rule{}, Rule{}}};
};

template <>
struct Schema<FromNode> {
  static constexpr auto fields = std::tuple{
      Field{"hello", &FromNode::hello, Need::optional, Rule{}, Rule{}},
      Field{"report", &FromNode::report, Need::optional, Rule{}, Rule{}},
      Field{"reply", &FromNode::reply, Need::optional, Rule{}, Rule{}}};
};

}  // namespace truce::model
