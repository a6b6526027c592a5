// truce-reaper FOLDER GROUP WATCHDOG: kills the protected machines of this host when its claim to
// them has run out, whatever has become of the daemon that started it. See src/guard/README.md.
//
// GROUP is the control group that they are in, or "-"; WATCHDOG a device such as /dev/watchdog, or
// "-". Nothing is allocated once it has begun; it knows no network and starts no programs.
#include <fcntl.h>
#include <linux/watchdog.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guard/killer.h"
#include "guard/memory.h"

namespace truce::guard {
namespace {

constexpr std::uint64_t pulse = 1'000'000;     // between two looks, at most
constexpr std::uint64_t kill_again = 10'000;   // while something that was killed still lives
constexpr std::uint64_t patience = 5'000'000;  // with that, before the watchdog shall bite
constexpr int watchdog_seconds = 10;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "truce-reaper: %s: %s\n", what, std::strerror(errno));
  ::_exit(1);
}

struct Reaper {
  Memory* memory = nullptr;
  Group group;
  int bell = -1, timer = -1, watchdog = -1;
};

int open_in(const char* folder, const char* name, int flags) {
  char path[512];
  if (std::snprintf(path, sizeof path, "%s/%s", folder, name) >= static_cast<int>(sizeof path)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return ::open(path, flags | O_CLOEXEC);
}

Memory* map_memory(const char* folder) {
  int fd = open_in(folder, memory_file, O_RDWR);
  struct stat status{};
  if (fd < 0 || ::fstat(fd, &status) != 0) give_up("its memory");
  if (status.st_size != sizeof(Memory)) {
    errno = EBADMSG;
    give_up("its memory has another size");
  }
  void* at = ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) give_up("map its memory");
  auto* memory = static_cast<Memory*>(at);
  if (memory->mark.load() != memory_mark) {
    errno = EBADMSG;
    give_up("its memory has another layout");
  }
  ::close(fd);
  return memory;
}

// When this process began, as /proc/self/stat has it: with the number it is one process for ever.
std::uint64_t own_start_ticks() {
  char text[4096] = {};
  int fd = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::read(fd, text, sizeof text - 1) <= 0) give_up("/proc/self/stat");
  ::close(fd);
  const char* at = std::strrchr(text, ')');
  for (int field = 2; at != nullptr && field < 22; ++field) at = std::strchr(at + 1, ' ');
  return at == nullptr ? 0 : std::strtoull(at + 1, nullptr, 10);
}

// What makes it harder to hold up. Each is said, none is needed: a user's reaper has no such
// rights.
void harden(Memory& memory) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(077);
  ::prctl(PR_SET_NAME, "truce-reaper");
  int adjust = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (adjust >= 0) {
    [[maybe_unused]] auto written = ::write(adjust, "-1000", 5);
    ::close(adjust);
  }
  sched_param priority{};
  priority.sched_priority = 50;
  memory.real_time.store(::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0);
  memory.locked.store(::mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
}

void arm(Reaper& reaper, const char* device) {
  if (std::strcmp(device, "-") == 0) return;
  reaper.watchdog = ::open(device, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (reaper.watchdog < 0) give_up(device);
  int seconds = watchdog_seconds;
  if (::ioctl(reaper.watchdog, WDIOC_SETTIMEOUT, &seconds) != 0)
    std::fprintf(stderr, "truce-reaper: %s: its timeout stays as it is: %s\n", device,
                 std::strerror(errno));
}

// A host that cannot kill what it must is better reset.
void feed_watchdog(const Reaper& reaper, std::uint64_t now, bool killing) {
  if (reaper.watchdog < 0) return;
  if (killing && now > reaper.memory->shut_at.load() + patience) return;
  reaper.memory->watchdog.store(::write(reaper.watchdog, "\0", 1) == 1);
}

void sleep_until(const Reaper& reaper, std::uint64_t when) {
  itimerspec alarm{};
  alarm.it_value.tv_sec = static_cast<time_t>(when / 1'000'000);
  alarm.it_value.tv_nsec = static_cast<long>(when % 1'000'000 * 1000 + 1);
  if (::timerfd_settime(reaper.timer, TFD_TIMER_ABSTIME, &alarm, nullptr) != 0)
    give_up("timerfd_settime");
  pollfd waits[] = {{reaper.timer, POLLIN, 0}, {reaper.bell, POLLIN, 0}};
  ::poll(waits, 2, -1);
  char rung[64];
  while (::read(reaper.bell, rung, sizeof rung) > 0) {
  }
}

// One look and what follows from it; when the next one is due.
std::uint64_t work(const Reaper& reaper) {
  auto& memory = *reaper.memory;
  auto now = boot_microseconds();
  bool killing = look(memory, now);
  if (memory.gate.load() == 0) {  // also what came later, against all rules
    bool nothing = kill_all(reaper.group, memory.seats, seat_count);
    if (killing && !nothing) memory.kills.fetch_add(1);
    if (killing && nothing) {
      cleared(memory);
      killing = look(memory, boot_microseconds());
    }
  }
  memory.pulse.store(now);
  feed_watchdog(reaper, now, killing);
  if (killing) return now + kill_again;
  auto deadline = memory.gate.load() != 0 ? memory.deadline.load() : now + pulse;
  return std::min(now + pulse, deadline);
}

bool may_leave(const Memory& memory) {
  return memory.leave.load() != 0 && memory.gate.load() == 0 && memory.clear.load() != 0;
}

int reap(char** words) {
  Reaper reaper;
  reaper.memory = map_memory(words[1]);
  if (std::strcmp(words[2], "-") != 0) {
    reaper.group = group_at(words[2]);
    if (reaper.group.kind == Group::Kind::none) {
      errno = ENOENT;
      give_up(words[2]);
    }
  }
  // Opened for writing too: else it would be at its end whenever no daemon has it open.
  reaper.bell = open_in(words[1], bell_file, O_RDWR | O_NONBLOCK);
  reaper.timer = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (reaper.bell < 0) give_up("its bell");
  if (reaper.timer < 0) give_up("timerfd_create");
  arm(reaper, words[3]);
  harden(*reaper.memory);
  auto& memory = *reaper.memory;
  memory.start_ticks.store(own_start_ticks());
  memory.pid.store(static_cast<std::uint64_t>(::getpid()));
  while (!may_leave(memory)) sleep_until(reaper, work(reaper));
  if (reaper.watchdog >= 0) {
    [[maybe_unused]] auto disarmed = ::write(reaper.watchdog, "V", 1);
  }
  memory.pid.store(0);
  return 0;
}

}  // namespace
}  // namespace truce::guard

int main(int count, char** words) {
  if (count != 4) {
    std::fprintf(stderr, "truce-reaper is started by truced: truce-reaper FOLDER GROUP WATCHDOG\n");
    return 2;
  }
  return truce::guard::reap(words);
}
