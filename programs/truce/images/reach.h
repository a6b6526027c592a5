// Disks of other hosts. Not in the small program.
#pragma once

#include <memory>
#include <string>

#include "image/confine.h"
#include "image/file.h"
#include "invocation.h"

namespace truce::cli {

/// Connects to the server that an address names, by --ca and --header-file, and adds to `network`
/// what reading on will need.
Result<std::shared_ptr<image::File>> open_address(const std::string& word,
                                                  const Invocation& invocation,
                                                  image::NetworkRules& network);

}  // namespace truce::cli
