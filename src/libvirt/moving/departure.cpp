// Machines that leave: their disks are volumes, read as the files that they are.
#include <filesystem>

#include "image/formats.h"
#include "moving/transfers.h"
#include "moving/volume_file.h"
#include "volumes.h"

namespace truce::libvirt {

using namespace platform;

namespace {

constexpr auto longest_look = 2min;

/// What a disk's file names: other volumes, by their paths.
class VolumeNeighbours final : public image::Neighbours {
 public:
  /// `versions` gets that of each volume that is opened.
  VolumeNeighbours(Lane lane, std::string folder, std::shared_ptr<std::string> versions)
      : lane_(std::move(lane)), folder_(std::move(folder)), versions_(std::move(versions)) {}

  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    bool elsewhere = name.empty() || name.contains(':') || name.contains('\n');
    if (elsewhere)
      return fail(Code::unsupported,
                  "'{}' is no volume: make the disk a whole one there first (virsh blockpull)",
                  name);
    auto path = std::filesystem::path(folder_) / name;  // an absolute name is itself
    return open_volume(path.lexically_normal().string());
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::unsupported, "{}: nothing is written there", name);
  }
  Result<std::unique_ptr<image::Neighbours>> of(const image::File& file) override {
    auto path = file.name();
    return std::make_unique<VolumeNeighbours>(lane_, path.substr(0, path.rfind('/')), versions_);
  }
  Result<std::shared_ptr<image::File>> open_volume(const std::string& file);

 private:
  Lane lane_;
  std::string folder_;
  std::shared_ptr<std::string> versions_;
};

// Times are of the file there, to the nanosecond; who starts a machine changes its owner, too. Of
// devices they tell nothing of what was written.
std::string version_of(const VolumeDocument& document) {
  return fmt::format("{} {} {} {}\n", document.path, document.physical.count, document.modified,
                     document.changed);
}

Result<std::shared_ptr<image::File>> VolumeNeighbours::open_volume(const std::string& file) {
  auto work = [file](Connection& on, const std::atomic<bool>&) -> Result<VolumeDocument> {
    TRY(auto volume, volume_or_refresh(on, file));
    return describe(on, volume.get());
  };
  TRY(auto document, lane_.ask<VolumeDocument>(work, longest_look));
  if (document.kind != "file" && document.kind != "block")
    return fail(Code::unsupported, "{} is a volume of the kind '{}', which cannot be read", file,
                document.kind);
  auto size = document.physical.count != 0 ? document.physical : document.size;
  *versions_ += version_of(document);
  return std::make_shared<VolumeFile>(lane_, document.path, size.count);
}

class VolumeDeparture final : public Departure {
 public:
  VolumeDeparture(std::shared_ptr<Lines> lines, std::string machine, std::vector<Disk> disks)
      : lines_(std::move(lines)), machine_(std::move(machine)), disks_(std::move(disks)) {}

  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    auto found = std::ranges::find(disks_, disk, &Disk::id);
    if (found == disks_.end()) return fail(Code::not_found, "the machine has no disk {}", disk);
    auto lane = new_lane(lines_, &cancelled);
    // Versions tell what was written; of devices, only that it runs again.
    auto still_off = [machine = machine_](Connection& on,
                                          const std::atomic<bool>&) -> Result<void> {
      TRY(auto there, rest(on, machine));
      return {};
    };
    TRY_VOID(lane.ask<void>(still_off, longest_look));
    auto versions = std::make_shared<std::string>();
    VolumeNeighbours first(lane, {}, versions);
    TRY(auto file, first.open_volume(found->file));
    TRY(auto beside, first.of(*file));
    image::OpenOptions how{.external = image::External::follow, .neighbours = beside.get()};
    OpenDisk opened;
    // Never by content, which is the guest's own.
    auto format = found->format.empty() ? "raw" : found->format;
    TRY(opened.image, image::open(std::move(file), how, format));
    opened.version = *versions;
    return opened;
  }

 private:
  std::shared_ptr<Lines> lines_;
  std::string machine_;
  std::vector<Disk> disks_;
};

Result<std::unique_ptr<Departure>> leave(Connection& on, const std::string& machine,
                                         std::shared_ptr<Lines> lines) {
  TRY(auto there, rest(on, machine));
  auto& disks = there.document.machine.disks;
  for (const auto& disk : disks) {
    auto volume = volume_or_refresh(on, disk.file);
    if (!volume) return std::unexpected(std::move(volume).error().within("disk " + disk.id));
  }
  return std::make_unique<VolumeDeparture>(std::move(lines), machine, std::move(disks));
}

}  // namespace

Async<Result<std::unique_ptr<Departure>>> Movers::depart(std::string machine) {
  co_return co_await link_.call<std::unique_ptr<Departure>>(
      [machine, lines = link_.new_lines(most_ranges)](Connection& on) {
        return leave(on, machine, lines);
      },
      longest_look);
}

}  // namespace truce::libvirt
