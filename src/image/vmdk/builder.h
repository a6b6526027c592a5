// New disks of all subformats.
#pragma once

#include <memory>
#include <span>

#include "image/builder.h"
#include "image/formats.h"

namespace truce::image::vmdk {

std::span<const Option> build_options();
Result<std::unique_ptr<Builder>> build_vmdk(std::shared_ptr<File> file,
                                            const BuildOptions& options);

}  // namespace truce::image::vmdk
