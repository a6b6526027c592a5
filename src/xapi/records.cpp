#include "records.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace truce::xapi {

namespace {

Bytes bytes_at(const json::object& in, std::string_view name) {
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_at(in, name)))};
}

std::int64_t whole(const std::string& text) {
  constexpr double most = 1e9;
  double read = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  bool good = error == std::errc() && std::isfinite(read) && read >= 0 && read <= most;
  return good ? static_cast<std::int64_t>(read) : 0;
}

// Repositories that keep disks as files take only the room that is written.
bool is_thin(std::string_view kind) {
  constexpr std::string_view kinds[] = {"ext",       "nfs",         "smb",       "xfs",
                                        "glusterfs", "zfs",         "cephfs",    "moosefs",
                                        "gfs2",      "rawhba-thin", "largeblock"};
  return std::ranges::find(kinds, kind) != std::end(kinds);
}

}  // namespace

Time read_time(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c == '.') break;
    if (c >= '0' && c <= '9') digits += c;
  }
  constexpr std::size_t length = 14;  // YYYYMMDDHHMMSS
  if (digits.size() != length) return {};
  auto part = [&](std::size_t at, std::size_t count) {
    int number = 0;
    std::from_chars(digits.data() + at, digits.data() + at + count, number);
    return number;
  };
  std::chrono::year_month_day day(std::chrono::year(part(0, 4)),
                                  std::chrono::month(static_cast<unsigned>(part(4, 2))),
                                  std::chrono::day(static_cast<unsigned>(part(6, 2))));
  if (!day.ok()) return {};
  auto moment = std::chrono::sys_days(day) + std::chrono::hours(part(8, 2)) +
                std::chrono::minutes(part(10, 2)) + std::chrono::seconds(part(12, 2));
  return std::chrono::time_point_cast<Time::duration>(moment);
}

model::Observed read_state(std::string_view power_state) {
  using model::Observed;
  if (power_state == "Running") return Observed::running;
  if (power_state == "Halted") return Observed::off;
  if (power_state == "Suspended") return Observed::suspended;
  if (power_state == "Paused") return Observed::paused;
  return Observed::unknown;
}

VmRecord read_vm(const json::object& from) {
  VmRecord vm;
  vm.uuid = lower_case(text_at(from, "uuid"));
  vm.name = text_at(from, "name_label");
  vm.description = text_at(from, "name_description");
  vm.state = text_at(from, "power_state");
  vm.template_ = flag_at(from, "is_a_template");
  vm.snapshot = flag_at(from, "is_a_snapshot");
  vm.control_domain = flag_at(from, "is_control_domain");
  vm.snapshot_of = ref_at(from, "snapshot_of");
  vm.parent = ref_at(from, "parent");
  vm.resident_on = ref_at(from, "resident_on");
  vm.affinity = ref_at(from, "affinity");
  vm.metrics = ref_at(from, "metrics");
  vm.guest_metrics = ref_at(from, "guest_metrics");
  vm.snapshot_time = read_time(text_at(from, "snapshot_time"));
  vm.disks = texts_at(from, "VBDs");
  vm.cards = texts_at(from, "VIFs");
  vm.snapshots = texts_at(from, "snapshots");
  vm.cpus = number_at(from, "VCPUs_at_startup");
  vm.memory = bytes_at(from, "memory_static_max");
  vm.uefi = text_in(from, "HVM_boot_params", "firmware") == "uefi";
  vm.secure_boot = vm.uefi && text_in(from, "platform", "secureboot") == "true";
  vm.tpm = !texts_at(from, "VTPMs").empty();
  vm.kind = text_at(from, "reference_label");
  return vm;
}

DriveRecord read_drive(const json::object& from) {
  DriveRecord drive;
  drive.vm = ref_at(from, "VM");
  drive.vdi = ref_at(from, "VDI");
  drive.device = text_at(from, "device");
  if (drive.device.empty()) drive.device = text_at(from, "userdevice");
  drive.disk = text_at(from, "type") == "Disk";
  return drive;
}

