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

/// What was opened while the program still had the means to, by the words that name it.
std::map<std::string, FilePointer>& reached() {
  static std::map<std::string, FilePointer> files;
  return files;
}

FilePointer& reached_target() {
  static FilePointer file;
  return file;
}

}  // namespace

std::vector<std::string> named_sources(const Invocation& invocation) {
  std::vector<std::string> words;
  for (const auto* name : {"file", "source", "first", "second", "disk"}) {
    auto named = invocation.given.find(name);
    if (named != invocation.given.end())
      words.insert(words.end(), named->second.begin(), named->second.end());
  }
  return words;
}

std::filesystem::path folder_of(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? std::filesystem::path(".") : folder;
}

image::Target::Existing existing_of(const Invocation& invocation) {
  return invocation.has("replace") ? image::Target::Existing::replace
                                   : image::Target::Existing::refuse;
}

Result<std::shared_ptr<image::DiskFile>> locked_file(const std::string& path, Access access) {
  TRY(auto file, image::DiskFile::open(path, access));
  TRY_VOID(
      image::lock_image(*file, access == Access::read_only ? image::Use::read : image::Use::write));
  return file;
}

Result<std::unique_ptr<image::FolderNeighbours>> allowed_for(const std::filesystem::path& path,
                                                             const Invocation& invocation,
                                                             Access parts) {
  if (!invocation.has("allow-external")) return nullptr;
  return image::FolderNeighbours::open(path, invocation.value("allow-external"), parts);
}

image::OpenOptions following(image::Neighbours* neighbours, image::External otherwise) {
  return {.external = neighbours != nullptr ? image::External::follow : otherwise,
          .neighbours = neighbours};
}

Result<void> expect_snapshots(const image::File& file, const std::string& word,
                              const std::string& format) {
  TRY(const auto* row, image::format_of(file, format));
  if (row->name == "qcow2") return {};
  return fail(Code::unsupported, "{}: {} has no snapshots inside, only qcow2 has", word, row->name);
}

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
  for (const auto& word : named_sources(invocation)) TRY_VOID(reach(word, Access::read_only));
  TRY_VOID(reach(invocation.value("target"), Access::read_write));
  return network;
}

Result<FilePointer> open_bytes(const std::string& word, const Invocation& invocation) {
  if (!is_address(word)) {
    TRY(auto file, locked_file(word, Access::read_only));
    return file;
  }
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
  // What an image on a server refers to is looked for in the allowed folder: never on the server.
  std::filesystem::path allowed = invocation.value("allow-external");
  TRY(auto neighbours,
      allowed_for(is_address(word) ? allowed / "image" : std::filesystem::path(word), invocation));
  if (neighbours == nullptr) {
    TRY(source.image, open(source.file, following(nullptr, otherwise)));
    return source;
  }
  image::Witness witness(*neighbours);
  TRY(source.image, open(source.file, following(&witness, otherwise)));
  source.below = witness.given();
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
    TRY_VOID(expect_snapshots(*file, word, format));
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
  TRY(target.neighbours, allowed_for(word, invocation, Access::read_write));
  return target;
}

Result<Source> open_to_write(const std::string& word, const std::string& format,
                             const Invocation& invocation) {
  TRY(auto target, open_to_mend(word, invocation));
  Source source{.file = target.file, .image = nullptr};
  auto options = following(target.neighbours.get());
  options.read_write = true;
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
  TRY(auto target, image::Target::create(word, existing_of(invocation)));
  if (target->is_in_place() && format.fits != image::Format::Fits::anywhere) {
    std::string able;
    for (const auto* row : image::formats()) {
      if (row->build != nullptr && row->fits == image::Format::Fits::anywhere)
        able += fmt::format("{}{}", able.empty() ? "" : ", ", row->name);
    }
    return fail(Code::unsupported, "{}: a {} cannot lie in a device; these can: {}", word,
                format.name, able);
  }
  return target;
}

FileRules file_rules(const Invocation& invocation) {
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
  auto& images = in_place ? rules.read_write : rules.read_only;
  for (const auto& path : named_sources(invocation)) {
    if (creates || is_address(path) || is_pipe(path)) continue;
    bool whole_folder = renames || path.ends_with(".ovf");
    images.push_back(whole_folder ? folder_of(path) : std::filesystem::path(path));
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
