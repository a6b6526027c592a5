#include "moving/chain.h"

#include <filesystem>

#include "image/formats.h"
#include "volumes.h"

namespace truce::libvirt {

Result<std::shared_ptr<image::File>> VolumeNeighbours::open(const std::string& name) {
  bool elsewhere = name.empty() || name.contains(':') || name.contains('\n');
  if (elsewhere)
    return fail(Code::unsupported,
                "'{}' is no volume: make the disk a whole one there first (virsh blockpull)", name);
  auto path = std::filesystem::path(folder_) / name;  // an absolute name is itself
  return open_volume(path.lexically_normal().string());
}

Result<std::shared_ptr<image::File>> VolumeNeighbours::create(const std::string& name) {
  return fail(Code::unsupported, "{}: nothing is written there", name);
}

Result<std::unique_ptr<image::Neighbours>> VolumeNeighbours::of(const image::File& file) {
  auto path = file.name();
  return std::make_unique<VolumeNeighbours>(lane_, path.substr(0, path.rfind('/')), versions_);
}

namespace {

// Times are of the file there, to the nanosecond; who starts a machine changes its owner, too. Of
// devices they tell nothing of what was written.
std::string version_of(const VolumeDocument& document) {
  return fmt::format("{} {} {} {}\n", document.path, document.physical.count, document.modified,
                     document.changed);
}

}  // namespace

Result<std::shared_ptr<image::File>> VolumeNeighbours::open_volume(const std::string& file) {
  auto work = [file](Connection& on, const std::atomic<bool>&) -> Result<VolumeDocument> {
    TRY(auto volume, volume_or_refresh(on, file));
    return describe(on, volume.get());
  };
  TRY(auto document, lane_.ask<VolumeDocument>(work, longest_question));
  if (document.kind != "file" && document.kind != "block")
    return fail(Code::unsupported, "{} is a volume of the kind '{}', which cannot be read", file,
                document.kind);
  auto size = document.physical.count != 0 ? document.physical : document.size;
  *versions_ += version_of(document);
  return std::make_shared<VolumeFile>(lane_, document.path, size.count);
}

Result<OpenVolume> open_image(const Lane& lane, const std::string& file, std::string_view format) {
  auto versions = std::make_shared<std::string>();
  VolumeNeighbours first(lane, {}, versions);
  TRY(auto opened, first.open_volume(file));
  TRY(auto beside, first.of(*opened));
  image::OpenOptions how{.external = image::External::follow, .neighbours = beside.get()};
  // Never by content, which is the guest's own.
  TRY(auto image, image::open(std::move(opened), how, format.empty() ? "raw" : format));
  return OpenVolume{std::move(image), *versions};
}

}  // namespace truce::libvirt
