#include "guard/killer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/seat.h"

namespace truce::guard {
namespace {

constexpr std::size_t room = 4096;

/// A short text in place, as nothing is allocated. What does not fit is cut off.
struct Text {
  char bytes[320] = {};
  std::size_t size = 0;
  Text& add(const char* more) {
    while (*more != '\0' && size + 1 < sizeof bytes) bytes[size++] = *more++;
    return *this;
  }
  Text& add(std::uint64_t number) {
    char digits[21] = {};
    auto* at = digits + 20;
    do *--at = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return add(at);
  }
};

Text file_in(const Group& group, const char* name) {
  Text path;
  return path.add(group.path).add("/").add(name);
}

bool write_text(const Text& path, const char* text) {
  int fd = ::open(path.bytes, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  auto size = std::strlen(text);
  auto written = ::write(fd, text, size);
  ::close(fd);
  return written == static_cast<ssize_t>(size);
}

// The first bytes of a file, as text; -1: it cannot be read.
ssize_t read_text(const Text& path, char (&into)[room]) {
  int fd = ::open(path.bytes, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  auto size = ::read(fd, into, room - 1);
  ::close(fd);
  if (size >= 0) into[size] = '\0';
  return size;
}

bool exists(const Group& group) {
  return ::access(group.path, F_OK) == 0 || errno != ENOENT;
}

enum class Left : std::uint8_t { nothing, something };

// Calls `act` with each process of the group. A long list comes in pieces, and a number may be cut
// in two by them.
template <class Act>
Left each_process(const Group& group, Act act) {
  int fd = ::open(file_in(group, "cgroup.procs").bytes, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return exists(group) ? Left::something : Left::nothing;
  auto left = Left::nothing;
  char piece[room];
  pid_t pid = 0;
  ssize_t size = 0;
  while ((size = ::read(fd, piece, sizeof piece)) > 0) {
    left = Left::something;
    for (ssize_t i = 0; i < size; ++i) {
      if (piece[i] >= '0' && piece[i] <= '9') {
        pid = pid * 10 + (piece[i] - '0');
      } else {
        act(pid);
        pid = 0;
      }
    }
  }
  ::close(fd);
  return size < 0 ? Left::something : left;
}

// A frozen process does not die, and one that is not frozen may have children meanwhile.
Left kill_frozen(const Group& group) {
  auto state = file_in(group, "freezer.state");
  write_text(state, "FROZEN");
  each_process(group, [](pid_t pid) {
    if (pid > 0) ::kill(pid, SIGKILL);
  });
  write_text(state, "THAWED");
  return each_process(group, [](pid_t) {});
}

Left kill_unified(const Group& group) {
  write_text(file_in(group, "cgroup.kill"), "1");
  char events[room];
  if (read_text(file_in(group, "cgroup.events"), events) < 0)
    return exists(group) ? Left::something : Left::nothing;
  return std::strstr(events, "populated 0") != nullptr ? Left::nothing : Left::something;
}

Left kill_group(const Group& group) {
  switch (group.kind) {
    case Group::Kind::unified:
      return kill_unified(group);
    case Group::Kind::freezer:
      return kill_frozen(group);
    case Group::Kind::none:
      break;
  }
  return Left::nothing;
}

// Whether /proc/PID/stat is of a living process that began no later than that (proc_pid_stat(5),
// fields 3 and 22): a later one only has the same number.
bool is_who_signed_in(std::uint64_t pid, std::uint64_t milliseconds) {
  char text[room];
  if (read_text(Text().add("/proc/").add(pid).add("/stat"), text) < 0) return false;
  const char* at = std::strrchr(text, ')');  // its name may hold anything
  if (at == nullptr || at[1] == '\0' || at[2] == 'Z' || at[2] == 'X') return false;
  for (int field = 2; field < 22; ++field) {
    at = std::strchr(at + 1, ' ');
    if (at == nullptr) return false;
  }
  auto ticks = std::strtoull(at + 1, nullptr, 10);
  auto a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks * 1000 / a_second <= milliseconds;
}

Left kill_seated(std::atomic<std::uint64_t>& seat) {
  auto signed_in = seat.load();
  if (signed_in == 0) return Left::nothing;
  auto pid = pid_in_seat(signed_in);
  // Held by a descriptor, the number cannot become another's between the look and the signal.
  auto held = static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
  bool there = held >= 0 && is_who_signed_in(pid, milliseconds_in_seat(signed_in));
  if (there) ::syscall(SYS_pidfd_send_signal, held, SIGKILL, nullptr, 0);
  bool unknown = held < 0 && errno != ESRCH;
  if (held >= 0) ::close(held);
  if (!there && !unknown) seat.compare_exchange_strong(signed_in, 0);
  return there || unknown ? Left::something : Left::nothing;
}

}  // namespace

Group group_at(const char* path) {
  Group group;
  if (std::strlen(path) >= sizeof group.path) return group;
  std::strcpy(group.path, path);
  if (::access(file_in(group, "cgroup.kill").bytes, F_OK) == 0) {
    group.kind = Group::Kind::unified;
  } else if (::access(file_in(group, "freezer.state").bytes, F_OK) == 0) {
    group.kind = Group::Kind::freezer;
  }
  return group;
}

bool kill_all(const Group& group, std::atomic<std::uint64_t>* seats, std::size_t count) {
  bool nothing = kill_group(group) == Left::nothing;
  for (std::size_t i = 0; i < count; ++i)
    nothing = kill_seated(seats[i]) == Left::nothing && nothing;
  return nothing;
}

std::uint64_t boot_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace truce::guard
