#include "image/confine.h"

#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace truce::image {
namespace {

// Reading and writing open files, memory, threads, time.
constexpr std::array allowed_calls{SCMP_SYS(read),
                                   SCMP_SYS(write),
                                   SCMP_SYS(readv),
                                   SCMP_SYS(writev),
                                   SCMP_SYS(pread64),
                                   SCMP_SYS(pwrite64),
                                   SCMP_SYS(preadv),
                                   SCMP_SYS(pwritev),
                                   SCMP_SYS(lseek),
                                   SCMP_SYS(fstat),
                                   SCMP_SYS(newfstatat),
                                   SCMP_SYS(statx),
                                   SCMP_SYS(close),
                                   SCMP_SYS(fcntl),
                                   SCMP_SYS(ioctl),
                                   SCMP_SYS(fallocate),
                                   SCMP_SYS(ftruncate),
                                   SCMP_SYS(fdatasync),
                                   SCMP_SYS(fsync),
                                   SCMP_SYS(copy_file_range),
                                   SCMP_SYS(sync_file_range),
                                   SCMP_SYS(getdents64),
                                   SCMP_SYS(mmap),
                                   SCMP_SYS(munmap),
                                   SCMP_SYS(mprotect),
                                   SCMP_SYS(mremap),
                                   SCMP_SYS(madvise),
                                   SCMP_SYS(brk),
                                   SCMP_SYS(futex),
                                   SCMP_SYS(exit),
                                   SCMP_SYS(exit_group),
                                   SCMP_SYS(rt_sigaction),
                                   SCMP_SYS(rt_sigprocmask),
                                   SCMP_SYS(rt_sigreturn),
                                   SCMP_SYS(sigaltstack),
                                   SCMP_SYS(set_robust_list),
                                   SCMP_SYS(rseq),
                                   SCMP_SYS(gettid),
                                   SCMP_SYS(getpid),
                                   SCMP_SYS(tgkill),
                                   SCMP_SYS(sched_getaffinity),
                                   SCMP_SYS(sched_yield),
                                   SCMP_SYS(clock_gettime),
                                   SCMP_SYS(clock_nanosleep),
                                   SCMP_SYS(gettimeofday),
                                   SCMP_SYS(nanosleep),
                                   SCMP_SYS(getrandom),
                                   SCMP_SYS(restart_syscall),
                                   SCMP_SYS(prlimit64),
                                   SCMP_SYS(getrusage),
                                   SCMP_SYS(poll),
                                   SCMP_SYS(ppoll),
                                   SCMP_SYS(geteuid),
                                   SCMP_SYS(getuid)};

// Files by name, within Landlock's rules.
constexpr std::array naming_calls{SCMP_SYS(stat),     SCMP_SYS(lstat),      SCMP_SYS(open),
                                  SCMP_SYS(openat),   SCMP_SYS(openat2),    SCMP_SYS(rename),
                                  SCMP_SYS(renameat), SCMP_SYS(renameat2),  SCMP_SYS(unlink),
                                  SCMP_SYS(unlinkat), SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),
                                  SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
                                  SCMP_SYS(access),   SCMP_SYS(faccessat),  SCMP_SYS(faccessat2)};

// Of sockets that are open.
constexpr std::array socket_calls{
    SCMP_SYS(sendto),     SCMP_SYS(recvfrom),    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),    SCMP_SYS(shutdown),    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername)};
// For new connections; libcurl wakes itself through a pair of sockets.
constexpr std::array connecting_calls{SCMP_SYS(connect), SCMP_SYS(socketpair)};

