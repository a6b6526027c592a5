// New VHD files.
#pragma once

#include <memory>

#include "image/builder.h"

namespace truce::image::vhd {

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options);

}  // namespace truce::image::vhd
