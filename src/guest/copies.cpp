#include "guest/copies.h"

#include <fmt/format.h>

#include <filesystem>
#include <ranges>

#include "base/file.h"
#include "image/chain.h"
#include "image/create.h"
#include "image/formats.h"
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

Result<std::uint64_t> write_down(const std::string& copy, OpenDisk under) {
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

}  // namespace

Result<Copies> Copies::begin(std::vector<std::string> disks) {
  if (disks.empty()) return fail(Code::invalid, "which disks?");
  if (fs::exists(changed(disks.front()))) {
    TRY(auto open, locked_to_write(disks));
    TRY_VOID(write_all_down(disks, open));
  }
  Copies copies(std::move(disks));
  for (const auto& disk : copies.disks_) {
    remove(changing(disk));
    remove(changed(disk));
    TRY(auto format, format_of(disk));
    auto copy = changing(disk);
    TRY(auto parent, image::parent_for(copy, disk, format));
    TRY_VOID(image::create_disk(copy, *image::find_format("qcow2"), {.parent = std::move(parent)}));
    copies.files_.push_back({copy, "qcow2"});
    TRY(auto reading, locked(disk, image::Use::read));
    copies.locks_.push_back(std::move(reading));
  }
  return copies;
}

Copies::~Copies() {
  for (const auto& file : files_) remove(file.path);
}

Result<std::uint64_t> Copies::keep() {
  locks_.clear();
  TRY(auto open, locked_to_write(disks_));
  for (const auto& disk : disks_ | std::views::reverse) {
    std::error_code error;
    fs::rename(changing(disk), changed(disk), error);
    if (error) return fail_errno(error.value(), changed(disk));
  }
  return write_all_down(disks_, open);
}

}  // namespace truce::guest
