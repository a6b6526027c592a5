#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::cli {

/// All nouns.
std::string help_text();
/// The verbs of a noun, or, with a verb, one command with its options and examples. An empty noun
/// gives all nouns; Code::invalid when there is no such command.
Result<std::string> help_text(std::string_view noun, std::string_view verb);

}  // namespace truce::cli
