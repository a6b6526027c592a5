// Machines into packages.
#include <algorithm>
#include <optional>

#include "byte_order.h"
#include "image/formats.h"
#include "package/digest.h"
#include "package/hardware.h"
#include "package/manifest.h"
#include "package/names.h"
#include "package/ovf.h"
#include "package/ovf_package.h"
#include "tar/tar_writer.h"
#include "xva/xva.h"

namespace truce::image {
namespace {

using package::digest_of, package::RunningDigest, package::TarWriter;

/// One scale for all disks: bytes that they store.
class PackProgress {
 public:
  explicit PackProgress(const PackageWork& work) : work_(work) {}
  Result<void> expect(Image& image) {
    TRY(auto used, usage(image));
    total_ += used.stored;
    return {};
  }
  void at(std::uint64_t of_this) const {
    if (work_.progress) work_.progress({std::min(done_ + of_this, total_), total_});
  }
  Result<void> add(std::uint64_t bytes) {
    done_ += bytes;
    return package::tell(work_, done_, total_);
  }

 private:
  const PackageWork& work_;
  std::uint64_t done_ = 0, total_ = 0;
};

Result<void> check_disks(const Appliance& appliance, const std::vector<DiskToPack>& disks) {
  if (disks.size() != appliance.disks.size())
    return fail(Code::invalid, "the machine has {} disks, {} are given", appliance.disks.size(),
                disks.size());
  for (const auto& disk : disks)
    if (!disk.image) return fail(Code::invalid, "a disk is missing");
  return {};
}

/// The disk as a streamOptimized VMDK, whose size is known before it goes into the archive.
Result<std::shared_ptr<File>> compressed(const DiskToPack& disk, const PackOptions& options,
                                         PackProgress& progress) {
  if (disk.ready) {
    TRY(auto image, open(disk.ready, {.external = External::ignore}, "vmdk"));
    if (image->description().variant != "streamOptimized") {
      return fail(Code::invalid, "{}: is a VMDK of the kind {}, streamOptimized is needed",
                  disk.ready->name(), image->description().variant);
    }
    return disk.ready;
  }
  TRY(auto file, package::nameless_file(options.staging));
  TRY(auto builder,
      build(*find_format("vmdk"), file,
            {.size = disk.image->size(), .options = {{"subformat", "streamOptimized"}}}));
  auto how = options.convert;
  how.durability = Builder::Durability::none;
  how.cancelled = options.work.cancelled;
  std::uint64_t done = 0;
  how.progress = [&](const Progress& part) { progress.at(done = part.done); };
  TRY_VOID(convert(*disk.image, *builder, how));
  TRY_VOID(progress.add(done));
  return std::shared_ptr<File>(std::move(file));
}

/// Writes the members of an OVA and keeps their digests for the manifest.
class OvaWriter {
 public:
  OvaWriter(Sink& to, const PackOptions& options)
      : tar_(to, options.modified), digest_(options.digest), work_(options.work) {}

  Result<void> member(const std::string& name, const File& content) {
    std::optional<RunningDigest> digest;
    if (digest_ != ManifestDigest::none) {
      TRY(digest, RunningDigest::start(digest_));
    }
    TRY_VOID(tar_.begin(name, content.size()));
    TRY_VOID(package::each_piece(content, [&](View piece) -> Result<void> {
      if (work_.cancelled != nullptr && work_.cancelled->load())
        return fail(Code::cancelled, "the work was called off");
      if (digest) digest->add(piece);
      return tar_.write(piece);
    }));
    TRY_VOID(tar_.end());
    if (digest) manifest_ += package::manifest_line({digest_, name, digest->finish()});
    return {};
  }
  /// [DSP0243 1.1.0, 5.3]: the manifest may come last, so that digests need no second reading.
  Result<void> finish(const std::string& manifest_name) {
    if (!manifest_.empty()) {
      TRY_VOID(tar_.file(manifest_name, std::as_bytes(std::span(manifest_))));
    }
    return tar_.finish();
  }

 private:
  TarWriter tar_;
  ManifestDigest digest_;
  const PackageWork& work_;
  std::string manifest_;
};

/// Writes the chunks of one disk, each with its checksum.
class ChunkWriter {
 public:
  ChunkWriter(TarWriter& tar, const std::string& disk, Image& image, PackProgress& progress)
      : tar_(tar), disk_(disk), image_(image), progress_(progress) {}

