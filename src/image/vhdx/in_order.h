// New VHDX images that are written in order.
#pragma once

#include "image/in_order.h"

namespace truce::image::vhdx {

/// As image::build_in_order() promises: dynamic, its blocks as small as its table allows.
Result<std::unique_ptr<Builder>> build_in_order(InOrder& to, Image& from);

}  // namespace truce::image::vhdx