int allow_sockets(scmp_filter_ctx filter, NetworkRules::Sockets sockets) {
  int failed = 0;
  if (sockets == NetworkRules::Sockets::none) return failed;
  for (int call : socket_calls) failed |= ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  if (sockets == NetworkRules::Sockets::open) return failed;
  for (int call : connecting_calls) failed |= ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  constexpr scmp_datum_t kind_without_flags = 0xf;
  for (scmp_datum_t family : {AF_INET, AF_INET6}) {
    std::array of_tcp{
        scmp_arg_cmp{0, SCMP_CMP_EQ, family, 0},
        scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, kind_without_flags, SOCK_STREAM},
    };
    failed |= ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), of_tcp.size(),
                                       of_tcp.data());
  }
  return failed;
}

// linux/landlock.h since 6.7 (ABI 4); Debian 12's is older.
struct LandlockPorts {
  std::uint64_t handled_files = 0, handled_network = 0;
};
struct LandlockPort {
  std::uint64_t allowed = 0, port = 0;
};
constexpr std::uint64_t landlock_bind = 1, landlock_connect = 2;
constexpr int landlock_rule_port = 2, landlock_with_ports = 4;

/// TCP to these ports and no others. A kernel without such rules is left as it is.
Result<void> restrict_ports(const std::vector<std::uint16_t>& ports) {
  constexpr unsigned version_wanted = 1;
  auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, version_wanted);
  if (version < landlock_with_ports) return {};
  LandlockPorts handled{.handled_network = landlock_bind | landlock_connect};
  Fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  if (!rules) return fail_errno(errno, "landlock");
  for (auto port : ports) {
    LandlockPort rule{.allowed = landlock_connect, .port = port};
    if (::syscall(SYS_landlock_add_rule, rules.get(), landlock_rule_port, &rule, 0) != 0)
      return fail_errno(errno, "landlock rule for a port");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0)
    return fail_errno(errno, "landlock");
  return {};
}

Result<void> filter_calls(const FileRules& files, NetworkRules::Sockets sockets) {
  std::unique_ptr<void, decltype(&::seccomp_release)> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                             ::seccomp_release);
  if (!filter) return fail(Code::io, "seccomp: no filter could be made");
  int failed = 0;
  for (int call : allowed_calls)
    failed |= ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  bool names_files = !files.read_only.empty() || !files.read_write.empty();
  for (int call : naming_calls) {
    if (names_files) failed |= ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  }
  // clone3 hides its flags from a filter: with ENOSYS the C library takes clone, for threads only.
  failed |= ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  scmp_arg_cmp thread{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEWUSER, CLONE_THREAD};
  failed |= ::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);
  failed |= allow_sockets(filter.get(), sockets);
#if __has_feature(address_sanitizer)  // UBSan learns through a pipe whether an object can be read
  failed |= ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(pipe2), 0);
#endif
  if (failed == 0) failed = ::seccomp_load(filter.get());
  if (failed == -EINVAL || failed == -ENOSYS) return {};  // a kernel without filters
  if (failed != 0) return fail_errno(-failed, "seccomp");
  return {};
}

Result<void> limit(int resource, rlim_t most) {
  rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &now) != 0)
    return fail_errno(errno, "getrlimit");
  rlimit wanted{std::min(most, now.rlim_max), std::min(most, now.rlim_max)};
  if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &wanted) != 0)
    return fail_errno(errno, "setrlimit");
  return {};
}

}  // namespace

Result<void> limit_file_size(std::uint64_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  return limit(RLIMIT_FSIZE, bytes);
}

Result<void> confine(const FileRules& files, const NetworkRules& network, const Bounds& bounds) {
  TRY_VOID(limit(RLIMIT_CORE, 0));
#if !__has_feature(address_sanitizer)  // its shadow takes terabytes of addresses
  TRY_VOID(limit(RLIMIT_AS, bounds.memory));
#endif
  if (bounds.processor_seconds) TRY_VOID(limit(RLIMIT_CPU, *bounds.processor_seconds));
  if (bounds.file_size) TRY_VOID(limit_file_size(*bounds.file_size));
  TRY_VOID(restrict_files(files));
  TRY_VOID(restrict_ports(network.ports));
  return filter_calls(files, network.sockets);
}

}  // namespace truce::image
