// The part of the program that needs no network: what it answers by itself, and when it hands over.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "invocation.h"

namespace truce::cli {

/// Says why the program ends, and answers its exit status.
int say(Exit exit, std::string_view message);
/// The exit status of a command of `truce image`; an error is said.
int end_of(const Result<int>& status);
/// Reads the words; help and mistakes are answered here, all else is what `run` answers.
std::optional<int> run_words(const std::vector<std::string>& words,
                             const std::function<std::optional<int>(const Invocation&)>& run);

/// Does what `words` say when it takes files of this host alone, or is a question about usage; the
/// exit status. None: the whole program must do it, and nothing has been done or said.
std::optional<int> run_small(const std::vector<std::string>& words);

}  // namespace truce::cli
