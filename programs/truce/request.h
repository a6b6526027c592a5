#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "invocation.h"

namespace truce::cli {

/// What is sent for a command.
struct Outgoing {
  std::string method;
  std::string path;  ///< encoded
  std::map<std::string, std::string> query;
  std::string body;  ///< may be empty
  std::string content_type = "application/json";
  std::optional<Duration> limit = {};  ///< how long an answer is waited for; none: for ever

  /// Path and query as they stand in a request line.
  [[nodiscard]] std::string target() const;
};

/// What a request needs from outside: the content of a file that was named, a secret that was not
/// given, and the present time (for `--expires 30d`).
struct Surroundings {
  std::function<Result<std::string>(const std::string& name)> read_file;
  /// A secret that is typed, unseen and twice. Code::precondition where nobody can be asked.
  std::function<Result<std::string>(std::string_view what)> ask_secret;
  Time now;
};

/// The request that an invocation stands for. Only what was given is sent: defaults are the
/// server's. Code::invalid names the option at fault.
Result<Outgoing> make_request(const Invocation& invocation, const Surroundings& surroundings);

/// Everything but letters, digits and `-._~` as %XX (RFC 3986).
std::string percent_encoded(std::string_view text);

/// A field of a problem as the user wrote it: `/memory` → `--memory`, `/forward/0` → `--forward`.
std::string option_of_field(const CommandRow& row, std::string_view field);

}  // namespace truce::cli
