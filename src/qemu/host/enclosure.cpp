#include "enclosure.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/file.h"
#include "base/log.h"

namespace truce::qemu {
namespace {

constexpr std::array refused_calls{
    // other processes
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(process_madvise),
    SCMP_SYS(process_mrelease),
    SCMP_SYS(move_pages),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(perf_event_open),
    // other namespaces and roots
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    // parts of the kernel that many break-outs went through
    SCMP_SYS(bpf),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(vmsplice),
    SCMP_SYS(modify_ldt),
    // the whole host's
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(syslog),
    SCMP_SYS(vhangup),
    SCMP_SYS(nfsservctl),
    SCMP_SYS(uselib),
    SCMP_SYS(ustat),
    SCMP_SYS(sysfs),
    SCMP_SYS(personality),
    // other users
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(capset),
};

constexpr std::uint32_t namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                          CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
                                          CLONE_NEWNET;

int add_rules(scmp_filter_ctx filter, Fetching fetching) {
  int failed = 0;
  for (int call : refused_calls) {
    if (call == SCMP_SYS(userfaultfd) && fetching == Fetching::yes) continue;
    failed |= ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
  }
  // clone3 hides its flags from a filter: with ENOSYS the C library takes clone.
  failed |= ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  for (std::uint32_t flag = 1; flag != 0; flag <<= 1U) {
    if ((namespace_flags & flag) == 0) continue;
    scmp_arg_cmp set{0, SCMP_CMP_MASKED_EQ, flag, flag};
    failed |= ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &set);
  }
  // Families between and above those that are used: unix 1, inet 2, inet6 10, netlink 16 (addresses
  // for the network in user mode, events for USB).
  static_assert(AF_UNIX == 1 && AF_INET == 2 && AF_INET6 == 10 && AF_NETLINK == 16);
  for (int family = 0; family < AF_NETLINK; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
    scmp_arg_cmp other{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0};
    failed |=
        ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, &other);
  }
  scmp_arg_cmp above{0, SCMP_CMP_GT, AF_NETLINK, 0};
  failed |=
      ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, &above);
  return failed;
}

Command doing_nothing() {
  Command command;
  command.argv = {"true"};
  command.file_rules = FileRules{.read_only = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache"},
                                 .read_write = {"/dev/null"}};
  return command;
}

}  // namespace

std::vector<sock_filter> call_filter(Fetching fetching) {
  std::unique_ptr<void, decltype(&::seccomp_release)> filter(::seccomp_init(SCMP_ACT_ALLOW),
                                                             ::seccomp_release);
  if (!filter) return {};
  int failed = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree of numbers
  failed |= add_rules(filter.get(), fetching);
  Fd memory(::memfd_create("filter", MFD_CLOEXEC));
  if (failed != 0 || !memory || ::seccomp_export_bpf(filter.get(), memory.get()) != 0) return {};
  auto size = ::lseek(memory.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(memory.get(), program.data(), program.size() * sizeof(sock_filter), 0) != size)
    return {};
  return program;
}

bool has_profile(const std::filesystem::path& root) {
  auto loaded = read_file(root / "sys/kernel/security/apparmor/profiles", mib(4));
  return loaded && ("\n" + *loaded).contains(fmt::format("\n{} (", apparmor_profile));
}

Async<std::pair<Isolation, std::vector<std::string>>> try_isolation() {
  struct Part {
    const char* name;
    bool Isolation::* member;
  };
  constexpr Part parts[] = {{"files", &Isolation::files},
                            {"network", &Isolation::network},
                            {"processes", &Isolation::processes},
                            {"messages", &Isolation::messages}};
  std::pair<Isolation, std::vector<std::string>> told;
  for (const auto& part : parts) {
    auto command = doing_nothing();
    command.own.*part.member = true;
    auto tried = co_await run_checked(std::move(command), 10s);
    told.first.*part.member = tried.has_value();
    if (!tried) told.second.push_back(fmt::format("{}: {}", part.name, tried.error().message));
  }
  co_return told;
}

Async<Enclosure> try_enclosure() {
  Enclosure enclosure;
  std::tie(enclosure.own, enclosure.shortcomings) = co_await try_isolation();
  enclosure.calls = call_filter();
  if (enclosure.calls.empty()) enclosure.shortcomings.emplace_back("no filter of system calls");
  if (has_profile()) enclosure.profile = apparmor_profile;
  for (const auto& lack : enclosure.shortcomings)
    spdlog::warn("machines share with this host what they could have of their own: {}", lack);
  co_return enclosure;
}

}  // namespace truce::qemu
