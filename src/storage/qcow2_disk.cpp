#include "qcow2_disk.h"

#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "image/chain.h"
#include "image/convert.h"
#include "image/create.h"
#include "image/formats.h"
#include "image/place.h"
#include "image/qcow2.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t sector = 512;

std::uint64_t whole_sectors(Bytes size) {
  return (size.count + sector - 1) / sector * sector;
}

Result<std::shared_ptr<image::File>> new_file(const fs::path& path) {
  TRY(auto fd, open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  return image::DiskFile::adopt(std::move(fd), path.string());
}

Result<std::unique_ptr<image::Builder>> begin_qcow2(const fs::path& path,
                                                    const image::BuildOptions& options) {
  TRY(auto file, new_file(path));
  return image::build(*image::find_format("qcow2"), std::move(file), options);
}

/// For a disk whose key is known, and that is opened without what it stands on.
class OnlyKey final : public image::Neighbours, public image::qcow2::KeyKeeper {
 public:
  explicit OnlyKey(SecretPtr key) : key_(std::move(key)) {}
  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    return fail(Code::forbidden, "{} is not to be opened", name);
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::forbidden, "{} is not to be written", name);
  }
  [[nodiscard]] SecretPtr key() const override { return key_; }

 private:
  SecretPtr key_;
};

bool is_encrypted(const image::Image& disk) {
  const auto& details = disk.description().details;
  return std::ranges::find(details, "encryption", &std::pair<std::string, std::string>::first) !=
         details.end();
}

/// Whoever runs a machine can write to its files: what is to be encrypted and is not, or the other
/// way round, is not worked with, so that nothing of it gets to where it should not be.
Result<void> expect_encrypted(const image::Image& disk, const fs::path& path,
                              const SecretPtr& key) {
  if (is_encrypted(disk) == (key != nullptr)) return {};
  if (key) return fail(Code::corrupt, "{}: it is to be encrypted, and is not", path.string());
  return fail(Code::forbidden, "{}: it is encrypted, and no key is noted for it", path.string());
}

}  // namespace

Result<void> make_qcow2(const fs::path& path, Bytes size, const fs::path& backing,
                        const SecretPtr& key) {
  image::BuildOptions options{.size = whole_sectors(size)};
  if (!backing.empty()) {
    options.options = {{"backing_file", backing.string()}, {"backing_format", "qcow2"}};
  }
  if (key) {
    TRY(auto file, new_file(path));
    return image::qcow2::make_encrypted(std::move(file), options, *key);
  }
  TRY(auto builder, begin_qcow2(path, options));
  return builder->finish(image::Builder::Durability::none);
}

Result<void> try_key(const fs::path& path, const SecretPtr& key) {
  TRY(auto file, image::DiskFile::open(path, image::DiskFile::Access::read_only));
  OnlyKey keeper(key);
  TRY(auto disk,
      image::open(std::move(file), {.external = image::External::ignore, .neighbours = &keeper},
                  "qcow2"));
  return expect_encrypted(*disk, path, key);
}

namespace {

/// Only files of one machine and of templates, by the absolute names that our disks have.
class OwnChain final : public image::Neighbours, public image::qcow2::KeyKeeper {
 public:
  static Result<std::unique_ptr<OwnChain>> open(const fs::path& disk, const OwnPlaces& own) {
    std::unique_ptr<OwnChain> chain(new OwnChain(own));
    TRY(chain->machine_, image::FolderNeighbours::open(disk, own.folder));
    std::error_code ec;
    if (fs::exists(own.templates, ec)) {
      TRY(chain->templates_, image::FolderNeighbours::open(disk, own.templates));
    }
    return chain;
  }
  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    if (is_inside(name, own_.folder)) return machine_->open(name);
    if (templates_ && is_inside(name, own_.templates)) return templates_->open(name);
    return fail(Code::forbidden, "{} is neither the machine's nor a template's", name);
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::forbidden, "{} is not to be written", name);
  }
  [[nodiscard]] SecretPtr key() const override { return own_.key; }

 private:
  explicit OwnChain(OwnPlaces own) : own_(std::move(own)) {}

  OwnPlaces own_;
  std::unique_ptr<image::Neighbours> machine_, templates_;
};

std::function<void(const image::Progress&)> shown_in(Watch& watch) {
  return [&watch](const image::Progress& progress) {
    auto total = static_cast<double>(progress.total);
    watch.fraction = total > 0 ? progress.done / total : 1;
  };
}

