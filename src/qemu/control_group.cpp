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

// Groups that hold others end so; no uuid does.
constexpr std::string_view group_suffix = ".pool";
// As StartGate::above ends.
constexpr std::string_view guarded = "protected";

Result<void> make_folders(const Path& folder) {
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) return fail_errno(ec.value(), "mkdir " + folder.string());
  return {};
}

Result<void> make_group(const Path& folder) {
  TRY_VOID(make_folders(folder.parent_path()));
  ::rmdir(folder.c_str());  // an earlier start's: its counters must not be taken for ours
  return make_folders(folder);
}

bool unified(const ControlGroupPlace& place) {
  return ::access((place.root / "cgroup.controllers").c_str(), F_OK) == 0;
}

constexpr const char* controllers[] = {"memory", "cpu", "pids"};

// The top group of each hierarchy.
std::vector<Path> tops_of(const ControlGroupPlace& place) {
  if (unified(place)) return {place.root / place.name};
  std::vector<Path> tops;
  for (const char* controller : controllers) {
    if (::access((place.root / controller).c_str(), F_OK) == 0)
      tops.push_back(place.root / controller / place.name);
  }
  return tops;
}

// What is below the top group: the groups that a machine is in, and its own.
Path below_top(const ControlGroupLimits& limits, const std::string& uuid) {
  Path path;
  for (std::size_t i = 1; i < limits.wanted.groups.size(); ++i)
    path /= limits.wanted.groups[i].name + std::string(group_suffix);
  return path / uuid;
}

bool is_group_of_groups(const Path& folder) {
  return folder.filename().native().ends_with(group_suffix);
}

// A machine's groups of groups, from the one above it to the top one, with what each may have.
// Those of a machine that was started in others are left alone.
template <class Act>
Result<void> each_above(const Path& folder, const std::vector<hypervisor::Share>& groups, Act act) {
  auto above = folder.parent_path();
  for (auto i = groups.size(); i-- > 0; above = above.parent_path()) {
    bool it = i == 0 ? !is_group_of_groups(above)
                     : above.filename() == groups[i].name + std::string(group_suffix);
    if (!it) return {};
    TRY_VOID(act(above, groups[i]));
  }
  return {};
}

int weight_of(const ControlGroupLimits& limits) {
  const auto& wanted = limits.wanted;
  int shares = wanted.cpu_shares > 0 ? wanted.cpu_shares : 100 * limits.cpus;
  return std::max(shares, wanted.cpu_reservation);
}

constexpr int period = 100'000;  // microseconds; a percent of a processor is a thousand of them

Result<void> processor_v1(const Path& folder, int weight, int percent) {
  TRY_VOID(write_to(folder / "cpu.shares", fmt::format("{}", std::max(1024 * weight / 100, 2))));
  auto quota = folder / "cpu.cfs_quota_us";
  if (percent == 0 && ::access(quota.c_str(), F_OK) != 0) return {};
  if (percent > 0) TRY_VOID(write_to(folder / "cpu.cfs_period_us", fmt::format("{}", period)));
  return write_to(quota, fmt::format("{}", percent > 0 ? percent * (period / 100) : -1));
}

Result<void> processor_v2(const Path& folder, int weight, int percent) {
  TRY_VOID(write_to(folder / "cpu.weight", fmt::format("{}", std::clamp(weight, 1, 10000))));
  return write_to(folder / "cpu.max", percent > 0
                                          ? fmt::format("{} {}", percent * (period / 100), period)
                                          : fmt::format("max {}", period));
}

// Version 1 takes from those first that have more than is kept for them; "-1" is more than any has.
Result<void> keep_memory_v1(const Path& folder, Bytes kept) {
  return write_to(folder / "memory.soft_limit_in_bytes",
                  kept.count > 0 ? fmt::format("{}", kept.count) : std::string("-1"));
}

Result<void> change_v1(const Path& folder, const std::string& controller,
                       const ControlGroupLimits& limits) {
  if (controller == "memory") return keep_memory_v1(folder, limits.wanted.memory_reservation);
  if (controller != "cpu") return {};
  TRY_VOID(each_above(folder, limits.wanted.groups, [](const Path& group, const auto& share) {
    return processor_v1(group, share.cpu_shares, share.cpu_limit);
  }));
  return processor_v1(folder, weight_of(limits), limits.wanted.cpu_limit);
}

// A group keeps for those below it what it may keep itself, so the groups above keep all.
Result<void> change_v2(const Path& folder, const ControlGroupLimits& limits) {
  TRY_VOID(each_above(folder, limits.wanted.groups,
                      [](const Path& group, const auto& share) -> Result<void> {
                        TRY_VOID(processor_v2(group, share.cpu_shares, share.cpu_limit));
                        return write_to(group / "memory.low", "max");
                      }));
  TRY_VOID(processor_v2(folder, weight_of(limits), limits.wanted.cpu_limit));
  return write_to(folder / "memory.low", fmt::format("{}", limits.wanted.memory_reservation.count));
}

