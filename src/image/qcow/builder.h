// New QCOW files of version 1, for programs that read nothing newer.
#pragma once

#include <memory>

#include "image/builder.h"

namespace truce::image::qcow {

Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options);

}  // namespace truce::image::qcow
