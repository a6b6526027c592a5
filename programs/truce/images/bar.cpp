#include "images/bar.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "progress.h"
#include "terminal.h"

namespace truce::cli {

namespace {

// What a signal handler may look at: paths that do not change while their number is not 0.
std::array<std::array<char, 4096>, 16> unfinished;
std::atomic<std::size_t> unfinished_count = 0;

void interrupt(int number) {
  if (!Interruptible::interrupted.exchange(true)) return;
  for (std::size_t i = 0; i < unfinished_count; ++i) ::unlink(unfinished[i].data());
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(number, &usual, nullptr);
  ::raise(number);  // comes when the handler has ended
}

}  // namespace

void Interruptible::remove_when_killed(const std::vector<std::string>& names) {
  unfinished_count = 0;
  std::size_t count = 0;
  for (const auto& name : names) {
    if (count == unfinished.size()) break;
    if (name.size() >= unfinished[count].size()) continue;
    *std::ranges::copy(name, unfinished[count].begin()).out = 0;
    ++count;
  }
  unfinished_count = count;
}

Interruptible::Interruptible() {
  struct sigaction action{};
  action.sa_handler = interrupt;
  ::sigaction(SIGINT, &action, &int_);
  ::sigaction(SIGTERM, &action, &term_);
}

Interruptible::~Interruptible() {
  unfinished_count = 0;
  ::sigaction(SIGINT, &int_, nullptr);
  ::sigaction(SIGTERM, &term_, nullptr);
}

Bar::Bar(std::string kind, std::string target, bool wanted)
    : on_terminal_(is_terminal(Channel::errors)), wanted_(wanted) {
  task_.kind = std::move(kind);
  task_.target = std::move(target);
  task_.state = model::TaskState::running;
}

void Bar::show(const image::Progress& progress) {
  auto now = Clock::now();
  if (!wanted_ || now - shown_ < (on_terminal_ ? 250ms : 10000ms)) return;
  shown_ = now;
  auto seconds = std::chrono::duration<double>(now - start_).count();
  auto done = static_cast<double>(progress.done);
  task_.progress = progress.total == 0 ? 0 : done / static_cast<double>(progress.total);
  auto rate = static_cast<std::uint64_t>(done / seconds) >> 20 << 20;
  task_.step = to_string(Bytes{rate}) + "/s";
  if (on_terminal_) {
    auto elapsed = std::chrono::duration_cast<Duration>(now - start_);
    print("\r\x1b[K" + progress_line(task_, elapsed, terminal_width() - 1), Channel::errors);
  } else {
    print(progress_report(task_) + "\n", Channel::errors);
  }
}

void Bar::end() {
  if (wanted_ && on_terminal_) print("\r\x1b[K", Channel::errors);
  wanted_ = false;
}

}  // namespace truce::cli
