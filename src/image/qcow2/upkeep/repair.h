// What `qemu-img check -r` does.
#pragma once

#include <memory>

#include "image/repair.h"

namespace truce::image::qcow2 {

/// Counts refcounts anew where they are wrong, sets the copied flags right, and takes the marks of
/// an unclean end and of damage away when all is well. While it works the image is marked as not
/// cleanly closed (version 3), so that nobody writes into it half-way.
Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options);

}  // namespace truce::image::qcow2