VolumeRecord read_volume(const json::object& from) {
  VolumeRecord volume;
  volume.uuid = text_at(from, "uuid");
  volume.name = text_at(from, "name_label");
  volume.sr = ref_at(from, "SR");
  volume.format = text_in(from, "sm_config", "image-format");
  if (volume.format.empty()) volume.format = text_in(from, "sm_config", "vdi_type");
  if (volume.format == "aio" || volume.format == "phy") volume.format = "raw";
  volume.parent = text_in(from, "sm_config", "vhd-parent");
  volume.size = bytes_at(from, "virtual_size");
  volume.used = bytes_at(from, "physical_utilisation");
  volume.drives = texts_at(from, "VBDs");
  return volume;
}

CardRecord read_card(const json::object& from) {
  CardRecord card;
  card.uuid = text_at(from, "uuid");
  card.vm = ref_at(from, "VM");
  card.network = ref_at(from, "network");
  card.device = text_at(from, "device");
  card.mac = lower_case(text_at(from, "MAC"));
  card.attached = flag_at(from, "currently_attached");
  return card;
}

MetricsRecord read_metrics(const json::object& from) {
  return {bytes_at(from, "memory_actual")};
}

GuestRecord read_guest(const json::object& from) {
  constexpr std::size_t most_addresses = 100;
  GuestRecord guest;
  auto os = text_in(from, "os_version", "name");
  guest.os = os.substr(0, os.find('|'));  // Windows' has the folder and the disk behind it
  const auto* networks = field(from, "networks");
  if (const auto* map = networks ? networks->if_object() : nullptr)
    for (const auto& [key, value] : *map) {
      if (!value.is_string() || guest.addresses.size() == most_addresses) continue;
      std::string address(value.get_string().data(), value.get_string().size());
      bool known = std::ranges::find(guest.addresses, address) != guest.addresses.end();
      if (!address.empty() && !known && !platform::is_local_address(address))
        guest.addresses.push_back(address);
    }
  std::ranges::sort(guest.addresses);
  guest.tools =
      flag_at(from, "PV_drivers_detected") || !text_in(from, "PV_drivers_version", "major").empty();
  guest.live = flag_at(from, "live");
  return guest;
}

HostRecord read_host(const json::object& from) {
  HostRecord read;
  auto& host = read.host;
  host.id = text_at(from, "uuid");
  host.name = text_at(from, "name_label");
  host.state =
      flag_at(from, "enabled") ? platform::HostState::connected : platform::HostState::maintenance;
  host.cpus = whole(text_in(from, "cpu_info", "cpu_count"));
  host.cpu_mhz = host.cpus * whole(text_in(from, "cpu_info", "speed"));
  auto product = text_in(from, "software_version", "product_brand");
  auto version = text_in(from, "software_version", "product_version");
  host.hypervisor = product + (product.empty() || version.empty() ? "" : " ") + version;
  host.vendor = text_in(from, "bios_strings", "system-manufacturer");
  host.model = text_in(from, "bios_strings", "system-product-name");
  read.metrics = ref_at(from, "metrics");
  return read;
}

HostMetricsRecord read_host_metrics(const json::object& from) {
  return {bytes_at(from, "memory_total"), bytes_at(from, "memory_free"), flag_at(from, "live")};
}

RepositoryRecord read_repository(const json::object& from) {
  RepositoryRecord read;
  auto& pool = read.pool;
  pool.id = text_at(from, "uuid");
  pool.name = text_at(from, "name_label");
  pool.kind = text_at(from, "type");
  pool.size = bytes_at(from, "physical_size");
  auto used = bytes_at(from, "physical_utilisation");
  pool.free = {pool.size.count - std::min(pool.size.count, used.count)};
  pool.reachable = false;  // its PBDs tell
  read.shown = text_at(from, "content_type") != "iso" && !flag_at(from, "is_tools_sr") &&
               pool.kind != "udev" && pool.kind != "iso";
  read.thin = is_thin(pool.kind);
  return read;
}

PathRecord read_path(const json::object& from) {
  return {ref_at(from, "SR"), flag_at(from, "currently_attached")};
}

platform::Network read_network(const json::object& from) {
  return {text_at(from, "uuid"), text_at(from, "name_label"), text_at(from, "bridge")};
}

PoolRecord read_pool(const json::object& from) {
  return {text_at(from, "uuid"), text_at(from, "name_label")};
}

}  // namespace truce::xapi
