#include "base/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

#include "own_root.h"

namespace truce {
namespace {

constexpr std::string_view search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

Result<std::string> find_program(const std::string& name) {
  if (name.contains('/')) return name;
  for (std::string_view rest = search_path; !rest.empty();) {
    auto end = std::min(rest.find(':'), rest.size());
    auto candidate = std::string(rest.substr(0, end)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fail(Code::unsupported, "the program '{}' is not installed", name);
}

Result<std::filesystem::path> find_sibling(const std::string& name, const std::string& built) {
  std::error_code ec;
  auto here = std::filesystem::read_symlink("/proc/self/exe", ec).parent_path();
  for (const auto& place : {name, "../" + built + "/" + name, "../libexec/truce/" + name}) {
    auto path = (here / place).lexically_normal();
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(Code::not_found, "{} is neither beside {} nor in ../libexec/truce", name,
              here.string());
}

namespace {

constexpr std::uint64_t landlock_read =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// linux/landlock.h of later kernels; Debian 12's headers are older.
constexpr std::uint64_t landlock_truncate = 1U << 14;  // ABI 3
constexpr int landlock_with_truncate = 3, landlock_with_scopes = 6;
struct LandlockRules {
  std::uint64_t files = 0, network = 0, scopes = 0;
};
constexpr std::uint64_t landlock_abstract_sockets = 1, landlock_signals = 2;
// All rights of ABI 1: handled rights that no rule grants are refused.
constexpr std::uint64_t landlock_all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
constexpr std::uint64_t landlock_file_only = LANDLOCK_ACCESS_FS_EXECUTE |
                                             LANDLOCK_ACCESS_FS_READ_FILE |
                                             LANDLOCK_ACCESS_FS_WRITE_FILE | landlock_truncate;

Result<void> allow(int ruleset, const std::filesystem::path& path, std::uint64_t rights) {
  auto fd = open_file(path, O_PATH);
  if (!fd && fd.error().code == Code::not_found) return {};
  if (!fd) return std::unexpected(fd.error());
  struct stat status{};
  if (::fstat(fd->get(), &status) != 0) return fail_errno(errno, "stat " + path.string());
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & landlock_file_only;
  rule.parent_fd = fd->get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return fail_errno(errno, "landlock rule for " + path.string());
  }
  return {};
}

enum class Extent { files, files_and_processes };

// An empty Fd where the kernel has no Landlock: file modes and the user id still hold.
Result<Fd> make_ruleset(const FileRules& rules, Extent extent) {
  auto version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) return Fd();
  LandlockRules wanted{.files = landlock_all};
  if (version >= landlock_with_truncate) wanted.files |= landlock_truncate;
  bool scopes = extent == Extent::files_and_processes && version >= landlock_with_scopes;
  if (scopes) wanted.scopes = landlock_abstract_sockets | landlock_signals;
  auto size = scopes ? sizeof wanted : sizeof wanted.files;
  auto raw = ::syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
  if (raw < 0) return fail_errno(errno, "landlock");
  Fd ruleset(static_cast<int>(raw));
  auto writable = wanted.files;
  for (const auto& path : rules.read_only) TRY_VOID(allow(ruleset.get(), path, landlock_read));
  for (const auto& path : rules.read_write) TRY_VOID(allow(ruleset.get(), path, writable));
  return ruleset;
}

}  // namespace

Result<void> restrict_files(const FileRules& rules) {
  TRY(auto ruleset, make_ruleset(rules, Extent::files));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  if (ruleset && ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return fail_errno(errno, "landlock");
  return {};
}

namespace {

// Everything that the child needs, made before the fork: after it only system calls are allowed.
struct Launch {
  std::string program;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<Fd> cgroup_files;
  std::vector<rlimit> limits;
  Fd null;
  Fd ruleset;
  std::optional<OwnRoot> root;
  Fd our_processes;        // the namespace that our children are born in
  int highest = 2;         // number that the program shall see
  std::vector<int> moved;  // room for the child, which cannot allocate
};

Result<Launch> prepare(const Command& command) {
  Launch launch;
  TRUCE_ASSERT(!command.argv.empty(), "a command has a program");
  TRY(launch.program, find_program(command.argv[0]));
  launch.environment = {"PATH=" + std::string(search_path), "LANG=C.UTF-8"};
  for (const auto& [name, value] : command.environment) {
    launch.environment.push_back(name + "=" + value);
  }
  for (const auto& word : command.argv) launch.argv.push_back(const_cast<char*>(word.c_str()));
  launch.argv.push_back(nullptr);
  for (auto& word : launch.environment) launch.envp.push_back(word.data());
  launch.envp.push_back(nullptr);
  for (const auto& folder : command.cgroups) {
    TRY(auto file, open_file(folder / "cgroup.procs", O_WRONLY));
    launch.cgroup_files.push_back(std::move(file));
  }
  TRY(launch.null, open_file("/dev/null", O_RDWR));
  if (command.file_rules) {
    TRY(launch.ruleset, make_ruleset(*command.file_rules, Extent::files_and_processes));
  }
  if (command.own.files) {
    TRUCE_ASSERT(command.file_rules, "a root of its own shows what is named");
    TRY(launch.root, OwnRoot::plan(*command.file_rules));
    std::error_code ec;  // links on the way to it may not be there
    auto real = std::filesystem::canonical(launch.program, ec);
    if (!ec) launch.program = real.string();
  }
  if (command.own.processes) {
    TRY(launch.our_processes, open_file("/proc/thread-self/ns/pid", O_RDONLY));
  }
  for (auto [resource, most] : command.limits) {
    rlimit now{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &now) != 0)
      return fail_errno(errno, "getrlimit");
    launch.limits.push_back(
        {std::min<rlim_t>(most, now.rlim_max), std::min<rlim_t>(most, now.rlim_max)});
  }
  for (auto [ours, theirs] : command.descriptors) launch.highest = std::max(launch.highest, theirs);
  launch.moved.resize(command.descriptors.size());
  return launch;
}

[[noreturn]] void child_fail(int report, int step) {
  int failure[2] = {step, errno};
  [[maybe_unused]] auto written = ::write(report, failure, sizeof failure);
  ::_exit(127);
}

enum Step {
  session,
  cgroup,
  seat,
  descriptors,
  namespaces,
  root,
  limits,
  user,
  folder,
  privileges,
  profile,
  landlock,
  filter,
  gate,
  exec
};
constexpr const char* child_steps[] = {
    "setsid",     "cgroup",
    "sign in",    "descriptors",
    "namespaces", "a root folder of its own",
    "limits",     "user",
    "folder",     "no_new_privs",
    "AppArmor",   "landlock",
    "seccomp",    "the gate is shut: this host must not run it now",
    "exec"};

// Descriptors of ours that the child uses up to its exec.
struct Kept {
  int report = -1;
  int ruleset = -1;
  int profile = -1;
};

// In a namespace of its own getpid() says 1: /proc knows what the host calls us.
void sign_in(const StartGate& gate, int report) {
  char text[24] = {};
  auto length = ::readlink("/proc/self", text, sizeof text - 1);
  std::uint64_t pid = 0;
  for (ssize_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; ++i)
    pid = pid * 10 + static_cast<std::uint64_t>(text[i] - '0');
  timespec now{};
  if (pid == 0 || ::clock_gettime(CLOCK_BOOTTIME, &now) != 0) child_fail(report, seat);
  auto milliseconds = static_cast<std::uint64_t>(now.tv_sec) * 1000 +
                      static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
  for (auto& each : gate.seats) {
    std::uint64_t empty = 0;
    if (each.compare_exchange_strong(empty, seat_of(pid, milliseconds))) return;
  }
  errno = ENOSPC;
  child_fail(report, seat);
}

// First out of the way of all targets, then into place: their numbers may overlap.
Kept place_descriptors(const Command& command, Launch& launch, int report) {
  int base = launch.highest + 1;
  for (std::size_t i = 0; i < launch.moved.size(); ++i) {
    launch.moved[i] = ::fcntl(command.descriptors[i].first, F_DUPFD, base);
    if (launch.moved[i] < 0) child_fail(report, descriptors);
  }
  Kept kept;
  kept.report = ::fcntl(report, F_DUPFD_CLOEXEC, base);
  if (launch.ruleset) kept.ruleset = ::fcntl(launch.ruleset.get(), F_DUPFD_CLOEXEC, base);
  if (!command.profile.empty()) {
    int attribute = ::open("/proc/thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
    if (attribute < 0) child_fail(report, profile);
    kept.profile = ::fcntl(attribute, F_DUPFD_CLOEXEC, base);
  }
  for (int fd = 0; fd < 3; ++fd) ::dup2(launch.null.get(), fd);
  int top = 2;
  for (std::size_t i = 0; i < command.descriptors.size(); ++i) {
    int theirs = command.descriptors[i].second;
    if (::dup2(launch.moved[i], theirs) < 0) child_fail(kept.report, descriptors);
    top = std::max(top, theirs);
  }
  for (int fd = 3; fd <= top; ++fd) {
    bool named = false;
    for (const auto& pair : command.descriptors) named = named || pair.second == fd;
    if (!named) ::close(fd);
  }
  ::syscall(SYS_close_range, top + 1, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  return kept;
}

void leave_the_host(const Command& command, const Launch& launch, int report) {
  const auto& own = command.own;
  int apart = (own.files ? CLONE_NEWNS : 0) | (own.network ? CLONE_NEWNET : 0) |
              (own.messages ? CLONE_NEWIPC | CLONE_NEWUTS : 0);
  if (apart != 0 && ::unshare(apart) != 0) child_fail(report, namespaces);
  if (launch.root && !launch.root->enter()) child_fail(report, root);
}

void give_up_rights(const Command& command, const Launch& launch, int report) {
  for (std::size_t i = 0; i < launch.limits.size(); ++i) {
    auto resource = static_cast<__rlimit_resource_t>(command.limits[i].first);
    if (::setrlimit(resource, &launch.limits[i]) != 0) child_fail(report, limits);
  }
  if (command.lock_memory) {
    rlimit endless{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_MEMLOCK, &endless) != 0) child_fail(report, limits);
  }
  if (!command.user) return;
  // What no program that it starts can get back. Without the right to do so there is nothing left
  // to drop.
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;) ++capability;
  auto [uid, gid] = *command.user;
  // Raw calls: glibc's would try to change every thread of this program.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setresgid, gid, gid, gid) != 0 ||
      ::syscall(SYS_setresuid, uid, uid, uid) != 0) {
    child_fail(report, user);
  }
}

void lock_the_doors(const Command& command, const Kept& kept) {
  bool filtered = !command.call_filter.empty();
  if (command.user || kept.ruleset >= 0 || filtered) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) child_fail(kept.report, privileges);
  }
  if (kept.profile >= 0) {
    char words[128] = "exec ";  // apparmor: aa_change_onexec(2)
    auto length = std::min(command.profile.size(), sizeof words - 5);
    std::memcpy(words + 5, command.profile.data(), length);
    if (::write(kept.profile, words, length + 5) < 0) child_fail(kept.report, profile);
  }
  if (kept.ruleset >= 0 && ::syscall(SYS_landlock_restrict_self, kept.ruleset, 0) != 0) {
    child_fail(kept.report, landlock);
  }
  if (!filtered) return;
  sock_fprog program{static_cast<unsigned short>(command.call_filter.size()),
                     const_cast<sock_filter*>(command.call_filter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
    child_fail(kept.report, filter);
}

// Runs between vfork and exec, sharing our memory: raw system calls only, nothing is allocated.
[[noreturn]] void child(const Command& command, Launch& launch, int report) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::setsid() < 0) child_fail(report, session);
  for (const auto& file : launch.cgroup_files) {
    if (::write(file.get(), "0", 1) != 1) child_fail(report, cgroup);
  }
  if (command.gate && !command.gate->seats.empty()) sign_in(*command.gate, report);
  auto kept = place_descriptors(command, launch, report);
  leave_the_host(command, launch, kept.report);
  give_up_rights(command, launch, kept.report);
  if (::chdir(command.folder.c_str()) != 0) child_fail(kept.report, folder);
  lock_the_doors(command, kept);
  errno = ECANCELED;
  if (command.gate && !command.gate->open()) child_fail(kept.report, gate);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.envp.data());
  child_fail(kept.report, exec);
}

