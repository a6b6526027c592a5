// The name of the backing file in an image that exists.
#pragma once

#include "image/builder.h"
#include "qcow2/header.h"

namespace truce::image::qcow2 {

/// Changes the backing file's name and format in the header: one write of less than a cluster, all
/// other extensions as they were (the table of feature names apart, if it is in the way). Null:
/// none.
Result<void> write_backing(File& file, const Header& header, const Parent* parent);

/// What QEMU, which opens these images, calls a format.
std::string name_for_qemu(std::string_view format);

}  // namespace truce::image::qcow2
