// Out of a package into a folder.
#include <algorithm>
#include <set>

#include "byte_order.h"
#include "image/formats.h"
#include "image/place.h"
#include "package/gunzip.h"
#include "package/names.h"
#include "package/ovf_package.h"
#include "tar/slice.h"

namespace truce::image {
namespace {

class Unpacking {
 public:
  Unpacking(Package& package, const std::filesystem::path& folder, const UnpackOptions& options)
      : package_(package), folder_(folder), options_(options) {}

  Result<Unpacked> run() {
    if (options_.verify) {
      auto verified = package_.verify(options_.work);
      if (!verified && verified.error().code != Code::unsupported)
        return std::unexpected(std::move(verified).error());
      if (!verified) result_.warnings.push_back("not verified: " + verified.error().message);
    }
    TRY_VOID(make_folder(folder_));
    const auto& disks = package_.appliance().disks;
    for (const auto& disk : disks) total_ += disk.capacity;
    bool as_it_is = options_.format.empty() && package_.kind() != PackageKind::xva;
    for (std::size_t i = 0; i < disks.size(); ++i) {
      if (disks[i].file.empty()) continue;
      TRY_VOID(as_it_is ? copy_disk(i) : convert_disk(i));
      done_ += disks[i].capacity;
    }
    if (as_it_is) TRY_VOID(copy_further());
    return std::move(result_);
  }

 private:
  Result<std::unique_ptr<Target>> begin(const std::string& name) {
    return Target::create(folder_ / name, Target::Existing::refuse);
  }
  Result<void> end(Target& target, std::string name) {
    TRY_VOID(target.commit(Target::Durability::durable));
    result_.files.push_back(std::move(name));
    return {};
  }

  Result<void> put(File& into, std::uint64_t& at, View piece) {
    if (!all_zero(piece)) TRY_VOID(into.write(at, piece));
    at += piece.size();
    return package::tell(options_.work, done_, total_);
  }

  Result<void> copy(const File& from, const std::string& name, bool gzip) {
    TRY(auto target, begin(name));
    std::uint64_t at = 0;
    auto piece = [&](View bytes) { return put(*target->file(), at, bytes); };
    TRY_VOID(gzip ? package::gunzip(from, options_.largest_inflated, piece)
                  : package::each_piece(from, piece));
    TRY_VOID(target->file()->resize(at));
    return end(*target, name);
  }

  Result<void> copy_disk(std::size_t index) {
    const auto& disk = package_.appliance().disks[index];
    auto [first, fresh] = copied_.emplace(disk.file);
    if (!fresh) return {};  // two disks of one file
    TRY(auto file, package_.disk_file(index));
    TRY(auto name, package::file_name(disk.file));
    if (disk.gzip) {
      if (name.size() > 3 && name.ends_with(".gz")) name.resize(name.size() - 3);
      result_.warnings.push_back(
          fmt::format("{}: is inflated; the descriptor still speaks of a compressed file", name));
    }
    return copy(*file, name, disk.gzip);
  }

  Result<void> copy_further() {
    TRY(auto files, package_.further_files());
    for (const auto& file : files) {
      TRY(auto name, package::file_name(file->name()));
      TRY_VOID(copy(*file, name, false));
    }
    return {};
  }

  /// The disk as an image: through a nameless file where it is compressed as a whole.
  Result<std::unique_ptr<Image>> open_disk(std::size_t index) {
    const auto& disk = package_.appliance().disks[index];
    if (!disk.gzip) return package_.open_disk(index);
    TRY(auto packed, package_.disk_file(index));
    TRY(auto inflated, package::nameless_file(folder_));
    std::uint64_t at = 0;
    TRY_VOID(package::gunzip(*packed, options_.largest_inflated,
                             [&](View bytes) { return put(*inflated, at, bytes); }));
    TRY_VOID(inflated->resize(at));
    return open(inflated, {}, disk.format);
  }

  Result<void> convert_disk(std::size_t index) {
    const auto* format = find_format(options_.format.empty() ? "raw" : options_.format);
    if (format == nullptr || format->build == nullptr)
      return fail(Code::invalid, "no disk is written in the format '{}'", options_.format);
    TRY(auto image, open_disk(index));
    auto name = fmt::format("{}-disk{}.{}", package::safe_name(package_.appliance().name),
                            index + 1, format->name);
    TRY(auto target, begin(name));
    auto build_options = options_.build;
    build_options.size = image->size();
    build_options.neighbours = &target->neighbours();
    TRY(auto builder, build(*format, target->file(), build_options));
    ConvertOptions how;
    how.cancelled = options_.work.cancelled;
    auto capacity = package_.appliance().disks[index].capacity;
    how.progress = [&](const Progress& progress) {
      if (!options_.work.progress || progress.total == 0) return;
      auto part = static_cast<double>(progress.done) / static_cast<double>(progress.total);
      options_.work.progress(
          {done_ + static_cast<std::uint64_t>(part * static_cast<double>(capacity)), total_});
    };
    TRY_VOID(convert(*image, *builder, how));
    return end(*target, std::move(name));
  }

  Package& package_;
  const std::filesystem::path& folder_;
  const UnpackOptions& options_;
  Unpacked result_;
  std::set<std::string> copied_;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace

Result<Unpacked> unpack(Package& package, const std::filesystem::path& folder,
                        const UnpackOptions& options) {
  return Unpacking(package, folder, options).run();
}

}  // namespace truce::image
