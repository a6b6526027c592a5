#include "command_line.h"

#include <algorithm>

#include "words.h"

namespace truce::qemu {

using hypervisor::DiskFile;
using hypervisor::Machine;
using hypervisor::Port;
using model::BootDevice;
using model::DiskBus;
using model::Display;
using model::MachineType;

namespace {

std::string size_of_memory(Bytes memory) {
  auto kib_count = memory.count >> 10;
  return kib_count % 1024 == 0 ? fmt::format("{}M", kib_count / 1024)
                               : fmt::format("{}K", kib_count);
}

/// What every processor of an x86-64 level has (x86-64 psABI, "Micro-Architecture Levels").
std::string level_features(std::string_view level) {
  constexpr std::string_view second = "qemu64,-svm,+cx16,+lahf-lm,+popcnt,+ssse3,+sse4.1,+sse4.2";
  constexpr std::string_view third = ",+avx,+avx2,+bmi1,+bmi2,+f16c,+fma,+abm,+movbe,+xsave";
  constexpr std::string_view fourth = ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl";
  std::string words(second);
  if (level != "x86-64-v2") words += third;
  if (level == "x86-64-v4") words += fourth;
  return words;
}

// Learn/Microsoft, "Hypervisor Top Level Functional Specification": with these Windows waits and
// keeps time as on Hyper-V.
constexpr std::string_view windows_features =
    ",hv-relaxed,hv-vapic,hv-spinlocks=0x1fff,hv-vpindex,hv-runtime,hv-time,hv-synic,hv-stimer,"
    "hv-frequencies,hv-tlbflush,hv-ipi,hv-reset";

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) out.append(c == ',' ? 2 : 1, c);
  return out;
}

Words::Words(const Machine& machine, const Wiring& wiring)
    : machine_(machine),
      outfit_(machine.outfit),
      wiring_(wiring),
      pci_(machine.type != MachineType::microvm) {
  if (machine.boot_once) model::boot_first(outfit_, *machine.boot_once);
  choose_boot_order();
}

void Words::add(std::string option, std::string value) {
  words_.push_back(std::move(option));
  words_.push_back(std::move(value));
}

bool Words::kernel() const {
  return !machine_.kernel.empty() && !outfit_.boot_chosen;
}

// Firmware goes on to the next when one is empty.
void Words::choose_boot_order() {
  if (kernel() || !pci_) return;
  int index = 1;
  for (auto kind : outfit_.boot) {
    for (const auto& disk : machine_.disks) {
      bool cd = is_cdrom(disk);
      if (cd ? kind == BootDevice::cdrom : kind == BootDevice::disk && !disk.read_only)
        boot_indices_[disk.id] = index++;
    }
    if (kind != BootDevice::network) continue;
    for (const auto& port : machine_.ports)
      boot_indices_[fmt::format("nic{}", port.number)] = index++;
  }
}

std::string Words::boot_index(const std::string& id) const {
  auto found = boot_indices_.find(id);
  return found == boot_indices_.end() ? "" : fmt::format(",bootindex={}", found->second);
}

std::vector<std::string> Words::all() {
  words_ = {wiring_.program};
  identity();
  hardware();
  control();
  if (outfit_.firmware == model::Firmware::uefi) firmware();
  plugs();
  disks();
  ports();
  small_devices();
  if (has_screen(machine_)) screen();
  if (outfit_.usb) usb();
  if (outfit_.sound != model::Sound::none) sound();
  lines();
  if (outfit_.watchdog != model::WatchdogAction::off) watchdog();
  if (outfit_.tpm) tpm();
  passed_devices();
  boot();
  return std::move(words_);
}

