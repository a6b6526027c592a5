// Lost blocks of a VDI are given back.
#pragma once

#include <memory>

#include "image/repair.h"

namespace truce::image::vdi {

/// The header's count becomes that of the blocks in use: blocks from the file's end move to places
/// that no entry of the map names. Two blocks in one place, or beyond the file, remain.
Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options);

}  // namespace truce::image::vdi
