#include "confinement.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/user.h"

namespace truce::qemu {
namespace {

using hypervisor::DiskFile;
using hypervisor::Machine;

// The machine's folder in the pool where a disk or a layer of it lies.
std::filesystem::path folder_of(const std::filesystem::path& file) {
  auto folder = file.parent_path();
  return folder.filename() == hypervisor::layers_folder ? folder.parent_path() : folder;
}

bool writable(const DiskFile& disk) {
  return !disk.read_only && !disk.cdrom;
}

// Of the files that a disk stands on, those that no other machine has.
bool own_layer(const std::filesystem::path& below, const DiskFile& disk, const Machine& machine) {
  auto folder = folder_of(below);
  return folder == machine.folder || folder == folder_of(disk.path);
}

// Of the files that a throw-away stands on, those that no other machine has: it may read them, and
// that is all.
bool own_original(const std::filesystem::path& below, const DiskFile& disk,
                  const Machine& machine) {
  return disk.throw_away && folder_of(below).filename() == machine.uuid;
}

Result<void> own_file(const std::filesystem::path& path, std::pair<uid_t, gid_t> user) {
  TRY(auto fd, open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "stat " + path.string());
  if (!S_ISREG(status.st_mode)) return {};  // a block device keeps its owner
  if (status.st_nlink != 1) {
    return fail(Code::forbidden,
                "{}: the file has a second name; a machine's disk must have one only",
                path.string());
  }
  if (::fchown(fd.get(), user.first, user.second) != 0 || ::fchmod(fd.get(), 0600) != 0) {
    return fail_errno(errno, "give to the machine's user: " + path.string());
  }
  return {};
}

}  // namespace

User user_of(const Machine& machine, uid_t uid_base, Accelerator accelerator) {
  return user_apart(uid_base + static_cast<uid_t>(machine.number), accelerator == Accelerator::kvm);
}

User user_of(const Runtime& runtime) {
  struct stat status{};
  bool known = ::geteuid() == 0 && ::stat(runtime.own().c_str(), &status) == 0;
  return known ? User(std::pair{status.st_uid, status.st_gid}) : std::nullopt;
}

Result<void> own_files(const Machine& machine, const User& user) {
  if (!user) return {};
  for (const auto& disk : machine.disks) {
    if (writable(disk) || folder_of(disk.path) == machine.folder)
      TRY_VOID(own_file(disk.path, *user));
    // On another host it had another user.
    for (const auto& below : disk.backing) {
      bool own = own_layer(below, disk, machine) || own_original(below, disk, machine);
      if (writable(disk) && own) TRY_VOID(own_file(below, *user));
    }
  }
  return {};
}

Result<void> own_path(const std::filesystem::path& path, const User& user) {
  if (!user) return {};
  std::error_code ec;
  if (std::filesystem::is_regular_file(path, ec)) return own_file(path, *user);
  if (::lchown(path.c_str(), user->first, user->second) != 0) {
    return fail_errno(errno, "give to the machine's user: " + path.string());
  }
  return {};
}

Result<void> make_layers_folders(const Machine& machine) {
  TRY_VOID(make_folder(machine.folder / hypervisor::layers_folder, 0711));
  for (const auto& disk : machine.disks) {
    if (writable(disk) && disk.format == "qcow2")
      TRY_VOID(make_folder(folder_of(disk.path) / hypervisor::layers_folder, 0711));
  }
  return {};
}

FileRules file_rules(const Machine& machine, const Wiring& wiring, const Runtime& runtime) {
  FileRules rules;
  // Programs, libraries and firmware; the name servers, for the network in user mode.
  rules.read_only = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/resolv.conf"};
  rules.read_write = {runtime.own(), "/dev/null", "/dev/urandom", "/dev/kvm"};
  for (const auto& disk : machine.disks) {
    if (disk.path.empty()) continue;  // a drive with nothing in it
    (writable(disk) ? rules.read_write : rules.read_only).push_back(disk.path);
    auto layers = folder_of(disk.path) / hypervisor::layers_folder;
    if (writable(disk) && folder_of(disk.path) != machine.folder)
      rules.read_write.push_back(layers);
    for (const auto& below : disk.backing) {
      // Layers of its own: what is above them may be merged into them.
      bool own = own_layer(below, disk, machine);
      (own ? rules.read_write : rules.read_only).push_back(below);
    }
  }
  rules.read_write.push_back(machine.folder / hypervisor::layers_folder);
  for (const auto& file : {machine.kernel, machine.initrd, wiring.firmware.code}) {
    if (!file.empty()) rules.read_only.push_back(file);
  }
  for (const auto& file : {wiring.firmware.variables, wiring.render_node}) {
    if (!file.empty()) rules.read_write.push_back(file);
  }
  if (!wiring.render_node.empty()) {  // what draws finds its card's driver there
    rules.read_only.insert(rules.read_only.end(), {"/sys/dev/char", "/sys/devices"});
  }
  for (const auto& node : wiring.usb_nodes) rules.read_write.push_back(node);
  if (!machine.outfit.pci.empty()) {
    // vfio finds a device's group in /sys (Documentation/driver-api/vfio.rst).
    rules.read_only.insert(rules.read_only.end(), {"/sys/bus/pci", "/sys/devices"});
    rules.read_write.emplace_back("/dev/vfio");
  }
  return rules;
}

void enclose(const Enclosure& enclosure, Command& command) {
  command.own = enclosure.own;
  command.call_filter = enclosure.calls;
  command.profile = enclosure.profile;
  // One byte: with none at all, a program that takes cores by a pipe would still get them
  // (core(5)).
  command.limits = {
      {RLIMIT_CORE, 1}, {RLIMIT_NOFILE, 4096}, {RLIMIT_MSGQUEUE, 0}, {RLIMIT_RTPRIO, 0}};
}

Command confined(const Machine& machine, const Wiring& wiring, const Runtime& runtime,
                 const User& user, const Enclosure& enclosure, std::vector<std::string> argv) {
  Command command;
  enclose(enclosure, command);
  auto needs_hosts = [](const hypervisor::Port& port) { return port.user_mode && !port.isolated; };
  if (std::ranges::any_of(machine.ports, needs_hosts)) command.own.network = false;
  command.argv = std::move(argv);
  command.user = user;
  command.lock_memory = !machine.outfit.pci.empty();  // a device writes where the memory is
  command.file_rules = file_rules(machine, wiring, runtime);
  return command;
}

}  // namespace truce::qemu
