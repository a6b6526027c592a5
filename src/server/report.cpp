#include "report.h"

#include <algorithm>
#include <charconv>

#include "base/result.h"

namespace truce::server {

using platform::Disk, platform::Nic;

// What has no device behind it is no disk or card of its own: loops, RAID, bridges.
const std::string_view look_script = R"sh(LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/sbin:/sbin; export PATH
say() { [ -r "$2" ] && echo "$1 $(head -n 1 "$2" 2>/dev/null)"; }
real() { (cd "$1" 2>/dev/null && pwd -P); }
echo "truce 1"
say kernel /proc/sys/kernel/osrelease
say name /proc/sys/kernel/hostname
say uuid /sys/class/dmi/id/product_uuid
say id /etc/machine-id
say boot /proc/sys/kernel/random/boot_id
say vendor /sys/class/dmi/id/sys_vendor
say model /sys/class/dmi/id/product_name
[ -r /etc/os-release ] && echo "os $(. /etc/os-release; echo "$PRETTY_NAME")"
echo "cpus $(grep -c ^processor /proc/cpuinfo)"
echo "mhz $(grep "^cpu MHz" /proc/cpuinfo | head -n 1 | sed "s/.*: //")"
grep -E "^(MemTotal|MemAvailable):" /proc/meminfo
head -n 1 /proc/stat
[ -d /sys/firmware/efi ] && echo efi
for f in /sys/firmware/efi/efivars/SecureBoot-*; do [ -r "$f" ] && echo "secure $(od -An -tu1 "$f")"; done
[ -e /sys/class/tpm/tpm0 ] && echo tpm
for d in /sys/block/*; do
  [ -e "$d/device" ] && [ "$(cat "$d/removable")" = 0 ] && [ "$(cat "$d/size")" -gt 0 ] || continue
  set -- $(cat "$d/stat")
  echo "disk ${d##*/} $(cat "$d/size") $7 $(real "$d/device")"
done
for n in /sys/class/net/*; do
  [ -e "$n/device" ] || continue
  driver=$(real "$n/device/driver")
  echo "nic ${n##*/} $(cat "$n/address") $(cat "$n/operstate") ${driver##*/}"
done
ip -o addr show scope global 2>/dev/null | while read -r n card family address rest; do echo "address $address"; done
grep -E "^/dev/|^[^ ]+ [^ ]+ zfs " /proc/mounts | sed "s/^/mount /"
for d in /run /dev/shm; do [ -e "$d/truce-stopped" ] && echo stopped; done
echo end)sh";

namespace {

constexpr std::size_t most_things = 64, longest_word = 200;
constexpr std::uint64_t sector = 512, kibi = 1024, largest_number = std::uint64_t{1} << 53;

std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  return word;
}

std::string plain(std::string_view text) {
  std::string kept;
  for (char c : text.substr(0, longest_word)) {
    if (c >= ' ' && c <= '~') kept += c;
  }
  while (kept.ends_with(' ')) kept.pop_back();
  kept.erase(0, std::min(kept.find_first_not_of(' '), kept.size()));
  return kept;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && value <= largest_number ? value : 0;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// With or without dashes; empty for what some boards have in place of one.
std::string as_uuid(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (is_hex(c)) digits += c;
  }
  constexpr std::size_t whole = 32;
  if (digits.size() != whole || digits.find_first_not_of(digits[0]) == digits.npos) return {};
  for (std::size_t dash : {8U, 13U, 18U, 23U}) digits.insert(dash, "-");
  return digits;
}

bool is_mac(std::string_view text) {
  constexpr std::size_t length = 17;
  if (text.size() != length) return false;
  for (std::size_t at = 0; at < length; ++at) {
    if (at % 3 == 2 ? text[at] != ':' : !is_hex(text[at])) return false;
  }
  return true;
}

/// Reads line after line.
class Reader {
 public:
  Result<void> line(std::string_view text) {
    auto rest = text;
    auto word = take_word(rest);
    auto value = plain(rest);
    auto& machine = report_.machine;
    auto& host = report_.host;
    if (word == "kernel") host.hypervisor = "none: Linux " + value;
    if (word == "name") machine.guest_name = value;
    if (word == "uuid") board_ = as_uuid(value);
    if (word == "id") system_ = as_uuid(value);
    if (word == "boot") report_.boot = value;
    if (word == "vendor") host.vendor = value;
    if (word == "model") host.model = value;
    if (word == "os") machine.guest_os = value;
    if (word == "cpus") host.cpus = static_cast<std::int64_t>(number(value));
    if (word == "mhz") mhz_ = static_cast<std::int64_t>(number(value));
    if (word == "MemTotal:") host.memory = {number(value) * kibi};
    if (word == "MemAvailable:") available_ = number(value) * kibi;
    if (word == "cpu") ticks(rest);
    if (word == "efi") machine.firmware = model::Firmware::uefi;
    if (word == "secure") machine.secure_boot = value.ends_with(" 1");
    if (word == "tpm") machine.tpm = true;
    if (word == "stopped") report_.stopped = true;
    if (word == "mount") mount(rest);
    if (word == "address") address(value);
    if (word == "disk") return disk(rest);
    if (word == "nic") return nic(rest);
    return {};
  }

