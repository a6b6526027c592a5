#include "terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "text_formats.h"

namespace truce::cli {

bool is_terminal(Channel channel) {
  return isatty(static_cast<int>(channel)) == 1;
}

namespace {

winsize terminal_size() {
  winsize size{};
  for (int fd : {2, 1, 0}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size;
  }
  return {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
}

}  // namespace

std::size_t terminal_width() {
  return terminal_size().ws_col;
}

std::size_t terminal_height() {
  auto rows = terminal_size().ws_row;
  return rows > 0 ? rows : 24;
}

void print(std::string_view text, Channel channel) {
  while (!text.empty()) {
    auto count = write(static_cast<int>(channel), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nobody reads any more; there is nowhere left to say so
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

TerminalMode::TerminalMode(Mode mode) {
  termios now{};
  if (tcgetattr(STDIN_FILENO, &now) != 0) return;
  before_ = now;
  if (mode == Mode::raw) {
    cfmakeraw(&now);
  } else {
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  }
  // What was typed ahead is for the console; before a secret it is nothing that was meant.
  tcsetattr(STDIN_FILENO, mode == Mode::raw ? TCSADRAIN : TCSAFLUSH, &now);
}

TerminalMode::~TerminalMode() {
  if (before_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &*before_);
}

// xterm's control sequences (ctlseqs): alternate screen, cursor, erase.
TerminalScreen::TerminalScreen() {
  print("\x1b[?1049h\x1b[?25l");
}

TerminalScreen::~TerminalScreen() {
  print("\x1b[?25h\x1b[?1049l");
}

void TerminalScreen::show(const std::vector<std::string>& lines) {
  auto width = terminal_width(), height = terminal_height();
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < std::min(lines.size(), height); ++i) {
    if (i > 0) out += "\r\n";
    out += cut(lines[i], width) + "\x1b[K";
  }
  print(out + "\x1b[J");
}

Result<Fd> open_input() {
  auto own = open_file("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (own) return own;
  int copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);  // a socket cannot be opened again
  if (copy < 0) return fail_errno(errno, "standard input");
  return Fd(copy);
}

std::string read_line() {
  std::string line;
  char c = 0;
  while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::string ask(std::string_view question) {
  print(question, Channel::errors);
  return read_line();
}

std::string ask_hidden(std::string_view question) {
  std::string answer;
  {
    TerminalMode hidden(TerminalMode::Mode::no_echo);
    answer = ask(question);
  }
  print("\n", Channel::errors);
  return answer;
}

Async<void> interrupted() {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
  co_await signals.async_wait(as_result);
}

}  // namespace truce::cli
