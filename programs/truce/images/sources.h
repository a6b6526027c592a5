// From the words of a command line to open files and images, and what a command may reach for them.
#pragma once

#include <memory>
#include <string>

#include "base/process.h"
#include "image/confine.h"
#include "image/formats.h"
#include "image/place.h"
#include "invocation.h"

namespace truce::cli {

/// An image that a command reads.
struct Source {
  std::shared_ptr<image::File> file;
  std::unique_ptr<image::Image> image;
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
