// What a shell may offer for the word at the cursor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace truce::cli {

struct Candidates {
  std::vector<std::string> words;  ///< that begin as the last word does
  std::string noun;                ///< names of these objects fit too; empty: none
};

/// `words`: all after the program's name; the last one is being written.
Candidates complete(const std::vector<std::string>& words);

/// The script that makes a shell ask `truce __complete`.
Result<std::string> completion_script(std::string_view shell);

}  // namespace truce::cli
