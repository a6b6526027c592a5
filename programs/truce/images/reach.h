// Disks of other hosts. Not in the small program.
#pragma once

#include <memory>
#include <string>

#include "image/confine.h"
#include "image/file.h"
#include "invocation.h"

namespace truce::cli {

/// Connects to the server that an address names, by --ca and --header-file, and adds to `network`
/// what going on will need. Web servers are only read.
Result<std::shared_ptr<image::File>> open_address(const std::string& word,
                                                  image::DiskFile::Access access,
                                                  const Invocation& invocation,
                                                  image::NetworkRules& network);

}  // namespace truce::cli