// vfork: a fork would copy the page tables of a manager with ten thousands of objects. Only the
// next child of this thread is born into another namespace of processes.
Result<pid_t> begin(const Command& command, Launch& launch, int report) {
  bool apart = command.own.processes;
  if (apart && ::unshare(CLONE_NEWPID) != 0)
    return fail_errno(errno, "start " + command.argv[0] + ": a process namespace");
  pid_t pid = ::vfork();
  if (pid == 0) child(command, launch, report);
  int fork_error = errno;
  if (apart) {
    TRUCE_ASSERT(::setns(launch.our_processes.get(), CLONE_NEWPID) == 0,
                 "this thread starts later programs where it did before");
  }
  if (pid < 0) return fail_errno(fork_error, "start " + command.argv[0]);
  return pid;
}

}  // namespace

Result<std::uint64_t> start_ticks_of(pid_t pid) {
  TRY(auto text, read_file(fmt::format("/proc/{}/stat", pid)));
  auto at = text.rfind(')');  // the name before it may hold spaces and brackets
  int field = 2;
  while (at != std::string::npos && field < 22) {
    at = text.find(' ', at + 1);
    ++field;
  }
  if (at == std::string::npos) return fail(Code::io, "/proc/{}/stat: unexpected format", pid);
  return std::strtoull(text.c_str() + at, nullptr, 10);
}

