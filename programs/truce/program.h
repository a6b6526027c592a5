#pragma once

#include <string>
#include <vector>

namespace truce::cli {

/// The whole program: does what `words` (after the program's name) say, answers the exit status.
int run_program(std::vector<std::string> words);

}  // namespace truce::cli
