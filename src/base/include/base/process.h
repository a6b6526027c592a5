// Starting other programs. A child gets only the descriptors that are named, no controlling
// terminal, and, where asked, another user and a file system reduced to the named paths.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace truce {

/// What a confined program may touch, by Landlock (landlock(7)); all else is refused by the kernel.
struct FileRules {
  std::vector<std::filesystem::path> read_only;  ///< read and execute, with all below
  std::vector<std::filesystem::path>
      read_write;  ///< read, write, create and remove, with all below
};

/// Reduces what this program itself may touch, for good: the calling thread and what it starts from
/// now on. Open descriptors stay. Without Landlock in the kernel nothing changes.
Result<void> restrict_files(const FileRules& rules);

struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH
  std::vector<std::pair<std::string, std::string>>
      environment;                               ///< added to a minimal one (PATH, LANG=C)
  std::vector<std::pair<int, int>> descriptors;  ///< {ours, the child's}; 0-2 default to /dev/null
  std::optional<std::pair<uid_t, gid_t>> user;   ///< also drops all other groups and capabilities
  std::optional<FileRules> file_rules;
  bool lock_memory = false;  ///< it may lock as much memory as it likes (needs CAP_SYS_RESOURCE)
  std::vector<std::filesystem::path> cgroups;  ///< folders whose cgroup.procs the child joins
  std::filesystem::path folder = "/";
};

/// Where PATH's folders hold the program; unsupported when none does. A name with '/' is itself.
Result<std::string> find_program(const std::string& name);

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