std::string to_string(const ExitStatus& status) {
  if (status.code) return fmt::format("exit status {}", *status.code);
  if (status.signal)
    return fmt::format("signal {} ({})", *status.signal, ::strsignal(*status.signal));
  return "gone";
}

Result<Process> Process::start(const Command& command) {
  TRY(auto launch, prepare(command));
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  Fd report_read(report[0]);
  Fd report_write(report[1]);
  TRY(auto pid, begin(command, launch, report_write.get()));
  report_write = Fd();
  int failure[2];
  if (::read(report_read.get(), failure, sizeof failure) == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
    auto step = static_cast<std::size_t>(failure[0]);
    if (step == gate)
      return fail(Code::precondition, "start {}: {}", launch.program, child_steps[step]);
    return fail_errno(failure[1], fmt::format("start {}: {}", launch.program, child_steps[step]));
  }
  auto pidfd = ::syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) return fail_errno(errno, "pidfd_open");
  TRY(auto ticks, start_ticks_of(pid));
  return Process(pid, Fd(static_cast<int>(pidfd)), ticks);
}

Result<Process> Process::adopt(pid_t pid, std::uint64_t start_ticks) {
  auto raw = pid > 0 ? ::syscall(SYS_pidfd_open, pid, 0) : -1;
  if (raw < 0) return fail(Code::not_found, "there is no process {}", pid);
  Fd pidfd(static_cast<int>(raw));
  auto ticks = start_ticks_of(pid);
  if (!ticks || *ticks != start_ticks)
    return fail(Code::not_found, "process {} is another one", pid);
  return Process(pid, std::move(pidfd), start_ticks);
}