Result<void> limit_v1(const Path& folder, const std::string& controller,
                      const ControlGroupLimits& limits) {
  if (controller == "memory") {
    TRY_VOID(write_to(folder / "memory.limit_in_bytes", fmt::format("{}", limits.memory.count)));
  }
  if (controller == "pids")
    TRY_VOID(write_to(folder / "pids.max", fmt::format("{}", limits.threads)));
  return change_v1(folder, controller, limits);
}

Result<void> limit_v2(const Path& root, const Path& folder, const ControlGroupLimits& limits) {
  std::vector<Path> above;
  for (auto at = folder.parent_path(); at != root; at = at.parent_path()) above.push_back(at);
  above.push_back(root);
  for (auto at = above.rbegin(); at != above.rend(); ++at)
    TRY_VOID(write_to(*at / "cgroup.subtree_control", "+memory +cpu +pids"));
  TRY_VOID(write_to(folder / "memory.max", fmt::format("{}", limits.memory.count)));
  TRY_VOID(write_to(folder / "pids.max", fmt::format("{}", limits.threads)));
  return change_v2(folder, limits);
}

// Which hierarchy of version 1 a group is in; empty for version 2.
std::string controller_of(const Path& folder) {
  for (const char* controller : controllers) {
    auto file = std::string(controller) == "memory" ? "memory.limit_in_bytes"
                : std::string(controller) == "cpu"  ? "cpu.shares"
                                                    : "pids.max";
    bool there = ::access((folder / file).c_str(), F_OK) == 0;
    if (there && ::access((folder / "cgroup.controllers").c_str(), F_OK) != 0) return controller;
  }
  return {};
}

// Empty groups of groups go with their last machine.
void remove_above(const Path& folder) {
  for (auto above = folder.parent_path(); is_group_of_groups(above); above = above.parent_path()) {
    if (::rmdir(above.c_str()) != 0) return;
  }
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
  for (const auto& top : tops_of(place)) {
    auto folder = top / below_top(limits, uuid);
    auto ready = make_group(folder);
    if (ready) {
      auto controller = top.parent_path().filename().string();
      ready =
          one_tree ? limit_v2(place.root, folder, limits) : limit_v1(folder, controller, limits);
      if (!ready) {
        ::rmdir(folder.c_str());
        remove_above(folder);
      }
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

Result<void> ControlGroup::change(const ControlGroupLimits& limits) const {
  for (const auto& folder : folders_) {
    auto controller = controller_of(folder);
    TRY_VOID(controller.empty() ? change_v2(folder, limits)
                                : change_v1(folder, controller, limits));
  }
  return {};
}

ControlGroup ControlGroup::find(const ControlGroupPlace& place, const std::string& uuid) {
  std::vector<Path> found;
  for (const auto& top : tops_of(place)) {
    std::error_code ec;
    std::filesystem::recursive_directory_iterator at(top, ec), end;
    for (; !ec && at != end; at.increment(ec)) {
      if (!is_group_of_groups(at->path()) && at->path().filename() != guarded)
        at.disable_recursion_pending();
      if (at->path().filename() == uuid) found.push_back(at->path());
    }
  }
  return ControlGroup(std::move(found));
}

namespace {

// A number that stands alone in a file, or after a key in one of `key value` lines; 0 without one.
double number_in(const Path& file, std::string_view key = {}) {
  auto text = read_file(file, mib(1));
  std::istringstream words(text ? *text : std::string());
  for (std::string word; words >> word;) {
    if (key.empty()) return std::strtod(word.c_str(), nullptr);
    if (word == key && words >> word) return std::strtod(word.c_str(), nullptr);
  }
  return 0;
}

// `some avg10=1.23 avg60=…` (accounting/psi.rst).
double pressure_in(const Path& file) {
  auto text = read_file(file, kib(4));
  constexpr std::string_view before = "some avg10=";
  if (!text || !text->starts_with(before)) return 0;
  return std::strtod(text->c_str() + before.size(), nullptr);
}

}  // namespace

ControlGroupUse ControlGroup::use() const {
  ControlGroupUse use;
  for (const auto& folder : folders_) {
    auto controller = controller_of(folder);
    if (controller == "memory") {
      use.memory.count = static_cast<std::uint64_t>(number_in(folder / "memory.usage_in_bytes"));
    } else if (controller == "cpu") {
      use.throttled_seconds = number_in(folder / "cpu.stat", "throttled_time") / 1e9;
    } else if (controller.empty()) {
      use.memory.count = static_cast<std::uint64_t>(number_in(folder / "memory.current"));
      use.cpu_seconds = number_in(folder / "cpu.stat", "usage_usec") / 1e6;
      use.throttled_seconds = number_in(folder / "cpu.stat", "throttled_usec") / 1e6;
      use.cpu_pressure = pressure_in(folder / "cpu.pressure");
      use.memory_pressure = pressure_in(folder / "memory.pressure");
      use.io_pressure = pressure_in(folder / "io.pressure");
    }
  }
  return use;
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

std::vector<Path> groups_of(const hypervisor::Machine& machine, const ControlGroup& groups) {
  return machine.gate ? machine.gate->groups_with(groups.folders()) : groups.folders();
}

void ControlGroup::discard() const {
  for (const auto& folder : folders_) {
    ::rmdir(folder.c_str());
    remove_above(folder);
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
    remove_above(folder);
  }
  folders_.clear();
}

}  // namespace truce::qemu
