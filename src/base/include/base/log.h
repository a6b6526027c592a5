// The program's log: one line an entry. Secrets never go through it.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace truce {

/// How a line of the log is written.
enum class LogFormat {
  text,    ///< `2026-11-29T13:30:00.120 info machine web01: start [r-7c...]`
  logfmt,  ///< `time=2026-11-29T13:30:00.120Z level=info request=r-7c... msg="machine web01:
           ///< start"`
  json,    ///< the same as one object a line
};

struct LogSettings {
  std::string level = "info";  ///< debug, info, warn or error
  LogFormat format = LogFormat::text;
  std::string file;  ///< where it is appended to; empty: standard error
};

/// Begins the log of this program, or changes it; the file is opened anew, so that one that was
/// moved away is let go. On an error all stays as it was. On standard error of a systemd service
/// lines carry their level for the journal, and no time, which the journal has. [sd-daemon(3)]
Result<void> start_log(const LogSettings& settings);
/// On standard error, as text.
void start_log(std::string_view level);

/// An entry that belongs to a request: its id is a field of its own.
void log_for(std::string_view request, spdlog::level::level_enum level, std::string_view message);

/// Whether a text is the id of a request: 1 to 64 letters, digits, '-', '_' and '.'.
bool is_request_id(std::string_view text);
/// A new one: `r-` and 16 random digits.
std::string new_request_id();

}  // namespace truce
