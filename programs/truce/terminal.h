// The terminal that the command was started from.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/file.h"
#include "base/result.h"

namespace truce::cli {

enum class Channel : int { input = 0, output = 1, errors = 2 };
bool is_terminal(Channel channel);
/// Characters in a line; 80 where that is not known.
std::size_t terminal_width();
/// Lines on it; 24 where that is not known.
std::size_t terminal_height();

/// Writes all of it, at once.
void print(std::string_view text, Channel channel = Channel::output);

/// Puts the terminal of the standard input into another mode until destroyed; nothing elsewhere.
class TerminalMode {
 public:
  enum class Mode { raw, no_echo };
  explicit TerminalMode(Mode mode);
  ~TerminalMode();
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;

 private:
  std::optional<termios> before_;
};

/// A screen of its own on the standard output, without a cursor, until destroyed; what was there
/// before comes back.
class TerminalScreen {
 public:
  TerminalScreen();
  ~TerminalScreen();
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;

  /// Replaces what is shown, without a flicker; lines that do not fit are cut.
  void show(const std::vector<std::string>& lines);
};

/// The standard input as a descriptor of its own, so that making it non-blocking does not change
/// the one that the shell and the standard output share.
Result<Fd> open_input();

/// The next line of the standard input, without its end.
std::string read_line();

/// The answer to a question; what is typed to a hidden one is not shown.
std::string ask(std::string_view question);
std::string ask_hidden(std::string_view question);

/// Returns when Ctrl-C is pressed or the program is asked to end.
Async<void> interrupted();

}  // namespace truce::cli