// Nothing of it is in plain text at any moment.
Result<void> copy_encrypted(image::Image& disk, const fs::path& to, const SecretPtr& key,
                            Watch& watch) {
  TRY_VOID(make_qcow2(to, {disk.size()}, {}, key));
  TRY(auto file, image::DiskFile::open(to, image::DiskFile::Access::read_write));
  OnlyKey keeper(key);
  TRY(auto copy,
      image::open(std::move(file), {.neighbours = &keeper, .read_write = true}, "qcow2"));
  TRY_VOID(image::write_differences(disk, nullptr, *copy,
                                    {.progress = shown_in(watch), .cancelled = &watch.cancelled}));
  return copy->writable()->close();
}

Result<void> copy_image(image::Image& disk, const fs::path& to, const SecretPtr& key,
                        Watch& watch) {
  if (key) return copy_encrypted(disk, to, key, watch);
  TRY(auto builder, begin_qcow2(to, {.size = disk.size()}));
  image::ConvertOptions how{.durability = image::Builder::Durability::none,
                            .progress = shown_in(watch),
                            .cancelled = &watch.cancelled};
  TRY_VOID(image::convert(disk, *builder, how));
  return {};
}

}  // namespace

Result<std::shared_ptr<image::Image>> open_qcow2(const fs::path& path, Access access,
                                                 const OwnPlaces& places) {
  bool write = access == Access::write;
  TRY(auto own, OwnChain::open(path, places));
  TRY(auto file, image::DiskFile::open(path, write ? image::DiskFile::Access::read_write
                                                   : image::DiskFile::Access::read_only));
  TRY_VOID(image::lock_image(*file, write ? image::Use::write : image::Use::read));
  TRY(auto disk,
      image::open(
          std::move(file),
          {.external = image::External::follow, .neighbours = own.get(), .read_write = write},
          "qcow2"));
  TRY_VOID(expect_encrypted(*disk, path, places.key));
  return disk;
}

// What a backing file covers must not show where the disk grows, so it is opened, too.
Result<void> grow_qcow2(const fs::path& path, Bytes size, const OwnPlaces& places) {
  TRY(auto disk, open_qcow2(path, Access::write, places));
  if (whole_sectors(size) < disk->size()) {
    return fail(Code::invalid, "{} has {} already and is not shrunk", path.stem().string(),
                to_string(Bytes{disk->size()}));
  }
  auto* writable = disk->writable();
  if (writable == nullptr) return fail(Code::corrupt, "{}: cannot be grown", path.string());
  TRY_VOID(writable->resize(whole_sectors(size)));
  return writable->close();
}

Result<void> copy_qcow2(const fs::path& from, const fs::path& to, Bytes size, const SecretPtr& key,
                        Watch& watch) {
  TRY(auto file, image::DiskFile::open(from, image::DiskFile::Access::read_only));
  TRY(auto disk, image::open(std::move(file), {}, "qcow2"));
  TRY_VOID(copy_image(*disk, to, key, watch));
  return size.count > disk->size() ? grow_qcow2(to, size, {to.parent_path(), {}, key})
                                   : Result<void>{};
}

Result<void> copy_chain(const fs::path& from, const fs::path& to, const OwnPlaces& places,
                        Watch& watch) {
  TRY(auto own, OwnChain::open(from, places));
  TRY(auto file, image::DiskFile::open(from, image::DiskFile::Access::read_only));
  TRY(auto disk,
      image::open(std::move(file), {.external = image::External::follow, .neighbours = own.get()},
                  "qcow2"));
  TRY_VOID(expect_encrypted(*disk, from, places.key));
  return copy_image(*disk, to, places.key, watch);
}

Result<void> merge_qcow2(const fs::path& upper, const fs::path& lower, const OwnPlaces& places,
                         Watch& watch) {
  TRY(auto upper_file, image::DiskFile::open(upper, image::DiskFile::Access::read_write));
  TRY_VOID(image::lock_image(*upper_file, image::Use::write));
  TRY(auto lower_file, image::DiskFile::open(lower, image::DiskFile::Access::read_write));
  TRY_VOID(image::lock_image(*lower_file, image::Use::write));
  TRY(auto own, OwnChain::open(lower, places));
  TRY(auto top,
      image::open(std::move(upper_file),
                  {.external = image::External::ignore, .neighbours = own.get()}, "qcow2"));
  TRY(auto bottom,
      image::open(
          std::move(lower_file),
          {.external = image::External::follow, .neighbours = own.get(), .read_write = true},
          "qcow2"));
  TRY_VOID(expect_encrypted(*top, upper, places.key));
  TRY_VOID(expect_encrypted(*bottom, lower, places.key));
  image::LayerOptions how{.progress = shown_in(watch), .cancelled = &watch.cancelled};
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
  Qcow2Facts facts{.virtual_size = {disk->size()}, .encrypted = is_encrypted(*disk)};
  for (const auto& reference : disk->description().references) {
    if (reference.role == "backing file") facts.backing = reference.name;
    if (reference.role == "data file") facts.data_file = true;
  }
  return facts;
}

}  // namespace truce::storage
