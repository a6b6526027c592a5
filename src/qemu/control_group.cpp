#include "control_group.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "base/file.h"
#include "base/log.h"

namespace truce::qemu {
namespace {

using Path = std::filesystem::path;

Result<void> write_to(const Path& file, std::string_view text) {
  TRY(auto fd, open_file(file, O_WRONLY));
  if (::write(fd.get(), text.data(), text.size()) < 0)
    return fail_errno(errno, "write " + file.string());
  return {};
}

Result<void> make_group(const Path& folder) {
  if (::mkdir(folder.parent_path().c_str(), 0755) != 0 && errno != EEXIST) {
    return fail_errno(errno, "mkdir " + folder.parent_path().string());
  }
  ::rmdir(folder.c_str());  // an earlier start's: its counters must not be taken for ours
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail_errno(errno, "mkdir " + folder.string());
  }
  return {};
}

bool unified(const ControlGroupPlace& place) {
  return ::access((place.root / "cgroup.controllers").c_str(), F_OK) == 0;
}

constexpr const char* controllers[] = {"memory", "cpu", "pids"};

std::vector<Path> folders_of(const ControlGroupPlace& place, const std::string& uuid) {
  if (unified(place)) return {place.root / place.name / uuid};
  std::vector<Path> folders;
  for (const char* controller : controllers) {
    if (::access((place.root / controller).c_str(), F_OK) == 0) {
      folders.push_back(place.root / controller / place.name / uuid);
    }
  }
  return folders;
}

Result<void> limit_v1(const Path& folder, const std::string& controller,
                      const ControlGroupLimits& limits) {
  if (controller == "memory") {
    return write_to(folder / "memory.limit_in_bytes", fmt::format("{}", limits.memory.count));
  }
  if (controller == "cpu")
    return write_to(folder / "cpu.shares", fmt::format("{}", 1024 * limits.cpus));
  return write_to(folder / "pids.max", fmt::format("{}", limits.threads));
}

Result<void> limit_v2(const Path& folder, const ControlGroupLimits& limits) {
  for (const auto& above : {folder.parent_path().parent_path(), folder.parent_path()}) {
    TRY_VOID(write_to(above / "cgroup.subtree_control", "+memory +cpu +pids"));
  }
  TRY_VOID(write_to(folder / "memory.max", fmt::format("{}", limits.memory.count)));
  TRY_VOID(write_to(folder / "cpu.weight", fmt::format("{}", std::min(100 * limits.cpus, 10000))));
  return write_to(folder / "pids.max", fmt::format("{}", limits.threads));
}

// The number after `oom_kill` in a file of `key value` lines; 0 when there is none.
long oom_kills(const Path& file) {
  auto text = read_file(file, mib(1));
  std::istringstream lines(text ? *text : std::string());
  for (std::string key; lines >> key;) {
    long value = 0;
    if (lines >> value && key == "oom_kill") return value;
  }
  return 0;
}

}  // namespace

ControlGroup ControlGroup::make(const ControlGroupPlace& place, const std::string& uuid,
                                const ControlGroupLimits& limits) {
  std::vector<Path> made;
  bool one_tree = unified(place);
  for (const auto& folder : folders_of(place, uuid)) {
    auto ready = make_group(folder);
    if (ready) {
      auto controller = folder.parent_path().parent_path().filename().string();
      ready = one_tree ? limit_v2(folder, limits) : limit_v1(folder, controller, limits);
      if (!ready) ::rmdir(folder.c_str());
    }
    if (ready) {
      made.push_back(folder);
    } else {
      spdlog::info("machine {}: not limited by {}: {}", uuid, folder.string(),
                   ready.error().message);
    }
  }
  return ControlGroup(std::move(made));
}

ControlGroup ControlGroup::find(const ControlGroupPlace& place, const std::string& uuid) {
  auto folders = folders_of(place, uuid);
  std::erase_if(folders, [](const Path& folder) { return ::access(folder.c_str(), F_OK) != 0; });
  return ControlGroup(std::move(folders));
}

bool ControlGroup::out_of_memory() const {
  for (const auto& folder : folders_) {
    if (oom_kills(folder / "memory.oom_control") > 0 || oom_kills(folder / "memory.events") > 0) {
      return true;
    }
  }
  return false;
}

void ControlGroup::kill() const {
  for (const auto& folder : folders_) {
    auto text = read_file(folder / "cgroup.procs", mib(1));
    std::istringstream lines(text ? *text : std::string());
    for (pid_t pid = 0; lines >> pid;) {
      if (pid > 0) ::kill(pid, SIGKILL);
    }
  }
}

Async<void> ControlGroup::remove() {
  for (const auto& folder : folders_) {
    for (int tries = 0; ::rmdir(folder.c_str()) != 0 && errno == EBUSY; ++tries) {
      if (tries == 50) kill();  // what ran beside QEMU and has not ended with it
      if (tries == 100) {
        spdlog::warn("{} cannot be removed: it is still in use", folder.string());
        break;
      }
      co_await sleep_for(10ms);
    }
  }
  folders_.clear();
}

}  // namespace truce::qemu