void Words::identity() {
  add("-name", fmt::format("guest={},process=vm:{},debug-threads=on", escaped(machine_.name),
                           escaped(machine_.name.substr(0, 12))));
  add("-uuid", machine_.uuid);
  for (const char* word : {"-nodefaults", "-no-user-config", "-no-shutdown"})
    words_.emplace_back(word);
  add("-display", outfit_.gpu_3d ? fmt::format("egl-headless,rendernode={}",
                                               escaped(wiring_.render_node.string()))
                                 : "none");
  add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

void Words::hardware() {
  bool kvm = wiring_.accelerator == Accelerator::kvm;
  bool windows = outfit_.guest == model::GuestKind::windows;
  // Versioned, so that a suspended machine continues on a newer QEMU and Windows keeps its
  // licence. Without ACPI a microvm needs no timer that TCG lacks; with KVM it can be powered off
  // properly.
  auto machine = pci_ ? fmt::format("pc-{}-{},usb=off,vmport=off,dump-guest-core=off",
                                    legacy() ? "i440fx" : "q35", outfit_.version)
                      : fmt::format("microvm,acpi={},rtc=on,isa-serial=on,dump-guest-core=off",
                                    kvm ? "on" : "off");
  if (!outfit_.acpi) machine += ",acpi=off";
  if (windows && pci_) machine += ",hpet=off";
  if (outfit_.firmware == model::Firmware::uefi) machine += ",pflash0=firmware,pflash1=variables";
  if (outfit_.secure_boot != model::SecureBoot::off) machine += ",smm=on";
  if (outfit_.huge_pages && outfit_.numa_nodes == 1) machine += ",memory-backend=ram0";
  add("-machine", machine);
  auto cache_mib = translation_cache(machine_.memory).count >> 20;
  add("-accel", kvm ? "kvm" : fmt::format("tcg,tb-size={}", cache_mib));
  processor();
  memory();
  if (windows) {
    add("-rtc", "base=localtime,driftfix=slew");
    if (kvm) add("-global", "kvm-pit.lost_tick_policy=delay");
  }
  if (!pci_) add("-global", "virtio-mmio.force-legacy=false");
}

void Words::processor() {
  bool kvm = wiring_.accelerator == Accelerator::kvm;
  auto model = outfit_.cpu_model;
  bool named = !model.empty() && model != "max" && model != "host";
  if (model.empty()) model = kvm ? "host" : "max";
  if (model.starts_with("x86-64-v")) model = level_features(model);
  if (kvm && !named) model += wiring_.cpu_less;
  if (kvm && named) model += ",enforce";  // the guest gets all that it was promised, or nothing
  if (kvm && outfit_.guest == model::GuestKind::windows) model += windows_features;
  add("-cpu", model);
  auto topology = outfit_.sockets == 0
                      ? ""
                      : fmt::format(",sockets={},cores={},threads={}", outfit_.sockets,
                                    outfit_.cores, outfit_.threads);
  auto most = outfit_.max_cpus > machine_.cpus ? fmt::format(",maxcpus={}", outfit_.max_cpus) : "";
  add("-smp", fmt::format("{}{}{}", machine_.cpus, most, topology));
}

Bytes Words::first_memory() const {
  return machine_.first_memory.count > 0 ? machine_.first_memory : machine_.memory;
}

Bytes Words::hot_memory() const {
  auto first = first_memory().count;
  return Bytes{outfit_.max_memory.count > first ? outfit_.max_memory.count - first : 0};
}

// Processors and memory in equal parts; what is left over is the first node's.
void Words::memory() {
  auto most = hot_memory().count > 0 ? ",maxmem=" + size_of_memory(outfit_.max_memory) : "";
  add("-m", size_of_memory(first_memory() + wiring_.more_memory) + most);
  auto nodes = outfit_.numa_nodes;
  if (nodes == 1 && !outfit_.huge_pages) return;
  constexpr std::uint64_t grain = 2U << 20;
  auto part = first_memory().count / static_cast<std::uint64_t>(nodes) / grain * grain;
  for (std::int64_t node = 0; node < nodes; ++node) {
    auto rest = first_memory().count - part * static_cast<std::uint64_t>(nodes - 1);
    auto size = size_of_memory(Bytes{node == 0 ? rest : part});
    add("-object", outfit_.huge_pages
                       ? fmt::format("memory-backend-memfd,id=ram{},size={},hugetlb=on,"
                                     "hugetlbsize=2M,prealloc=on,share=off",
                                     node, size)
                       : fmt::format("memory-backend-ram,id=ram{},size={}", node, size));
    if (nodes == 1) continue;
    auto cpus = std::max<std::int64_t>(outfit_.max_cpus, machine_.cpus);
    auto first = node * cpus / nodes;
    auto last = (node + 1) * cpus / nodes - 1;
    add("-numa", fmt::format("node,nodeid={0},cpus={1}-{2},memdev=ram{0}", node, first, last));
  }
}

void Words::firmware() {
  block_node("firmware", "raw", wiring_.firmware.code, false);
  block_node("variables", "raw", wiring_.firmware.variables, true);
  if (outfit_.secure_boot == model::SecureBoot::off) return;
  // Only code in SMM may change the variables, or an operating system could switch it off.
  add("-global", "driver=cfi.pflash01,property=secure,value=on");
  add("-global", "ICH9-LPC.disable_s3=1");
}

void Words::control() {
  listening("qmp", wiring_.qmp_fd);
  add("-mon", "chardev=qmp,mode=control");
  listening("serial", wiring_.serial_fd);
  add("-serial", "chardev:serial");
}

void Words::boot() {
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

namespace {

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
  auto bus = machine.outfit.disk_bus;
  bool legacy = machine.type == MachineType::legacy;
  std::size_t ata = bus == DiskBus::ide ? 4 : bus == DiskBus::sata ? cdroms_limit : 0;
  if (ata > 0 && machine.disks.size() > ata) {
    return fail(Code::invalid, "{} disks and CDs: {} has room for {} together",
                machine.disks.size(), model::to_string(bus), ata);
  }
  if (legacy && cdroms > 4) return fail(Code::invalid, "{} CDs: IDE has room for 4", cdroms);
  if (legacy && bus == DiskBus::scsi && machine.disks.size() - cdroms > 7) {
    return fail(Code::invalid, "8 disks: the SCSI adapter of a legacy machine has room for 7");
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
  return machine.type != MachineType::microvm && machine.outfit.display != Display::none;
}

std::map<std::string, int> usual_boot_order(const Machine& machine) {
  Wiring none;
  auto usual = machine;
  usual.boot_once.reset();
  auto order = Words(usual, none).boot_indices();
  if (order.empty()) return {};
  for (const auto& [id, index] : Words(machine, none).boot_indices()) order.try_emplace(id, -1);
  return order;
}

Bytes translation_cache(Bytes guest_memory) {
  return std::clamp(mib(guest_memory.count >> 22), mib(32), mib(256));
}

Bytes memory_limit(const Machine& machine, Accelerator accelerator) {
  // With what it may be given while it runs: the limit stays.
  auto memory = std::max(machine.memory, machine.outfit.max_memory);
  auto cpus = std::max<std::int64_t>(machine.cpus, machine.outfit.max_cpus);
  Bytes limit =
      memory + mib(256) + Bytes{memory.count / 32} + mib(16 * static_cast<std::uint64_t>(cpus));
  if (accelerator == Accelerator::tcg) {
    auto cache = translation_cache(machine.memory);
    limit = limit + cache + cache;
  }
  const auto& outfit = machine.outfit;
  if (outfit.tpm) limit = limit + mib(32);
  bool pictures = outfit.gpu_3d || outfit.spice || outfit.display == Display::qxl;
  return pictures ? limit + mib(256) : limit;
}

Result<std::vector<std::string>> command_line(const Machine& machine, const Wiring& wiring) {
  TRY_VOID(check(machine, wiring));
  return Words(machine, wiring).all();
}

}  // namespace truce::qemu
