// New qcow2 images that are written in order.
#pragma once

#include "image/in_order.h"

namespace truce::image::qcow2 {

/// As image::build_in_order() promises. Layout: header, refcount table, refcount blocks, L1 table,
/// L2 tables, and then the data, which lies as close as it can.
Result<std::unique_ptr<Builder>> build_in_order(InOrder& to, Image& from);

}  // namespace truce::image::qcow2
