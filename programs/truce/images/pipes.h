// The word `-`: standard input as a source, standard output as a target.
#pragma once

#include <string>

#include "images/sources.h"
#include "terminal.h"

namespace truce::cli {

constexpr int output_descriptor = 1;
constexpr const char* output_name = "standard output";

bool is_pipe(const std::string& word);
/// Where messages go beside a target: what reads the standard output wants nothing but the image.
Channel messages_beside(const std::string& target);

/// Refuses what cannot go through a pipe: other commands, options that need files, terminals, a
/// closed descriptor. From here on a pipe whose reader ended is an error and no signal.
Result<void> expect_pipes_fit(const Invocation& invocation);

/// The disk that comes through the standard input. Where the input is a file it is read as one. A
/// raw disk of unknown size is kept in a nameless file beside the target first.
Result<Source> open_piped(const Invocation& invocation);

}  // namespace truce::cli
