#include "command_line.h"

#include <algorithm>
#include <boost/json.hpp>

namespace truce::qemu {
namespace {

namespace json = boost::json;
using hypervisor::DiskFile;
using hypervisor::Machine;
using hypervisor::Port;

// A comma inside a value is doubled (qemu(1), "Options are comma separated").
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

std::string size_of_memory(Bytes memory) {
  auto kib_count = memory.count >> 10;
  return kib_count % 1024 == 0 ? fmt::format("{}M", kib_count / 1024)
                               : fmt::format("{}K", kib_count);
}

// PCI slots of pcie.0. 0x1d to 0x1f belong to q35 itself.
constexpr int slot_screen = 0x01;
constexpr int slot_ports = 0x02;
constexpr int slot_disks = 0x0a;
constexpr int slot_random = 0x12;
constexpr int slot_balloon = 0x13;
constexpr int slot_channels = 0x14;
constexpr int slot_spare = 0x15;
constexpr int spare_ports = 4;

class Words {
 public:
  Words(const Machine& machine, const Wiring& wiring)
      : machine_(machine), wiring_(wiring), pci_(machine.type == model::MachineType::q35) {}

  std::vector<std::string> all() {
    words_ = {wiring_.program};
    identity();
    hardware();
    control();
    disks();
    ports();
    small_devices();
    if (pci_) screen();
    boot();
    return std::move(words_);
  }

 private:
  void add(std::string option, std::string value) {
    words_.push_back(std::move(option));
    words_.push_back(std::move(value));
  }
  // `-device virtio-blk-pci,REST,addr=0xa`, or its virtio-mmio twin on a microvm.
  void add_virtio(std::string_view kind, int slot, std::string_view rest) {
    auto where = pci_ ? fmt::format(",addr={:#x}", slot) : "";
    add("-device", fmt::format("virtio-{}-{}{}{}", kind, pci_ ? "pci" : "device", rest, where));
  }

  void identity() {
    add("-name", fmt::format("guest={},process=vm:{},debug-threads=on", escaped(machine_.name),
                             escaped(machine_.name.substr(0, 12))));
    add("-uuid", machine_.uuid);
    for (const char* word : {"-nodefaults", "-no-user-config", "-no-shutdown"})
      words_.emplace_back(word);
    add("-display", "none");
    add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  }

  void hardware() {
    bool kvm = wiring_.accelerator == Accelerator::kvm;
    // Versioned, so that a suspended machine continues on a newer QEMU and Windows keeps its
    // licence. Without ACPI a microvm needs no timer that TCG lacks; with KVM it can be powered off
    // properly.
    add("-machine", pci_ ? "pc-q35-7.2,usb=off,vmport=off,dump-guest-core=off"
                         : fmt::format("microvm,acpi={},rtc=on,isa-serial=on,dump-guest-core=off",
                                       kvm ? "on" : "off"));
    auto cache_mib = translation_cache(machine_.memory).count >> 20;
    add("-accel", kvm ? "kvm" : fmt::format("tcg,tb-size={}", cache_mib));
    add("-cpu", kvm ? "host" : "max");
    add("-smp", fmt::format("{}", machine_.cpus));
    add("-m", size_of_memory(machine_.memory));
    if (pci_) return;
    add("-global", "virtio-mmio.force-legacy=false");
  }

  void listening(std::string_view id, int fd) {
    add("-chardev", fmt::format("socket,id={},fd={},server=on,wait=off", id, fd));
  }

  void control() {
    listening("qmp", wiring_.qmp_fd);
    add("-mon", "chardev=qmp,mode=control");
    listening("serial", wiring_.serial_fd);
    add("-serial", "chardev:serial");
  }

  void block_nodes(const DiskFile& disk) {
    bool writable = !disk.read_only && !disk.cdrom;
    json::object file{{"node-name", disk.id + "-file"},
                      {"driver", "file"},
                      {"filename", disk.path.string()},
                      {"read-only", !writable}};
    json::object format{{"node-name", disk.id},
                        {"driver", disk.format},
                        {"file", disk.id + "-file"},
                        {"read-only", !writable}};
    if (writable) {
      file["discard"] = "unmap";
      format["discard"] = "unmap";
      format["detect-zeroes"] = "unmap";
    }
    add("-blockdev", json::serialize(file));
    add("-blockdev", json::serialize(format));
  }

  // The disks in their order, then the CDs: firmware goes on to the next when one is empty.
  void disks() {
    int disk_count = 0;
    int boot_index = 1;
    for (const auto& disk : machine_.disks) {
      if (disk.cdrom && pci_) continue;
      block_nodes(disk);
      bool boots = pci_ && !kernel() && !disk.read_only;
      auto index = boots ? fmt::format(",bootindex={}", boot_index++) : "";
      add_virtio("blk", slot_disks + disk_count++,
                 fmt::format(",id={0},drive={0},serial={0}{1}", disk.id, index));
    }
    int cdrom_count = 0;
    for (const auto& disk : machine_.disks) {
      if (!disk.cdrom || !pci_) continue;
      block_nodes(disk);
      auto index = kernel() ? "" : fmt::format(",bootindex={}", boot_index++);
      add("-device",
          fmt::format("ide-cd,bus=ide.{0},id={1},drive={1}{2}", cdrom_count++, disk.id, index));
    }
  }