  Result<void> write() {
    auto size = image_.size();
    if (size == 0) return fail(Code::invalid, "{}: a disk without any bytes", disk_);
    auto last = (size - 1) / package::xva_chunk_size;
    std::uint64_t number = 0;
    while (number <= last) {
      auto at = number * package::xva_chunk_size;
      TRY(auto extent, image_.extent(at, size - at));
      bool zero = extent.kind == Kind::zero || extent.kind == Kind::hole;
      auto whole = zero ? extent.length / package::xva_chunk_size : 0;
      // First and last chunk are always there.
      if (number > 0 && number < last && whole > 0) {
        number = std::min(number + whole, last);
        continue;
      }
      TRY_VOID(chunk(number, number == 0 || number == last));
      ++number;
    }
    return {};
  }

 private:
  Result<void> chunk(std::uint64_t number, bool always) {
    auto at = number * package::xva_chunk_size;
    auto bytes = Span(buffer_).first(std::min(package::xva_chunk_size, image_.size() - at));
    TRY_VOID(image_.read(at, bytes));
    TRY_VOID(progress_.add(bytes.size()));
    if (!always && all_zero(bytes)) return {};
    auto name = fmt::format("{}/{:08}", disk_, number);
    TRY(auto checksum, digest_of(ManifestDigest::sha1, bytes));
    TRY_VOID(tar_.file(name, bytes));
    return tar_.file(name + ".checksum", std::as_bytes(std::span(checksum)));
  }

  TarWriter& tar_;
  const std::string& disk_;
  Image& image_;
  PackProgress& progress_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(package::xva_chunk_size);
};

}  // namespace

Appliance plain_appliance(std::string name, std::size_t disks) {
  Appliance appliance{.name = std::move(name), .memory = std::uint64_t{1} << 30};
  for (std::size_t i = 0; i < disks; ++i) {
    appliance.disks.push_back({.controller = Controller::sata,
                               .unit = static_cast<std::uint32_t>(i),
                               .bootable = i == 0});
  }
  appliance.nics.push_back({.model = NicModel::e1000, .network = "VM Network"});
  return appliance;
}

Result<Packed> pack_ova(Appliance appliance, const std::vector<DiskToPack>& disks, Sink& to,
                        const PackOptions& options) {
  TRY_VOID(check_disks(appliance, disks));
  Packed packed;
  PackProgress progress(options.work);
  for (const auto& disk : disks)
    if (!disk.ready) TRY_VOID(progress.expect(*disk.image));
  auto base = package::safe_name(appliance.name);
  if (appliance.name.empty()) appliance.name = base;
  std::vector<package::OvfFile> files;
  std::vector<std::shared_ptr<File>> contents;
  for (std::size_t i = 0; i < disks.size(); ++i) {
    TRY(auto content, compressed(disks[i], options, progress));
    auto& disk = appliance.disks[i];
    disk.id = fmt::format("vmdisk{}", i + 1);
    disk.name = fmt::format("Hard Disk {}", i + 1);
    disk.file = fmt::format("{}-disk{}.vmdk", base, i + 1);
    disk.capacity = disks[i].image->size();
    files.push_back(
        {.id = fmt::format("file{}", i + 1), .href = disk.file, .size = content->size()});
    contents.push_back(std::move(content));
  }
  TRY_VOID(package::settle(appliance.disks));
  MemoryFile descriptor(base + ".ovf",
                        package::write_ovf(appliance, files, options.hardware, packed.warnings));
  OvaWriter ova(to, options);
  TRY_VOID(ova.member(base + ".ovf", descriptor));
  for (std::size_t i = 0; i < files.size(); ++i) TRY_VOID(ova.member(files[i].href, *contents[i]));
  TRY_VOID(ova.finish(base + ".mf"));
  return packed;
}

Result<Packed> pack_xva(Appliance appliance, const std::vector<DiskToPack>& disks, Sink& to,
                        const PackOptions& options) {
  TRY_VOID(check_disks(appliance, disks));
  Packed packed;
  PackProgress progress(options.work);
  for (std::size_t i = 0; i < disks.size(); ++i) {
    TRY_VOID(progress.expect(*disks[i].image));
    auto& disk = appliance.disks[i];
    disk.capacity = disks[i].image->size();
    if (disk.name.empty()) disk.name = fmt::format("{} {}", appliance.name, i);
  }
  if (!appliance.properties.empty())
    packed.warnings.push_back("an XVA has no place for the package's properties");
  auto xml = package::write_ova_xml(appliance);
  TarWriter tar(to, options.modified);
  TRY_VOID(tar.file("ova.xml", std::as_bytes(std::span(xml))));
  for (std::size_t i = 0; i < disks.size(); ++i)
    TRY_VOID(ChunkWriter(tar, appliance.disks[i].id, *disks[i].image, progress).write());
  TRY_VOID(tar.finish());
  return packed;
}

}  // namespace truce::image
