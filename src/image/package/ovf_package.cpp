#include "package/ovf_package.h"

#include <algorithm>

#include "image/formats.h"
#include "package/digest.h"
#include "package/gunzip.h"
#include "package/manifest.h"
#include "package/ovf.h"
#include "tar/slice.h"

namespace truce::image::package {
namespace {

constexpr std::uint64_t largest_manifest = 16 << 20;

bool ends_in(std::string_view name, std::string_view ending) {
  if (name.size() <= ending.size()) return false;
  return std::ranges::equal(name.substr(name.size() - ending.size()), ending, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
  });
}

Result<std::string> whole_text(const File& file, std::uint64_t most) {
  if (file.size() > most)
    return fail(Code::limit, "{}: has {} bytes, {} are the most", file.name(), file.size(), most);
  std::string text(file.size(), '\0');
  TRY_VOID(file.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

/// `my%20disk.vmdk` as the name it stands for. [RFC 3986] 2.1
std::string without_percent(std::string_view href) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string name;
  for (std::size_t i = 0; i < href.size(); ++i) {
    if (href[i] == '%' && i + 2 < href.size() && digit(href[i + 1]) >= 0 &&
        digit(href[i + 2]) >= 0) {
      name += static_cast<char>(digit(href[i + 1]) * 16 + digit(href[i + 2]));
      i += 2;
    } else {
      name += href[i];
    }
  }
  return name;
}

class OvfPackage final : public Package {
 public:
  OvfPackage(PackageKind kind, std::unique_ptr<Neighbours> files, std::string descriptor,
             std::vector<std::string> warnings)
      : kind_(kind),
        files_(std::move(files)),
        descriptor_(std::move(descriptor)),
        warnings_(std::move(warnings)) {}

  Result<void> read(const PackageOptions& options) {
    TRY(auto file, files_->open(descriptor_));
    TRY(auto text, whole_text(*file, options.limits.xml));
    TRY(ovf_, parse_ovf(text, options, descriptor_));
    std::ranges::move(ovf_.warnings, std::back_inserter(warnings_));
    TRY_VOID(read_manifest());
    for (std::size_t i = 0; i < ovf_.appliance.disks.size(); ++i) look_at(i);
    return {};
  }

  [[nodiscard]] PackageKind kind() const override { return kind_; }
  [[nodiscard]] const Appliance& appliance() const override { return ovf_.appliance; }
  [[nodiscard]] const std::vector<std::string>& warnings() const override { return warnings_; }

  Result<std::shared_ptr<File>> disk_file(std::size_t disk) override {
    const auto& wanted = ovf_.appliance.disks.at(disk);
    if (wanted.file.empty())
      return fail(Code::unsupported, "disk '{}' is blank: it has no file", wanted.id);
    const auto* file = listed(wanted.file);
    return file->chunk_size == 0 ? open_file(file->href) : join(*file);
  }

  Result<std::unique_ptr<Image>> open_disk(std::size_t disk) override {
    return open_image(disk, {.external = External::follow, .neighbours = files_.get()});
  }

  Result<std::vector<std::shared_ptr<File>>> further_files() override {
    std::vector<std::shared_ptr<File>> files;
    TRY(auto descriptor, files_->open(descriptor_));
    files.push_back(std::move(descriptor));
    if (manifest_file_) files.push_back(manifest_file_);
    for (const auto& file : ovf_.files) {
      bool of_disk = std::ranges::count(ovf_.appliance.disks, file.href, &PackagedDisk::file) > 0;
      if (file.href.empty() || of_disk) continue;
      auto opened = file.chunk_size == 0 ? open_file(file.href) : join(file);
      if (!opened) return std::unexpected(std::move(opened).error());
      files.push_back(*std::move(opened));
    }
    return files;
  }

  Result<void> verify(const PackageWork& work) override {
    if (!manifest_file_) return fail(Code::unsupported, "{}: has no manifest", descriptor_);
    std::uint64_t total = 0, done = 0;
    std::vector<std::shared_ptr<File>> files;
    for (const auto& entry : manifest_.entries) {
      auto file = open_file(entry.name);
      // Manifests of machines with snapshots name files that were left out.
      if (!file && file.error().code != Code::not_found)
        return std::unexpected(std::move(file).error());
      files.push_back(file ? *file : nullptr);
      if (file) total += (*file)->size();
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (!files[i]) continue;
      const auto& entry = manifest_.entries[i];
      TRY(auto digest, RunningDigest::start(entry.digest));
      TRY_VOID(each_piece(*files[i], [&](View piece) -> Result<void> {
        digest.add(piece);
        return tell(work, done += piece.size(), total);
      }));
      if (auto hex = digest.finish(); hex != entry.hex) {
        return fail(Code::corrupt, "{}: its digest is {}, the manifest says {}", entry.name, hex,
                    entry.hex);
      }
    }
    return {};
  }

 private:
  void warn(std::string text) { warnings_.push_back(std::move(text)); }

  const OvfFile* listed(const std::string& href) const {
    return &*std::ranges::find(ovf_.files, href, &OvfFile::href);
  }

  Result<std::shared_ptr<File>> open_file(const std::string& href) {
    if (href.contains("://"))
      return fail(Code::forbidden, "the package refers to '{}', which lies elsewhere", href);
    auto file = files_->open(href);
    if (file || file.error().code != Code::not_found || !href.contains('%')) return file;
    return files_->open(without_percent(href));
  }

  /// [DSP0243 1.1.0, 7.1]: chunks are named by nine digits, all but the last have the same size.
  Result<std::shared_ptr<File>> join(const OvfFile& file) {
    constexpr std::uint64_t most_chunks = 10'000;
    auto count = std::max<std::uint64_t>(1, (file.size + file.chunk_size - 1) / file.chunk_size);
    if (file.size == 0 || count > most_chunks || file.size > UINT64_MAX - file.chunk_size)
      return fail(Code::limit, "{}: of {} bytes in chunks of {}", file.href, file.size,
                  file.chunk_size);
    std::vector<std::shared_ptr<File>> parts;
    for (std::uint64_t i = 0; i < count; ++i) {
      TRY(auto part, open_file(fmt::format("{}.{:09}", file.href, i)));
      auto expected = std::min(file.chunk_size, file.size - i * file.chunk_size);
      if (part->size() != expected) {
        return fail(Code::corrupt, "{}: chunk {} has {} bytes, and should have {}", file.href, i,
                    part->size(), expected);
      }
      parts.push_back(std::move(part));
    }
    return std::make_shared<JoinedFile>(std::move(parts), file.href);
  }

  Result<void> read_manifest() {
    auto name = descriptor_.substr(0, descriptor_.rfind('.'));
    auto file = files_->open(name + ".mf");
    if (!file && file.error().code != Code::not_found)
      return std::unexpected(std::move(file).error());
    if (!file) {
      warn("the package has no manifest: damage would not be noticed");
      return {};
    }
    manifest_file_ = *file;
    TRY(auto text, whole_text(*manifest_file_, largest_manifest));
    manifest_ = parse_manifest(text);
    std::ranges::move(manifest_.notes, std::back_inserter(warnings_));
    if (files_->open(name + ".cert")) warn("the package is signed: the signature is not looked at");
    return {};
  }

  Result<std::unique_ptr<Image>> open_image(std::size_t index, OpenOptions options) {
    const auto& disk = ovf_.appliance.disks.at(index);
    TRY(auto file, disk_file(index));
    if (disk.gzip) {
      return fail(Code::unsupported, "{}: is compressed as a whole: unpack the package to read it",
                  disk.file);
    }
    if (!disk.format.empty()) return open(std::move(file), options, disk.format);
    TRY(const Format* format, detect(*file));
    if (format->name != "raw") return open(std::move(file), options, format->name);
    return fail(Code::unsupported,
                "{}: the package does not say its format, and none is recognised", disk.file);
  }

  /// Compares what the descriptor says of a disk with the disk itself, which is right.
  void look_at(std::size_t index) {
    auto& disk = ovf_.appliance.disks[index];
    if (disk.file.empty()) return;
    auto file = disk_file(index);
    if (!file) return warn(fmt::format("disk '{}': {}", disk.id, file.error().message));
    if (auto stated = listed(disk.file)->size; stated != 0 && stated != (*file)->size()) {
      warn(fmt::format("{}: has {} bytes, the descriptor says {}", disk.file, (*file)->size(),
                       stated));
    }
    if (manifest_file_ && listed(disk.file)->chunk_size == 0 &&
        manifest_.find(disk.file) == nullptr)
      warn(fmt::format("{}: is not in the manifest", disk.file));
    auto gzip = is_gzip(**file);
    if (gzip && *gzip != disk.gzip) {
      warn(fmt::format("{}: {} gzip, though the descriptor says otherwise", disk.file,
                       *gzip ? "is compressed with" : "is not compressed with"));
      disk.gzip = *gzip;
    }
    if (disk.gzip) return;
    auto image = open_image(index, {.external = External::ignore});
    if (!image) return warn(fmt::format("disk '{}': {}", disk.id, image.error().message));
    if (disk.format.empty()) disk.format = (*image)->description().format;
    auto size = (*image)->size();
    if (size != disk.capacity) {
      warn(fmt::format("disk '{}': is of {} bytes, the descriptor says {}", disk.id, size,
                       disk.capacity));
      disk.capacity = size;
    }
  }

  PackageKind kind_;
  std::unique_ptr<Neighbours> files_;
  std::string descriptor_;
  std::vector<std::string> warnings_;
  Ovf ovf_;
  std::shared_ptr<File> manifest_file_;
  Manifest manifest_;
};

}  // namespace

Result<std::unique_ptr<Package>> read_ova(std::shared_ptr<File> file,
                                          const PackageOptions& options) {
  auto name = file->name();
  TRY(auto members, Members::read(std::move(file), options.limits.members));
  auto warnings = members->notes();
  const Member* descriptor = nullptr;
  for (const auto& member : members->list()) {
    if (!ends_in(member.name, ".ovf")) continue;
    if (descriptor != nullptr)
      return fail(Code::corrupt, "{}: has several descriptors, '{}' and '{}'", name,
                  descriptor->name, member.name);
    descriptor = &member;
  }
  if (descriptor == nullptr)
    return fail(Code::corrupt, "{}: is no appliance: none of its members is an .ovf", name);
  if (descriptor != &members->list().front())
    warnings.push_back("the descriptor is not the first member: others refuse such a package");
  auto descriptor_name = descriptor->name;
  auto package = std::make_unique<OvfPackage>(PackageKind::ova, std::move(members), descriptor_name,
                                              std::move(warnings));
  auto read = package->read(options);
  if (!read) return std::unexpected(std::move(read).error().within(name));
  return package;
}

Result<std::unique_ptr<Package>> read_ovf(std::unique_ptr<Neighbours> files,
                                          const std::string& descriptor,
                                          const PackageOptions& options) {
  auto package = std::make_unique<OvfPackage>(PackageKind::ovf, std::move(files), descriptor,
                                              std::vector<std::string>{});
  TRY_VOID(package->read(options));
  return package;
}

}  // namespace truce::image::package
