// The volumes that a disk is made of, each read as the file that it is.
#pragma once

#include "image/image.h"
#include "moving/volume_file.h"

namespace truce::libvirt {

/// For a look at a host, which is short.
constexpr auto longest_question = std::chrono::minutes(2);

/// What a disk's file names: other volumes, by their paths.
class VolumeNeighbours final : public image::Neighbours {
 public:
  /// `versions` gets that of each volume that is opened: another text when it was written since.
  VolumeNeighbours(Lane lane, std::string folder, std::shared_ptr<std::string> versions)
      : lane_(std::move(lane)), folder_(std::move(folder)), versions_(std::move(versions)) {}

  Result<std::shared_ptr<image::File>> open(const std::string& name) override;
  Result<std::shared_ptr<image::File>> create(const std::string& name) override;
  Result<std::unique_ptr<image::Neighbours>> of(const image::File& file) override;
  /// By its path, or `POOL/VOLUME`.
  Result<std::shared_ptr<image::File>> open_volume(const std::string& file);

 private:
  Lane lane_;
  std::string folder_;
  std::shared_ptr<std::string> versions_;
};

/// A volume as the image that it is said to be, with all that it is a difference to.
struct OpenVolume {
  std::unique_ptr<image::Image> image;
  std::string version;
};
Result<OpenVolume> open_image(const Lane& lane, const std::string& file, std::string_view format);

}  // namespace truce::libvirt
