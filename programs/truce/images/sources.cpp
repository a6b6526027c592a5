#include "images/sources.h"

#include <filesystem>

#include "images/verbs.h"

namespace truce::cli {
namespace {

using Access = image::DiskFile::Access;

Result<std::shared_ptr<image::File>> locked_file(const std::string& word, Access access) {
  TRY(auto file, image::DiskFile::open(word, access));
  TRY_VOID(
      image::lock_image(*file, access == Access::read_only ? image::Use::read : image::Use::write));
  return std::shared_ptr<image::File>(std::move(file));
}

}  // namespace

Result<Source> open_source(const std::string& word, const std::string& format,
                           const Invocation& invocation, image::External otherwise) {
  if (!format.empty()) TRY_VOID(named_format(format));
  Source source;
  TRY(source.file, locked_file(word, Access::read_only));
  image::OpenOptions options{.external = otherwise};
  std::unique_ptr<image::FolderNeighbours> neighbours;
  if (invocation.has("allow-external")) {
    TRY(neighbours, image::FolderNeighbours::open(word, invocation.value("allow-external")));
    options.neighbours = neighbours.get();
    options.external = image::External::follow;
  }
  TRY(source.image, image::open(source.file, options, format));
  return source;
}

Result<Source> open_to_write(const std::string& word, const std::string& format) {
  if (!format.empty()) TRY_VOID(named_format(format));
  Source source;
  TRY(source.file, locked_file(word, Access::read_write));
  TRY(source.image, image::open(source.file, {.read_write = true}, format));
  if (source.image->writable() == nullptr) {
    return fail(Code::unsupported, "{}: {} {} cannot be written in place: convert it", word,
                source.image->description().format, source.image->description().variant);
  }
  return source;
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
  bool in_place = renames || verb == "resize" || verb == "rebase" || verb == "commit";
  for (const auto* word : {"file", "source", "first", "second", "disk"}) {
    auto named = invocation.given.find(word);
    if (named == invocation.given.end() || creates) continue;
    auto& list = in_place ? rules.read_write : rules.read_only;
    for (const auto& path : named->second) {
      bool whole_folder = renames || path.ends_with(".ovf");
      list.push_back(whole_folder ? folder_of(path) : std::filesystem::path(path));
    }
  }
  if (invocation.has("allow-external")) {
    auto& list = verb == "commit" ? rules.read_write : rules.read_only;  // the parent is there
    list.emplace_back(invocation.value("allow-external"));
  }
  if (invocation.has("backing")) rules.read_only.emplace_back(invocation.value("backing"));
  if (invocation.row->verb == "unpack")
    rules.read_write.emplace_back(invocation.value("folder", "."));
  auto target = invocation.value(creates ? "file" : invocation.has("output") ? "output" : "target");
  if (target.empty()) return rules;
  std::error_code ignored;
  bool device = std::filesystem::is_block_file(target, ignored);
  rules.read_write.push_back(device ? std::filesystem::path(target) : folder_of(target));
  return rules;
}

}  // namespace truce::cli
