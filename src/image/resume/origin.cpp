#include <sys/stat.h>

#include <cerrno>
#include <set>

#include "image/resume.h"
#include "sealed.h"

namespace truce::image {
namespace {

/// What changes when somebody writes to the file.
Result<std::string> identity_of(const File& file) {
  struct stat status{};
  if (file.descriptor() < 0) {
    return fail(Code::unsupported,
                "{}: --resume needs a source in a file: of another one nobody can tell whether it "
                "is still the same",
                file.name());
  }
  if (::fstat(file.descriptor(), &status) != 0) return fail_errno(errno, file.name());
  return fmt::format("file {} {} {} {}.{}\n", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

Result<std::shared_ptr<File>> Witness::kept(Result<std::shared_ptr<File>> file) {
  if (file) given_->push_back(*file);
  return file;
}

Result<std::shared_ptr<File>> Witness::open(const std::string& name) {
  return kept(others_->open(name));
}

Result<std::shared_ptr<File>> Witness::open_part(const std::string& name) {
  return kept(others_->open_part(name));
}

Result<std::shared_ptr<File>> Witness::create(const std::string& name) {
  return others_->create(name);
}

Result<std::unique_ptr<Neighbours>> Witness::of(const File& file) {
  TRY(auto theirs, others_->of(file));
  if (theirs == nullptr) return nullptr;
  auto made = std::make_unique<Witness>(*theirs);
  made->owned_ = std::move(theirs);
  made->given_ = given_;
  return made;
}

Result<Origin> origin_of(Image& image, const File& file, const Witness::Files& below) {
  const auto& about = image.description();
  for (const auto& reference : about.references) {
    if (!below.empty() || reference.role == "extent" || reference.role == "data file") continue;
    return fail(Code::unsupported,
                "{}: --resume needs an image that is whole: its {} could be changed meanwhile",
                file.name(), reference.role);
  }
  Origin origin;
  TRY(auto text, identity_of(file));
  text += fmt::format("{} {} {} {}\n", about.format, about.variant, about.size, about.sector_size);
  std::set<const File*> files{&file};
  for (const auto& other : below) {
    TRY(auto another, identity_of(*other));
    text += another;
    files.insert(other.get());
  }
  // The digest of what came before stands for it: tables can be larger than memory.
  for (std::uint64_t at = 0; at < image.size();) {
    TRY(auto extent, image.extent(at, image.size() - at));
    at += extent.length;
    bool stored = extent.kind == Kind::data || extent.kind == Kind::compressed;
    if (!stored) continue;
    origin.stored += extent.length;
    text += fmt::format("{} {} {} {}\n", extent.start, extent.length, static_cast<int>(extent.kind),
                        extent.file == nullptr ? 0 : extent.offset);
    if (extent.file != nullptr && files.insert(extent.file).second) {
      TRY(auto another, identity_of(*extent.file));
      text += another;
    }
    if (text.size() > 65536) text = fmt::format("{}\n", digest_of(text));
  }
  origin.digest = digest_of(text);
  return origin;
}

}  // namespace truce::image