Result<void> Process::signal(int number) const {
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) != 0) {
    return fail_errno(errno, fmt::format("signal {} to process {}", number, pid_));
  }
  return {};
}

Async<Result<ExitStatus>> Process::wait() {
  asio::posix::stream_descriptor watched(co_await asio::this_coro::executor, ::dup(pidfd_.get()));
  constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD
  while (true) {
    auto [ec] = co_await watched.async_wait(asio::posix::stream_descriptor::wait_read, as_result);
    if (ec) co_return fail(Code::cancelled, "wait for process {}: {}", pid_, ec.message());
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (::poll(&ended, 1, 0) == 0) continue;  // a readiness that is no longer, or never was, true
    siginfo_t info{};
    if (::waitid(by_pidfd, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) != 0) {
      co_return ExitStatus{};  // not our child: how it ended is not for us to know
    }
    if (info.si_code == CLD_EXITED) co_return ExitStatus{info.si_status, {}};
    co_return ExitStatus{{}, info.si_status};
  }
}

namespace {

constexpr std::size_t output_limit = 1 << 20;

using Pipe = asio::posix::stream_descriptor;

Async<void> collect(Pipe& pipe, std::string& into) {
  std::array<char, 16384> buffer{};
  while (true) {
    auto [ec, size] = co_await pipe.async_read_some(asio::buffer(buffer), as_result);
    into.append(buffer.data(), std::min(size, output_limit - into.size()));
    if (ec) co_return;
  }
}

Async<void> feed(Pipe& pipe, const std::string& input) {
  co_await asio::async_write(pipe, asio::buffer(input), as_result);
  pipe.close();
}

struct Pipes {
  Fd child_in, in, out, child_out, err, child_err;
};

Result<Pipes> make_pipes() {
  int in[2], out[2], err[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  if (::pipe2(out, O_CLOEXEC) != 0)
    return ::close(in[0]), ::close(in[1]), fail_errno(errno, "pipe");
  if (::pipe2(err, O_CLOEXEC) != 0) {
    for (int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
    return fail_errno(errno, "pipe");
  }
  return Pipes{Fd(in[0]), Fd(in[1]), Fd(out[0]), Fd(out[1]), Fd(err[0]), Fd(err[1])};
}

Async<Result<Output>> talk(Process& process, Pipe& in, Pipe& out, Pipe& err, std::string input) {
  Output output;
  co_await (feed(in, input) && collect(out, output.out) && collect(err, output.err));
  CO_TRY(output.status, co_await process.wait());
  co_return output;
}

}  // namespace

Async<Result<Output>> run(Command command, Duration limit, std::string input) {
  CO_TRY(auto pipes, make_pipes());
  command.descriptors.insert(
      command.descriptors.end(),
      {{pipes.child_in.get(), 0}, {pipes.child_out.get(), 1}, {pipes.child_err.get(), 2}});
  CO_TRY(auto process, Process::start(command));
  pipes.child_in = Fd();
  pipes.child_out = Fd();
  pipes.child_err = Fd();
  auto loop = co_await asio::this_coro::executor;
  Pipe in(loop, pipes.in.release());
  Pipe out(loop, pipes.out.release());
  Pipe err(loop, pipes.err.release());
  auto output =
      co_await within(limit, talk(process, in, out, err, std::move(input)), command.argv[0]);
  if (!output) {
    // Its session dies with it, so that no grandchild keeps the pipes open or the files busy.
    ::kill(-process.pid(), SIGKILL);
    ::waitpid(process.pid(), nullptr, 0);
  }
  co_return output;
}

Async<Result<std::string>> run_checked(Command command, Duration limit, std::string input) {
  auto name = command.argv[0];
  CO_TRY(auto output, co_await run(std::move(command), limit, std::move(input)));
  if (!output.status.success()) {
    auto text = std::string_view(output.err);
    while (text.ends_with('\n')) text.remove_suffix(1);
    auto line = text.substr(text.rfind('\n') + 1);
    co_return fail(Code::io, "{}: {}: {}", name, to_string(output.status), line);
  }
  co_return std::move(output.out);
}

}  // namespace truce