  Result<Report> finish() {
    auto& machine = report_.machine;
    auto& host = report_.host;
    machine.uuid = board_.empty() ? system_ : board_;
    if (machine.uuid.empty())
      return fail(Code::unsupported,
                  "it has no identity: neither its firmware nor /etc/machine-id tells one");
    machine.id = machine.uuid;
    if (machine.guest_name.empty()) machine.guest_name = "server";
    machine.name = machine.guest_name;
    machine.host = host_id;
    machine.cpus = host.cpus;
    machine.memory = host.memory;
    machine.state = writable_ ? model::Observed::running : model::Observed::off;
    machine.guest_kind = "linux";
    machine.tools = platform::Tools::running;
    host.id = host_id;
    host.name = machine.name;
    host.cpu_mhz = mhz_ * host.cpus;
    host.memory_used = {host.memory.count - std::min(available_, host.memory.count)};
    if (machine.cpus < 1 || machine.memory.count == 0 || report_.boot.empty())
      return fail(Code::corrupt, "its report has no processors, memory or start");
    return std::move(report_);
  }

 private:
  // user nice system idle iowait irq softirq steal [proc_stat(5)]
  void ticks(std::string_view rest) {
    constexpr int idle = 3, waits = 4, last = 7;
    for (int at = 0; at <= last; ++at) {
      auto value = number(take_word(rest));
      report_.ticks.all += value;
      if (at != idle && at != waits) report_.ticks.busy += value;
    }
  }

  void mount(std::string_view rest) {
    take_word(rest);
    take_word(rest);
    take_word(rest);
    auto options = take_word(rest);
    if (options == "rw" || options.starts_with("rw,")) writable_ = true;
  }

  void address(std::string_view value) {
    auto text = std::string(value.substr(0, value.find('/')));
    if (report_.machine.addresses.size() < most_things && !text.empty())
      report_.machine.addresses.push_back(std::move(text));
  }

  Result<void> disk(std::string_view rest) {
    Block block;
    auto name = take_word(rest);
    block.sectors = number(take_word(rest));
    block.written = number(take_word(rest));
    block.place = plain(rest);
    auto known = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    // A card's own parts for its firmware (mmcblk0boot0) are none of the system's.
    if (name.empty() || !std::ranges::all_of(name, known) || block.sectors == 0) return {};
    if (name.starts_with("mmcblk") && name.contains("boot")) return {};
    block.name = name;
    block.path = "/dev/" + block.name;
    if (report_.blocks.size() == most_things)
      return fail(Code::unsupported, "it has more than {} disks", most_things);
    Disk disk{.id = block.name, .label = block.path, .size = {block.sectors * sector}};
    disk.file = disk.label;
    disk.format = "raw";
    disk.pool = pool_id;
    if (name.starts_with("vd")) {
      disk.controller = "virtio";
      disk.bus = model::DiskBus::virtio;
    } else if (name.starts_with("xvd")) {
      disk.controller = "xen";
    } else if (name.starts_with("nvme")) {
      disk.controller = "NVMe";
    } else if (block.place.contains("/ata")) {
      disk.controller = "SATA";
      disk.bus = model::DiskBus::sata;
    } else {
      disk.controller = "SCSI";
    }
    auto& machine = report_.machine;
    machine.use.storage.count += disk.size.count;
    machine.disks.push_back(std::move(disk));
    report_.blocks.push_back(std::move(block));
    return {};
  }

  Result<void> nic(std::string_view rest) {
    Nic nic;
    nic.id = plain(take_word(rest));
    nic.mac = take_word(rest);
    nic.connected = take_word(rest) == "up";
    nic.model = plain(rest);
    nic.label = nic.id;
    nic.network = network_id;
    if (nic.id.empty() || !is_mac(nic.mac)) return {};
    if (nic.model == "virtio_net") nic.model = "virtio";
    if (nic.model == "8139too" || nic.model == "8139cp") nic.model = "rtl8139";
    auto& nics = report_.machine.nics;
    if (nics.size() == most_things)
      return fail(Code::unsupported, "it has more than {} network cards", most_things);
    nics.push_back(std::move(nic));
    return {};
  }

  Report report_;
  std::string board_, system_;
  std::int64_t mhz_ = 0;
  std::uint64_t available_ = 0;
  bool writable_ = false;
};

}  // namespace

Result<Report> read_report(std::string_view text) {
  Reader reader;
  bool begun = false;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    // What is before is of the shell's own start-up there.
    if (line == "truce 1") begun = true;
    if (line == "end" && begun) return reader.finish();
    if (begun) TRY_VOID(reader.line(line));
  }
  return fail(Code::corrupt, "its report is not whole");
}

platform::Update update_of(const Report& now, const Ticks& before) {
  platform::Update update{.extent = platform::Update::Extent::whole, .at = truce::now()};
  auto machine = now.machine;
  auto host = now.host;
  if (now.ticks.all > before.all && now.ticks.busy >= before.busy) {
    auto busy = static_cast<double>(now.ticks.busy - before.busy);
    auto part = std::min(1.0, busy / static_cast<double>(now.ticks.all - before.all));
    host.cpu_mhz_used = static_cast<std::int64_t>(part * static_cast<double>(host.cpu_mhz));
  }
  machine.use.cpu_mhz = host.cpu_mhz_used;
  machine.use.memory = machine.use.memory_guest = host.memory_used;
  platform::Pool pool{.id = std::string(pool_id), .name = "disks", .kind = "disks"};
  pool.size = machine.use.storage;
  update.machines.seen.push_back(std::move(machine));
  update.hosts.seen.push_back(std::move(host));
  update.pools.seen.push_back(std::move(pool));
  update.networks.seen.push_back({std::string(network_id), "LAN", "Ethernet"});
  return update;
}

}  // namespace truce::server
