// The work of qemu-img, as functions. Source: qemu-img(1).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "image_probe.h"

namespace truce::storage {

/// An empty qcow2, or with `backing` (also a qcow2, absolute) one that shares its blocks.
Async<Result<void>> make_qcow2(std::filesystem::path path, Bytes size,
                               std::filesystem::path backing = {});

/// Grows an image of ours.
Async<Result<void>> grow_qcow2(std::filesystem::path path, Bytes size);

/// Copies an image of ours into a new one that stands alone.
Async<Result<void>> copy_qcow2(std::filesystem::path from, std::filesystem::path to,
                               std::function<void(double)> progress);

/// Copies an image from outside to `to`: an ISO as it is, all else into qcow2. The image has passed
/// probe_image(); qemu-img is confined to it and to the folder of `to`. Code::corrupt when
/// its own tables are broken.
Async<Result<void>> import_image(const Fd& source, ImageKind kind, std::filesystem::path to,
                                 std::function<void(double)> progress);

}  // namespace truce::storage
