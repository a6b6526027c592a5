// New qcow2 images.
#pragma once

#include <memory>
#include <span>

#include "image/formats.h"

namespace truce::image::qcow2 {

/// The options that build() takes.
std::span<const Option> build_options();
/// Begins a new image in `file`. Layout: header, L1 table, then L2 tables each before its data, and
/// refcounts behind what they count.
Result<std::unique_ptr<Builder>> build(std::shared_ptr<File> file, const BuildOptions& options);

}  // namespace truce::image::qcow2
