#include <fcntl.h>

#include "base/bytes.h"
#include "image/package.h"
#include "images/bar.h"
#include "images/pipes.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

using image::Appliance;
using image::DiskToPack;

void warn(const std::vector<std::string>& lines) {
  for (const auto& line : lines)
    print(fmt::format("truce: note: {}\n", printable(line)), Channel::errors);
}

/// The machine of another package, with its disks; blank ones are left out.
Result<Appliance> of_package(const std::string& path, std::vector<DiskToPack>& disks) {
  TRY(auto package, image::read_package(std::filesystem::path(path)));
  auto appliance = package->appliance();
  std::vector<image::PackagedDisk> kept;
  for (std::size_t i = 0; i < appliance.disks.size(); ++i) {
    if (appliance.disks[i].file.empty()) continue;
    TRY(auto disk, package->open_disk(i));
    disks.push_back({std::move(disk), nullptr});
    kept.push_back(appliance.disks[i]);
  }
  appliance.disks = std::move(kept);
  warn(package->warnings());
  return appliance;
}

/// A new machine around disk images; streamOptimized ones are taken as they are.
Result<Appliance> of_images(const std::vector<std::string>& paths, const std::string& name,
                            const Invocation& invocation, std::vector<DiskToPack>& disks) {
  for (const auto& path : paths) {
    TRY(auto source, open_source(path, {}, invocation));
    TRY_VOID(tell_damage(source, invocation));
    bool ready = source.image->description().variant == "streamOptimized";
    disks.push_back({std::move(source.image), ready ? source.file : nullptr});
  }
  return image::plain_appliance(name, disks.size());
}

bool is_xva(const std::string& path, const Invocation& invocation) {
  auto kind = invocation.value("package");
  return kind.empty() ? path.ends_with(".xva") : kind == "xva";
}

Result<void> write_package(const std::string& path, Appliance appliance,
                           const std::vector<DiskToPack>& disks, const Invocation& invocation) {
  bool xva = is_xva(path, invocation);
  auto folder = std::filesystem::path(path).parent_path();
  image::PackOptions options{.staging = folder.empty() ? "." : folder};
  if (invocation.value("digest") == "sha1") options.digest = image::ManifestDigest::sha1;
  Bar bar("image pack", path, !invocation.quiet);
  Interruptible interruptible;
  options.work = {.progress = [&](const image::Progress& progress) { bar.show(progress); },
                  .cancelled = &Interruptible::interrupted};
  if (is_pipe(path)) {
    options.staging = std::filesystem::temp_directory_path();
    image::DescriptorSink sink(output_descriptor, output_name);
    TRY(auto packed, xva ? image::pack_xva(std::move(appliance), disks, sink, options)
                         : image::pack_ova(std::move(appliance), disks, sink, options));
    bar.end();
    warn(packed.warnings);
    return {};
  }
  TRY(auto target, image::Target::create(path, existing_of(invocation)));
  image::FileSink sink(*target->file());
  TRY(auto packed, xva ? image::pack_xva(std::move(appliance), disks, sink, options)
                       : image::pack_ova(std::move(appliance), disks, sink, options));
  TRY_VOID(target->commit(image::Target::Durability::durable));
  bar.end();
  warn(packed.warnings);
  return {};
}

}  // namespace

Result<int> image_pack(const Invocation& invocation) {
  auto sources = invocation.given.at("source");
  std::ranges::move(invocation.values("disk"), std::back_inserter(sources));
  auto target = invocation.value("output");
  bool named = target.ends_with(".ova") || target.ends_with(".xva") || is_pipe(target);
  if (!named && !invocation.has("package")) {
    return fail(
        Code::invalid,
        "-o takes NAME.ova, NAME.xva, or - for one through a pipe, not '{}': --package says "
        "which it is",
        target);
  }
  std::error_code ignored;
  bool package = std::filesystem::is_directory(sources.front(), ignored);
  for (const auto* end : {".ovf", ".ova", ".xva"}) package |= sources.front().ends_with(end);
  if (package && sources.size() > 1)
    return fail(Code::invalid, "either one package or disk images are packed");
  std::vector<DiskToPack> disks;
  auto name = std::filesystem::path(is_pipe(target) ? sources.front() : target).stem().string();
  TRY(auto appliance,
      package ? of_package(sources.front(), disks) : of_images(sources, name, invocation, disks));
  TRY_VOID(write_package(target, std::move(appliance), disks, invocation));
  if (!invocation.quiet)
    print(fmt::format("{}: {} disks\n", target, disks.size()), messages_beside(target));
  return 0;
}

Result<int> image_unpack(const Invocation& invocation) {
  TRY(auto package, image::read_package(std::filesystem::path(invocation.value("file"))));
  warn(package->warnings());
  image::UnpackOptions options{.format = invocation.value("target-format"),
                               .verify = !invocation.has("no-verify")};
  Bar bar("image unpack", invocation.value("file"), !invocation.quiet);
  Interruptible interruptible;
  options.work = {.progress = [&](const image::Progress& progress) { bar.show(progress); },
                  .cancelled = &Interruptible::interrupted};
  TRY(auto unpacked, image::unpack(*package, invocation.value("folder", "."), options));
  bar.end();
  warn(unpacked.warnings);
  for (const auto& file : unpacked.files) print(printable(file) + "\n");
  return 0;
}

}  // namespace truce::cli
