#include "images/sources.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>

#include "image/qcow2.h"
#include "images/pipes.h"
#include "images/reach.h"
#include "images/verbs.h"

namespace truce::cli {
namespace {

using Access = image::DiskFile::Access;
using FilePointer = std::shared_ptr<image::File>;

constexpr std::array schemes{"nbd://",       "nbds://", "nbd+unix://",
                             "nbds+unix://", "http://", "https://"};
constexpr std::array words_of_sources{"file", "source", "first", "second", "disk"};

/// What was opened while the program still had the means to, by the words that name it.
std::map<std::string, FilePointer>& reached() {
  static std::map<std::string, FilePointer> files;
  return files;
}

FilePointer& reached_target() {
  static FilePointer file;
  return file;
}

Result<FilePointer> locked_file(const std::string& word, Access access) {
  TRY(auto file, image::DiskFile::open(word, access));
  TRY_VOID(
      image::lock_image(*file, access == Access::read_only ? image::Use::read : image::Use::write));
  return FilePointer(std::move(file));
}

}  // namespace

bool is_address(const std::string& word) {
  return std::ranges::any_of(schemes, [&](const char* scheme) { return word.starts_with(scheme); });
}

Result<image::NetworkRules> reach_network(const Invocation& invocation) {
  image::NetworkRules network;
  auto reach = [&](const std::string& word, Access access) -> Result<void> {
    if (!is_address(word)) return {};
    auto& file = access == Access::read_only ? reached()[word] : reached_target();
    if (file == nullptr) {
      TRY(file, open_address(word, access, invocation, network));
    }
    return {};
  };
  for (const auto* name : words_of_sources) {
    auto named = invocation.given.find(name);
    if (named == invocation.given.end()) continue;
    for (const auto& word : named->second) TRY_VOID(reach(word, Access::read_only));
  }
  TRY_VOID(reach(invocation.value("target"), Access::read_write));
  return network;
}

Result<FilePointer> open_bytes(const std::string& word, const Invocation& invocation) {
  if (!is_address(word)) return locked_file(word, Access::read_only);
  auto before = reached().find(word);
  if (before != reached().end()) return before->second;
  image::NetworkRules ignored;  // this command is not confined
  return open_address(word, Access::read_only, invocation, ignored);
}

namespace {

using Opened = Result<std::unique_ptr<image::Image>>;

Result<Source> open_by(
    const std::string& word, const std::string& format, const Invocation& invocation,
    image::External otherwise,
    const std::function<Opened(const FilePointer&, const image::OpenOptions&)>& open) {
  if (!format.empty()) TRY_VOID(named_format(format));
  Source source;
  TRY(source.file, open_bytes(word, invocation));
  image::OpenOptions options{.external = otherwise};
  std::unique_ptr<image::FolderNeighbours> neighbours;
  if (invocation.has("allow-external")) {
    std::filesystem::path allowed = invocation.value("allow-external");
    // What an image on a server refers to is looked for in that folder: never on the server.
    auto own = is_address(word) ? allowed / "image" : std::filesystem::path(word);
    TRY(neighbours, image::FolderNeighbours::open(own, allowed));
    options.neighbours = neighbours.get();
    options.external = image::External::follow;
  }
  TRY(source.image, open(source.file, options));
  return source;
}

}  // namespace

Result<Source> open_source(const std::string& word, const std::string& format,
                           const Invocation& invocation, image::External otherwise) {
  return open_by(word, format, invocation, otherwise, [&](const auto& file, const auto& options) {
    return image::open(file, options, format);
  });
}

Result<Source> open_source_at(const std::string& snapshot, const std::string& word,
                              const std::string& format, const Invocation& invocation) {
  if (snapshot.empty()) return open_source(word, format, invocation);
  auto open = [&](const auto& file, const auto& options) -> Opened {
    const auto* row = image::find_format(format);
    if (format.empty()) {
      TRY(row, image::detect(*file));
    }
    if (row->name != "qcow2")
      return fail(Code::unsupported, "{}: {} has no snapshots inside, only qcow2 has", word,
                  row->name);
    return image::qcow2::open_snapshot(file, options, snapshot);
  };
  return open_by(word, format, invocation, image::External::refuse, open);
}

Result<Target> open_to_mend(const std::string& word, const Invocation& invocation) {
  if (auto format = invocation.value("source-format"); !format.empty())
    TRY_VOID(named_format(format));
  if (is_address(word))
    return fail(Code::unsupported, "only files and devices are written in place: convert it");
  Target target;
  TRY(target.file, locked_file(word, Access::read_write));
  if (invocation.has("allow-external")) {
    TRY(target.neighbours, image::FolderNeighbours::open(word, invocation.value("allow-external"),
                                                         Access::read_write));
  }
  return target;
}

Result<Source> open_to_write(const std::string& word, const std::string& format,
                             const Invocation& invocation) {
  TRY(auto target, open_to_mend(word, invocation));
  Source source{.file = target.file, .image = nullptr};
  image::OpenOptions options{.read_write = true};
  if (target.neighbours) {
    options.external = image::External::follow;
    options.neighbours = target.neighbours.get();
  }
  TRY(source.image, image::open(source.file, options, format));
  if (source.image->writable() == nullptr) {
    const auto& description = source.image->description();
    auto why = description.warnings.empty()
                   ? "convert it"
                   : description.warnings.front() + ": truce image check --repair may mend it";
    return fail(Code::unsupported, "{}: {} {} cannot be written in place: {}", word,
                description.format, description.variant, why);
  }
  return source;
}

Result<std::unique_ptr<image::Target>> open_target(const std::string& word,
                                                   const image::Format& format,
                                                   const Invocation& invocation) {
  if (is_address(word)) {
    if (format.name != "raw")
      return fail(Code::unsupported, "an NBD export takes a disk as it is: -O raw, not {}",
                  format.name);
    TRUCE_ASSERT(reached_target() != nullptr, "a target on a server is opened before");
    return image::Target::in_place(reached_target());
  }
  TRY(auto target,
      image::Target::create(word, invocation.has("replace") ? image::Target::Existing::replace
                                                            : image::Target::Existing::refuse));
  // These are found by their end, or lie in several files.
  if (target->is_in_place() && (format.name == "vhd" || format.name == "vmdk")) {
    return fail(Code::unsupported, "{}: a {} cannot lie in a device; raw, qcow2, vhdx and vdi can",
                word, format.name);
  }
  return target;
}

FileRules file_rules(const Invocation& invocation) {
  auto folder_of = [](const std::string& path) {
    auto folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? std::filesystem::path(".") : folder;
  };
  FileRules rules;
  rules.read_only = {"/sys/devices/system/cpu"};  // how many processors there are
  const auto& verb = invocation.row->verb;
  bool creates = verb == "create";
  bool renames = verb == "recover" || invocation.has("in-place");
  bool changes_snapshots =
      verb == "snapshot" &&
      (invocation.has("create") || invocation.has("apply") || invocation.has("delete"));
  bool in_place = renames || changes_snapshots || invocation.has("repair") || verb == "resize" ||
                  verb == "rebase" || verb == "commit";
  for (const auto* word : words_of_sources) {
    auto named = invocation.given.find(word);
    if (named == invocation.given.end() || creates) continue;
    auto& list = in_place ? rules.read_write : rules.read_only;
    for (const auto& path : named->second) {
      if (is_address(path) || is_pipe(path)) continue;
      bool whole_folder = renames || path.ends_with(".ovf");
      list.push_back(whole_folder ? folder_of(path) : std::filesystem::path(path));
    }
  }
  if (invocation.has("allow-external")) {
    // A parent that is committed to and the parts of an image that is changed are there.
    auto& list = in_place && verb != "rebase" ? rules.read_write : rules.read_only;
    list.emplace_back(invocation.value("allow-external"));
  }
  if (invocation.has("backing")) rules.read_only.emplace_back(invocation.value("backing"));
  if (invocation.row->verb == "unpack")
    rules.read_write.emplace_back(invocation.value("folder", "."));
  auto target = invocation.value(creates ? "file" : invocation.has("output") ? "output" : "target");
  if (verb == "pack" && is_pipe(target))
    rules.read_write.push_back(std::filesystem::temp_directory_path());
  if (target.empty() || is_address(target) || is_pipe(target)) return rules;
  std::error_code ignored;
  bool device = std::filesystem::is_block_file(target, ignored);
  rules.read_write.push_back(device ? std::filesystem::path(target) : folder_of(target));
  return rules;
}

}  // namespace truce::cli
