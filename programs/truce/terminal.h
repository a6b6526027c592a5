// The terminal that the command was started from.
#pragma once

#include <termios.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/file.h"
#include "base/result.h"

namespace truce::cli {

enum class Channel : int { input = 0, output = 1, errors = 2 };
bool is_terminal(Channel channel);
/// Characters in a line; 80 where that is not known.
std::size_t terminal_width();

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

/// The standard input as a descriptor of its own, so that making it non-blocking does not change
/// the one that the shell and the standard output share.
Result<Fd> open_input();

/// The next line of the standard input, without its end.
std::string read_line();

/// Returns when Ctrl-C is pressed or the program is asked to end.
Async<void> interrupted();

}  // namespace truce::cli
