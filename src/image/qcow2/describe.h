// What people are told of an image.
#pragma once

#include "image/image.h"
#include "qcow2/header.h"
#include "qcow2/upkeep/directory.h"

namespace truce::image::qcow2 {

/// From the one file alone. A damaged list of bitmaps is a warning: nothing else depends on it.
Description describe(const File& file, const Header& header, const SnapshotTable& snapshots);

}  // namespace truce::image::qcow2
