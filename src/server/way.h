// How a server is reached, and how what ssh says is read.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "platform/platform.h"

namespace truce::server {

/// What a script is handed to. Scripts are for any POSIX shell and have no `'` in them.
struct Way {
  std::vector<std::string> words;  ///< of a program that takes a line for a shell as its last one
  bool root = true;                ///< who that shell runs as; else sudo is asked

  /// OpenSSH's client.
  static Way to(const platform::Account& account);

  [[nodiscard]] Command command(const std::string& script) const;
  /// What it prints. Errors are those of Platform; Code::precondition: the script has failed, by
  /// what it says last.
  [[nodiscard]] Async<Result<std::string>> run(std::string script, Duration limit) const;
};

/// How a script ended, by its exit status and what was said: see Way::run().
Result<void> judge_end(const ExitStatus& status, const std::string& said);

}  // namespace truce::server
