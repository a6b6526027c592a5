#include "model/hardware.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "generated/schema.h"

namespace truce::model {
namespace {

std::unexpected<Error> refuse(std::string_view field, std::string message) {
  return fail_field(fmt::format("/hardware/{}", field), std::move(message));
}

std::vector<std::int64_t> numbers(std::string_view version) {
  std::vector<std::int64_t> out;
  const char* at = version.data();
  const char* end = at + version.size();
  while (at != end) {
    std::int64_t number = 0;
    auto [next, ec] = std::from_chars(at, end, number);
    bool good =
        ec == std::errc() && number >= 0 && (next == end || (*next == '.' && next + 1 != end));
    if (!good) return {};
    out.push_back(number);
    at = next == end ? end : next + 1;
  }
  return out;
}

/// Whether text has the form of `shape`, where `x` is a lower-case hexadecimal digit and 7 one from
/// 0 to 7.
bool looks_like(std::string_view shape, std::string_view text) {
  auto same = [](char form, char c) {
    if (form == 'x') return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    return form == '7' ? c >= '0' && c <= '7' : c == form;
  };
  return std::ranges::equal(shape, text, same);
}

/// A machine without PCI, firmware and slots has none of these.
Result<void> check_microvm(const Hardware& wish) {
  struct Row {
    std::string_view field;
    bool wanted;
  };
  auto on = [](const std::optional<bool>& field) { return field.value_or(false); };
  const Row rows[] = {
      {"machine_version", wish.machine_version && !wish.machine_version->empty()},
      {"acpi", wish.acpi.has_value()},
      {"max_cpus", wish.max_cpus.has_value()},
      {"max_memory", wish.max_memory.has_value()},
      {"numa_nodes", wish.numa_nodes.value_or(1) > 1},
      {"firmware", wish.firmware.value_or(Firmware::bios) != Firmware::bios},
      {"tpm", on(wish.tpm)},
      {"boot", wish.boot && !wish.boot->empty()},
      {"cdrom", on(wish.cdrom)},
      {"disk_bus", wish.disk_bus.value_or(DiskBus::virtio) != DiskBus::virtio},
      {"nic_model", wish.nic_model.value_or(NicModel::virtio) != NicModel::virtio},
      {"display", wish.display.value_or(Display::none) != Display::none},
      {"gpu_3d", on(wish.gpu_3d)},
      {"spice", on(wish.spice)},
      {"usb", on(wish.usb)},
      {"sound", wish.sound.value_or(Sound::none) != Sound::none},
      {"serial_ports", wish.serial_ports.value_or(1) > 1},
      {"parallel_port", on(wish.parallel_port)},
      {"watchdog", wish.watchdog.value_or(WatchdogAction::off) != WatchdogAction::off},
      {"pci", wish.pci && !wish.pci->empty()},
      {"usb_devices", wish.usb_devices && !wish.usb_devices->empty()},
  };
  for (const auto& row : rows) {
    if (row.wanted) return refuse(row.field, "a microvm has no such thing: use the type q35");
  }
  return {};
}

Result<void> choose_processors(const Vm& vm, const Hardware& wish, Outfit& out) {
  if (wish.cpu_model) out.cpu_model = *wish.cpu_model;
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._").contains(c);
  };
  if (!std::ranges::all_of(out.cpu_model, plain)) {
    return refuse("cpu_model",
                  fmt::format("'{}' is not the name of a processor model", out.cpu_model));
  }
  out.max_cpus = std::max(wish.max_cpus.value_or(0), vm.cpus);
  out.numa_nodes = wish.numa_nodes.value_or(1);
  if (out.numa_nodes > vm.cpus) {
    return refuse("numa_nodes", fmt::format("{} NUMA nodes need as many processors at least; the "
                                            "machine has {}",
                                            out.numa_nodes, vm.cpus));
  }
  if (!wish.sockets && !wish.cores && !wish.threads) return {};
  auto given = wish.sockets.value_or(1) * wish.cores.value_or(1) * wish.threads.value_or(1);
  auto left = out.max_cpus % given == 0 ? out.max_cpus / given : 1;
  out.sockets = wish.sockets.value_or(wish.cores ? left : 1);
  out.cores = wish.cores.value_or(left);
  out.threads = wish.threads.value_or(wish.cores && wish.sockets ? left : 1);
  auto product = out.sockets * out.cores * out.threads;
  if (product == out.max_cpus) return {};
  return refuse(
      wish.cores     ? "cores"
      : wish.sockets ? "sockets"
                     : "threads",
      fmt::format("{} sockets x {} cores x {} threads are {} processors; the machine has {}{}",
                  out.sockets, out.cores, out.threads, product, out.max_cpus,
                  out.max_cpus > vm.cpus ? " at most" : ""));
}

// Where the memory beyond what it starts with would be: behind virtio-mem, which old systems and
// QEMU's huge pages of the host do not know.
Result<void> choose_memory(const Vm& vm, const Hardware& wish, Outfit& out) {
  constexpr auto huge_page = mib(2).count;
  out.huge_pages = wish.huge_pages.value_or(false);
  if (out.huge_pages && vm.memory.count % huge_page != 0)
    return refuse("huge_pages", "the memory must be a multiple of 2 MiB for huge pages");
  out.max_memory = std::max(wish.max_memory.value_or(Bytes{}), vm.memory);
  if (out.max_memory == vm.memory) return {};
  if (vm.machine == MachineType::legacy)
    return refuse("max_memory", "a legacy machine takes no memory while it runs: use q35");
  if (out.huge_pages)
    return refuse("max_memory", "memory of huge pages is not given while a machine runs");
  if (out.max_memory.count % huge_page != 0 || vm.memory.count % huge_page != 0)
    return refuse("max_memory", "memory, and its most, must be multiples of 2 MiB");
  return {};
}

Result<void> choose_firmware(const Vm& vm, const Hardware& wish, Outfit& out) {
  out.firmware = wish.firmware.value_or(Firmware::bios);
  out.secure_boot = wish.secure_boot.value_or(SecureBoot::off);
  out.acpi = wish.acpi.value_or(true);
  out.tpm = wish.tpm.value_or(false);
  bool uefi = out.firmware == Firmware::uefi;
  if (uefi && vm.machine == MachineType::legacy) {
    return refuse("firmware", "a legacy machine has a BIOS: use the type q35 for UEFI");
  }
  if (uefi && !out.acpi) return refuse("acpi", "UEFI needs ACPI");
  if (!uefi && out.secure_boot != SecureBoot::off) {
    return refuse("secure_boot", "Secure Boot needs the firmware uefi");
  }
  if (wish.boot && !wish.boot->empty()) {
    out.boot = *wish.boot;
    out.boot_chosen = true;
  }
  if (std::set<BootDevice>(out.boot.begin(), out.boot.end()).size() != out.boot.size()) {
    return refuse("boot", "a device stands there twice");
  }
  return {};
}

Result<void> choose_buses(const Vm& vm, const Hardware& wish, Outfit& out) {
  bool legacy = vm.machine == MachineType::legacy;
  out.cdrom = wish.cdrom.value_or(false);
  out.disk_bus = wish.disk_bus.value_or(legacy ? DiskBus::ide : DiskBus::virtio);
  out.nic_model = wish.nic_model.value_or(legacy ? NicModel::e1000 : NicModel::virtio);
  if (legacy && out.disk_bus == DiskBus::sata) {
    return refuse("disk_bus", "a legacy machine has no SATA: use ide");
  }
  if (!legacy && out.disk_bus == DiskBus::ide) {
    return refuse("disk_bus", "a q35 machine has no IDE: use sata, or the type legacy");
  }
  if (legacy && out.nic_model == NicModel::e1000e) {
    return refuse("nic_model", "e1000e needs PCI Express: use e1000, or the type q35");
  }
  return {};
}

Result<void> choose_screen(const Hardware& wish, Outfit& out) {
  out.guest = wish.guest.value_or(GuestKind::other);
  out.display = wish.display.value_or(Display::vga);
  out.gpu_3d = wish.gpu_3d.value_or(false);
  out.spice = wish.spice.value_or(false);
  if (out.gpu_3d && out.display != Display::virtio) {
    return refuse("gpu_3d", "3D needs the display virtio");
  }
  if (out.spice && out.display == Display::none) {
    return refuse("spice", "SPICE needs a display");
  }
  bool graphical =
      out.display != Display::none && (wish.display.has_value() || out.guest == GuestKind::windows);
  bool passed = wish.usb_devices && !wish.usb_devices->empty();
  out.usb = wish.usb.value_or(graphical || passed);
  if (passed && !out.usb) return refuse("usb", "devices that are passed through need USB");
  return {};
}

Result<void> choose_passed(const Hardware& wish, Outfit& out) {
  out.pci = wish.pci.value_or(std::vector<std::string>());
  out.usb_devices = wish.usb_devices.value_or(std::vector<std::string>());
  for (const auto& device : out.pci) {
    if (looks_like("xxxx:xx:xx.7", device)) continue;
    return refuse("pci", fmt::format("'{}' is not an address such as 0000:01:00.0", device));
  }
  for (const auto& device : out.usb_devices) {
    if (looks_like("xxxx:xxxx", device)) continue;
    return refuse("usb_devices",
                  fmt::format("'{}' is not VENDOR:PRODUCT such as 046d:c52b", device));
  }
  for (const auto& [field, list] :
       {std::pair("pci", &out.pci), std::pair("usb_devices", &out.usb_devices)}) {
    if (std::set<std::string>(list->begin(), list->end()).size() != list->size()) {
      return refuse(field, "a device stands there twice");
    }
  }
  return {};
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  auto left = numbers(a);
  auto right = numbers(b);
  return left < right ? -1 : left == right ? 0 : 1;
}

Result<Outfit> outfit(const Vm& vm) {
  const auto wish = vm.hardware.value_or(Hardware());
  Outfit out;
  if (vm.machine == MachineType::microvm) {
    TRY_VOID(check_microvm(wish));
    out.display = Display::none;
  }
  if (wish.machine_version && !wish.machine_version->empty()) out.version = *wish.machine_version;
  if (numbers(out.version).size() < 2) {
    return refuse("machine_version",
                  fmt::format("'{}' is not a version such as {}", out.version, first_version));
  }
  TRY_VOID(choose_processors(vm, wish, out));
  TRY_VOID(choose_memory(vm, wish, out));
  TRY_VOID(choose_firmware(vm, wish, out));
  if (vm.machine != MachineType::microvm) {
    TRY_VOID(choose_buses(vm, wish, out));
    TRY_VOID(choose_screen(wish, out));
  }
  out.sound = wish.sound.value_or(Sound::none);
  out.serial_ports = wish.serial_ports.value_or(1);
  out.parallel_port = wish.parallel_port.value_or(false);
  out.watchdog = wish.watchdog.value_or(WatchdogAction::off);
  TRY_VOID(choose_passed(wish, out));
  return out;
}

Result<void> check_host(const Outfit& outfit, const Host& host) {
  auto refused = [&](std::string_view field, std::string_view why) {
    return std::unexpected(Error{Code::unsupported, fmt::format("{}: {}", host.name, why),
                                 fmt::format("/hardware/{}", field)});
  };
  struct Row {
    std::string_view field;
    bool wanted;
  };
  const Row rows[] = {{"firmware", outfit.firmware == Firmware::uefi},
                      {"secure_boot", outfit.secure_boot != SecureBoot::off},
                      {"tpm", outfit.tpm},
                      {"gpu_3d", outfit.gpu_3d},
                      {"spice", outfit.spice},
                      {"pci", !outfit.pci.empty()},
                      {"usb_devices", !outfit.usb_devices.empty()},
                      {"huge_pages", outfit.huge_pages}};
  for (const auto& row : rows) {
    if (!row.wanted) continue;
    auto lack = host.lacks.find(std::string(row.field));
    if (lack != host.lacks.end()) return refused(row.field, lack->second);
  }
  const auto& models = host.cpu_models;
  bool known = outfit.cpu_model.empty() || models.empty() ||
               std::ranges::find(models, outfit.cpu_model) != models.end();
  if (!known && outfit.cpu_model == "host") {
    return refused("cpu_model", "the processor model 'host' needs KVM, which it has not; use max");
  }
  if (!known) {
    return refused("cpu_model",
                   fmt::format("there is no processor model '{}': see truce host show {}",
                               outfit.cpu_model, host.name));
  }
  if (!host.machine_version.empty() && compare_versions(outfit.version, host.machine_version) > 0) {
    return refused("machine_version",
                   fmt::format("its hypervisor knows machines up to version {}, not {}",
                               host.machine_version, outfit.version));
  }
  return {};
}

void merge(const Hardware& change, Hardware& hardware) {
  auto take = [&](const auto& field) {
    const auto& wish = change.*field.member;
    if (!wish) return;
    hardware.*field.member = wish;
    if constexpr (requires { wish->empty(); }) {
      if (wish->empty()) (hardware.*field.member).reset();
    }
  };
  Schema<Hardware>::visit([&](const auto&... field) { (take(field), ...); });
}

void boot_first(Outfit& outfit, BootDevice device) {
  std::erase(outfit.boot, device);
  outfit.boot.insert(outfit.boot.begin(), device);
  outfit.boot_chosen = true;
}

}  // namespace truce::model
