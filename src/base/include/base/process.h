// Starting other programs. A child gets only the descriptors that are named, no controlling
// terminal, and, where asked, another user and a file system reduced to the named paths.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "base/seat.h"

namespace truce {

/// What a confined program may touch, by Landlock (landlock(7)); all else is refused by the kernel.
/// A program that is started so also sends no signals to others, and connects to no abstract
/// sockets of theirs (from Linux 6.12 on).
struct FileRules {
  std::vector<std::filesystem::path> read_only;  ///< read and execute, with all below
  std::vector<std::filesystem::path>
      read_write;  ///< read, write, create and remove, with all below
};

/// Reduces what this program itself may touch, for good: the calling thread and what it starts from
/// now on. Open descriptors stay. Without Landlock in the kernel nothing changes.
Result<void> restrict_files(const FileRules& rules);

/// What a program has of its own instead of sharing the host's (namespaces(7)). Needs root's
/// rights.
struct Isolation {
  bool files = false;      ///< a root folder that shows what `file_rules` name, and nothing else
  bool network = false;    ///< no interface at all
  bool processes = false;  ///< it is process 1 among those that it starts; they end with it
  bool messages = false;   ///< System V and POSIX message queues, host name
  bool operator==(const Isolation&) const = default;
};

/// A gate that somebody else may shut at any moment: a word of memory that has the value `open_for`
/// while it is open. A program that is started through it looks when it is in its control groups,
/// and before it is one: so whoever shuts the gate first and then kills all that is in these
/// groups knows that nothing comes later.
struct StartGate {
  const std::atomic<std::uint64_t>* word = nullptr;
  std::uint64_t open_for = 0;
  /// The control group that all that is started through it joins; empty: this host has none.
  std::filesystem::path group;
  /// What has control groups of its own has them below this one, instead of joining `group`; empty:
  /// it has them elsewhere, and joins `group` too.
  std::filesystem::path above;
  /// Where there is no such group: a program signs in at the first that is 0, before it looks
  /// (seat_of()).
  std::span<std::atomic<std::uint64_t>> seats;
  std::shared_ptr<const void> memory;  ///< what `word` and `seats` point into

  [[nodiscard]] bool open() const { return word->load() == open_for; }
  /// The groups to be in, for what has these of its own.
  [[nodiscard]] std::vector<std::filesystem::path> groups_with(
      std::vector<std::filesystem::path> own) const {
    if (!group.empty() && (above.empty() || own.empty())) own.push_back(group);
    return own;
  }
};

struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH
  std::vector<std::pair<std::string, std::string>>
      environment;                               ///< added to a minimal one (PATH, LANG=C)
  std::vector<std::pair<int, int>> descriptors;  ///< {ours, the child's}; 0-2 default to /dev/null
  std::optional<std::pair<uid_t, gid_t>> user;   ///< also drops all other groups and capabilities
  std::optional<FileRules> file_rules;
  Isolation own;
  std::vector<std::pair<int, std::uint64_t>> limits;  ///< RLIMIT_…: at most this, for good
  std::vector<sock_filter> call_filter;               ///< seccomp(2); it must allow execve
  std::string profile;                                ///< of AppArmor; empty: as we are
  bool lock_memory = false;  ///< it may lock as much memory as it likes (needs CAP_SYS_RESOURCE)
  std::vector<std::filesystem::path> cgroups;  ///< folders whose cgroup.procs the child joins
  std::filesystem::path folder = "/";
  /// Code::precondition when it is shut. Which of its groups are joined `cgroups` says.
  std::optional<StartGate> gate;
};

/// Where PATH's folders hold the program; unsupported when none does. A name with '/' is itself.
Result<std::string> find_program(const std::string& name);

/// A program of ours: beside this one or in ../libexec/truce, where they are installed; in a build
/// tree in a folder beside this one's, `built`. Code::not_found.
Result<std::filesystem::path> find_sibling(const std::string& name, const std::string& built);

/// When a running process started, in clock ticks since boot (proc_pid_stat(5), field 22).
Result<std::uint64_t> start_ticks_of(pid_t pid);

/// How a process ended. At most one of the two is set; neither when it was not our child.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  [[nodiscard]] bool success() const { return code == 0; }
};
/// `exit status 1`, `signal 9 (Killed)`, `gone`.
std::string to_string(const ExitStatus& status);

/// A running process, ours or an adopted one, watched through its pidfd. Destroying it leaves
/// the process alone.
class Process {
 public:
  /// Starts a program; it keeps running when this program ends.
  static Result<Process> start(const Command& command);
  /// Watches a process that someone else started. not_found when there is none, or when it started
  /// at another time than `start_ticks` (a reused pid).
  static Result<Process> adopt(pid_t pid, std::uint64_t start_ticks);

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// When it started, in clock ticks since boot: with the pid it names one process for ever.
  [[nodiscard]] std::uint64_t start_ticks() const { return start_ticks_; }
  Result<void> signal(int number) const;
  /// Returns once it has ended. Once only.
  Async<Result<ExitStatus>> wait();

 private:
  Process(pid_t pid, Fd pidfd, std::uint64_t start_ticks)
      : pid_(pid), pidfd_(std::move(pidfd)), start_ticks_(start_ticks) {}
  pid_t pid_;
  Fd pidfd_;
  std::uint64_t start_ticks_;
};

struct Output {
  ExitStatus status;
  std::string out;
  std::string err;
};

/// Runs a program to its end with `input` on its standard input. Killed after `limit`
/// (Code::timeout) or when the coroutine is cancelled. Each output is cut at 1 MiB. A program that
/// ends with an error status is a success here: look at `status`.
Async<Result<Output>> run(Command command, Duration limit, std::string input = {});

/// run(), with any end but exit status 0 turned into an error that quotes the last line of stderr.
Async<Result<std::string>> run_checked(Command command, Duration limit, std::string input = {});

}  // namespace truce