  void ports() {
    std::size_t tap = 0;
    int number = 0;
    for (const auto& port : machine_.ports) {
      if (port.user_mode) {
        std::string forwards;
        for (const auto& forward : port.forwards) forwards += ",hostfwd=" + escaped(forward);
        add("-netdev", fmt::format("user,id=net{}{}", number, forwards));
      } else {
        add("-netdev", fmt::format("tap,id=net{},fd={}", number, wiring_.tap_fds[tap++]));
      }
      // No boot from the network: without its ROM the firmware is done sooner.
      add_virtio("net", slot_ports + number,
                 fmt::format(",id=nic{0},netdev=net{0},mac={1}{2}", number, port.mac,
                             pci_ ? ",romfile=" : ""));
      ++number;
    }
  }

  void small_devices() {
    add("-object", "rng-builtin,id=random");
    add_virtio("rng", slot_random, ",rng=random");
    add_virtio("balloon", slot_balloon, ",id=balloon,deflate-on-oom=on,free-page-reporting=on");
    add_virtio("serial", slot_channels, ",id=channels");
    listening("agent", wiring_.agent_fd);
    add("-device", "virtserialport,bus=channels.0,chardev=agent,name=org.qemu.guest_agent.0");
    if (!pci_) return;
    add("-device", "pvpanic");
    for (int i = 0; i < spare_ports; ++i) {
      add("-device", fmt::format("pcie-root-port,id=spare{0},chassis={1},addr={2:#x}.{0}{3}", i,
                                 i + 1, slot_spare, i == 0 ? ",multifunction=on" : ""));
    }
  }

  void screen() {
    add("-device", fmt::format("VGA,id=screen,addr={:#x}", slot_screen));
    add("-vnc", "unix:" + escaped(wiring_.vnc.string()));
  }

  void boot() {
    if (kernel()) {
      add("-kernel", machine_.kernel.string());
      if (!machine_.initrd.empty()) add("-initrd", machine_.initrd.string());
      if (!machine_.command_line.empty()) add("-append", machine_.command_line);
    } else {
      add("-boot", "strict=on");
    }
    if (wiring_.origin == Origin::incoming) add("-incoming", "defer");
    words_.emplace_back("-S");
  }

  [[nodiscard]] bool kernel() const { return !machine_.kernel.empty(); }

  const Machine& machine_;
  const Wiring& wiring_;
  bool pci_;
  std::vector<std::string> words_;
};

Result<void> check(const Machine& machine, const Wiring& wiring) {
  auto cdroms = static_cast<std::size_t>(std::count_if(machine.disks.begin(), machine.disks.end(),
                                                       [](const DiskFile& d) { return d.cdrom; }));
  auto taps = static_cast<std::size_t>(std::count_if(machine.ports.begin(), machine.ports.end(),
                                                     [](const Port& p) { return !p.user_mode; }));
  TRUCE_ASSERT(taps == wiring.tap_fds.size(), "each port with a tap has its descriptor");
  if (machine.ports.size() > ports_limit) {
    return fail(Code::invalid, "{} network ports: a machine can have {}", machine.ports.size(),
                ports_limit);
  }
  if (machine.disks.size() - cdroms > disks_limit || cdroms > cdroms_limit) {
    return fail(Code::invalid, "{} disks and {} CDs: a machine can have {} and {}",
                machine.disks.size() - cdroms, cdroms, disks_limit, cdroms_limit);
  }
  if (machine.type == model::MachineType::microvm && machine.kernel.empty()) {
    return fail(
        Code::invalid,
        "a microvm has no firmware that boots a disk: use a template with a kernel, or q35");
  }
  for (const auto& disk : machine.disks) {
    if (disk.format != "qcow2" && disk.format != "raw") {
      return fail(Code::invalid, "{}: a disk in the format '{}' cannot be run; convert it to qcow2",
                  disk.path.string(), disk.format);
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(Accelerator accelerator) {
  return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

bool has_screen(const Machine& machine) {
  return machine.type == model::MachineType::q35;
}

Bytes translation_cache(Bytes guest_memory) {
  return std::clamp(mib(guest_memory.count >> 22), mib(32), mib(256));
}

Bytes memory_limit(const Machine& machine, Accelerator accelerator) {
  Bytes limit = machine.memory + mib(256) + Bytes{machine.memory.count / 32} +
                mib(16 * static_cast<std::uint64_t>(machine.cpus));
  if (accelerator == Accelerator::tcg) {
    auto cache = translation_cache(machine.memory);
    limit = limit + cache + cache;
  }
  return limit;
}

Result<std::vector<std::string>> command_line(const Machine& machine, const Wiring& wiring) {
  TRY_VOID(check(machine, wiring));
  return Words(machine, wiring).all();
}

}  // namespace truce::qemu
