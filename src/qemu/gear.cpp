#include "gear.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "confinement.h"
#include "host/firmware.h"
#include "host/host_devices.h"
#include "live/secrets.h"

namespace truce::qemu {

using hypervisor::Machine;

namespace {

int next_fd(const Gear& gear) {
  int highest = gear.wiring.agent_fd;
  for (auto [ours, theirs] : gear.descriptors) highest = std::max(highest, theirs);
  return highest + 1;
}

Result<void> hand(Gear& gear, Result<Fd> fd, int theirs) {
  if (!fd) return std::unexpected(fd.error());
  gear.descriptors.emplace_back(fd->get(), theirs);
  gear.kept.push_back(std::move(*fd));
  return {};
}

Result<void> add_lines(const Machine& machine, const Runtime& runtime, Gear& gear) {
  std::vector<std::string> names;
  for (std::int64_t i = 2; i <= machine.outfit.serial_ports; ++i)
    names.push_back(fmt::format("serial{}", i));
  if (machine.outfit.parallel_port) names.emplace_back("parallel");
  for (const auto& name : names) {
    auto theirs = next_fd(gear);
    TRY_VOID(hand(gear, runtime.listen(name), theirs));
    gear.wiring.line_fds.emplace_back(name, theirs);
  }
  return {};
}

// A TPM 2.0 as a process beside QEMU, joined to it by a pair of sockets, so neither needs a path to
// the other (swtpm(8), "--ctrl"; swtpm_ioctls(3)). What it keeps is in the machine's folder.
Result<void> add_tpm(const Machine& machine, const Runtime& runtime, const User& user,
                     const ControlGroup& groups, const Enclosure& enclosure, Gear& gear) {
  auto state = machine.folder / "tpm";
  TRY_VOID(make_folder(state, 0700));
  TRY_VOID(own_path(state, user));
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail_errno(errno, "socketpair");
  Fd ours(pair[0]);
  Fd tpms(pair[1]);
  TRY(auto log, open_file(runtime.folder() / "tpm.log", O_WRONLY | O_CREAT | O_APPEND, 0600));
  constexpr int control = 3;
  Command command;
  enclose(enclosure, command);
  command.argv = {"swtpm",
                  "socket",
                  "--tpm2",
                  "--tpmstate",
                  fmt::format("dir={},mode=0600", state.string()),
                  "--ctrl",
                  fmt::format("type=unixio,clientfd={}", control),
                  "--terminate"};
  command.descriptors = {{log.get(), 2}, {tpms.get(), control}};
  command.user = user;
  command.cgroups = groups_of(machine, groups);
  command.gate = machine.gate;
  command.file_rules =
      FileRules{.read_only = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl"},
                .read_write = {state, "/dev/null", "/dev/urandom"}};
  TRY(gear.tpm, Process::start(command));
  gear.wiring.tpm_fd = next_fd(gear);
  return hand(gear, std::move(ours), gear.wiring.tpm_fd);
}

Result<void> add_devices(const Machine& machine, const User& user, const Surroundings& around,
                         Gear& gear) {
  const auto& outfit = machine.outfit;
  for (const auto& id : outfit.usb_devices) {
    TRY(auto node, usb_node(id, around));
    TRY_VOID(own_path(node, user));
    gear.wiring.usb_nodes.push_back(std::move(node));
  }
  for (const auto& address : outfit.pci) {
    TRY(auto node, pci_group(address, around));
    TRY_VOID(own_path(node, user));
  }
  if (outfit.huge_pages) TRY_VOID(check_huge_pages(machine.memory, around));
  if (!outfit.gpu_3d) return {};
  gear.wiring.render_node = render_node(around);
  if (!gear.wiring.render_node.empty()) return {};
  return fail(Code::unsupported, "no graphics card of this host is open to machines for 3D");
}

}  // namespace

Result<Gear> make_gear(const Machine& machine, const Runtime& runtime, const User& user,
                       const ControlGroup& groups, const Enclosure& enclosure,
                       const Surroundings& around) {
  Gear gear;
  auto& wiring = gear.wiring;
  wiring.vnc = runtime.own() / "vnc.sock";
  wiring.spice = runtime.own() / "spice.sock";
  wiring.keys = runtime.own();
  for (const auto& disk : machine.disks) {
    if (disk.encrypted > 0) TRY_VOID(make_key_pipe(runtime, disk.id, user));
  }
  TRY_VOID(hand(gear, open_file(runtime.log(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2));
  TRY_VOID(hand(gear, runtime.listen("qmp"), wiring.qmp_fd));
  TRY_VOID(hand(gear, runtime.listen("serial"), wiring.serial_fd));
  TRY_VOID(hand(gear, runtime.listen("agent"), wiring.agent_fd));
  for (const auto& port : machine.ports) {
    if (port.user_mode) continue;
    wiring.tap_fds.push_back(next_fd(gear));
    gear.descriptors.emplace_back(port.tap, wiring.tap_fds.back());
  }
  TRY_VOID(add_lines(machine, runtime, gear));
  if (machine.outfit.firmware == model::Firmware::uefi) {
    TRY(wiring.firmware, prepare_firmware(machine, around.firmware));
    TRY_VOID(own_path(wiring.firmware.variables, user));
  }
  TRY_VOID(add_devices(machine, user, around, gear));
  if (machine.outfit.tpm) TRY_VOID(add_tpm(machine, runtime, user, groups, enclosure, gear));
  return gear;
}

}  // namespace truce::qemu
