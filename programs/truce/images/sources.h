// From the words of a command line to open files and images, and what a command may reach for them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "image/confine.h"
#include "image/formats.h"
#include "image/place.h"
#include "image/resume.h"
#include "invocation.h"

namespace truce::cli {

/// All words of the command line that name something to read.
std::vector<std::string> named_sources(const Invocation& invocation);
/// The folder that a file is in: `.` for a plain name.
std::filesystem::path folder_of(const std::string& path);
/// What --replace says about a target that is there.
image::Target::Existing existing_of(const Invocation& invocation);

/// A file or device, with the locks that QEMU takes for such access.
Result<std::shared_ptr<image::DiskFile>> locked_file(const std::string& path,
                                                     image::DiskFile::Access access);
/// What --allow-external allows to an image of this path; null without it.
Result<std::unique_ptr<image::FolderNeighbours>> allowed_for(
    const std::filesystem::path& path, const Invocation& invocation,
    image::DiskFile::Access parts = image::DiskFile::Access::read_only);
/// To follow what `neighbours` gives; where that is null, what `otherwise` says.
image::OpenOptions following(image::Neighbours* neighbours,
                             image::External otherwise = image::External::refuse);
/// Code::unsupported unless the file's format, the named one or the detected, has snapshots inside.
Result<void> expect_snapshots(const image::File& file, const std::string& word,
                              const std::string& format);

/// An image that a command reads.
struct Source {
  std::shared_ptr<image::File> file;
  std::unique_ptr<image::Image> image;
  image::Witness::Files below;  ///< files that it stands on, or lies in
};
/// Opens what `word` names: a file, a device, an address (`nbd://`, `nbd+unix://`, `https://` …),
/// by the command's --allow-external. `format` is empty when its content tells.
Result<Source> open_source(const std::string& word, const std::string& format,
                           const Invocation& invocation,
                           image::External otherwise = image::External::refuse);
/// The same, and where `snapshot` is not empty the disk as that snapshot inside the image holds it.
Result<Source> open_source_at(const std::string& snapshot, const std::string& word,
                              const std::string& format, const Invocation& invocation);
/// The bytes that `word` names, to be read. A file is locked as QEMU does.
Result<std::shared_ptr<image::File>> open_bytes(const std::string& word,
                                                const Invocation& invocation);

/// A file that is changed, whatever state its image is in, and the files that it may refer to (null
/// without --allow-external): to be written, locked.
struct Target {
  std::shared_ptr<image::File> file;
  std::unique_ptr<image::FolderNeighbours> neighbours;
};
Result<Target> open_to_mend(const std::string& word, const Invocation& invocation);

/// Opens the file so that the image can be written in place, by the command's --allow-external.
Result<Source> open_to_write(const std::string& word, const std::string& format,
                             const Invocation& invocation);

/// Where a new image goes: a new file, a device, `nbd://…`. Refuses what the format cannot lie in.
Result<std::unique_ptr<image::Target>> open_target(const std::string& word,
                                                   const image::Format& format,
                                                   const Invocation& invocation);

/// Whether the word is the address of a server and no file's name.
bool is_address(const std::string& word);
/// Connects to all servers that the command names: names are looked up, redirections followed,
/// and certificates read here. What is needed of the network after that.
Result<image::NetworkRules> reach_network(const Invocation& invocation);
/// Nothing but what the command line names is within reach of whatever an image does to its parser.
FileRules file_rules(const Invocation& invocation);

}  // namespace truce::cli
