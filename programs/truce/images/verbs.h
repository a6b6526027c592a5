// The commands of `truce image`. They need no daemon.
#pragma once

#include <string>

#include "image/formats.h"
#include "images/sources.h"
#include "invocation.h"

namespace truce::cli {

/// Runs a command of the noun `image`; the exit status of the program.
Result<int> run_image(const Invocation& invocation);

/// The format of that name; Code::invalid tells which there are.
Result<const image::Format*> named_format(const std::string& name);
/// The choices of -o, and what --compress means for the format.
Result<image::BuildOptions> build_options(const Invocation& invocation,
                                          const image::Format& format);

// convert.cpp
Result<int> image_convert(const Invocation& invocation);
Result<int> image_compare(const Invocation& invocation);

// serve.cpp
Result<int> image_serve(const Invocation& invocation);

// packages.cpp
Result<int> image_pack(const Invocation& invocation);
Result<int> image_unpack(const Invocation& invocation);

}  // namespace truce::cli
