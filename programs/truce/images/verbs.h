// The commands of `truce image`. They need no daemon.
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "image/formats.h"
#include "image/place.h"
#include "invocation.h"

namespace truce::cli {

/// Runs a command of the noun `image`; the exit status of the program.
Result<int> run_image(const Invocation& invocation);

/// An image that a command reads.
struct Source {
  std::shared_ptr<image::DiskFile> file;
  std::unique_ptr<image::Image> image;
};
/// Opens the file, by the command's --allow-external. `format` is empty when its content tells.
Result<Source> open_source(const std::filesystem::path& path, const std::string& format,
                           const Invocation& invocation,
                           image::External otherwise = image::External::refuse);
/// Opens the file so that the image can be written in place. What it refers to is refused.
Result<Source> open_to_write(const std::filesystem::path& path, const std::string& format);
/// The format of that name; Code::invalid tells which there are.
Result<const image::Format*> named_format(const std::string& name);
/// The choices of -o, and what --compress means for the format.
Result<image::BuildOptions> build_options(const Invocation& invocation,
                                          const image::Format& format);

// convert.cpp
Result<int> image_convert(const Invocation& invocation);
Result<int> image_compare(const Invocation& invocation);

// serve.cpp
Result<int> image_serve(const Invocation& invocation);

// packages.cpp
Result<int> image_pack(const Invocation& invocation);
Result<int> image_unpack(const Invocation& invocation);

}  // namespace truce::cli
