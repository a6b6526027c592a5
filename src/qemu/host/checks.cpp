#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sstream>

#include "base/file.h"
#include "base/process.h"
#include "confinement.h"
#include "host/enclosure.h"
#include "host/kvm.h"
#include "host/offer.h"
#include "host/parts.h"
#include "qemu/host_checks.h"

namespace truce::qemu {

using model::CheckState;
using model::HostCheck;

namespace {

HostCheck kvm(const Parts& host) {
  HostCheck row{.name = "kvm", .state = CheckState::ok, .found = "/dev/kvm can be used"};
  row.meaning = "machines run at the speed of the processor";
  auto usable = check_kvm(host.places.root / "dev/kvm");
  if (usable) return row;
  row.state = CheckState::warning;
  row.meaning = "machines are emulated (TCG): everything works, many times slower";
  auto cpu = host.text("proc/cpuinfo");
  if (usable.error().code == Code::forbidden && host.places.root_user) {
    row.found = "/dev/kvm is there, and only root may open it";
    row.advice = "chgrp kvm /dev/kvm; chmod 660 /dev/kvm (udev does it), then restart truced";
  } else if (host.has("dev/kvm")) {
    row.found = "/dev/kvm is there and cannot be opened";
    row.advice = "run truced as root, or add its user to the group kvm";
  } else if (cpu.contains(" vmx") || cpu.contains(" svm")) {
    row.found = "the processor can, the module is not loaded";
    row.advice = cpu.contains(" vmx") ? "modprobe kvm_intel" : "modprobe kvm_amd";
  } else {
    row.found = "the processor offers no virtualisation";
    row.advice =
        "switch VT-x or AMD-V on in the firmware; if this host is itself a machine, switch nested "
        "virtualisation on where it runs";
  }
  return row;
}

HostCheck nested(const Parts& host) {
  HostCheck row{.name = "nested", .state = CheckState::ok, .found = "on"};
  row.meaning = "machines can run machines with KVM";
  for (const char* module : {"kvm_intel", "kvm_amd"}) {
    auto value = host.text(std::string("sys/module/") + module + "/parameters/nested");
    if (value == "Y" || value == "1") return row;
    if (value.empty()) continue;
    row.state = CheckState::warning;
    row.found = "off";
    row.meaning = "machines in machines are emulated";
    row.advice = fmt::format(
        "echo 'options {} nested=1' >/etc/modprobe.d/kvm.conf, and load {} anew", module, module);
    return row;
  }
  row.state = CheckState::warning;
  row.found = "no KVM";
  row.meaning = "machines in machines are emulated";
  row.advice = "see kvm";
  return row;
}

HostCheck iommu(const Parts& host) {
  HostCheck row{.name = "iommu", .state = CheckState::ok};
  row.meaning = "PCI devices can be given to machines";
  auto groups = host.count("sys/kernel/iommu_groups");
  row.found = fmt::format("{} groups", groups);
  if (groups > 0) return row;
  row.state = CheckState::warning;
  row.found = "none";
  row.meaning = "no PCI device can be given to a machine";
  row.advice = "switch it on in the firmware, and boot Linux with intel_iommu=on or amd_iommu=on";
  return row;
}

HostCheck control_groups(const Parts& host) {
  HostCheck row{.name = "cgroups", .state = CheckState::ok};
  row.meaning = "memory, processor and threads of each machine are limited";
  std::string missing;
  bool unified = host.has("sys/fs/cgroup/cgroup.controllers");
  std::istringstream words(host.text("sys/fs/cgroup/cgroup.controllers"));
  std::vector<std::string> offered{std::istream_iterator<std::string>(words), {}};
  for (const char* controller : {"memory", "cpu", "pids"}) {
    bool there = unified ? std::ranges::find(offered, controller) != offered.end()
                         : host.has(std::string("sys/fs/cgroup/") + controller);
    if (!there) missing += std::string(missing.empty() ? "" : ", ") + controller;
  }
  row.found = unified ? "version 2" : "version 1";
  if (missing.empty()) return row;
  row.state = CheckState::warning;
  row.found = "no controller for " + missing;
  row.meaning = "machines are not limited in these, and one can take all from the others";
  row.advice = "boot Linux with systemd.unified_cgroup_hierarchy=1 and without cgroup_disable=";
  return row;
}

struct Feature {
  const char *name, *module, *path, *meaning, *without;
  CheckState state;  ///< when it is not there
};

// A module that is not loaded but installed is loaded by the kernel when it is needed.
constexpr Feature features[] = {
    {"tun", "tun", "dev/net/tun", "machines are plugged into networks of the host",
     "machines have user-mode networks only", CheckState::missing},
    {"bridge", "bridge", "sys/module/bridge", "networks of the host are bridges",
     "machines have user-mode networks only", CheckState::missing},
    {"nf_tables", "nf_tables", "sys/module/nf_tables", "networks have NAT and filters",
     "networks of the kind nat cannot be made", CheckState::missing},
    {"vhost", "vhost_net", "dev/vhost-net", "the kernel can carry packets of machines by itself",
     "every packet of a machine passes through its QEMU", CheckState::warning},
};

HostCheck feature(const Parts& host, const Feature& wanted) {
  HostCheck row{.name = wanted.name, .state = CheckState::ok, .found = "there"};
  row.meaning = wanted.meaning;
  if (host.has(wanted.path)) return row;
  if (host.has_module(wanted.module)) {
    row.found = "loaded when needed";
    return row;
  }
  row.state = host.places.root_user ? wanted.state : CheckState::warning;
  row.found = "not in this kernel";
  row.meaning = wanted.without;
  row.advice =
      fmt::format("run a kernel that has it (Debian's has), or modprobe {}", wanted.module);
  return row;
}

// A kernel that has it built in shows no module: then only a question to it tells.
Async<HostCheck> asked_feature(const Parts& host, const Feature& wanted) {
  auto row = feature(host, wanted);
  if (row.state == CheckState::ok || wanted.module != std::string_view("nf_tables")) co_return row;
  Command ask;
  ask.argv = {host.places.nft, "list", "tables"};
  auto told = co_await run_checked(ask, 10s);
  if (!told) co_return row;
  row = {.name = wanted.name, .state = CheckState::ok, .found = "there"};
  row.meaning = wanted.meaning;
  co_return row;
}

HostCheck user_namespaces(const Parts& host) {
  HostCheck row{.name = "userns", .state = CheckState::ok, .found = "there"};
  row.meaning = "users without root's rights can build templates";
  auto most = host.text("proc/sys/user/max_user_namespaces");
  if (host.has("proc/self/ns/user") && most != "0") return row;
  row.state = CheckState::warning;
  row.found = most == "0" ? "switched off" : "not in this kernel";
  row.meaning = "only root can build templates of Debian";
  row.advice = "sysctl user.max_user_namespaces=15000";
  return row;
}

HostCheck seccomp(const Parts& host) {
  HostCheck row{.name = "seccomp", .state = CheckState::ok, .found = "there"};
  row.meaning = "a machine's QEMU keeps only the system calls that it needs";
  if (host.has("proc/sys/kernel/seccomp/actions_avail")) return row;
  row.state = CheckState::missing;
  row.found = "not in this kernel";
  row.meaning = "QEMU cannot be confined, and is not started";
  row.advice = "run a kernel with CONFIG_SECCOMP_FILTER (Debian's has it)";
  return row;
}

HostCheck landlock() {
  HostCheck row{.name = "landlock", .state = CheckState::ok};
  row.meaning = "a machine's QEMU reaches its own files and no others";
  auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  row.found = fmt::format("version {}", version);
  if (version > 0) return row;
  row.state = CheckState::warning;
  row.found = "not in this kernel, or not switched on";
  row.meaning =
      "only its user and the modes of files keep a machine's QEMU out of what is not its own";
  row.advice = "boot Linux 5.13 or newer with landlock in lsm=";
  return row;
}

Async<HostCheck> namespaces() {
  HostCheck row{.name = "namespaces", .state = CheckState::ok};
  row.found = "files, network, processes, messages";
  row.meaning =
      "a machine's QEMU sees its own files and processes only, and no network of the host";
  auto [own, lacking] = co_await try_isolation();
  if (lacking.empty()) co_return row;
  row.state = CheckState::warning;
  row.found = "not " + lacking.front();
  row.meaning =
      "a machine's QEMU sees what the host has; its user, Landlock and seccomp keep it out";
  row.advice = "run truced as root, outside of containers that lack CAP_SYS_ADMIN; restart truced";
  co_return row;
}

HostCheck apparmor(const Parts& host) {
  HostCheck row{.name = "apparmor", .state = CheckState::ok};
  row.found = fmt::format("profile {}", apparmor_profile);
  row.meaning = "a machine's QEMU runs under a profile of AppArmor as well";
  if (has_profile(host.places.root)) return row;
  row.state = CheckState::warning;
  row.meaning = "its user, namespaces, Landlock and seccomp confine a machine's QEMU";
  bool there = host.has("sys/kernel/security/apparmor");
  row.found = there ? fmt::format("the profile {} is not loaded", apparmor_profile)
                    : "not in this kernel, or not switched on";
  row.advice = there ? fmt::format("apparmor_parser -r /etc/apparmor.d/{}, then restart truced",
                                   apparmor_profile)
                     : "boot Linux with apparmor in lsm= (Debian's has it)";
  return row;
}

HostCheck pressure(const Parts& host) {
  HostCheck row{.name = "pressure", .state = CheckState::ok, .found = "there"};
  row.meaning = "what waits for processor, memory and disks is measured";
  if (host.has("proc/pressure/memory")) return row;
  row.state = CheckState::warning;
  row.found = "not there";
  row.meaning = "that machines wait for processor, memory or disks is not seen";
  row.advice = "boot Linux with psi=1";
  return row;
}

Async<HostCheck> qemu(const Parts& host) {
  HostCheck row{.name = "qemu", .state = CheckState::missing};
  row.meaning = "no machine can run";
  row.advice = "apt-get install qemu-system-x86";
  Command ask;
  ask.argv = {host.places.qemu, "--version"};
  auto version = co_await run_checked(ask, 20s);
  if (!version) {
    row.found = version.error().message;
    co_return row;
  }
  row.found = version->substr(0, version->find('\n'));
  constexpr std::string_view before = "version ";
  auto at = row.found.find(before);
  auto number = at == row.found.npos ? std::string() : row.found.substr(at + before.size());
  if (std::strtod(number.c_str(), nullptr) < 7.2) {
    row.state = CheckState::warning;
    row.meaning = "Truce is written for QEMU 7.2 and newer; machines may not start";
    co_return row;
  }
  row.state = CheckState::ok;
  row.meaning = "machines run in it";
  row.advice.clear();
  co_return row;
}

struct Tool {
  const char *name, *program, *package, *meaning, *without;
  CheckState state;
};
constexpr Tool tools[] = {
    {"dnsmasq", "dnsmasq", "dnsmasq-base", "networks have DHCP and names",
     "networks of the kind nat cannot be made", CheckState::missing},
    {"nftables", "nft", "nftables", "networks have NAT and filters",
     "networks of the kind nat cannot be made", CheckState::missing},
    {"seeds", "xorriso", "xorriso", "machines get cloud-init data and answer files",
     "machines get no cloud-init data and no answer files", CheckState::missing},
    {"tpm", "swtpm", "swtpm", "machines can have a TPM", "no machine can have a TPM",
     CheckState::warning},
    {"recipes", "mmdebstrap", "mmdebstrap", "templates of Debian can be made",
     "templates of Debian cannot be made here; images can be imported", CheckState::warning},
};

HostCheck tool(const Parts& host, const Tool& wanted) {
  HostCheck row{.name = wanted.name, .state = CheckState::ok};
  row.meaning = wanted.meaning;
  auto path = host.program(wanted.program);
  if (path.empty() && wanted.program == std::string_view("xorriso"))
    path = host.program("genisoimage");
  row.found = path;
  if (!path.empty()) return row;
  row.state = host.places.root_user ? wanted.state : CheckState::warning;
  row.found = fmt::format("{} is not installed", wanted.program);
  row.meaning = wanted.without;
  row.advice = fmt::format("apt-get install {}, then restart truced", wanted.package);
  return row;
}

HostCheck firmware(const Parts& host) {
  HostCheck row{.name = "uefi", .state = CheckState::ok, .found = "OVMF"};
  row.meaning = "machines can have UEFI and Secure Boot";
  if (host.has("usr/share/OVMF/OVMF_CODE_4M.fd") && host.has("usr/share/OVMF/OVMF_VARS_4M.ms.fd"))
    return row;
  row.state = CheckState::warning;
  row.found = "OVMF is not installed";
  row.meaning = "machines have BIOS only";
  row.advice = "apt-get install ovmf, then restart truced";
  return row;
}

HostCheck space(const Parts& host) {
  HostCheck row{.name = "space", .state = CheckState::ok};
  row.meaning = "disks of machines have room to grow";
  struct statvfs disk{};
  if (::statvfs(host.places.state.c_str(), &disk) != 0) {
    row.state = CheckState::missing;
    row.found = fmt::format("{} cannot be looked at", host.places.state.string());
    row.meaning = "disks of machines have no place";
    row.advice = "make the folder, or name another one as state-dir";
    return row;
  }
  Bytes free{static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize};
  Bytes all{static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize};
  row.found =
      fmt::format("{} of {} free in {}", rounded(free), rounded(all), host.places.state.string());
  if (free.count >= gib(5).count && free.count >= all.count / 20) return row;
  row.state = free.count < gib(1).count ? CheckState::missing : CheckState::warning;
  row.meaning = "machines whose disks grow are paused when nothing is left";
  row.advice = "delete what is not needed (truce template list), or make the file system larger";
  return row;
}

HostCheck memory(const Parts& host) {
  HostCheck row{.name = "memory", .state = CheckState::ok};
  row.meaning = "another machine can start";
  Bytes all{host.number_in("proc/meminfo", "MemTotal:") * 1024};
  Bytes free{host.number_in("proc/meminfo", "MemAvailable:") * 1024};
  row.found = fmt::format("{} of {} available", rounded(free), rounded(all));
  if (free.count >= gib(1).count) return row;
  row.state = CheckState::warning;
  row.meaning = "another machine may push this host out of memory";
  row.advice = "stop machines, or give them less (truce vm set NAME --memory)";
  return row;
}

HostCheck clock() {
  HostCheck row{.name = "time", .state = CheckState::ok, .found = "synchronised"};
  row.meaning = "certificates, tokens and logs agree with other hosts";
  timex status{};
  if (::adjtimex(&status) >= 0 && (status.status & STA_UNSYNC) == 0) return row;
  row.state = CheckState::warning;
  row.found = "nothing keeps the clock right";
  row.meaning =
      "certificates and tokens may count as expired, and logs of hosts do not fit together";
  row.advice = "apt-get install systemd-timesyncd (or chrony)";
  return row;
}

HostCheck huge_pages(const Parts& host) {
  HostCheck row{.name = "huge-pages", .state = CheckState::ok};
  constexpr const char* folder = "sys/kernel/mm/hugepages/hugepages-2048kB/";
  auto number = [&](const char* name) {
    return std::strtoull(host.text(std::string(folder) + name).c_str(), nullptr, 10);
  };
  row.found = fmt::format("{} of {} free", number("free_hugepages"), number("nr_hugepages"));
  row.meaning = "machines can have memory from huge pages (--huge-pages)";
  if (number("nr_hugepages") > 0) return row;
  row.state = CheckState::warning;
  row.found = "none reserved";
  row.meaning = "machines that ask for huge pages are refused";
  row.advice = "sysctl vm.nr_hugepages=N, 512 for each GiB";
  return row;
}

HostCheck same_pages(const Parts& host) {
  HostCheck row{.name = "ksm", .state = CheckState::ok};
  auto run = host.text("sys/kernel/mm/ksm/run");
  row.found = run == "1" ? "on" : "off";
  row.meaning = run == "1" ? "pages that machines have in common are kept once"
                           : "pages that machines have in common are kept once for each";
  if (!run.empty()) return row;
  row.state = CheckState::warning;
  row.found = "not in this kernel";
  row.advice = "run a kernel with CONFIG_KSM (Debian's has it)";
  return row;
}

}  // namespace

Async<std::vector<HostCheck>> check_host(HostPlaces places) {
  Parts host{std::move(places)};
  std::vector<HostCheck> rows{co_await qemu(host),   kvm(host),      nested(host),
                              iommu(host),           seccomp(host),  landlock(),
                              co_await namespaces(), apparmor(host), user_namespaces(host),
                              control_groups(host),  pressure(host)};
  for (const auto& wanted : features) rows.push_back(co_await asked_feature(host, wanted));
  for (const auto& wanted : tools) rows.push_back(tool(host, wanted));
  rows.push_back(firmware(host));
  rows.push_back(space(host));
  rows.push_back(memory(host));
  rows.push_back(clock());
  rows.push_back(huge_pages(host));
  rows.push_back(same_pages(host));
  co_return rows;
}

}  // namespace truce::qemu
