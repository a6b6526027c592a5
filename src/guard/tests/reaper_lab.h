// A real truce-reaper in a folder of its own, and processes for it to kill.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/file.h"
#include "base/random.h"
#include "conformance.h"
#include "guard/killer.h"
#include "guard/memory.h"

namespace truce::guard {

/// Where the reaper of a test finds control groups.
enum class Where { freezer, unified, nowhere };

class ReaperLab final : public GuardLab {
 public:
  explicit ReaperLab(Where where = Where::freezer)
      : folder_(std::filesystem::temp_directory_path() / ("truce-reaper-" + random_hex(6))) {
    EXPECT_TRUE(make_folder(folder_));
    options.folder = folder_ / "reaper";
    options.program = TRUCE_REAPER;
    options.node = "h1";
    options.control_group = "truce-test-" + random_hex(4);
    if (where == Where::unified) options.control_groups = "/sys/fs/cgroup/unified";
    if (where == Where::nowhere) options.control_groups = folder_;
  }
  ~ReaperLab() override {
    if (auto pid = reaper()) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    for (const auto& group : groups_) ::rmdir(group.c_str());
    EXPECT_TRUE(remove_tree(folder_));
  }

  Async<std::unique_ptr<Guard>> open() override {
    auto opened = co_await open_reaper(options);
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) co_return nullptr;
    auto gate = (*opened)->gate(1);
    groups_ = {gate.group};
    if (!gate.above.empty()) {
      groups_.push_back(gate.above);
      groups_.push_back(gate.above.parent_path());
    }
    co_return *std::move(opened);
  }
  Async<void> pass(Duration time) override { co_await sleep_for(time); }

  /// The reaper's process; 0: none.
  [[nodiscard]] pid_t reaper() const { return static_cast<pid_t>(words()->pid.load()); }
  [[nodiscard]] std::shared_ptr<const Memory> words() const {
    static const auto nothing = std::make_shared<const Memory>();
    auto text = read_file(options.folder / memory_file);
    if (!text || text->size() != sizeof(Memory)) return nothing;
    auto copy = std::make_shared<Memory>();
    std::memcpy(static_cast<void*>(copy.get()), text->data(), sizeof(Memory));
    return copy;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  ReaperOptions options;

 private:
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> groups_;
};

/// A shell that runs on, in the gate's groups.
inline Result<Process> start_victim(const StartGate& gate,
                                    const std::string& script = "exec sleep 600") {
  Command command;
  command.argv = {"sh", "-c", script};
  command.cgroups = gate.groups_with({});
  command.gate = gate;
  return Process::start(command);
}

/// Whether a process is there and no zombie.
inline bool lives(const Process& process) {
  auto text = read_file(fmt::format("/proc/{}/stat", process.pid()));
  if (!text) return false;
  auto at = text->rfind(')');
  return at != text->npos && (*text)[at + 2] != 'Z' && (*text)[at + 2] != 'X';
}

}  // namespace truce::guard
