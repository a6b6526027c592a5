#include "confinement.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace truce::qemu {
namespace {

using hypervisor::DiskFile;
using hypervisor::Machine;

bool inside(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return !folder.empty() && path.parent_path() == folder;
}

bool writable(const DiskFile& disk) {
  return !disk.read_only && !disk.cdrom;
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
  if (::geteuid() != 0) return std::nullopt;
  auto id = uid_base + static_cast<uid_t>(machine.number);
  gid_t group = id;
  struct stat status{};
  if (accelerator == Accelerator::kvm && ::stat("/dev/kvm", &status) == 0) {
    bool open_to_all = (status.st_mode & 06) == 06;
    if (!open_to_all && status.st_gid != 0) group = status.st_gid;
  }
  return std::pair{id, group};
}

Result<void> own_files(const Machine& machine, const User& user) {
  if (!user) return {};
  for (const auto& disk : machine.disks) {
    if (writable(disk) || inside(disk.path, machine.folder)) TRY_VOID(own_file(disk.path, *user));
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

FileRules file_rules(const Machine& machine, const Wiring& wiring, const Runtime& runtime) {
  FileRules rules;
  // Programs, libraries and firmware; the name servers, for the network in user mode.
  rules.read_only = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/resolv.conf"};
  rules.read_write = {runtime.own(), "/dev/null", "/dev/urandom", "/dev/kvm"};
  for (const auto& disk : machine.disks) {
    (writable(disk) ? rules.read_write : rules.read_only).push_back(disk.path);
    for (const auto& below : disk.backing) {
      // Layers of its own: what is above them may be merged into them.
      bool own = inside(below, machine.folder);
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
  for (const auto& node : wiring.usb_nodes) rules.read_write.push_back(node);
  if (!machine.outfit.pci.empty()) {
    // vfio finds a device's group in /sys (Documentation/driver-api/vfio.rst).
    rules.read_only.insert(rules.read_only.end(), {"/sys/bus/pci", "/sys/devices"});
    rules.read_write.emplace_back("/dev/vfio");
  }
  return rules;
}

Command confined(const Machine& machine, const Wiring& wiring, const Runtime& runtime,
                 const User& user, std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.user = user;
  command.lock_memory = !machine.outfit.pci.empty();  // a device writes where the memory is
  command.file_rules = file_rules(machine, wiring, runtime);
  return command;
}

}  // namespace truce::qemu
