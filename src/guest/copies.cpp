#include "guest/copies.h"

#include <fmt/format.h>

#include <filesystem>
#include <ranges>

#include "base/file.h"
#include "image/chain.h"
#include "image/create.h"
#include "image/formats.h"
#include "image/nbd_file.h"
#include "image/place.h"

namespace truce::guest {

namespace {

using Access = image::DiskFile::Access;
using OpenDisk = std::shared_ptr<image::DiskFile>;
namespace fs = std::filesystem;

std::string changing(const std::string& disk) {
  return disk + ".preparing";
}
/// What is called so is whole. That of the first disk, which is the last one to be called so, says
/// that all are.
std::string changed(const std::string& disk) {
  return disk + ".prepared";
}

Result<OpenDisk> locked(const std::string& path, image::Use use) {
  bool writes = use == image::Use::write;
  TRY(auto file, image::DiskFile::open(path, writes ? Access::read_write : Access::read_only));
  TRY_VOID(image::lock_image(*file, use));
  return file;
}

Result<std::vector<OpenDisk>> locked_to_write(const std::vector<std::string>& disks) {
  std::vector<OpenDisk> all;
  for (const auto& disk : disks) {
    TRY(auto file, locked(disk, image::Use::write));
    all.push_back(std::move(file));
  }
  return all;
}

/// A disk's format, if it can be changed.
Result<std::string> format_of(const std::string& disk) {
  TRY(auto file, locked(disk, image::Use::write));
  TRY(auto image, image::open(file, {.external = image::External::ignore, .read_write = true}, {}));
  const auto& description = image->description();
  if (!description.references.empty())
    return fail(Code::unsupported,
                "{}: it stands on other files ({}): make one of it that stands alone (truce image "
                "convert)",
                disk, description.references.front().name);
  if (image->writable() == nullptr)
    return fail(Code::unsupported, "{}: {} ({}) is not written to: convert it first", disk,
                description.format, description.variant);
  return description.format;
}

/// What a copy holds, into the disk that it stands on.
Result<std::uint64_t> write_down(const std::string& copy, std::shared_ptr<image::File> under) {
  TRY(auto file, locked(copy, image::Use::write));
  image::GivenParent given(under, nullptr);
  TRY(auto image,
      image::open(file,
                  {.external = image::External::follow, .neighbours = &given, .read_write = true},
                  "qcow2"));
  if (image->description().references.size() != 1)
    return fail(Code::corrupt, "{}: it does not stand on {} alone", copy, under->name());
  TRY(auto parent, image::open(under,
                               {.external = image::External::ignore,
                                .read_write = true,
                                .identity = image::Identity::kept},
                               image->description().references.front().format));
  return image::commit_into(*image, *parent, {});
}

void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

/// `open` are the disks.
Result<std::uint64_t> write_all_down(const std::vector<std::string>& disks,
                                     const std::vector<OpenDisk>& open) {
  std::uint64_t bytes = 0;
  for (std::size_t at = 0; at < disks.size(); ++at) {
    if (!fs::exists(changed(disks[at]))) continue;
    TRY(auto written, write_down(changed(disks[at]), open[at]));
    bytes += written;
  }
  // The first one's is the last to go, too.
  for (const auto& disk : disks | std::views::reverse) remove(changed(disk));
  return bytes;
}

Result<void> make_copy(const std::string& copy, image::Parent parent) {
  return image::create_disk(copy, *image::find_format("qcow2"), {.parent = std::move(parent)});
}

/// Images in files.
class Beside final : public Copies {
 public:
  explicit Beside(std::vector<std::string> disks) : disks_(std::move(disks)) {}
  Result<void> begin() {
    for (const auto& disk : disks_) {
      remove(changing(disk));
      remove(changed(disk));
      TRY(auto format, format_of(disk));
      auto copy = changing(disk);
      TRY(auto parent, image::parent_for(copy, disk, format));
      TRY_VOID(make_copy(copy, std::move(parent)));
      files_.push_back({copy, "qcow2"});
      TRY(auto reading, locked(disk, image::Use::read));
      locks_.push_back(std::move(reading));
    }
    return {};
  }
  Result<std::uint64_t> keep() override {
    locks_.clear();
    TRY(auto open, locked_to_write(disks_));
    for (const auto& disk : disks_ | std::views::reverse) {
      std::error_code error;
      fs::rename(changing(disk), changed(disk), error);
      if (error) return fail_errno(error.value(), changed(disk));
    }
    return write_all_down(disks_, open);
  }

 private:
  std::vector<std::string> disks_;
  std::vector<OpenDisk> locks_;  ///< that nobody writes to a disk
};

class OfExports final : public Copies {
 public:
  Result<void> add(const std::string& address, const std::string& copy) {
    TRY(auto disk,
        image::NbdFile::open(address, {.access = image::NbdFileOptions::Access::read_write}));
    image::Parent parent{.name = address, .path = address, .description = {}};
    parent.description.format = "raw";
    parent.description.size = disk->size();
    TRY_VOID(make_copy(copy, std::move(parent)));
    files_.push_back({copy, "qcow2"});
    disks_.push_back(std::move(disk));
    return {};
  }
  Result<std::uint64_t> keep() override {
    std::uint64_t bytes = 0;
    for (std::size_t at = 0; at < disks_.size(); ++at) {
      TRY(auto written, write_down(files_[at].path, disks_[at]));
      TRY_VOID(disks_[at]->flush());
      bytes += written;
    }
    return bytes;
  }

 private:
  std::vector<std::shared_ptr<image::NbdFile>> disks_;
};

}  // namespace

Result<std::unique_ptr<Copies>> Copies::beside(std::vector<std::string> disks) {
  if (disks.empty()) return fail(Code::invalid, "which disks?");
  if (fs::exists(changed(disks.front()))) {
    TRY(auto open, locked_to_write(disks));
    TRY_VOID(write_all_down(disks, open));
  }
  auto copies = std::make_unique<Beside>(std::move(disks));
  TRY_VOID(copies->begin());
  return copies;
}

Result<std::unique_ptr<Copies>> Copies::of_exports(const std::vector<std::string>& addresses,
                                                   const fs::path& folder) {
  auto copies = std::make_unique<OfExports>();
  for (std::size_t at = 0; at < addresses.size(); ++at)
    TRY_VOID(copies->add(addresses[at], folder / fmt::format("disk{}.preparing", at)));
  return copies;
}

Copies::~Copies() {
  for (const auto& file : files_) remove(file.path);
}

}  // namespace truce::guest
