#include "qcow2_disk.h"

#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "image/chain.h"
#include "image/convert.h"
#include "image/create.h"
#include "image/formats.h"
#include "image/place.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t sector = 512;

std::uint64_t whole_sectors(Bytes size) {
  return (size.count + sector - 1) / sector * sector;
}

Result<std::unique_ptr<image::Builder>> begin_qcow2(const fs::path& path,
                                                    const image::BuildOptions& options) {
  TRY(auto fd, open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(auto file, image::DiskFile::adopt(std::move(fd), path.string()));
  return image::build(*image::find_format("qcow2"), std::move(file), options);
}

Result<void> grow_qcow2(const fs::path& path, Bytes size) {
  TRY(auto file, image::DiskFile::open(path, image::DiskFile::Access::read_write));
  TRY_VOID(image::lock_image(*file, image::Use::write));
  TRY(auto disk, image::open(std::move(file), {.read_write = true}, "qcow2"));
  auto* writable = disk->writable();
  if (writable == nullptr) return fail(Code::corrupt, "{}: cannot be grown", path.string());
  TRY_VOID(writable->resize(whole_sectors(size)));
  return writable->close();
}

}  // namespace

Result<void> make_qcow2(const fs::path& path, Bytes size, const fs::path& backing) {
  image::BuildOptions options{.size = whole_sectors(size)};
  if (!backing.empty()) {
    options.options = {{"backing_file", backing.string()}, {"backing_format", "qcow2"}};
  }
  TRY(auto builder, begin_qcow2(path, options));
  return builder->finish(image::Builder::Durability::none);
}

namespace {

/// Only files of one machine and of templates, by the absolute names that our disks have.
class OwnChain final : public image::Neighbours {
 public:
  /// For a disk of the machine in `folder`.
  static Result<std::unique_ptr<OwnChain>> open(const fs::path& disk, const fs::path& folder) {
    auto root = folder.parent_path().parent_path();
    TRY(auto all, image::FolderNeighbours::open(disk, root));
    return std::unique_ptr<OwnChain>(new OwnChain(std::move(all), folder, root / "templates"));
  }
  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    if (is_inside(name, machine_) || is_inside(name, templates_)) return all_->open(name);
    return fail(Code::forbidden, "{} is neither the machine's nor a template's", name);
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::forbidden, "{} is not to be written", name);
  }

 private:
  OwnChain(std::unique_ptr<image::Neighbours> all, fs::path machine, fs::path templates)
      : all_(std::move(all)), machine_(std::move(machine)), templates_(std::move(templates)) {}

  std::unique_ptr<image::Neighbours> all_;
  fs::path machine_, templates_;
};

Result<void> copy_image(image::Image& disk, const fs::path& to, Watch& watch) {
  TRY(auto builder, begin_qcow2(to, {.size = disk.size()}));
  image::ConvertOptions how{.durability = image::Builder::Durability::none,
                            .progress =
                                [&watch](const image::Progress& progress) {
                                  auto total = static_cast<double>(progress.total);
                                  watch.fraction = total > 0 ? progress.done / total : 1;
                                },
                            .cancelled = &watch.cancelled};
  TRY_VOID(image::convert(disk, *builder, how));
  return {};
}

}  // namespace

Result<void> copy_qcow2(const fs::path& from, const fs::path& to, Bytes size, Watch& watch) {
  TRY(auto file, image::DiskFile::open(from, image::DiskFile::Access::read_only));
  TRY(auto disk, image::open(std::move(file), {}, "qcow2"));
  TRY_VOID(copy_image(*disk, to, watch));
  return size.count > disk->size() ? grow_qcow2(to, size) : Result<void>{};
}

Result<void> copy_chain(const fs::path& from, const fs::path& to, const fs::path& folder,
                        Watch& watch) {
  TRY(auto own, OwnChain::open(from, folder));
  TRY(auto file, image::DiskFile::open(from, image::DiskFile::Access::read_only));
  TRY(auto disk,
      image::open(std::move(file), {.external = image::External::follow, .neighbours = own.get()},
                  "qcow2"));
  return copy_image(*disk, to, watch);
}

Result<void> merge_qcow2(const fs::path& upper, const fs::path& lower, const fs::path& folder,
                         Watch& watch) {
  TRY(auto upper_file, image::DiskFile::open(upper, image::DiskFile::Access::read_write));
  TRY_VOID(image::lock_image(*upper_file, image::Use::write));
  TRY(auto lower_file, image::DiskFile::open(lower, image::DiskFile::Access::read_write));
  TRY_VOID(image::lock_image(*lower_file, image::Use::write));
  TRY(auto own, OwnChain::open(lower, folder));
  TRY(auto top, image::open(std::move(upper_file), {.external = image::External::ignore}, "qcow2"));
  TRY(auto bottom,
      image::open(
          std::move(lower_file),
          {.external = image::External::follow, .neighbours = own.get(), .read_write = true},
          "qcow2"));
  image::LayerOptions how{.progress =
                              [&watch](const image::Progress& progress) {
                                auto total = static_cast<double>(progress.total);
                                watch.fraction = total > 0 ? progress.done / total : 1;
                              },
                          .cancelled = &watch.cancelled};
  TRY_VOID(image::commit_into(*top, *bottom, how));
  return {};
}

Result<void> stand_on_qcow2(const fs::path& path, const fs::path& backing) {
  TRY(auto file, image::DiskFile::open(path, image::DiskFile::Access::read_write));
  TRY_VOID(image::lock_image(*file, image::Use::write));
  TRY(auto disk, image::open(std::move(file),
                             {.external = image::External::ignore, .read_write = true}, "qcow2"));
  TRY(auto parent, image::parent_for(path, backing, "qcow2"));
  if (disk->layer() == nullptr)
    return fail(Code::unsupported, "{}: stands on nothing", path.string());
  return disk->layer()->stand_on(&parent);
}

Result<Qcow2Facts> look_at_qcow2(const fs::path& path) {
  TRY(auto file, image::DiskFile::open(path, image::DiskFile::Access::read_only));
  TRY(auto disk, image::open(std::move(file), {.external = image::External::ignore}, "qcow2"));
  Qcow2Facts facts{.virtual_size = {disk->size()}};
  for (const auto& reference : disk->description().references) {
    if (reference.role == "backing file") facts.backing = reference.name;
    if (reference.role == "data file") facts.data_file = true;
  }
  return facts;
}

}  // namespace truce::storage
